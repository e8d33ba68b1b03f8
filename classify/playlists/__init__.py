"""Playlists from a library that a model has predicted.

`library.read_library` reads the predictions, `build.build` makes playlists, `playlist.describe`
puts into sentences what they are and what could not be satisfied, `writers` writes them for players
and `plot` draws them. `objective` defines what a good list is, `solver` finds the best one. Nothing
here knows of models: a table of predictions is all that is read.
"""
