"""MidiNet: melodies bar by bar by a generator that learned against an adversary (Yang et al. 2017).

"MidiNet: a convolutional generative adversarial network for symbolic-domain music generation",
ISMIR 2017. A bar is written at once, by transposed convolutions, from noise, a chord and the bar
before it, which is read by convolutions of its own; the adversary is told the chord, too. It is
never quite sure (real bars are labelled .9), the generator learns twice as often, and the means of
its bars and of the adversary's features are drawn to those of real ones. At each step the most
probable pitch is written.

What differs: chords are estimated from all notes of a bar, and drawn from a chain of those of real
songs unless they are asked for; time signature and mood stand beside them. The preset `small`
writes rests and notes that are struck again, in two columns of their own, and its adversary learns
as often as the generator; `MidiNet(preset="paper")` does not, and has the published sizes. What is
kept is the epoch whose bars are nearest to those of held-out songs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.generation.adversarial import chords, varied
from classify.generation.adversarial.adversarial_generator import (
    AdversarialGenerator,
    Lesson,
    Plan,
)
from classify.generation.adversarial.bar_shape import PITCHES, BarShape
from classify.generation.adversarial.bars import Bars, bars_of, decided, lines_of, rolls_of
from classify.generation.adversarial.convolutions import as_trained
from classify.generation.adversarial.training import MONITOR, Aim, train
from classify.generation.generator import check_shapes
from classify.generation.latent.phrases import TICKS_PER_BEAT, length_of, on_grid
from classify.generation.networks.learning import divided
from classify.generation.request import Request, read_triad
from classify.models.trainer import Values
from classify.progress import Progress
from classify.representations import melody as melodies
from classify.representations.melody import Melody
from classify.songs import Song

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

#: A song to learn from: its bars, and what is known of each.
Written = tuple[Bools, Floats]

#: Songs that can spare some for validation; bars of a piece, and pieces that are measured.
ENOUGH, PIECE_BARS, MOST_PIECES = 20, 8, 64


class MidiNet(AdversarialGenerator):
    """Writes melodies bar after bar.

    Parameters
    ----------
    epochs, seed, quick, preset
        As all generators with an adversary have them.
    """

    TITLE = "MidiNet"
    KEEPS = AdversarialGenerator.KEEPS | {"primer"}
    AIMS = AdversarialGenerator.AIMS | {"chords"}
    ARCHITECTURE = BarShape
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "small": {"dense": 256, "filters": 96, "critic": 48, "critic_dense": 256},
        "paper": {"columns": PITCHES},
    }
    QUICK: ClassVar[dict[str, Any]] = {"dense": 32, "filters": 16, "critic": 8, "critic_dense": 32}
    AIMS_OF: ClassVar[dict[str, Aim]] = {
        "small": Aim(2e-4, 0.5, 0.999, 64, 1, 1, 1.0, 80, 100, 25),
        "paper": Aim(5e-5, 0.5, 0.999, 72, 1, 2, 1.0, 20, 1_000, 20),
    }
    FACTS = (*AdversarialGenerator.FACTS, "pitches")

    architecture: BarShape
    pitches: list[int]
    followed: Floats

    def teach(self, lessons: Sequence[Lesson], progress: Progress, work: Path | None) -> None:
        """Train both networks on the bars of melodies."""
        told = chords.TOLD + len(self.metres) + len(self.known_moods)
        sizes = self.PRESETS[self.preset] | (self.QUICK if self.quick else {})
        self.architecture = BarShape(known=told, **sizes)
        songs = [self._lesson(lesson) for lesson in lessons]
        heard = np.sum([bars[..., :PITCHES].sum(axis=(0, 1)) for bars, _ in songs], axis=0)
        self.pitches = [int(p) for p in np.flatnonzero(heard)[[0, -1]]]
        self.middle = float(np.average(np.arange(PITCHES), weights=heard))
        self.followed = chords.counted([chords.of_bars(lesson.grid) for lesson in lessons])
        learned, held_out = divided(songs, self.seed, ENOUGH)
        measured = (held_out or learned)[:MOST_PIECES]
        from classify.generation.networks.bar_rivals import BarRivals

        shape = self.architecture
        bars = shape.steps, shape.columns
        self.weights, self.history, self.best = train(
            lambda: BarRivals(shape, self.seed),
            {"bars": bars, "before": bars, "known": (shape.known,), "within": (shape.steps,)},
            Bars(learned, len(self.known_moods)), self.aim(), self.seed,
            (lambda weights: self._measured(weights, measured)) if held_out else None,
            progress, work / "network" if work else None,
        )  # fmt: skip
        variety = varied.Variety.of(*self._pieces(self.weights, measured))
        self.distinct, self.apart = variety.distinct, variety.apart

    def _lesson(self, lesson: Lesson) -> Written:
        """Give the bars of a song, and what is known of each."""
        shape = self.architecture
        bars = bars_of(lesson.song, lesson.grid, shape.steps, shape.columns)[: lesson.grid.n_bars]
        named = chords.told(chords.of_bars(lesson.grid)[: len(bars)])
        same = np.repeat(self.told(lesson.grid.metre, lesson.mood)[None], len(bars), axis=0)
        return bars, np.concatenate([named, same], axis=1)

    # -- measuring -------------------------------------------------------------------------------

    def _measured(self, weights: dict[str, Floats], songs: Sequence[Written]) -> Values:
        """Compare pieces for the chords of held-out songs with the songs."""
        real, new = self._pieces(weights, songs)
        described = [
            varied.describe(*(part.reshape(-1, *part.shape[2:]) for part in pieces))
            for pieces in (real, new)
        ]
        variety = varied.Variety.of(real, new)
        return {MONITOR: varied.distance(*described), "val_distinct": variety.distinct,
                "val_apart": variety.apart}  # fmt: skip

    def _pieces(
        self, weights: dict[str, Floats], songs: Sequence[Written]
    ) -> tuple[tuple[Bools, Bools], tuple[Bools, Bools]]:
        """Give the beginnings of songs, and pieces for the same chords, as rolls."""
        random = np.random.default_rng(self.seed)
        n_bars = min(PIECE_BARS, max(len(bars) for bars, _ in songs))
        bars, known = (
            np.stack([np.resize(song[part], (n_bars, *song[part].shape[1:])) for song in songs])
            for part in (0, 1)
        )
        lengths = self._within(known[:, 0]).sum(axis=1).astype(int)

        def rolls(pieces: Floats) -> tuple[Bools, Bools]:
            pairs = zip(pieces, lengths.tolist(), strict=True)
            parts = [rolls_of(piece, length, *self.pitches) for piece, length in pairs]
            return np.stack([first for first, _ in parts]), np.stack([whole for _, whole in parts])

        return rolls(bars.astype(np.float32)), rolls(self._written(weights, known, random))

    # -- writing ---------------------------------------------------------------------------------

    def _written(
        self,
        weights: dict[str, Floats],
        known: Floats,
        random: np.random.Generator,
        before: Floats | None = None,
        low: int = 0,
        high: int = PITCHES - 1,
        lead: int = 0,
    ) -> Floats:
        """Write bars one after another.

        Parameters
        ----------
        weights : dict of str to ndarray
            Of the generator, at least.
        known : ndarray, shape (n_songs, n_bars, known)
        random : numpy.random.Generator
        before : ndarray, shape (n_songs, steps, columns), optional
            The bar that the first one follows.
        low, high : int
            Lowest and highest pitch.
        lead : int
            The first bar that begins with a note, as the last one does.

        Returns
        -------
        ndarray, shape (n_songs, n_bars, steps, columns)
            Where the notes are, 0 or 1.
        """
        shape, normalise = self.architecture, as_trained(weights)
        n, n_bars = known.shape[:2]
        last = np.zeros((n, shape.steps, shape.columns), np.float32) if before is None else before
        written = []
        for bar in range(n_bars):
            noise = random.standard_normal((n, shape.noise)).astype(np.float32)
            said = shape.write(np, weights, normalise, noise, known[:, bar], last)
            last = decided(said, low, high, heard=bar in (lead, n_bars - 1))
            last *= self._within(known[:, bar])[:, :, None]
            written.append(last)
        return np.stack(written, axis=1)

    def _within(self, known: Floats) -> Floats:
        """Mark the steps before the end of each bar."""
        marks = known[:, chords.TOLD : chords.TOLD + len(self.metres)]
        lengths = marks @ np.array([length_of((n, d)) for n, d in self.metres])
        return (np.arange(self.architecture.steps) < lengths[:, None]).astype(np.float32)

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Write a melody bar by bar."""
        request = self.set_knobs(request, random)
        plan = self.plan(request, random)
        known = self._known(request, plan, random)
        low, high = max(plan.low, 0), min(plan.high, PITCHES - 1)
        if request.low is None and request.high is None:
            low, high = self.pitches
        before = self._before(request)
        lead = int(before is None)  # songs begin with an upbeat, which is written and left out
        known = np.concatenate([known[:lead], known])[None]
        columns = self._written(self.weights, known, random, before, low, high, lead)[0, lead:]
        return self._song(columns, plan, request)

    def _known(self, request: Request, plan: Plan, random: np.random.Generator) -> Floats:
        """Say what is known of each bar: its chord, the metre and the mood."""
        if request.chords:
            wanted = [read_triad(symbol) for symbol in request.chords]
            home = [(root - plan.shift) % 12 + 12 * minor for root, minor in wanted]
            named = np.resize(home, plan.bars)
        else:
            named = chords.drawn(self.followed, plan.bars, random)
        same = np.repeat(self.told(plan.metre, request.mood or "")[None], plan.bars, axis=0)
        return np.concatenate([chords.told(named), same], axis=1)

    def _before(self, request: Request) -> Floats | None:
        """Give the last bar of what the song goes on from."""
        grid = on_grid(request.primer, self.architecture.steps) if request.primer else None
        if grid is None or request.primer is None:
            return None
        shape = self.architecture
        bars = bars_of(request.primer, grid, shape.steps, shape.columns)
        return bars[-1:].astype(np.float32)

    def _song(self, columns: Floats, plan: Plan, request: Request) -> Song:
        """Make the song of bars."""
        pitch, begins = lines_of(columns, length_of(plan.metre))
        starts = np.flatnonzero(begins)
        ticks = np.diff([*starts, len(pitch)])
        notes = [int(p) if p == melodies.REST else int(np.clip(p + plan.shift, 0, 127))
                 for p in pitch[starts]]  # fmt: skip
        tune = Melody(tuple(notes), tuple(ticks.tolist()), TICKS_PER_BEAT, plan.metre)
        program = (request.instruments or (0,))[0]
        return melodies.decode(tune, plan.tempo, program, plan.velocity, "new song")

    # -- being kept ------------------------------------------------------------------------------

    def state(self) -> Any:
        """Give the generator's weights, how chords follow each other, and facts."""
        arrays, values = super().state()
        return arrays | {"followed": self.followed}, values

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "MidiNet":
        """Make a generator of what `state` gave."""
        followed = arrays.pop("followed")
        check_shapes({"followed": followed}, {"followed": (chords.TRIADS + 1, chords.TRIADS + 1)})
        generator = super().of_state(arrays, values)
        generator.followed = followed
        return generator


GENERATOR = MidiNet
