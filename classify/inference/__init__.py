"""A trained model on new songs: saved, described, asked, explained and personalised."""
