"""The classical models, one file each.

A module in this package offers

- `TITLE`: its name in tables,
- `INPUT`: what it reads; `notes` is a window's channels as one row of numbers,
- `GRID`: values to search, by parameter name,
- `build(seed)`: an unfitted scikit-learn estimator.

Nothing in here knows the rest of the toolkit. A new file adds a row to the report; no list is
edited.
"""
