"""Why did three of the paper's six networks predict one class throughout?

Trains one network on one split of one corpus, from the paper's recipe towards ours, one change a
step, and prints for each step how many classes the network predicts, how large its most frequent
prediction is, and how its test accuracy compares with the majority class::

    python benchmarks/collapse.py CORPUS --network nn1 --window 200 --epochs 10

"""

import argparse
from dataclasses import dataclass, replace

import numpy as np

from classify.experiments.dataset import Data, prepare
from classify.experiments.settings import Settings
from classify.models.network_classifier import NetworkClassifier
from classify.models.training_settings import TrainingSettings
from classify.representations.windows import CHANNELS

PAPER = TrainingSettings(recipe="paper")


@dataclass(frozen=True)
class Step:
    """One way to train: what changed, the input's channels, whether scaled, and the recipe."""

    title: str
    channels: tuple[str, ...]
    scaled: bool
    training: TrainingSettings


STEPS = [
    Step("paper: pitch as it is, plain Adam", ("pitch",), False, PAPER),
    Step("+ clipped gradients, best epoch kept", ("pitch",), False, TrainingSettings()),
    Step("paper, but scaled", ("pitch",), True, PAPER),
    Step("scaled, clipped, best epoch kept", ("pitch",), True, TrainingSettings()),
    Step("+ loudness and rhythm (the default)", tuple(CHANNELS), True, TrainingSettings()),
]


def main() -> None:
    """Print the ladder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus", nargs="?", default="folk")
    parser.add_argument("--network", default="nn1")
    parser.add_argument("--window", type=int)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    print(f"{'':40} classes  largest  train  test   test/majority")
    for step in STEPS:
        settings = Settings(options.corpus, window=options.window, channels=step.channels)
        data = prepare(settings)
        training = replace(step.training, epochs=options.epochs)
        print(f"{step.title:40} {_row(data, step, training, options.network)}", flush=True)


def _row(data: Data, step: Step, training: TrainingSettings, network: str) -> str:
    test, labels = data.outer[0].test, data.labels
    x = data.windows.x
    model = NetworkClassifier(network, training, scaled=step.scaled)
    model.fit(x[~test], labels[~test], data.groups[~test])
    predicted = model.predict(x)
    _, counts = np.unique(predicted[test], return_counts=True)
    names, of_class = np.unique(labels[~test], return_counts=True)
    majority = (labels[test] == names[of_class.argmax()]).mean()
    train, held_out = ((predicted == labels)[part].mean() for part in (~test, test))
    return (
        f"{len(counts):4d} of {len(names)}  {counts.max() / counts.sum():6.2f} "
        f"{train:6.2f} {held_out:5.2f}  {held_out / majority:6.2f} x"
    )


if __name__ == "__main__":
    main()
