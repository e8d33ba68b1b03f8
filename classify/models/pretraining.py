"""From songs that nobody has labelled to an encoder that knows how music goes.

A library is cut into windows as a comparison cuts a corpus. About 15 % of the notes of each are
hidden (`classify.representations.masking`), and the encoder of a network, with a small decoder on
it (`classify.models.networks.masked`), learns to say what they were. Windows are augmented and
hidden anew each time they are seen. About a tenth of the songs are held out; how they are changed
and what is hidden of them is drawn once. The weights of the epoch with the lowest loss on them are
kept, and training stops when it has not fallen for some epochs. An epoch goes through a small
library more than once.

The loss that is reported is the cross-entropy of the five targets in nats, summed. It is set beside
that of whoever knows how often each class occurs in the training songs and looks at no note
(`blind`): only what lies between the two was learned of how notes go together.

Everything is written as soon as an epoch is over, so the same command goes on where a killed one
stopped, to the same weights.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from classify.corpora.library import load_library
from classify.errors import InputError
from classify.files import exclusive, work_dir
from classify.models import backend, networks, pretrained
from classify.models.networks import masked
from classify.models.pretraining_settings import PretrainingSettings
from classify.models.trainer import Batches, History, Trainer, Values, n_done
from classify.models.training_settings import TrainingSettings
from classify.progress import SILENT, Progress, counting
from classify.records import VERSION, versions
from classify.representations import masking
from classify.representations.arrays import save_data
from classify.representations.masking import TARGETS
from classify.representations.note_events import COLUMNS, NOTE_EVENTS
from classify.representations.windows import WindowSettings, cut
from classify.songs import Song

#: Epochs without a lower loss after which training stops.
PATIENCE = 4

#: Batches of an epoch, at least.
BATCHES = 100

#: Share of songs that decide when to stop, and the fewest songs that can be parted.
HELD_OUT, FEWEST = 0.1, 5

CHECKPOINT = "checkpoint"

#: The sum of all targets' losses on held-out songs, which decides when to stop.
LOSS = "val_loss"

#: NDArray[np.float32] with hidden notes, and the classes that were hidden.
HiddenBatch = tuple[NDArray[np.float32], NDArray[np.int32]]


@dataclass(frozen=True, eq=False)
class _Examples:
    """NDArray[np.float32] of a library: those learned from, and those that decide when to stop.

    `seen` is how often each class of each target occurs in the first, `blind` the loss on the
    second of whoever knows just that.
    """

    x: NDArray[np.float32]
    learned: NDArray[np.int64]
    held_out: NDArray[np.int64]
    seen: list[NDArray[np.int64]]
    blind: list[float]


def pretrain(
    sources: Sequence[Path],
    out: Path,
    settings: PretrainingSettings | None = None,
    progress: Progress = SILENT,
    command: str = "",
) -> Path:
    """Let an encoder learn from a library; go on where a killed training stopped.

    Parameters
    ----------
    sources : sequence of Path
        Files, folders and zip archives.
    out : Path
        Folder of the weights.
    settings : PretrainingSettings, optional
        What decides them.
    progress : Progress
        Shows progress.
    command : str
        What to record as the command.

    Returns
    -------
    Path
        `out`, with what `classify.models.pretrained.load` reads.

    Raises
    ------
    InputError
        If the library cannot be read or has too few songs, or `out` is taken.
    """
    settings = settings or PretrainingSettings()
    with counting(progress, "Reading songs", "song") as count:
        library = load_library(sources, count)
    songs = list({item.song.digest: item.song for item in library.items}.values())
    if len(songs) < FEWEST:
        raise InputError(
            f"{sources[0]}: has {len(songs)} different songs, and at least {FEWEST} are needed to "
            f"learn from some and be tried on others"
        )
    progress.message(f"{len(songs)} songs; {len(library.skipped)} files skipped.")
    key = _key(settings, songs)
    with exclusive(out):
        if _is_free(out, key, progress):
            work = work_dir(out, key)
            data = _prepared(work, songs, settings, progress)
            encoder, history, device = _trained(work, data, settings, progress)
            about = _about(songs, data, history, settings) | {"device": device}
            pretrained.write(out, about | {"key": key, "command": command}, encoder)
            shutil.rmtree(work)
    return out


def _key(settings: PretrainingSettings, songs: Sequence[Song]) -> str:
    """Hash everything that decides the weights."""
    decisive = (asdict(settings), [song.digest for song in songs], VERSION, versions())
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _is_free(out: Path, key: str, progress: Progress) -> bool:
    """Say whether there is something to do; refuse to write over anything else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return True
    if (out / pretrained.ABOUT).is_file() and pretrained.load(out).about.key == key:
        progress.message("These weights are there already; nothing is trained again.")
        return False
    raise InputError(f"{out}: is there already; name another folder with --out")


# --- windows


def _prepared(
    work: Path, songs: list[Song], settings: PretrainingSettings, progress: Progress
) -> _Examples:
    """Cut the windows, unless they are cut already, and part songs into two."""
    windows = cut(songs, WindowSettings(settings.window, settings.window))
    shape = len(windows), *NOTE_EVENTS.shape(windows.settings)
    with counting(progress, NOTE_EVENTS.title, "window") as count:
        blocks = NOTE_EVENTS.encode(songs, windows, count)
        save_data(work, {NOTE_EVENTS.name: (shape, blocks)}, song=windows.song)
    x = np.load(work / f"{NOTE_EVENTS.name}.npy", mmap_mode="r")
    order = np.random.default_rng(settings.seed).permutation(len(songs))
    chosen = order[: max(1, round(HELD_OUT * len(songs)))]
    is_held_out = np.isin(windows.song, chosen)
    learned, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    seen = _counted(y for _, y in _questions(x, learned, settings))
    occurring = _counted(y for _, y in _questions(x, held_out, settings))
    return _Examples(x, learned, held_out, seen, masking.blind(seen, occurring))


def _counted(every: Iterator[NDArray[np.int32]]) -> list[NDArray[np.int64]]:
    """Count classes over many windows."""
    total = [np.zeros(n, np.int64) for n in TARGETS.values()]
    for y in every:
        total = [a + b for a, b in zip(total, masking.counts(y), strict=True)]
    return total


def _pieces(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    size = TrainingSettings().batch_size
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def _hidden(x: NDArray[np.float32], rng: np.random.Generator, n_notes: int) -> HiddenBatch:
    """Change windows, hide notes of them, and fill them up on the left to whole steps."""
    x = NOTE_EVENTS.augment(x, rng)
    x = np.pad(x, ((0, 0), (n_notes - x.shape[1], 0), (0, 0)))
    mask = masking.drawn(x, rng)
    return masking.hidden(x, mask), masking.targets(x, mask)


def _rounds(data: _Examples) -> int:
    """Say how often an epoch goes through the windows."""
    return -(-BATCHES // len(_pieces(data.learned)))


def _lessons(data: _Examples, settings: PretrainingSettings, epoch: int) -> Iterator[HiddenBatch]:
    """Give the windows of an epoch, in a new order, changed and hidden anew."""
    rng = np.random.default_rng((settings.seed, epoch))
    for _ in range(_rounds(data)):
        for rows in _pieces(rng.permutation(data.learned)):
            yield _hidden(data.x[rows], rng, settings.n_notes)


def _questions(
    x: NDArray[np.float32], rows: NDArray[np.int64], settings: PretrainingSettings
) -> Iterator[HiddenBatch]:
    """Give windows in order, changed and hidden the same way each time."""
    rng = np.random.default_rng((settings.seed, 2**31))
    for some in _pieces(rows):
        yield _hidden(x[some], rng, settings.n_notes)


# --- training


def _trained(
    work: Path, data: _Examples, settings: PretrainingSettings, progress: Progress
) -> tuple[Any, History, str]:
    """Train until the loss on held-out songs falls no more; give the best encoder, and how."""
    plain = TrainingSettings()
    trainer = Trainer(settings.epochs, settings.seed, plain.learning_rate, plain.clipnorm,
                      monitor=LOSS, patience=PATIENCE)  # fmt: skip
    keras = trainer.start()
    build = networks.find()[settings.model].encoder
    assert build is not None
    encoder = build(settings.n_notes, len(COLUMNS))
    model = masked.build(encoder, settings.stride, masking.shares(data.seen))
    trainer.compile(model, masked.loss)
    done = n_done(work / CHECKPOINT)
    if done:
        progress.message(f"{done} epochs are done already.")
    progress.message(f"Knowing only how often everything occurs: loss {sum(data.blind):.3f}.")
    progress.begin("epochs", f"Pretraining {settings.model}", settings.epochs, "epoch")
    progress.advance("epochs", done=done)
    history = trainer.fit(
        model,
        Batches(
            lambda epoch: _lessons(data, settings, epoch),
            _rounds(data) * len(_pieces(data.learned)),
        ),
        evaluate=lambda: _losses(model, data, settings),
        on_epoch=lambda epochs: progress.advance("epochs", _summary(epochs)),
        checkpoint=work / CHECKPOINT,
    )
    progress.end("epochs", f"Pretraining {settings.model}: {_summary(history.epochs)}.")
    return encoder, history, backend.device(keras)


def _summary(epochs: Sequence[Values]) -> str:
    """Say in a few words how far the training has come."""
    losses = [epoch[LOSS] for epoch in epochs]
    best = int(np.argmin(losses))
    return f"loss {losses[best]:.3f} on held-out songs after epoch {best + 1}"


def _losses(model: Any, data: _Examples, settings: PretrainingSettings) -> Values:
    """Give the mean cross-entropy of each target over what is hidden of held-out songs, in nats."""
    sums, counts = np.zeros(len(TARGETS)), np.zeros(len(TARGETS))
    edges = np.cumsum([0, *TARGETS.values()])
    for x, y in _questions(data.x, data.held_out, settings):
        scores = model.predict_on_batch(x).astype(float)
        for place, (first, end) in enumerate(pairwise(edges)):
            hidden = y[..., place] >= 0
            log_p = log_softmax(scores[hidden][:, first:end], axis=1)
            true = y[hidden][:, place]
            sums[place] -= log_p[np.arange(len(true)), true].sum()
            counts[place] += len(true)
    means = dict(zip(TARGETS, (sums / np.maximum(counts, 1)).tolist(), strict=True))
    return means | {LOSS: sum(means.values())}


def _about(
    songs: Sequence[Song], data: _Examples, history: History, settings: PretrainingSettings
) -> dict[str, Any]:
    """Say where the weights come from, and what they are worth."""
    best = history.epochs[history.best]
    return {
        "classify": VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **asdict(settings),
        "stride": settings.stride,
        "best_epoch": history.best + 1,
        "loss": {
            "blind": dict(zip(TARGETS, data.blind, strict=True)),
            "held_out": {name: best[name] for name in TARGETS},
            "history": [epoch[LOSS] for epoch in history.epochs],
        },
        "windows": {"learned": len(data.learned), "held_out": len(data.held_out)},
        "songs": pretrained.kept(song.digest for song in songs),
        "versions": versions(),
    }
