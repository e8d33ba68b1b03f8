"""A corpus times models: settings, folds, fits, and the results that a report is made from."""
