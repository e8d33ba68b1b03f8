"""Playlists from a library that a model has judged.

`library.read_library` reads the library, `build.build` makes playlists, `playlist.describe` says in
sentences what they are and what could not be satisfied, `writers` writes them for players and
`arc` draws them. `plan` says what a good list is, `solver` finds the best. Nothing here knows of
models: a table of predictions is all that is read.
"""
