"""Classify symbolic music: songs to notes, notes to windows, windows to many models, one report.

`compare` runs a comparison and `load_run` opens one; `train`, `predict` and `playlist` put a model
to use; `classify.api` describes them and all the others.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classify.api import compare, load_run, playlist, predict, train
    from classify.report.run import Run

__all__ = ["Run", "compare", "load_run", "playlist", "predict", "train"]


def __getattr__(name: str) -> Any:
    """Import the Python interface when it is asked for; `import classify` shall not wait for it."""
    if name == "__version__":
        return version("classify")
    if name in __all__:
        return getattr(
            import_module("classify.report.run" if name == "Run" else "classify.api"), name
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
