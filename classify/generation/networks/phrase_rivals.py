"""MuseGAN, as Keras trains it (Dong et al. 2018): Wasserstein distance and a penalty on slopes."""

from typing import Any

import keras
import numpy as np
from keras import ops

from classify.generation.networks.rivals_network import RivalsNetwork

#: Weight of the penalty on slopes other than 1 (Gulrajani et al. 2017).
SLOPE = 10.0

#: What the generator begins with: how sure it is of no note, in standard deviations of a note's
#: score about 2; and how much the steps of a time layer differ, beside what they have in common.
SILENT, ALIKE = -0.6, 0.3


class PhraseRivals(RivalsNetwork):
    """What a phrase costs the generators and their adversaries.

    Call arguments
    --------------
    inputs : list of tensors
        `phrases`, shape (n, bars, steps, pitches, tracks), -1 or 1; `given`, shape (n,), 1 where
        the first track is given; `within`, shape (n, steps), 1 for steps before a bar's end.
    """

    COLUMNS = ("objective", "adversary", "generator", "penalty")
    AVERAGED = 0.99

    def start(self, name: str, kind: str, shape: tuple[int, ...]) -> Any:
        """Begin with few notes, most of them held: what follows a step is nearly the same."""
        if name.endswith("write.bias"):
            return keras.initializers.Constant(SILENT)
        _, _, layer, *_ = (*name.split("."), "", "")
        if not (kind == "kernel" and name.startswith("bar.") and layer.isdigit()):
            return super().start(name, kind, shape)
        random = np.random.default_rng((self.seed, int(layer), *shape))
        alike = random.normal(size=(1, *shape[1:])) + ALIKE * random.normal(size=shape)
        return keras.initializers.Constant(self.deviation(shape) * alike)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Give the costs."""
        phrases, given, within = inputs
        shape = self.architecture
        given = given[:, None, None, None]
        track = phrases[..., 0] * given
        if training:
            self.average()
        noise = self.drawn(phrases[:, 0, 0, 0], shape.n_noise)
        writes = self.normaliser(training, remember=True)
        new = shape.write(ops, self.weights_of(False), writes, noise, track)
        if shape.binary:
            hard = 2 * ops.cast(new > 0, "float32") - 1
            new = new + ops.stop_gradient(hard - new)  # slopes go straight through
        inside = within[:, None, :, None, None]
        new = new * inside - (1 - inside)
        first = track[..., None] + (1 - given[..., None]) * new[..., :1]
        new = ops.concatenate([first, new[..., 1:]], axis=-1)
        fixed = ops.stop_gradient(new)
        mix = keras.random.uniform(ops.shape(given), seed=self.seed_generator)[..., None]
        rival, frozen = self.weights_of(True), self.weights_of(True, frozen=True)
        real, _ = shape.judge(ops, rival, phrases)
        fake, _ = shape.judge(ops, rival, fixed)
        _, steep = shape.judge(ops, rival, mix * phrases + (1 - mix) * fixed)
        said, _ = shape.judge(ops, frozen, new)
        penalty = ops.sum(ops.square(steep - 1), axis=-1)
        adversary, generator = fake - real, -said
        total = adversary + SLOPE * penalty + generator
        return self.laid(phrases, total, adversary, generator, penalty)
