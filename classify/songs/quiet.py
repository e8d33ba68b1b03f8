"""Libraries that print, log and warn, kept off the screen."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def quiet() -> Iterator[None]:
    """Keep off the screen what libraries log, warn and, past Python, write to standard error."""
    nothing, disabled = logging.NullHandler(), logging.root.manager.disable
    logging.root.addHandler(nothing)  # or the first logging.warning would add one that prints
    logging.disable()
    sys.stderr.flush()
    screen = os.dup(2)
    try:
        with warnings.catch_warnings(), Path(os.devnull).open("w") as nowhere:
            warnings.simplefilter("ignore")
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        logging.disable(disabled)
        logging.root.removeHandler(nothing)
