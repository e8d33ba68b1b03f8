"""MidiNet, as Keras trains it (Yang, Chou and Yang 2017): cross-entropy and feature matching."""

from typing import Any

from keras import ops

from classify.generation.networks.rivals_network import RivalsNetwork

#: What real bars are labelled for the adversary, so that it is never sure (one-sided smoothing).
REAL = 0.9

#: Weights of the squared distances between means of real and new bars: of features, and of bars.
OF_FEATURES, OF_BARS = 0.1, 0.01


class BarRivals(RivalsNetwork):
    """What a bar costs the generator and its adversary.

    Call arguments
    --------------
    inputs : list of tensors
        `bars` and `before`, shape (n, steps, columns); `known`, shape (n, known); `within`, shape
        (n, steps), 1 for steps before the bar's end.
    """

    COLUMNS = ("objective", "adversary", "generator", "matching", "adversary's accuracy")

    def deviation(self, shape: tuple[int, ...]) -> float:
        """Give the published one."""
        return 0.02

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Give the costs."""
        bars, before, known, within = inputs
        shape = self.architecture
        noise = self.drawn(known, shape.noise)
        writes = self.normaliser(training, remember=True)
        new = shape.write(ops, self.weights_of(False), writes, noise, known, before)
        new = new * within[..., None]
        rival, frozen = self.weights_of(True), self.weights_of(True, frozen=True)
        listens, judges = (self.normaliser(training, frozen=frozen) for frozen in (False, True))
        real, of_real = shape.judge(ops, rival, self.normaliser(training, True), bars, known)
        fake, _ = shape.judge(ops, rival, listens, ops.stop_gradient(new), known)
        said, of_new = shape.judge(ops, frozen, judges, new, known)
        adversary = _entropy(real, REAL) + _entropy(fake, 0.0)
        matching = OF_FEATURES * _apart(ops.stop_gradient(of_real), of_new)
        matching = matching + OF_BARS * _apart(bars, new)
        generator = _entropy(said, 1.0)
        right = 0.5 * ops.cast(real > 0, "float32") + 0.5 * ops.cast(fake < 0, "float32")
        total = adversary + generator + matching
        return self.laid(known, total, adversary, generator, matching, right)


def _entropy(logits: Any, label: float) -> Any:
    """Give the cross-entropy of logits with a label."""
    return ops.softplus(logits) - label * logits


def _apart(real: Any, new: Any) -> Any:
    """Give half the squared distance between the means of two batches."""
    return 0.5 * ops.sum(ops.square(ops.mean(real, axis=0) - ops.mean(new, axis=0)))
