"""A trained model on new songs: saved, described, predicting, explained and personalised."""
