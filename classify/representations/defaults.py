"""How songs are cut unless something else is asked for.

These stand alone so that settings and the command line know them without what reads songs.
"""

#: Names of what `classify.representations.windows` knows of each note, in order.
CHANNEL_NAMES = ("pitch", "velocity", "inter-onset", "duration", "drum")

#: Notes in a window where neither the user nor the corpus says otherwise: the paper's.
WINDOW = 800
