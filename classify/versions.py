"""Which version of the toolkit and of its libraries a result was made with."""

import os
import platform
from importlib.metadata import version

#: This toolkit's version, as it was installed.
VERSION = version("classify")

#: Libraries whose versions a result records.
LIBRARIES = (
    "tensorflow",
    "keras",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "symusic",
    "mido",
    "music21",
)


def versions() -> dict[str, str]:
    """Name everything that models are trained with, the Keras backend too."""
    return {
        "python": platform.python_version(),
        "keras backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        **{name: version(name) for name in LIBRARIES},
    }
