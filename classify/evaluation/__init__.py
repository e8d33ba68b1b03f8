"""Splits, scores, intervals, significance: arrays in, numbers out.

Nothing in here knows a song, a window or a model; it could be lifted into another project as it is.
"""
