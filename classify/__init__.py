"""Classify symbolic music: songs to notes, notes to windows, windows to many models, one report.

`compare` runs a comparison and `load_run` opens one; `classify.api` describes both.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classify.api import Run, compare, load_run

__version__ = "0.1.0"
__all__ = ["Run", "compare", "load_run"]


def __getattr__(name: str) -> Any:
    """Import the Python interface when it is asked for; `classify --help` shall not wait for it."""
    if name in __all__:
        from classify import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
