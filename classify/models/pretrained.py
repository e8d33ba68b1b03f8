"""Weights that an encoder learned from songs without labels: a folder, read and written.

The folder holds `encoder.keras`, the encoder of one network (`classify.models.networks`), and
`about.json`: which network and window, what it learned from, how well it guessed before and after,
and size and SHA-256 of the weights. It is looked at as a bundle is (`classify.models.artifacts`):
nothing is made of what it says of layers, an encoder is built by this program and given numbers.

A network starts from it if it is of the same name and joins as many notes to a step: the window
itself may differ, since no weight depends on how many steps there are.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classify.errors import InputError
from classify.files import atomic_write
from classify.models import artifacts, networks
from classify.models.weights import check_file, check_network
from classify.representations.windows import LONGEST_WINDOW

ABOUT, ENCODER = "about.json", "encoder.keras"

KIND = artifacts.Kind(
    "folder of pretrained weights", ABOUT, "pretrained weights", 1, (frozenset({ENCODER}),)
)

#: Digits of a song's hash that are kept, to know the songs again.
KEPT_DIGITS = 16

DIGEST = re.compile(r"[0-9a-f]{16}(:\d+)?")


@dataclass(frozen=True)
class Pretrained:
    """An encoder that has learned from songs without labels.

    Parameters
    ----------
    folder : Path
        Where it is.
    about : dict
        The content of about.json.
    """

    folder: Path
    about: dict[str, Any]

    @property
    def id(self) -> str:
        """SHA-256 of everything in it: equal for equal weights and what is said of them."""
        return str(self.about["sha256"])

    @property
    def model(self) -> str:
        """Name of the network whose encoder it is."""
        return str(self.about["model"])

    @property
    def window(self) -> int:
        """Notes in the windows that it learned from."""
        return int(self.about["window"])

    def check(self, window: int, names: Sequence[str]) -> None:
        """Refuse networks that could not start from it.

        Parameters
        ----------
        window : int
            Notes in the windows that they will be given.
        names : sequence of str
            Their names; one must be its own.

        Raises
        ------
        InputError
            If it fits none of them.
        """
        if self.model not in names:
            raise InputError(
                f"--init {self.folder}: holds weights of {self.model}, which is not among the "
                f"models here ({', '.join(names)})"
            )
        stride = networks.find()[self.model].stride
        assert stride is not None
        if stride(window) != stride(self.window):
            raise InputError(
                f"--init {self.folder}: learned on windows of {self.window} notes, "
                f"{stride(self.window)} to a step, and windows of {window} notes have "
                f"{stride(window)}; give --window {self.window} here, or pretrain with "
                f"--window {window}"
            )

    def encoder(self, n_notes: int, n_columns: int) -> Any:
        """Build the encoder and give it the weights.

        Raises
        ------
        InputError
            If the file holds anything but such an encoder's weights.
        """
        build = networks.find()[self.model].encoder
        assert build is not None
        with artifacts.as_input_error(self.folder):
            encoder = build(n_notes, n_columns)
            check_network(self.folder / ENCODER, encoder, self.model)
            encoder.load_weights(self.folder / ENCODER)
            if not all(np.isfinite(weight).all() for weight in encoder.get_weights()):
                raise ValueError("its weights are not all numbers")
        return encoder

    def n_seen(self, digests: Iterable[str]) -> int:
        """Count songs, by their digests, that it has seen (each as often as it stands there)."""
        known = set(self.about["songs"])
        return sum(_short(digest) in known for digest in digests)


def kept(digests: Iterable[str]) -> list[str]:
    """Give what about.json keeps of songs' digests: sorted, each once."""
    return sorted({_short(digest) for digest in digests})


def _short(digest: str) -> str:
    """Shorten the hash of a file's bytes; which tune of the file it is stays."""
    of_file, colon, tune = digest.partition(":")
    return of_file[:KEPT_DIGITS] + colon + tune


def write(folder: Path, about: dict[str, Any], encoder: Any) -> None:
    """Write an encoder and what is known of it, whole or not at all.

    Parameters
    ----------
    folder : Path
        Where to.
    about : dict
        `model`, `window`, `songs` (see `kept`), and whatever else is known.
    encoder : keras.Model
        What learned.
    """
    with atomic_write(folder) as beside:
        beside.mkdir()
        encoder.save(beside / ENCODER)
        artifacts.seal(beside, about, KIND)


def load(folder: Path) -> Pretrained:
    """Look at a folder of pretrained weights; they are read when an encoder is asked for.

    Raises
    ------
    InputError
        If it is none, or one that is damaged, was changed, or holds what none of ours has.
    """
    about = artifacts.checked(folder, KIND)
    with artifacts.as_input_error(folder):
        architecture = networks.find().get(about["model"])
        if architecture is None or architecture.encoder is None:
            raise InputError(f"{folder}: this program knows no encoder of {about['model']!r}")
        if not (
            isinstance(about["window"], int)
            and 2 <= about["window"] <= LONGEST_WINDOW
            and all(DIGEST.fullmatch(song) for song in about["songs"])
        ):
            raise InputError(f"{folder}: its {ABOUT} holds values that no such folder has")
        check_file(folder / ENCODER)
    return Pretrained(folder, about)
