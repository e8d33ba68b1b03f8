"""Music by a Markov chain of variable order that keeps hard constraints exactly.

What a state of the chain is follows from the songs: whole frames where they are in voices, as
chorales are (`classify.generation.voice_requests`), and notes of the melody in all others. For
melodies, songs are moved to C major or A minor, so that all keys teach one chain, and learned as
pairs of pitch and length. A request becomes weights of these pairs at every step of the grid
(`classify.generation.melody_requests`), and each song is a sample of the exact conditional
distribution (`classify.generation.chain`).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.generation import knobs, voice_requests, voice_style
from classify.generation.accompanied import Setting, accompany
from classify.generation.accompaniment import Accompaniment
from classify.generation.chain import Chain
from classify.generation.generator import Generator, State
from classify.generation.melody_requests import Prepared, Task, prepared
from classify.generation.passages import (
    Symbol,
    bars_of,
    melody_of,
)
from classify.generation.playing import Playing
from classify.generation.request import Request, read_key
from classify.generation.sampling import Impossible, Sampler
from classify.generation.styles import (
    FEWEST_SONGS,
    HOME,
    TICKS_PER_BEAT,
    Lesson,
    Metre,
    Style,
    nearest,
)
from classify.generation.voice_style import VoiceStyle
from classify.progress import Progress
from classify.representations import melody as melodies
from classify.representations.melody import Melody, bar_ticks
from classify.songs import Song

#: Of so many songs, the one that comes nearest to the knobs is taken.
CANDIDATES = 8

#: Of so many melodies, nearest to the knobs, the one is taken whose song comes nearest.
PLAYED = 3


class Markov(Generator):
    """Music by an exactly constrained Markov chain.

    Attributes
    ----------
    styles : dict of (int, int) to Style
        What was learned of melodies, by time signature; empty where songs are in voices.
    accompaniment : Accompaniment or None
        What sounds beneath melodies; None where songs are melodies alone, or in voices.
    playing : Playing or None
        How the songs were played; None where they are scores, or entered on a grid.
    voices : VoiceStyle or None
        What was learned of songs in voices.

    Examples
    --------
    >>> tune = Melody((60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 60), (4,) * 12)
    >>> songs = [melodies.decode(tune.transposed(n)) for n in range(6)]
    >>> song = Markov().fit(songs).generate(Request(bars=4, key="D major"), seed=1)
    >>> int(song.notes["pitch"][-1]) % 12
    2
    """

    TITLE = "Markov"
    KEEPS = frozenset(
        {"bars", "seconds", "mood", "tempo", "key", "metre", "low", "high", "instruments", "chords",
         "repeats", "longest_copy", "primer", "keep", "renew", "voices", "bridge", "mode",
         "loudness"}
    )  # fmt: skip
    AIMS = frozenset({"density", "register", "spread"})
    CHOICES = 12

    styles: dict[Metre, Style]
    accompaniment: Accompaniment | None
    playing: Playing | None
    voices: VoiceStyle | None

    def learn(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Learn whole frames of songs in voices, or melodies and what sounds beneath them."""
        self.styles, n_voices = {}, voice_style.n_voices(songs)
        self.voices = VoiceStyle.of(songs, moods, n_voices) if n_voices else None
        self.accompaniment = self.playing = None
        if self.voices is None:
            self._learn_melodies(songs, moods)
            self.accompaniment = Accompaniment.of(songs, moods)
            self.playing = Playing.of(songs, moods)

    def _learn_melodies(self, songs: Sequence[Song], moods: Sequence[str]) -> None:
        """Learn a style for each time signature."""
        members: dict[Metre, list[Lesson]] = defaultdict(list)
        for song, mood in zip(songs, moods, strict=True):
            if lesson := Lesson.of(song, mood):
                members[lesson.melody.metre].append(lesson)
        if not members:
            raise InputError("none of the songs has a melody with beats to learn from")
        fewest = min(FEWEST_SONGS, max(len(lessons) for lessons in members.values()))
        self.styles = {
            metre: Style.of(lessons) for metre, lessons in members.items() if len(lessons) >= fewest
        }

    def compose(self, request: Request, random: np.random.Generator) -> Song:
        """Draw a melody that keeps all wishes."""
        return next(self.draws(request, random))

    def draws(self, request: Request, random: np.random.Generator) -> Iterator[Song]:
        """Draw melodies that keep all wishes; what they need is computed once.

        For a mood, each of them has a mode and knobs of its own, as songs of it have. Unless a key
        is asked for, theirs is that of a song that was learned from.
        """
        if self.voices is not None:
            yield from voice_requests.draws(self.voices, request, self, random)
        _check_voices(request, alone=self.accompaniment is None)
        n_candidates = CANDIDATES if request.asked & self.AIMS else 1
        limit = request.longest_copy or self.longest_copy
        begun, known = False, dict[tuple[Any, ...], Prepared]()
        key = random.random()  # of songs by their keys: for all of them the same
        while True:
            if request.mood or not begun:
                asked = self.set_knobs(request, random)
                wished, begun = self._of_melody(asked), True
                chain, parts, task = self._prepared(wished, request.asked, key, random, known)
            tunes = [
                self._draw(chain, parts, task, limit, random) for _ in range(n_candidates)
            ]  # fmt: skip
            tunes.sort(key=lambda tune: _distance(tune, wished, task.tempo))
            played = [self._played(tune, wished, task, random) for tune in tunes[:PLAYED]]
            song = played[0]
            if played[1:]:
                song = min(played, key=partial(knobs.distance, asked=asked))
            if self.playing is not None:
                before = wished.passage.song if wished.passage else None
                song = self.playing.play(song, wished.mood or "", random, before)
            yield song

    def _of_melody(self, wished: Request) -> Request:
        """Write wishes for a song as wishes for its melody."""
        if self.accompaniment is None:
            return wished
        share, higher, spread = self.accompaniment.relation(wished.mood or "")
        knobs_of_song = {
            "density": wished.density and wished.density * share,
            "register": wished.register and wished.register + higher,
            "spread": wished.spread and wished.spread * spread,
        }
        return wished.with_knobs({n: value for n, value in knobs_of_song.items() if value})

    def _played(
        self, tune: Melody, wished: Request, task: Task, random: np.random.Generator
    ) -> Song:
        """Make a song of a melody, with what sounds beneath it."""
        velocity = round(wished.loudness or task.habits.velocity)
        if self.accompaniment is None:
            instrument = (wished.instruments or (0,))[0]
            return melodies.decode(tune, task.tempo, instrument, velocity, "new song")
        setting = Setting(wished.mood or "", task.minor, task.shift, task.tempo, velocity)
        return accompany(self.accompaniment, tune, setting, wished, random)

    def _prepared(
        self,
        wished: Request,
        asked: set[str],
        key: float,
        random: np.random.Generator,
        known: dict[tuple[Any, ...], Prepared],
    ) -> Prepared:
        """Prepare samples of songs of the mood, or of all songs where those allow no melody.

        Those of one request for a mood differ in what the mood leaves open; what is `known` of
        another one that has the same constraints is used again.
        """
        task = self._task(wished, key, random)
        weighed = task.tempo if asked & self.AIMS else 0.0  # the weights of a density depend on it
        name = (task.metre, task.minor, task.shift, task.n_ticks, wished.mode, weighed)
        if name not in known:
            try:
                known[name] = prepared(wished, asked, task)
            except InputError:
                if not wished.mood:
                    raise
                chain = self.styles[task.metre].chain(wished.mood, task.minor, mixed=True)
                known[name] = prepared(wished, asked, replace(task, chain=chain))
        chain, parts, before = known[name]
        return chain, parts, replace(task, chain=before.chain)

    def _draw(
        self,
        chain: Chain,
        parts: list["Sampler | list[Symbol]"],
        task: Task,
        limit: int,
        random: np.random.Generator,
    ) -> Melody:
        def copies(drawn: list[int]) -> bool:
            ending = [chain.symbols[i] for i in drawn[-2 * limit - 2 :]]  # every other a rest
            return self.repertoire.begins_copy(ending, TICKS_PER_BEAT, limit)

        symbols: list[Symbol] = []
        for part in parts:
            if isinstance(part, Sampler):
                try:
                    drawn = part.draw(random, copies)
                except Impossible:  # for the whole song it is said why
                    drawn = part.draw(random)
                symbols += [chain.symbols[i] for i in drawn]
            else:
                symbols += part
        pitch, ticks = zip(*symbols, strict=True)
        return Melody(pitch, ticks, TICKS_PER_BEAT, task.metre).transposed(task.shift)

    def _task(self, request: Request, key: float, random: np.random.Generator) -> Task:
        """Decide what the request leaves open; `key` is a share of songs, by their keys."""
        metre, style = self._style(request)
        habits = style.habits(request.mood or "")
        tempo = request.tempo or habits.tempo
        bar = bar_ticks(metre, TICKS_PER_BEAT)
        bars = request.bars or max(1, round(habits.bars))
        if request.seconds is not None:
            bars = max(1, round(request.seconds * tempo / 60 * TICKS_PER_BEAT / bar))
        if request.renew:
            bars = _as_long(request, bars)
        tonic, minor = _tonic(request, style, key, random)
        chain = style.chain(request.mood or "", minor)
        shift = nearest(tonic - HOME[minor])
        if request.low is not None and request.high is not None:
            shift += _octaves((request.low + request.high) / 2 - _middle(chain) - shift)
        elif request.register is not None:
            shift += _octaves(request.register - habits.pitch - shift)
        return Task(chain, style.profile, habits, metre, bars * bar, tempo, minor, shift)

    def _style(self, request: Request) -> tuple[Metre, Style]:
        """Choose the time signature of the song that it goes with, or that with the most songs."""
        mood = request.mood or ""
        known = {metre: style for metre, style in self.styles.items() if style.songs(mood)}
        if not known:
            raise InputError(
                f"mood {mood!r}: all of its songs are in time signatures that fewer than "
                f"{FEWEST_SONGS} songs have; train it on more of them"
            )
        if request.metre:
            metre = request.metre_among(sorted(known, key=lambda one: f"{one[0]}/{one[1]}"))
            return metre, known[metre]
        own = melody_of(request.given).metre if request.given else None
        usual = own if own in known else max(known, key=lambda metre: known[metre].songs(mood))
        return usual, known[usual]

    @property
    def takes(self) -> frozenset[str]:
        """All that it keeps; where it learned melodies, there are no voices of which some stay."""
        return super().takes - ({"voices"} if self.voices is None else set())

    def remarks(self) -> list[str]:
        """Say what the states of the chain are."""
        if self.voices is None:
            n_states = sum(len(style.counts.symbols) for style in self.styles.values())
            beneath = "" if self.accompaniment is None else (
                f"; what sounds beneath is drawn to it, {len(self.accompaniment.attacks):,} notes "
                "with those that begin together with them, and 25 harmonies")  # fmt: skip
            return [f"the states of the chain are notes of the melody, {n_states:,} pitches with a "
                    f"length{beneath}"]  # fmt: skip
        n_states = len(self.voices.counts.sonorities)
        return [f"the states of the chain are whole frames, {n_states:,} sonorities in "
                f"{self.voices.n_voices} voices, since the songs are in as many"]  # fmt: skip

    def state(self) -> State:
        """Give all styles."""
        arrays: dict[str, NDArray[Any]] = {}
        values: dict[str, Any] = {"styles": []}
        others = {"voices": self.voices, "accompaniment": self.accompaniment,
                  "playing": self.playing}  # fmt: skip
        for name, other in others.items():
            if other is not None:
                parts, values[name] = other.state()
                arrays |= {f"{name}.{key}": part for key, part in parts.items()}
        for place, (metre, style) in enumerate(self.styles.items()):
            parts, plain = style.state()
            arrays |= {f"{place}.{name}": part for name, part in parts.items()}
            values["styles"].append([list(metre), plain])
        return arrays, values

    @classmethod
    def of_state(cls, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> "Markov":
        """Make a generator of what `state` gave."""
        markov = cls()
        markov.styles = {}
        own = {kind: {n.removeprefix(kind): a for n, a in arrays.items() if n.startswith(kind)}
               for kind in ("voices.", "accompaniment.", "playing.")}  # fmt: skip
        markov.voices = markov.accompaniment = markov.playing = None
        if "voices" in values:
            markov.voices = VoiceStyle.of_state(own["voices."], values["voices"])
        if "accompaniment" in values:
            beneath = Accompaniment.of_state(own["accompaniment."], values["accompaniment"])
            markov.accompaniment = beneath
        if "playing" in values:
            markov.playing = Playing.of_state(own["playing."], values["playing"])
        for place, ((numerator, denominator), plain) in enumerate(values["styles"]):
            prefix = f"{place}."
            parts = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            markov.styles[numerator, denominator] = Style.of_state(parts, plain)
        return markov


def _as_long(request: Request, bars: int) -> int:
    """Give the bars of a song of which some are composed again, if that is possible."""
    assert request.renew is not None
    n_bars = bars_of(request.renew.song)
    if request.renew.last > n_bars:
        raise InputError(f"renew: bar {request.renew.last} lies beyond the {n_bars} of the song")
    if request.asked & {"bars", "seconds"} and bars != n_bars:
        raise InputError(f"renew: a song keeps its length of {n_bars} bars")
    return n_bars


def _check_voices(request: Request, alone: bool) -> None:
    """Refuse voices that stay, but for a melody that notes are to be written to."""
    voices = request.voices
    if voices and max(voices) > 1:
        raise InputError(f"voices {max(voices)}: the music that was learned has 1 melody, which "
                         "may stay (--voices 1)" if not alone else
                         f"voices {max(voices)}: the music that was learned has 1")  # fmt: skip
    if voices and (alone or request.keep):
        raise InputError("voices 1: nothing is left to be written of a melody that stays")


def _tonic(
    request: Request, style: Style, share: float, random: np.random.Generator
) -> tuple[int, bool]:
    """Take the key that is asked for, that of a song to go on from, or that of a song."""
    if request.key:
        return read_key(request.key)
    if given := request.given:
        return melodies.tonic(melody_of(given))
    mood, minor = request.mood or "", request.minor
    if minor is None:
        minor = bool(random.random() < style.habits(mood).minor)
    above = 0 if request.chords else style.above(mood, minor, share)  # chords are in a key
    return (HOME[minor] + above) % 12, minor


def _octaves(semitones: float) -> int:
    """Round to whole octaves, in semitones."""
    return 12 * round(semitones / 12)


def _middle(chain: Chain) -> float:
    """Give the middle of a chain's range, in MIDI pitch."""
    pitches = [pitch for pitch, _ in chain.symbols if pitch != melodies.REST]
    return (min(pitches) + max(pitches)) / 2


def _distance(tune: Melody, wished: Request, tempo: float) -> float:
    """Say how far a melody is from the knobs that it aims at."""
    pitch = np.array(tune.pitch)
    pitch = pitch[pitch != melodies.REST]
    seconds = sum(tune.ticks) / tune.ticks_per_beat * 60 / tempo
    return knobs.far(wished, len(pitch) / seconds, pitch.mean(), pitch.std())


GENERATOR = Markov
