"""The one error that a user's input can cause.

The command line prints its text as one sentence and ends with exit status 2; a traceback is only
ever shown for a fault of ours.
"""


class InputError(Exception):
    """Something the user gave cannot be used.

    The message is one clear sentence that names the file, the value and what would be accepted.
    """


class NoClasses(InputError):
    """Songs have no labels, or all of them the same one: there is nothing to tell apart."""
