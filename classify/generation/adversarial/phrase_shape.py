"""MuseGAN's networks: some write phrases of tracks, others distinguish them from real ones."""

from dataclasses import asdict, dataclass
from typing import Any

from classify.generation.adversarial.convolutions import (
    LEAK,
    Normalise,
    Shapes,
    Weights,
    convolve,
    dense,
    layer_shapes,
    leaky,
    rectified,
    slope_of_convolution,
    spread,
)

#: Bars of a phrase; pitches, seven octaves from `LOWEST` on.
BARS, OCTAVES, LOWEST = 4, 7, 24
PITCHES = 12 * OCTAVES

#: Axes of a phrase.
AXES = {"bar": 1, "step": 2, "pitch": 3}

#: Layers of a critic: axis, width, stride, filters.
Layer = tuple[str, int, int, int]


@dataclass(frozen=True)
class PhraseShape:
    """Sizes of all networks (Dong et al. 2018, and their code).

    Parameters
    ----------
    tracks : int
        Of a phrase.
    kind : {"hybrid", "jamming", "composer"}
        Whether tracks are written from shared and private noise, by a generator each; from private
        noise alone, each with an adversary of its own; or all by one generator from shared noise.
    noise : int
        Numbers of each of the parts that noise consists of.
    temporal : int
        Units of what makes noise that changes from bar to bar.
    dense : int
        Units of a bar generator's first layer; its first two steps have half as many each.
    ups : tuple of (int, int)
        By how much it then stretches time, and filters.
    octave : int
        Filters of the layer that makes seven octaves.
    given : int
        Filters of what reads a track that is given.
    bar_critic, phrase_critic : tuple of Layer
        Of an adversary: convolutions of each bar, and then over bars.
    critic_dense : int
        Units of its last layer but one.
    binary : bool
        Whether adversaries hear whether notes sound, and not how surely.
    """

    tracks: int
    kind: str = "hybrid"
    noise: int = 32
    temporal: int = 1024
    dense: int = 1024
    ups: tuple[tuple[int, int], ...] = ((2, 512), (2, 256), (2, 256), (2, 128), (3, 128))
    octave: int = 64
    given: int = 16
    bar_critic: tuple[Layer, ...] = (
        ("pitch", 12, 12, 128), ("pitch", 7, 7, 128), ("step", 2, 2, 128), ("step", 2, 2, 128),
        ("step", 4, 2, 256), ("step", 3, 2, 512),
    )  # fmt: skip
    phrase_critic: tuple[Layer, ...] = (("bar", 2, 1, 512), ("bar", 3, 3, 128))
    critic_dense: int = 1024
    binary: bool = False

    @property
    def steps(self) -> int:
        """Steps of a bar."""
        steps = 2
        for times, _ in self.ups:
            steps *= times
        return steps

    @property
    def generators(self) -> int:
        """Bar generators."""
        return 1 if self.kind == "composer" else self.tracks

    @property
    def critics(self) -> int:
        """Adversaries."""
        return self.tracks if self.kind == "jamming" else 1

    @property
    def parts(self) -> tuple[str, ...]:
        """Kinds of noise: the same for all tracks, or of each."""
        kinds = {"hybrid": ("shared", "private"), "jamming": ("private",), "composer": ("shared",)}
        return kinds[self.kind]

    @property
    def n_noise(self) -> int:
        """Numbers that a phrase is made of: each part, one that stays and one that changes."""
        return 2 * self.noise * (("shared" in self.parts) + self.tracks * ("private" in self.parts))

    # -- sizes -----------------------------------------------------------------------------------

    def shapes(self) -> Shapes:
        """Give the shapes of all weights."""
        shapes: Shapes = {}
        for part in self._temporal():
            shapes |= layer_shapes(f"{part}.0", (2, self.noise, self.temporal), True)
            shapes |= layer_shapes(f"{part}.1", (3, self.temporal, self.noise), True)
        for n, (axis, width, _, _) in enumerate(self._reading()):
            del axis
            shapes |= layer_shapes(f"given.{n}", (width, self.given if n else 1, self.given), True)
        for g in range(self.generators):
            shapes |= self._bar_shapes(f"bar.{g}")
        for c in range(self.critics):
            shapes |= self._critic_shapes(f"critic.{c}")
        return shapes

    def _temporal(self) -> list[str]:
        """Name what makes noise that changes."""
        names = ["shared"] if "shared" in self.parts else []
        return names + [f"private.{n}" for n in range(self.tracks) if "private" in self.parts]

    def _reading(self) -> list[Layer]:
        """Give the layers that read a track that is given: what the writing ones undo."""
        times = [("step", times, times, self.given) for times, _ in reversed(self.ups)]
        return [("pitch", 12, 12, self.given), ("pitch", OCTAVES, OCTAVES, self.given), *times]

    def _bar_shapes(self, name: str) -> Shapes:
        shapes = layer_shapes(f"{name}.start", (2 * self.noise * len(self.parts), self.dense), True)
        width = self.dense // 2
        for n, (times, filters) in enumerate(self.ups):
            shapes |= layer_shapes(f"{name}.{n}", (times, width + self.given, filters), True)
            width = filters
        shapes |= layer_shapes(f"{name}.octaves", (OCTAVES, width + self.given, self.octave), True)
        written = self.tracks if self.kind == "composer" else 1
        return shapes | layer_shapes(f"{name}.write", (12, self.octave + self.given, written))

    def _critic_shapes(self, name: str) -> Shapes:
        shapes: Shapes = {}
        size = {"bar": BARS, "step": self.steps, "pitch": PITCHES}
        width = self.tracks if self.critics == 1 else 1
        for n, (axis, length, stride, filters) in enumerate(self.bar_critic):
            shapes |= layer_shapes(f"{name}.{n}", (length, width, filters))
            size[axis], width = (size[axis] - length) // stride + 1, filters
        width *= size["step"] * size["pitch"]
        for n, (_, length, stride, filters) in enumerate(self.phrase_critic, len(self.bar_critic)):
            shapes |= layer_shapes(f"{name}.{n}", (length, width, filters))
            size["bar"], width = (size["bar"] - length) // stride + 1, filters
        shapes |= layer_shapes(f"{name}.dense", (size["bar"] * width, self.critic_dense))
        return shapes | layer_shapes(f"{name}.out", (self.critic_dense, 1))

    # -- writing ---------------------------------------------------------------------------------

    def write(self, xp: Any, weights: Weights, normalise: Normalise, noise: Any, given: Any) -> Any:
        """Write phrases.

        Parameters
        ----------
        xp : module
            `numpy` or `keras.ops`.
        weights, normalise
            Of the generator.
        noise : tensor, shape (n, n_noise)
            Standard normal: of the shared part and of each track, first what stays.
        given : tensor, shape (n, BARS, steps, PITCHES)
            The first track, between -1 and 1; zeros where it is to be written, too.

        Returns
        -------
        tensor, shape (n, BARS, steps, PITCHES, tracks)
            Between -1 and 1; notes are above 0.
        """
        read = self._read(xp, weights, normalise, given)
        parts = self._of_bars(xp, weights, normalise, noise)
        written = []
        for g in range(self.generators):
            own = [parts[name] for name in ("shared", f"private.{g}") if name in parts]
            written.append(self._bar(xp, weights, normalise, f"bar.{g}", own, read))
        return xp.tanh(xp.concatenate(written, axis=-1))

    def _of_bars(self, xp: Any, weights: Weights, normalise: Normalise, noise: Any) -> Any:
        """Give the noise of each bar, by what it is of: shape (n, BARS, 2 * noise)."""
        found = {}
        for n, name in enumerate(self._temporal()):
            first = 2 * n * self.noise
            stays = noise[:, None, first : first + self.noise]
            changes = noise[:, None, first + self.noise : first + 2 * self.noise]
            for k, stride in ((0, 2), (1, 1)):
                changes = spread(xp, weights, f"{name}.{k}", changes, 1, stride)
                changes = rectified(xp, normalise(f"{name}.{k}", changes))
            same = stays * xp.ones_like(changes[..., :1])
            found[name] = xp.concatenate([changes, same], axis=-1)
        return found

    def _read(self, xp: Any, weights: Weights, normalise: Normalise, given: Any) -> list[Any]:
        """Read the track that is given; what each layer says."""
        x, found = given[..., None], []
        for n, (axis, _, stride, _) in enumerate(self._reading()):
            x = convolve(xp, weights, f"given.{n}", x, AXES[axis], stride)
            x = leaky(xp, normalise(f"given.{n}", x))
            found.append(x)
        return found

    def _bar(
        self, xp: Any, weights: Weights, normalise: Normalise, name: str, parts: Any, read: Any
    ) -> Any:
        """Write the bars of a track, or of all, shape (n, BARS, steps, PITCHES, n_written)."""
        x = dense(weights, f"{name}.start", xp.concatenate(parts, axis=-1))
        x = rectified(xp, normalise(f"{name}.start", x))
        x = xp.reshape(x, (-1, BARS, 2, 1, self.dense // 2))
        layers = [(f"{name}.{n}", "step", times) for n, (times, _) in enumerate(self.ups)]
        layers.append((f"{name}.octaves", "pitch", OCTAVES))
        for (layer, axis, times), heard in zip(layers, reversed(read[1:]), strict=True):
            x = xp.concatenate([x, heard], axis=-1)
            x = spread(xp, weights, layer, x, AXES[axis], times)
            x = rectified(xp, normalise(layer, x))
        x = xp.concatenate([x, read[0]], axis=-1)
        return spread(xp, weights, f"{name}.write", x, AXES["pitch"], 12)

    # -- judging ---------------------------------------------------------------------------------

    def judge(self, xp: Any, weights: Weights, phrases: Any) -> tuple[Any, Any]:
        """Judge phrases.

        Parameters
        ----------
        phrases : tensor, shape (n, BARS, steps, PITCHES, tracks)

        Returns
        -------
        said : tensor, shape (n,)
            How real they seem, by all adversaries.
        steepness : tensor, shape (n, critics)
            Lengths of the slopes of what each says.
        """
        said, steep = 0.0, []
        for c in range(self.critics):
            own = phrases if self.critics == 1 else phrases[..., c : c + 1]
            one, slope = self._said(xp, weights, f"critic.{c}", own)
            flat = xp.reshape(slope, (-1, BARS * self.steps * PITCHES * own.shape[-1]))
            steep.append(xp.sqrt(xp.sum(flat * flat, axis=-1) + 1e-8))
            said = said + one
        return said, xp.stack(steep, axis=-1)

    def _said(self, xp: Any, weights: Weights, name: str, x: Any) -> tuple[Any, Any]:
        """Give what one adversary says, and its slope, written out: no backend is asked for it."""
        layers = [*self.bar_critic, *self.phrase_critic]
        lengths, masks, flat = [], [], None
        x = x + 1  # silence is 0: what is heard are notes
        for n, (axis, _, stride, _) in enumerate(layers):
            if n == len(self.bar_critic):
                flat = x.shape[1:]
                x = xp.reshape(x, (-1, flat[0], flat[1] * flat[2] * flat[3]))
            lengths.append(x.shape[AXES[axis]])
            x = convolve(xp, weights, f"{name}.{n}", x, AXES[axis], stride)
            masks.append(_mask(xp, x))
            x = x * masks[-1]
        last = x.shape[1:]
        x = dense(weights, f"{name}.dense", xp.reshape(x, (-1, last[0] * last[1])))
        mask = _mask(xp, x)
        said = dense(weights, f"{name}.out", x * mask)[:, 0]
        slope = (mask * weights[f"{name}.out.kernel"][:, 0]) @ xp.transpose(
            weights[f"{name}.dense.kernel"], (1, 0)
        )
        slope = xp.reshape(slope, (-1, *last))
        for n in reversed(range(len(layers))):
            axis, _, stride, _ = layers[n]
            slope = slope_of_convolution(
                xp, weights, f"{name}.{n}", slope * masks[n], AXES[axis], stride, lengths[n]
            )
            if n == len(self.bar_critic):
                assert flat is not None
                slope = xp.reshape(slope, (-1, *flat))
        return said, slope

    def as_values(self) -> dict[str, Any]:
        """Give it as values that JSON holds."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> "PhraseShape":
        """Make one of what `as_values` gave.

        >>> PhraseShape.of_values(PhraseShape(3).as_values()) == PhraseShape(3)
        True
        """
        lists = ("ups", "bar_critic", "phrase_critic")
        return cls(**values | {name: tuple(map(tuple, values[name])) for name in lists})


def _mask(xp: Any, x: Any) -> Any:
    """Give the slope of a leaky rectifier."""
    return xp.where(x > 0, 1.0, LEAK)
