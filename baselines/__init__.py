"""The classical models, one file each.

A module in this package offers

- `TITLE`: its name in tables,
- `INPUT`: what it reads; `notes` is a window's channels as one row of numbers,
- `GRID`: values to search, by parameter name,
- `build(seed)`: an unfitted scikit-learn estimator,
- `ROWS = False`, only where it wants windows as they are: (n_windows, n_notes, n_channels).

An estimator whose `fit` takes `groups` is given the group of each row, or None where rows may be
parted: it makes folds of its own, and songs of a group must stay together there too. Such a model
has an empty `GRID`.

Nothing in here knows the rest of the toolkit. A new file adds a row to the report; no list is
edited.
"""
