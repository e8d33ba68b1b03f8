"""An adversarial autoencoder of phrases, as Keras trains it: MusAE (Valenti et al. 2020)."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from classify.generation.latent.flower import NARROW, RADIAL, deviations, petals
from classify.generation.latent.phrases import SYMBOLS
from classify.generation.networks.phrase_network import LatentNetwork, Objective

#: What a phrase's own standard deviation begins with, as a share of the prior's.
FIRST_SPREAD = 0.3


@dataclass(frozen=True)
class Adversary:
    """How the adversary and the encoder are trained against each other.

    Parameters
    ----------
    weights : tuple of float
        Of what the adversary says, for the encoder, one after another.
    changes : tuple of int
        Batches at which the next weight holds.
    slope : float
        Weight of the penalty on slopes other than 1 (WGAN-GP, Gulrajani et al. 2017).
    cancels : bool
        Whether all parts are trained by the sum of all losses. The adversary's loss for vectors of
        songs and the encoder's are then one and the same with opposite signs, so the encoder
        learns nothing of the adversary. As published; a fault.
    """

    weights: tuple[float, ...] = (0.0, 0.1, 0.2)
    changes: tuple[int, ...] = (5_000, 10_000)
    slope: float = 10.0
    cancels: bool = False


class AdversarialNetwork(LatentNetwork):
    """What each phrase costs, an adversary's opinion of its latent vector among it.

    Encoder and adversary want the opposite. Gradients are stopped so that each part learns by its
    own loss alone, in one step. Encoder and decoder count a latent vector in deviations of the
    prior, which are a thirtieth of 1 in most directions: as layers begin, they would neither write
    nor see anything so small. The weights that are kept have it within them.
    """

    COLUMNS = ("objective", "reconstruction", "critic", "slope penalty", "accuracy")

    def __init__(self, architecture: Any, adversary: Adversary, seed: int = 0) -> None:
        super().__init__(architecture, Objective(), seed)
        self.adversary = adversary
        self.deviation = deviations(architecture.latent)

    def build(self, shapes: Any) -> None:
        """Make the weights; phrases begin as sharp as the prior is narrow."""
        super().build(shapes)
        first = np.full(self.architecture.latent, FIRST_SPREAD * np.sqrt(NARROW))
        self.parts["spread"].bias.assign(np.log(np.expm1(first)))
        if self.architecture.apart_from_start:  # normalised means are to go where the prior is
            shape = (self.architecture.latent,)
            self.gain = self.add_weight(shape=shape, initializer="ones", name="gain")
            self.offset = self.add_weight(shape=shape, initializer="zeros", name="offset")

    def encoded(
        self, symbols: Any, loudness: Any, metre: Any, training: bool = False
    ) -> tuple[Any, Any]:
        """Give mean and standard deviation of the latent vectors."""
        mean, spread = super().encoded(symbols, loudness, metre, training)
        if self.architecture.apart_from_start:
            mean = mean * self.gain + self.offset
        return mean * self.deviation, spread

    def _contexts(self, z: Any, metre: Any) -> Any:
        """Give what each stretch is told."""
        return super()._contexts(z / self.deviation, metre)

    def folded(self, found: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Give weights that read and write latent vectors as the prior has them."""
        found = super().folded(found)
        shape, n = self.architecture, len(self.deviation)
        if shape.apart_from_start:
            gain, offset = (ops.convert_to_numpy(w) for w in (self.gain, self.offset))
            found["mean.kernel"] = found["mean.kernel"] * gain
            found["mean.bias"] = found["mean.bias"] * gain + offset
        for name in ("mean.kernel", "mean.bias"):
            found[name] = found[name] * self.deviation
        if shape.conductor:
            reading = {f"conductor.{n}.start": 0 for n in range(len(shape.conductor))}
        else:
            reading = {"start": 0} | {
                f"decoder.{g}.0": len(voices) * SYMBOLS * shape.feedback
                for g, voices in enumerate(shape.groups)
            }
        for name, first in reading.items():
            kernel = found[f"{name}.kernel"].copy()
            kernel[first : first + n] /= self.deviation[:, None]
            found[f"{name}.kernel"] = kernel
        return found

    def costs(self, nats: Any, accuracy: Any, z: Any, kl: Any, label: Any, training: bool) -> Any:
        """Lay the columns side by side; the critic's is how well it tells songs from the prior."""
        del kl
        aim = self.adversary
        real = self._of_prior(label)
        stop = (lambda x: x) if aim.cancels else ops.stop_gradient
        fake = stop(z)
        mix = keras.random.uniform(ops.shape(z)[:1], seed=self.seed_generator)[:, None]
        steep = self._steepness(mix * real + (1 - mix) * fake, label)
        apart = self._said(real, label) - self._said(fake, label)
        penalty = ops.square(steep - 1)
        of_adversary = aim.slope * penalty - apart
        of_encoder = -self._said(z, label, frozen=not aim.cancels)
        weight = self._weight()
        mean = nats / self.architecture.n_steps  # as theirs: a step, summed over voices
        total = mean + weight * of_encoder + (weight if aim.cancels else 1.0) * of_adversary
        return ops.stack([total if training else mean, nats, apart, penalty, accuracy], axis=-1)

    def _weight(self) -> Any:
        aim = self.adversary
        weight: Any = aim.weights[0]
        for change, following in zip(aim.changes, aim.weights[1:], strict=True):
            weight = ops.where(self.batches > change, following, weight)
        return weight

    def _of_prior(self, label: Any) -> Any:
        """Draw a vector of the prior for each label, shape (n, n_latent)."""
        shape = self.architecture
        means = petals(shape.labels, shape.latent)
        middle = label @ means
        noise = keras.random.normal(ops.shape(middle), seed=self.seed_generator)
        outwards = ops.sum(noise * middle, axis=-1, keepdims=True) * middle  # middles are unit long
        return middle + np.sqrt(NARROW) * noise + (np.sqrt(RADIAL) - np.sqrt(NARROW)) * outwards

    def _of_adversary(self, frozen: bool = False) -> list[tuple[Any, Any]]:
        """Give kernels and biases of the adversary."""
        stop = ops.stop_gradient if frozen else (lambda x: x)
        layers = [self.parts[f"adversary.{n}"] for n in range(len(self.architecture.adversary) + 1)]
        return [(stop(ops.convert_to_tensor(layer.kernel)), stop(ops.convert_to_tensor(layer.bias)))
                for layer in layers]  # fmt: skip

    def _said(self, z: Any, label: Any, frozen: bool = False) -> Any:
        """Say how much vectors look like the prior's, shape (n,)."""
        x = ops.concatenate([z, label], axis=-1)
        *hidden, (kernel, bias) = self._of_adversary(frozen)
        for weight, add in hidden:
            x = ops.tanh(x @ weight + add)
        return (x @ kernel + bias)[:, 0]

    def _steepness(self, z: Any, label: Any) -> Any:
        """Give the length of the slope by the latent vector, written out: no backend is asked."""
        x, activations = ops.concatenate([z, label], axis=-1), []
        *hidden, (last, _) = self._of_adversary()
        for weight, add in hidden:
            x = ops.tanh(x @ weight + add)
            activations.append(x)
        slope = ops.transpose(last)
        for (weight, _), x in zip(reversed(hidden), reversed(activations), strict=True):
            slope = (slope * (1 - ops.square(x))) @ ops.transpose(weight)
        own = slope[:, : self.architecture.latent]
        return ops.sqrt(ops.sum(ops.square(own), axis=-1) + 1e-12)
