"""Layers that Keras has not, each in a file that imports it; only `build` functions import them.

None has weights that depend on how long a window is, and none lets padding have a say.
"""
