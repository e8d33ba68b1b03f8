"""Splits, scores, intervals, significance: arrays in, numbers out.

Nothing here depends on songs, windows or models; the package could be used in another project as it
is.
"""
