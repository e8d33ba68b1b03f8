"""Classify symbolic music: songs to notes, notes to windows, windows to many models, one report."""

__version__ = "0.1.0"
