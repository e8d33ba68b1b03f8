"""Weights that an encoder learned from songs without labels: a folder, read and written.

The folder holds `encoder.keras`, the encoder of one network (`classify.models.networks`), and
`about.json`: which network and window, what it learned from, how well it guessed before and after,
and size and SHA-256 of the weights. It is looked at as a bundle is (`classify.models.artifacts`):
nothing is made of what it says of layers, an encoder is built by this program and given numbers.

A network starts from it if it is of the same name and joins as many notes to a step: the window
itself may differ, since no weight depends on how many steps there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from classify.errors import InputError
from classify.files import atomic_write
from classify.models import artifacts, networks
from classify.models.artifacts import ArtifactRecord, ArtifactType
from classify.models.weights import check_file, check_network, save_network
from classify.records import Count, Record, portable
from classify.representations.windows import LONGEST_WINDOW

ABOUT, ENCODER = "about.json", "encoder.keras"

#: Digits of a song's hash that are kept, to know the songs again, and how that looks.
KEPT_DIGITS = 16
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}(:\d+)?$")]


class Losses(Record, frozen=True):
    """Cross-entropy in nats: of each target on held-out songs, and of the sum after each epoch.

    `blind` is that of whoever knows only how often each class occurs.
    """

    blind: dict[str, float]
    held_out: dict[str, float]
    history: list[float]


class WindowCounts(Record, frozen=True):
    """Windows that were learned from, and those that decided when to stop."""

    learned: Count
    held_out: Count


class PretrainedRecord(ArtifactRecord, frozen=True, kw_only=True):
    """Content of about.json.

    Parameters
    ----------
    model : str
        The network whose encoder it is.
    window, stride : int
        Notes in the windows that it learned from, and in a step of the encoder.
    epochs, seed, best_epoch : int
        How it was trained.
    loss : Losses
        What the weights are worth.
    windows : WindowCounts
        How much it learned from.
    songs : list of str
        The songs, by the beginning of their digests.
    device, created, command : str
        Where, when and how it was made.
    versions : dict of str to str
        Of the libraries.
    key : str
        A hash of everything that decides the weights.
    """

    model: str
    window: Annotated[int, msgspec.Meta(ge=2, le=LONGEST_WINDOW)]
    epochs: Count
    seed: Count
    stride: Count
    best_epoch: Count
    loss: Losses
    windows: WindowCounts
    songs: list[Digest]
    device: str
    created: str
    versions: dict[str, str]
    key: str
    command: str


KIND = ArtifactType(
    "folder of pretrained weights", ABOUT, "pretrained weights", 1, (frozenset({ENCODER}),),
    PretrainedRecord,
)  # fmt: skip


@dataclass(frozen=True)
class Pretrained:
    """An encoder that has learned from songs without labels.

    Parameters
    ----------
    folder : Path
        Where it is.
    about : PretrainedRecord
        The content of about.json.
    """

    folder: Path
    about: PretrainedRecord

    @property
    def id(self) -> str:
        """SHA-256 of everything in it: equal for equal weights and an equal description."""
        return self.about.sha256

    @property
    def model(self) -> str:
        """Name of the network whose encoder it is."""
        return self.about.model

    @property
    def window(self) -> int:
        """Notes in the windows that it learned from."""
        return self.about.window

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
        seen = set(self.about.songs)
        return sum(_short(digest) in seen for digest in digests)


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
        The fields of PretrainedRecord, but for those of every artifact but `classify`; `songs` as
        `kept` gives them.
    encoder : keras.Model
        What learned.
    """
    with atomic_write(folder) as temporary:
        temporary.mkdir()
        save_network(encoder, temporary / ENCODER)
        command = portable(about["command"])
        artifacts.seal(temporary, about | {"command": command}, KIND)


def load(folder: Path) -> Pretrained:
    """Look at a folder of pretrained weights; they are read when an encoder is asked for.

    Raises
    ------
    InputError
        If it is none, or one that is damaged, was changed, or holds what none of ours has.
    """
    about = artifacts.checked(folder, KIND)
    with artifacts.as_input_error(folder):
        architecture = networks.find().get(about.model)
        if architecture is None or architecture.encoder is None:
            raise InputError(f"{folder}: this program knows no encoder of {about.model!r}")
        check_file(folder / ENCODER)
    return Pretrained(folder, about)
