"""What does a comparison cost besides arithmetic: the trainer of networks, the search of grids?

    python benchmarks/overhead.py [--repeats 5] [--epochs 4] [--window 256] [--from CORPUS]
                                     [--only networks|grids]

Windows of a corpus (the built-in `folk`, unless a folder of labelled songs is named) are learned in
turn, in one program and on one core:

- a network (NN3 and Bi-NN3) by our trainer, and by `fit` of Keras with the same optimiser: plain,
  and with what a training needs that keeps its best epoch (validation, best weights, an early
  stop; Keras' own callbacks on the other side);
- the five classical baselines on notes: our search of the grid, which also gives what the inner
  folds predict, and GridSearchCV on the same folds with macro-F1, which gives no such thing; models
  without probabilities are calibrated on both sides.

Prints processor seconds of both, the median ratio, and whether the best values are the same.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from classify.corpora import corpus
from classify.evaluation.splits import inner_folds
from classify.models import registry
from classify.models.baseline_classifier import BaselineClassifier, module
from classify.models.trainer import Arrays, Trainer
from classify.models.training_settings import TrainingSettings
from classify.representations import representation
from classify.representations.windows import WindowSettings, cut

#: Baselines whose grids are searched.
GRIDS = ("logistic", "knn", "svm", "random-forest", "gradient-boosting")

NETWORKS = ("nn3", "bi-nn3")


def windows_of(source: str, window: int, name: str) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Give windows of a corpus as a representation encodes them, and their labels."""
    songs = corpus.load(source)
    cuts = cut(songs.songs, WindowSettings(window, window))
    x = np.concatenate(list(representation.get(name).encode(songs.songs, cuts)))
    labels = np.array([entry.label for entry in songs.entries])
    return x, labels[cuts.song]


def timed(do: Callable[[], Any]) -> tuple[float, Any]:
    """Give the processor time of something, and what it gives."""
    begun = time.process_time()
    found = do()
    return time.process_time() - begun, found


def compared(what: str, ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> None:
    """Do both in turn, after a first time that does not count; print a line."""
    ours(), theirs()
    pairs = [(timed(ours)[0], timed(theirs)[0]) for _ in range(repeats)]
    ratio = statistics.median(a / b for a, b in pairs)
    a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{what}: {a:.2f} s with us, {b:.2f} s without, ratio {ratio:.3f}", flush=True)


def network(
    name: str, x: NDArray[np.float32], y: NDArray[np.str_], epochs: int, repeats: int
) -> None:
    """Train a network both ways."""
    spec = registry.find()[name]
    estimator: Any = registry.make(spec, 0, TrainingSettings())
    prepared = estimator.fit_prepare(x)
    classes, codes = np.unique(y, return_inverse=True)
    one_hot = np.eye(len(classes), dtype=np.float32)[codes]
    held = np.arange(len(x)) % 5 == 0
    learned, tested = (prepared[~held], one_hot[~held]), (prepared[held], one_hot[held])

    def built(trainer: Trainer) -> Any:
        trainer.start()
        model = estimator._architecture.build(*prepared.shape[1:], len(classes))
        trainer.compile(model, "categorical_crossentropy", ["accuracy"], one_hot[:1])
        return model

    def theirs(trainer: Trainer, **more: Any) -> Any:
        return built(trainer).fit(*learned, batch_size=32, epochs=epochs, verbose=0, **more)

    def callbacks() -> list[Any]:
        import keras

        stop = {"monitor": "val_loss", "patience": epochs, "restore_best_weights": True}
        return [keras.callbacks.EarlyStopping(**stop)]

    plain = Trainer(epochs)
    compared(
        f"{spec.title}, {epochs} epochs of {len(learned[0]):,} windows",
        lambda: plain.fit(built(plain), Arrays(*learned)),
        lambda: theirs(plain),
        repeats,
    )
    best = Trainer(epochs, monitor="val_loss", patience=epochs)
    compared(
        f"{spec.title}, the best epoch kept",
        lambda: best.fit(built(best), Arrays(*learned), Arrays(*tested)),
        lambda: theirs(best, validation_data=tested, callbacks=callbacks()),
        repeats,
    )


def grid(name: str, x: NDArray[np.float32], y: NDArray[np.str_]) -> tuple[float, float]:
    """Search a grid both ways; print a line, give the processor seconds of both."""
    ours = BaselineClassifier(name, seed=0)
    table = ours._table(ours.fit_prepare(x))
    codes = np.unique(y, return_inverse=True)[1]
    folds = inner_folds(codes.astype(str), None, 3, 0)

    def theirs() -> Any:
        build = module(name)
        search = GridSearchCV(build.build(0), build.GRID, scoring="f1_macro", cv=folds)
        search.fit(table, codes)
        if not hasattr(search.best_estimator_, "predict_proba"):
            best = search.best_estimator_
            CalibratedClassifierCV(best, cv=folds, ensemble=False).fit(table, codes)
        return search

    a, _ = timed(lambda: ours.fit(x, y))
    b, search = timed(theirs)
    same = "the same values" if ours.best_params_ == search.best_params_ else (
        f"other values ({ours.best_params_} and {search.best_params_})"
    )  # fmt: skip
    print(
        f"{name}: {a:.1f} s with us, {b:.1f} s with GridSearchCV, {b / a:.2f} x, {same}", flush=True
    )
    return a, b


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--only", choices=["networks", "grids"])
    parser.add_argument("--from", dest="source", default="folk", metavar="CORPUS")
    options = parser.parse_args()
    x, y = windows_of(options.source, options.window, "notes")
    for name in NETWORKS if options.only != "grids" else ():
        network(name, x, y, options.epochs, options.repeats)
    if options.only == "networks":
        return
    with threadpool_limits(1):
        both = [grid(name, x, y) for name in GRIDS]
    a, b = (sum(column) for column in zip(*both, strict=True))
    print(f"five grids, {len(x):,} windows: {a:.1f} s with us, {b:.1f} s with GridSearchCV, "
          f"{b / a:.2f} x", flush=True)  # fmt: skip


if __name__ == "__main__":
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    os.environ.update(dict.fromkeys(names, "1"))
    main()
