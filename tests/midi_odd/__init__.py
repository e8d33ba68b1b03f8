"""Odd MIDI files, made byte by byte: one for every way in which a real library surprises."""
