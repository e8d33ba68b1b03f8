"""Generators that code phrases of voices: what MusicVAE and MusAE have in common."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.generation.latent import phrases
from classify.generation.latent.architecture import Architecture
from classify.generation.latent.coder import Coder
from classify.generation.latent.latent_generator import Elsewhere, LatentGenerator
from classify.generation.latent.phrases import DRUMS, HOLD, MELODY, Score
from classify.generation.latent.points import Point, Way, note_agreement, of_the_middle
from classify.generation.latent.rewriting import Rewriter
from classify.generation.latent.training import Example
from classify.generation.request import Request
from classify.progress import Progress
from classify.songs import Song

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

#: Units of a layer for a quick look, at most.
QUICK_UNITS = 12


class PhraseAutoencoder(LatentGenerator):
    """Codes phrases of some bars on a grid of sixteenths.

    Parameters
    ----------
    epochs, seed, quick, preset
        As all generators with a space have them.
    """

    ARCHITECTURE = Architecture
    BY_CHANCES = True

    architecture: Architecture
    voices: list[str]
    known_moods: list[str]

    FACTS = (*LatentGenerator.FACTS, "voices", "known_moods")

    @classmethod
    def of_preset(
        cls, preset: str, voices: int = 1, metres: int = 1, bar_steps: int = 16, labels: int = 0
    ) -> Architecture:
        """Give the architecture of a preset, for so many voices, metres and moods."""
        sizes = cls.PRESETS[preset]
        return Architecture(voices=voices, metres=metres, bar_steps=bar_steps,
                            labels=labels * bool(sizes.get("adversary")), **sizes)  # fmt: skip

    def module(self) -> Any:
        """Give the module of all networks that code phrases."""
        from classify.generation.networks import phrase_network

        return phrase_network

    def label(self, mood: str) -> Floats:
        """Mark a mood among those that were learned and, last, none, for an adversary."""
        if not self.architecture.labels:
            return np.zeros(1, np.float32)
        return np.array([float(mood == known) for known in (*self.known_moods, "")], np.float32)

    def teach(
        self, songs: Sequence[Song], moods: Sequence[str], progress: Progress, work: Path | None
    ) -> None:
        """Write songs as phrases, and train the network on them."""
        bar_steps = max(phrases.length_of((n, d)) for n, d in self.metres)
        scores = [s for song in songs if (s := phrases.encode(song, bar_steps=bar_steps))]
        self.voices = list(phrases.common_voices(scores))
        chosen = [phrases.VOICES.index(voice) for voice in self.voices]
        self.programs = {
            voice: Counter(s.programs[voice] for s in scores if s.programs and voice in s.programs)
            .most_common(1)[0][0] for voice in self.voices if voice != DRUMS
        }  # fmt: skip
        self.known_moods = sorted(set(moods) - {""})
        self.architecture = self.shaped(bar_steps)
        examples = []
        for score, mood in zip(scores, moods, strict=True):
            score = replace(score, symbols=score.symbols[..., chosen],
                            loudness=score.loudness[..., chosen])  # fmt: skip
            examples.append(Example(self._cut_of(score, mood), self.phrase_bars))
        self.train_network(examples, progress, work)

    def shaped(self, bar_steps: int) -> Architecture:
        """Give the architecture for what is learned from."""
        shape = self.of_preset(self.preset, len(self.voices), len(self.metres), bar_steps,
                               len(self.known_moods) + 1)  # fmt: skip
        if not self.quick:
            return shape
        small = {name: tuple(min(units, QUICK_UNITS) for units in getattr(shape, name)[:1])
                 for name in ("encoder", "decoder", "conductor", "adversary")}  # fmt: skip
        sizes: dict[str, Any] = {"bars": 2, "latent": 8, "conductor_output": 8, **small}
        return replace(shape, **sizes)

    def _cut_of(self, score: Score, mood: str) -> Any:
        label = self.label(mood)

        def cut(first: int) -> tuple[NDArray[Any], ...]:
            parts = phrases.cut(score, self.phrase_bars, first)
            n = len(parts[0])
            shape = n, self.architecture.n_steps, len(self.voices)
            symbols, loudness, counts = (part.reshape(shape) for part in parts)
            return (symbols.astype(np.int32), loudness.astype(np.int32), counts.astype(np.float32),
                    self.metre_marks(score.metre, n), np.repeat(label[None], n, 0))  # fmt: skip

        return cut

    @property
    def coder(self) -> Coder:
        """Encoder and decoder."""
        return Coder(self.architecture, self.weights)

    def read(self, song: Song) -> Score:
        """Write a song on the grid.

        Raises
        ------
        InputError
            If it has no beats or notes, or a time signature that was not learned.
        """
        return self.checked(song, phrases.encode(song, self.voices, self.architecture.bar_steps))

    def _phrases_of(self, song: Song) -> tuple[Score, Ints, Ints, NDArray[np.bool_], Floats]:
        """Write a song on the grid and cut it, as `phrases.cut` does; with marks of its metre."""
        score = self.read(song)
        symbols, loudness, counts = phrases.cut(score, self.phrase_bars)
        return score, symbols, loudness, counts, self.metre_marks(score.metre, len(symbols))

    def encode(self, song: Song) -> Point:
        """Give a song's place."""
        score, symbols, loudness, _, metre = self._phrases_of(song)
        z, _ = self.coder.encode(symbols, loudness, metre)
        return Point(z, score.n_bars, score.metre, score.shift, score.tempo, score.programs,
                     score.title)  # fmt: skip

    def elsewhere(self, song: Song) -> Elsewhere:
        """Write a song as it would be away from where it is, by the same chances (`rewriting`)."""
        score, symbols, loudness, _, metre = self._phrases_of(song)
        z, _ = self.coder.encode(symbols, loudness, metre)
        random = np.random.default_rng(self.seed)
        rewriter = Rewriter(self.coder, z, metre, symbols, loudness, random)

        def write(ways: Sequence[Way]) -> list[Song]:
            there = np.stack([z + way.away for way in ways]).astype(np.float32)
            loud = np.stack([z + (way.away if way.loud is None else way.loud)
                             for way in ways]).astype(np.float32)  # fmt: skip
            songs = []
            for way, *parts in zip(ways, *rewriter.at(there, loud), strict=True):
                bars = [part.reshape(-1, *part.shape[2:])[: score.n_bars] for part in parts]
                tempo = score.tempo * float(np.exp(way.faster))
                songs.append(phrases.decode(
                    replace(score, symbols=bars[0], loudness=bars[1], tempo=tempo)
                ))  # fmt: skip
            return songs

        return write

    def played(self, written: Score) -> Song:
        """Make the song of a score."""
        return phrases.decode(written)

    def nats(self, song: Song, z: Floats) -> float:
        """Say how improbable a song's symbols are, in nats a phrase."""
        _, symbols, _, counts, metre = self._phrases_of(song)
        scores = self.coder.scores(z, metre, symbols)
        log_p = scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)
        true = np.take_along_axis(log_p, np.maximum(symbols, 0)[..., None], axis=-1)[..., 0]
        return -float(true[counts].sum()) / len(symbols)

    def reconstruction(self, song: Song, point: Point) -> dict[str, float]:
        """Measure how well a song is written again: its notes, and its symbols step by step."""
        score, symbols, _, counts, metre = self._phrases_of(song)
        true = phrases.decode(score)
        again = self.write(point, None, None)
        counted = score.symbols >= 0
        told = self.coder.scores(point.z, metre, symbols).argmax(axis=-1) == symbols
        middle = phrases.decode(self.write(of_the_middle(point, self.spots[""][0]), None, None))
        return {
            "notes": note_agreement(true, phrases.decode(again)),
            "notes of the middle": note_agreement(true, middle),
            "steps": float((again.symbols == score.symbols)[counted].mean()),
            "steps, true ones read": float(told[counts].mean()),
        }

    def write(
        self, point: Point, random: np.random.Generator | None, request: Request | None
    ) -> Score:
        """Write the score of a place."""
        length = phrases.length_of(point.metre)
        metre = self.metre_marks(point.metre, len(point.z))
        allowed = self._allowed(point, request) if request else None
        symbols, loudness = self.coder.decode(point.z, metre, length, allowed, random)
        whole = -1, *symbols.shape[2:]
        symbols, loudness = (part.reshape(whole)[: point.bars] for part in (symbols, loudness))
        if request and request.loudness is not None:
            begins = (symbols >= 0) & (symbols < HOLD)
            mean = float(loudness[begins].mean() * phrases.BIN + phrases.BIN / 2)
            away = round((request.loudness - mean) / phrases.BIN)
            loudness = (loudness + away).clip(0, phrases.LOUDNESS - 1)
        return Score(symbols, loudness, tuple(self.voices), point.metre, point.shift, point.tempo,
                     point.programs, point.title)  # fmt: skip

    def _allowed(self, point: Point, request: Request) -> NDArray[np.bool_]:
        """Say which symbols may be written: within the range, and a note where bars must sound."""
        shape = self.architecture
        allowed = np.ones(
            (len(point.z) * shape.bars, shape.bar_steps, shape.voices, phrases.SYMBOLS), bool
        )
        pitch = np.arange(HOLD) + point.shift
        high = 127 if request.high is None else request.high
        within = (pitch >= (request.low or 0)) & (pitch <= high)
        for n, voice in enumerate(self.voices):
            if voice != DRUMS:
                allowed[:, :, n, :HOLD] &= within
        melody = self.voices.index(MELODY)
        allowed[[0, point.bars - 1], 0, melody, HOLD:] = False  # the first and last bar sound
        return allowed.reshape(len(point.z), shape.bars, *allowed.shape[1:])
