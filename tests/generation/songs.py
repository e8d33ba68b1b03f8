"""Songs to learn from (melodies that keep to bars and scale, and chorales), and drawn networks."""

import numpy as np

from classify.generation.generators.music_vae import MusicVAE
from classify.generation.novelty import Repertoire
from classify.representations import melody as melodies
from classify.representations.melody import REST, Melody
from classify.representations.sequences import note_array, song_of
from classify.songs import Song


class Drawn(MusicVAE):
    """A space whose weights are drawn rather than learned: what is done with it is the same."""

    def train_network(self, examples, progress, work):
        draw = np.random.default_rng(0)
        self.weights = {name: draw.normal(0, 0.3, shape).astype(np.float32)
                        for name, shape in self.architecture.shapes().items()}  # fmt: skip
        self.history = [{"kl": 9.0}]


def drawn_voices(kind, voices=4, seed=0):
    """One whose weights are drawn, and which knows no song."""
    facts = {"n_voices": voices, "lowest": 36, "n_classes": 47, "metre": [4, 4], "tempo": 100.0,
             "bars": 4, "velocity": 70.0, "parallels": 0.0, "quick": True,
             "preset": "quick"}  # fmt: skip
    empty = kind.__new__(kind)
    vars(empty).update(facts)
    draw = np.random.default_rng(seed)
    weights = {
        name: draw.normal(0, 0.1, shape).astype(np.float32)
        for name, shape in empty.shapes().items()
    }
    drawn = kind.of_state(weights, facts)
    drawn.repertoire, drawn.longest_copy = Repertoire.of([]), 100
    drawn.moods, drawn.profiles, drawn.scorer = [], {}, None
    return drawn


METRES = [(4, 4), (3, 4)]


def tune(draw, metre):
    """Make a melody that keeps to its bars, mostly in steps, in a scale."""
    scale, place, pitch, ticks = [0, 2, 4, 5, 7, 9, 11], int(draw.integers(5, 12)), [], []
    for _ in range(int(draw.integers(6, 12))):
        left = 4 * metre[0]
        while left:
            length = min(left, int(draw.choice([2, 2, 4, 4, 8])))
            place = int(np.clip(place + draw.integers(-2, 3), 0, 20))
            tone = 55 + 12 * (place // 7) + scale[place % 7]
            pitch.append(REST if draw.random() < 0.05 else tone)
            ticks.append(length)
            left -= length
    return Melody((60, *pitch[1:-1], 60), tuple(ticks), 4, metre)


def made(n_songs: int) -> list[Song]:
    """Make songs in turn in 4/4 and 3/4, in several keys and tempi."""
    draw = np.random.default_rng(0)
    return [
        melodies.decode(tune(draw, METRES[n % 2]).transposed(n % 5), tempo=80 + n)
        for n in range(n_songs)
    ]


#: Instruments of `accompanied`: the melody, the chord beneath it, and the bass.
PIANO, GUITAR, BASS = 0, 24, 32


def accompanied(n_songs: int) -> list[Song]:
    """Make songs of `made` with a chord and a bass under most notes on a beat."""
    draw, songs = np.random.default_rng(2), []
    for song in made(n_songs):
        parts = [song.notes]
        on_beat = song.notes[song.notes["beat"] % 1 == 0]
        played = on_beat[draw.random(len(on_beat)) < 0.7]
        for below, program in ((4, GUITAR), (7, GUITAR), (24, BASS)):
            lower = played.copy()
            lower["pitch"] -= np.uint8(below)
            lower["program"] = program
            parts.append(lower)
        songs.append(song_of(np.concatenate(parts), song.tempi, song.metres, "accompanied"))
    return songs


#: Triads in four voices, the highest first: I, ii, IV, V, vi and I of C major; and of A minor
#: i, iv, VI, V, III and i.
MAJOR = [(67, 64, 60, 48), (69, 65, 62, 50), (69, 65, 60, 53), (67, 62, 59, 55), (69, 64, 60, 57),
         (72, 67, 64, 48)]  # fmt: skip
MINOR = [(69, 64, 60, 45), (69, 65, 62, 50), (69, 65, 60, 53), (68, 64, 59, 52), (67, 64, 60, 48),
         (72, 69, 64, 57)]  # fmt: skip


def chorales(n_songs: int) -> list[Song]:
    """Make songs in four voices that all sound, with passing notes, in turn in 4/4 and 3/4."""
    draw = np.random.default_rng(1)
    return [
        chorale(draw, MINOR if n % 4 > 1 else MAJOR, METRES[n % 2], n % 5, 80 + n)
        for n in range(n_songs)
    ]


def chorale(draw, triads, metre, shift, tempo):
    """Make a chorale that ends on its tonic."""
    n_beats = metre[0] * int(draw.integers(5, 9))
    chords = [0, *draw.integers(0, len(triads), n_beats - 3).tolist(), 3, 0]
    notes = []
    for voice in range(4):
        beat = 0
        while beat < n_beats:
            pitch, length = triads[chords[beat]][voice] + shift, 1.0
            while beat + length < n_beats and triads[chords[int(beat + length)]][voice] == (
                pitch - shift) and draw.random() < 0.4:  # fmt: skip
                length += 1
            if length == 1 and draw.random() < 0.2:  # a passing note
                notes += [(beat, 0.5, pitch), (beat + 0.5, 0.5, pitch + 2 - 4 * (voice % 2))]
            else:
                notes.append((beat, length, pitch))
            beat += int(length)
    begin, length, pitch = np.array(sorted(notes)).T
    found = note_array(onset=begin * 60 / tempo, duration=length * 60 / tempo, beat=begin,
                       pitch=pitch.astype(int), velocity=70)  # fmt: skip
    return song_of(found, np.array([[0.0, tempo]]), np.array([[0.0, *metre]]), "chorale")
