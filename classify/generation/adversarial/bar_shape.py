"""MidiNet's two networks: one writes bars, the other distinguishes them from real ones."""

from dataclasses import asdict, dataclass
from typing import Any

from classify.generation.adversarial.convolutions import (
    Normalise,
    Shapes,
    Weights,
    convolve,
    dense,
    layer_shapes,
    leaky,
    rectified,
    spread,
    squashed,
)

#: Columns of a frame: pitches; where a note begins, and where none sounds.
PITCHES, BEGINS, REST = 128, 128, 129

#: How often the two rows that the generator begins with are doubled: to 16 steps.
DOUBLED = 3


@dataclass(frozen=True)
class BarShape:
    """Sizes of both networks (Yang, Chou and Yang 2017, and their code).

    Parameters
    ----------
    known : int
        Numbers that are known of a bar.
    columns : int
        Of a frame: 128, or 130 where notes that are struck again and rests are written, too.
    noise, dense, filters, before : int
        Of the generator: numbers that a bar is made of, units of its first layer, and filters of
        those that write and of those that read the bar before.
    critic, critic_dense : int
        Of the adversary: filters of its second layer, without those for what is known, and units.
    """

    known: int
    columns: int = 130
    noise: int = 100
    dense: int = 1024
    filters: int = 128
    before: int = 16
    critic: int = 64
    critic_dense: int = 1024

    @property
    def steps(self) -> int:
        """Steps of a bar."""
        return int(2 ** (DOUBLED + 1))

    def shapes(self) -> Shapes:
        """Give the shapes of all weights."""
        known, before = self.known, self.before
        shapes = layer_shapes("before.0", (self.columns, before), True)
        for n in range(1, DOUBLED + 1):
            shapes |= layer_shapes(f"before.{n}", (2, before, before), True)
        shapes |= layer_shapes("dense.0", (self.noise + known, self.dense), True)
        shapes |= layer_shapes("dense.1", (self.dense + known, 2 * self.filters), True)
        told = self.filters + known + before
        for n in range(DOUBLED):
            shapes |= layer_shapes(f"up.{n}", (2, told, self.filters), True)
        shapes |= layer_shapes("write", (told, self.columns))
        return shapes | self._critic_shapes()

    def _critic_shapes(self) -> Shapes:
        known = self.known
        first, second = 1 + known, self.critic + known
        shapes = layer_shapes("critic.0", (2, self.columns * (1 + known), first))
        shapes |= layer_shapes("critic.1", (4, first + known, second), True)
        length = ((self.steps - 2) // 2 + 1 - 4) // 2 + 1
        shapes |= layer_shapes("critic.2", (length * second + known, self.critic_dense), True)
        return shapes | layer_shapes("critic.3", (self.critic_dense + known, 1))

    def write(
        self, xp: Any, weights: Weights, normalise: Normalise, noise: Any, known: Any, before: Any
    ) -> Any:
        """Write bars.

        Parameters
        ----------
        xp : module
            `numpy` or `keras.ops`.
        weights, normalise
            Of the generator.
        noise : tensor, shape (n, noise)
            Standard normal.
        known : tensor, shape (n, known)
            What is known of each bar.
        before : tensor, shape (n, steps, columns)
            The bar before; zeros before the first.

        Returns
        -------
        tensor, shape (n, steps, columns)
            Between 0 and 1.
        """
        read = [leaky(xp, normalise("before.0", dense(weights, "before.0", before)))]
        for n in range(1, DOUBLED + 1):
            x = convolve(xp, weights, f"before.{n}", read[-1], 1, 2)
            read.append(leaky(xp, normalise(f"before.{n}", x)))
        x = noise
        for n in range(2):
            x = dense(weights, f"dense.{n}", xp.concatenate([x, known], axis=-1))
            x = rectified(xp, normalise(f"dense.{n}", x))
        x = xp.reshape(x, (-1, 2, self.filters))
        for n in range(DOUBLED):
            x = xp.concatenate([_told(xp, x, known), read[DOUBLED - n]], axis=-1)
            x = rectified(xp, normalise(f"up.{n}", spread(xp, weights, f"up.{n}", x, 1, 2)))
        x = xp.concatenate([_told(xp, x, known), read[0]], axis=-1)
        return squashed(xp, dense(weights, "write", x))

    def judge(
        self, xp: Any, weights: Weights, normalise: Normalise, bars: Any, known: Any
    ) -> tuple[Any, Any]:
        """Judge bars.

        Returns
        -------
        logits : tensor, shape (n,)
            Above 0 for a bar that seems real.
        features : tensor, shape (n, steps / 2, n_filters)
            Of its first layer.
        """
        told = _told(xp, bars[..., None], known)
        x = xp.reshape(told, (-1, self.steps, self.columns * (1 + self.known)))
        features = leaky(xp, convolve(xp, weights, "critic.0", x, 1, 2))
        x = convolve(xp, weights, "critic.1", _told(xp, features, known), 1, 2)
        x = leaky(xp, normalise("critic.1", x))
        x = xp.concatenate([xp.reshape(x, (-1, x.shape[1] * x.shape[2])), known], axis=-1)
        x = leaky(xp, normalise("critic.2", dense(weights, "critic.2", x)))
        x = dense(weights, "critic.3", xp.concatenate([x, known], axis=-1))
        return x[:, 0], features

    def as_values(self) -> dict[str, Any]:
        """Give it as values that JSON holds."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> "BarShape":
        """Make one of what `as_values` gave."""
        return cls(**values)


def _told(xp: Any, x: Any, known: Any) -> Any:
    """Lay what is known beside each place of a tensor."""
    for _ in range(len(x.shape) - 2):
        known = known[:, None]
    same = known * xp.ones_like(x[..., :1])
    return xp.concatenate([x, same], axis=-1)
