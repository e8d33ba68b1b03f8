"""A generator and its adversary, as Keras trains them against each other on any backend.

Both learn in one step, each by its own loss: gradients are stopped where one's loss meets the
other's weights. Who learns how often is decided by the optimiser (`TurnTaking`).
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from classify.generation.adversarial.convolutions import LEARNED, SEEN, TINY

#: What names of the adversary's layers begin with.
CRITIC = "critic"

#: How slowly the means that are normalised by in sampling follow batches.
MOMENTUM = 0.9


class RivalsNetwork(keras.layers.Layer):
    """What each piece of music costs the generator and its adversary.

    A subclass writes `costs`.

    Parameters
    ----------
    architecture
        With `shapes`, the networks themselves, and `noise`, of which a piece is made.
    seed : int
        Of the noise.
    """

    #: What an example's row holds, in order.
    COLUMNS: tuple[str, ...] = ("objective", "critic", "generator")

    #: How slowly the generator's weights that are kept follow those that learn, of 1; 0 where the
    #: latter are kept themselves. A generator runs in circles around its adversary, and the mean of
    #: its weights over a circle writes better than any of them (Yazici et al. 2019).
    AVERAGED = 0.0

    def __init__(self, architecture: Any, seed: int = 0) -> None:
        super().__init__()
        self.architecture, self.seed = architecture, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, shapes: Any) -> None:
        """Make the weights."""
        del shapes
        self.parts: dict[str, Any] = {}
        for name, shape in self.architecture.shapes().items():
            kind = name.rsplit(".", 1)[-1]
            known = {"name": name.replace(".", "_"), "trainable": kind not in SEEN}
            start = self.start(name, kind, shape)
            self.parts[name] = self.add_weight(shape=shape, initializer=start, **known)
        self.kept: dict[str, Any] = {}
        if self.AVERAGED:
            self.batches = self.add_weight(
                shape=(), initializer="zeros", trainable=False, name="seen"
            )
            for name, shape in self.architecture.shapes().items():
                if not name.startswith(CRITIC):
                    called = f"kept_{name}".replace(".", "_")
                    self.kept[name] = self.add_weight(
                        shape=shape, initializer="zeros", trainable=False, name=called
                    )

    def start(self, name: str, kind: str, shape: tuple[int, ...]) -> Any:
        """Give the initialiser of a weight."""
        del name
        if kind == "kernel":
            return keras.initializers.RandomNormal(stddev=self.deviation(shape))
        return "ones" if kind in ("scale", "variance") else "zeros"

    def average(self) -> None:
        """Let the weights that are kept follow the generator's; the first ones at once."""
        seen = self.batches
        slow = ops.minimum(self.AVERAGED, (1 + seen) / (10 + seen)) * ops.cast(seen > 0, "float32")
        for name, kept in self.kept.items():
            kept.assign(slow * kept + (1 - slow) * ops.stop_gradient(self.parts[name]))
        seen.assign(seen + 1)

    def deviation(self, shape: tuple[int, ...]) -> float:
        """Give the standard deviation of a kernel's first values: He et al. 2015."""
        return float(np.sqrt(2 / np.prod(shape[:-1])))

    def weights_of(self, critic: bool, frozen: bool = False) -> dict[str, Any]:
        """Give the weights of one of the two; frozen ones learn nothing."""
        stop = ops.stop_gradient if frozen else (lambda x: x)
        return {name: stop(ops.convert_to_tensor(part)) for name, part in self.parts.items()
                if name.startswith(CRITIC) == critic}  # fmt: skip

    def normaliser(self, training: bool, remember: bool = False, frozen: bool = False) -> Any:
        """Normalise by the batch, and let the means for sampling follow it if told to."""
        stop = ops.stop_gradient if frozen else (lambda x: x)

        def normalise(name: str, x: Any) -> Any:
            scale, shift = (
                stop(ops.convert_to_tensor(self.parts[f"{name}.{part}"])) for part in LEARNED
            )
            seen_mean, seen_variance = (self.parts[f"{name}.{part}"] for part in SEEN)
            if not training:
                mean, variance = seen_mean, seen_variance
            else:
                mean, variance = ops.moments(x, axes=list(range(len(x.shape) - 1)))
            if training and remember:
                for seen, new in ((seen_mean, mean), (seen_variance, variance)):
                    seen.assign(MOMENTUM * seen + (1 - MOMENTUM) * ops.stop_gradient(new))
            return (x - mean) * (scale * ops.rsqrt(variance + TINY)) + shift

        return normalise

    def drawn(self, like: Any, n: int) -> Any:
        """Draw noise, shape (n_examples, n)."""
        return keras.random.normal((ops.shape(like)[0], n), seed=self.seed_generator)

    def laid(self, like: Any, *columns: Any) -> Any:
        """Lay columns side by side, a number for all examples or one for each."""
        ones = ops.ones_like(ops.reshape(like, (ops.shape(like)[0], -1))[:, 0])
        return ops.stack([ones * column for column in columns], axis=-1)


class TurnTaking(keras.optimizers.Adam):
    """Adam with which the generator, or the adversary, learns in some batches only.

    Parameters
    ----------
    learning_rate, beta_1, beta_2 : float
        Of both.
    generator_every, critic_every : int
        Batches of which one, the last, is the generator's turn, or the first the adversary's.
    faster : float
        How many times as fast the adversary learns.
    """

    def __init__(
        self,
        learning_rate: float,
        beta_1: float = 0.5,
        beta_2: float = 0.999,
        generator_every: int = 1,
        critic_every: int = 1,
        faster: float = 1.0,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon=1e-8)
        self.turns = {False: (generator_every, generator_every - 1), True: (critic_every, 0)}
        self.faster = faster

    def build(self, variables: Any) -> None:
        """Take note of whose the variables are; what backends pass on has other names."""
        super().build(variables)
        self.of_critic = [variable.name.startswith(CRITIC) for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change a variable and its moments, if it is its turn."""
        index = self._get_variable_index(variable)
        every, place = self.turns[self.of_critic[index]]
        kind = variable.dtype
        done = ops.cast(self.iterations, "int32")
        turn = ops.cast(ops.equal(done % every, place), kind)
        step = ops.cast(done // every + 1, kind)
        rate = ops.cast(learning_rate, kind) * (self.faster if self.of_critic[index] else 1.0)
        m, v = self._momentums[index], self._velocities[index]
        self.assign_add(m, turn * (1 - self.beta_1) * (gradient - m))
        self.assign_add(v, turn * (1 - self.beta_2) * (ops.square(gradient) - v))
        rate = rate * ops.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        self.assign_sub(variable, turn * rate * m / (ops.sqrt(v) + self.epsilon))


def build(layer: RivalsNetwork, inputs: Mapping[str, tuple[int, ...]]) -> Any:
    """Build a model from inputs of such shapes, one example each, to costs."""
    given = [keras.Input(shape, dtype="float32", name=name) for name, shape in inputs.items()]
    return keras.Model(given, layer(given))


def weights(layer: RivalsNetwork) -> dict[str, NDArray[np.float32]]:
    """Give the weights of both; the generator's are means where these are kept."""
    kept = layer.parts | layer.kept
    return {name: np.asarray(ops.convert_to_numpy(part)) for name, part in kept.items()}
