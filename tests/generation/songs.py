"""Songs to learn from: melodies that keep to their bars and to a scale, in two metres."""

import numpy as np

from classify.generation.generators.music_vae import MusicVAE
from classify.representations import melody as melodies
from classify.representations.melody import REST, Melody
from classify.songs import Song


class Drawn(MusicVAE):
    """A space whose weights are drawn rather than learned: what is done with it is the same."""

    def train_network(self, examples, progress, work):
        draw = np.random.default_rng(0)
        self.weights = {name: draw.normal(0, 0.3, shape).astype(np.float32)
                        for name, shape in self.architecture.shapes().items()}  # fmt: skip
        self.history = [{"kl": 9.0}]


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
