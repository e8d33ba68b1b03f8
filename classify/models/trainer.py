"""How any network is trained, whatever it learns: nobody writes a second loop.

    trainer = Trainer(epochs=30, monitor="val_loss", patience=4)
    keras = trainer.start()
    model = build(...)
    trainer.compile(model, loss="categorical_crossentropy")
    history = trainer.fit(model, Arrays(x, y), validation=Arrays(x_held_out, y_held_out))

The model decides what is learned: a loss it is compiled with, or a loss and a `train_step` of its
own (a variational autoencoder, an adversarial pair); inputs, targets and sample weights may be any
tree of arrays. The trainer decides the rest: seeds, device, precision, batches, when to stop,
which weights are kept, and what is written so that a killed training goes on.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from classify.files import atomic_write, read_json, write_json
from classify.models import backend

#: Files of a checkpoint.
LAST, BEST, HISTORY = "last.weights.h5", "best.weights.h5", "history.json"

#: What an epoch left: the mean of each loss and metric, those of the validation after `val_`.
Values = dict[str, float]

#: Told of all epochs so far, as each ends.
OnEpoch = Callable[[Sequence[Values]], None]


@dataclass(frozen=True, eq=False)
class Arrays:
    """Examples in memory, which Keras shuffles and divides into batches.

    Parameters
    ----------
    x : tree of ndarray, each of shape (n_examples, ...)
        Inputs.
    y, sample_weight : trees of ndarray, optional
        Targets, and how much each example counts.
    batch_size : int
        Examples in a batch.

    Raises
    ------
    ValueError
        If there are weights and no targets: Keras would drop the weights in silence.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.sample_weight is not None and self.y is None:
            raise ValueError("sample weights need targets; give the inputs as targets too")

    def for_fit(self, first_epoch: int) -> dict[str, Any]:
        """Give what `fit` of a Keras model takes."""
        return {"x": self.x, "y": self.y, "sample_weight": self.sample_weight,
                "batch_size": self.batch_size}  # fmt: skip

    @property
    def as_validation(self) -> tuple[Any, ...]:
        """Give what `validation_data` takes."""
        weights = () if self.sample_weight is None else (self.sample_weight,)
        return (self.x, self.y, *weights)


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches that are made while they are needed, again for every epoch.

    Parameters
    ----------
    of_epoch : callable
        An epoch, from 0, to its batches: tuples (x,), (x, y) or (x, y, sample_weight) of trees. A
        training that resumes is the same only if nothing else decides them.
    n_batches : int
        Batches in an epoch.
    """

    of_epoch: Callable[[int], Iterator[tuple[Any, ...]]]
    n_batches: int

    def for_fit(self, first_epoch: int) -> dict[str, Any]:
        """Give what `fit` of a Keras model takes."""
        batches = (batch for epoch in count(first_epoch) for batch in self.of_epoch(epoch))
        return {"x": batches, "steps_per_epoch": self.n_batches, "shuffle": False}


@dataclass(frozen=True)
class History:
    """What became of a training.

    Parameters
    ----------
    epochs : list of dict
        Losses and metrics of each.
    best : int
        The epoch, from 0, whose weights the model has.
    """

    epochs: list[Values]
    best: int


@dataclass(frozen=True)
class Trainer:
    """How a network is trained.

    Parameters
    ----------
    epochs : int
        At most so many.
    seed : int
        Of weights, dropout and order.
    learning_rate : float
        Of Adam.
    clipnorm : float or None
        Longest gradient of a variable, by its norm.
    monitor : str, optional
        Name of the value that decides which epoch is best, whose weights are kept; without one,
        the last weights are.
    highest : bool
        Whether more of it is better.
    patience : int, optional
        Epochs without a better one before training stops; it runs to its end unless given.
    mixed_precision : bool
        Whether a GPU computes in 16 bits; a processor never does.
    decay_steps : int, optional
        Batches over which the learning rate falls to 0, as half a cosine; it stays unless given.
    """

    epochs: int
    seed: int = 0
    learning_rate: float = 1e-3
    clipnorm: float | None = 1.0
    monitor: str | None = None
    highest: bool = False
    patience: int | None = None
    mixed_precision: bool = False
    decay_steps: int | None = None

    def start(self) -> Any:
        """Give Keras with all seeds set; the model is to be built after this."""
        return backend.seeded_keras(self.seed, self.mixed_precision)

    def compile(
        self, model: Any, loss: Any = None, metrics: Sequence[Any] = (), targets: Any = None
    ) -> None:
        """Give a model its optimiser, its loss and its metrics.

        A model with more than one optimiser compiles itself instead, and builds them.

        Parameters
        ----------
        model : keras.Model
            Built, if there are targets.
        loss : str or callable, optional
            As Keras takes it; a model with a `train_step` of its own needs none.
        metrics : sequence of str or keras.metrics.Metric, optional
            Measured beside the loss.
        targets : ndarray, optional
            An example of targets that have the shape of predictions. With it all variables are
            there before the first step, which TensorFlow would otherwise trace twice: about a
            third of the time that a small training takes.
        """
        keras = backend.import_keras()
        rate: Any = self.learning_rate
        if self.decay_steps:
            rate = keras.optimizers.schedules.CosineDecay(rate, self.decay_steps)
        model.compile(
            optimizer=keras.optimizers.Adam(rate, clipnorm=self.clipnorm),
            loss=loss,
            metrics=list(metrics),
            jit_compile=backend.jit(keras),
        )
        if targets is not None:
            model.optimizer.build(model.trainable_variables)
            model.compute_metrics(None, targets, targets)
            model.reset_metrics()

    def fit(
        self,
        model: Any,
        data: Arrays | Batches,
        validation: Arrays | None = None,
        evaluate: Callable[[], Values] | None = None,
        on_epoch: OnEpoch | None = None,
        checkpoint: Path | None = None,
    ) -> History:
        """Train a compiled model; it then has the weights of its best epoch.

        Parameters
        ----------
        model : keras.Model
            Compiled, with a loss or a `train_step` of its own; built, if weights are to be written.
        data : Arrays or Batches
            What it learns from.
        validation : Arrays, optional
            Its losses and metrics are measured on them after each epoch.
        evaluate : callable, optional
            Gives more values after each epoch, as no metric of Keras measures them.
        on_epoch : callable, optional
            Told of each epoch as it ends, when everything is written.
        checkpoint : Path, optional
            A folder that is written after each epoch, whole or not at all. A training that finds
            one goes on behind it. Dropout then begins each epoch from a seed of its own, so that
            with `Batches` the weights are those of a training that was never stopped.

        Returns
        -------
        History
        """
        run = _TrainingRun(model, self, checkpoint, evaluate, on_epoch)
        run.resume()
        if not run.over:
            callbacks = backend.import_keras().callbacks
            model.fit(
                **data.for_fit(len(run.epochs)),
                validation_data=validation.as_validation if validation else None,
                epochs=self.epochs,
                initial_epoch=len(run.epochs),
                verbose=0,
                callbacks=[
                    callbacks.LambdaCallback(on_epoch_begin=run.begin, on_epoch_end=run.end)
                ],
            )
        run.restore_best()
        return History(run.epochs, run.best)


def n_done(checkpoint: Path) -> int:
    """Say how many epochs a checkpoint holds."""
    path = checkpoint / HISTORY
    return len(read_json(path)) if path.is_file() else 0


@dataclass(eq=False)
class _TrainingRun:
    """A training that is going on, epoch by epoch."""

    model: Any
    trainer: Trainer
    checkpoint: Path | None
    evaluate: Callable[[], Values] | None
    on_epoch: OnEpoch | None
    epochs: list[Values] = field(default_factory=list)
    best_weights: list[np.ndarray] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The first of the best epochs; the last one where nothing decides."""
        name, sign = self.trainer.monitor, 1 if self.trainer.highest else -1
        if not name:
            return len(self.epochs) - 1
        values = np.array([sign * epoch[name] for epoch in self.epochs])
        return int(np.argmax(np.where(np.isnan(values), -np.inf, values)))

    @property
    def over(self) -> bool:
        """Whether enough epochs have been run."""
        n_epochs, patience = len(self.epochs), self.trainer.patience
        if not n_epochs or not self.trainer.monitor or patience is None:
            return n_epochs >= self.trainer.epochs
        return n_epochs >= self.trainer.epochs or n_epochs - 1 - self.best >= patience

    def resume(self) -> None:
        """Take up what a killed training left, if it left a whole epoch."""
        if not self.checkpoint or not (self.checkpoint / HISTORY).is_file():
            return
        self.epochs = read_json(self.checkpoint / HISTORY)
        if self.model.optimizer is not None and not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self.model.load_weights(self.checkpoint / LAST)

    def begin(self, epoch: int, logs: Any = None) -> None:
        """Reset dropout for an epoch: its state must not depend on a kill."""
        if not self.checkpoint:
            return
        for place, layer in enumerate(self.model.layers):
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                seeds = np.array([self.trainer.seed + 1000 * place, epoch], np.uint32)
                generator.state.assign(seeds)

    def end(self, epoch: int, logs: Any = None) -> None:
        """Measure, write, tell, and stop if it is time."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        self.epochs.append(values | (self.evaluate() if self.evaluate else {}))
        is_best = self.best == epoch
        if self.checkpoint:
            self._write_checkpoint(self.checkpoint, is_best)
        elif is_best and self.trainer.monitor:
            self.best_weights = self.model.get_weights()  # writing them would take a while
        if self.on_epoch:
            self.on_epoch(self.epochs)
        self.model.stop_training = self.over

    def restore_best(self) -> None:
        """Give the model the weights of the best epoch, if it is known which that is."""
        if self.trainer.monitor and self.checkpoint:
            self.model.load_weights(self.checkpoint / BEST)
        elif self.trainer.monitor:
            self.model.set_weights(self.best_weights)

    def _write_checkpoint(self, checkpoint: Path, is_best: bool) -> None:
        """Write weights, the optimiser's moments, best weights and history, or nothing."""
        with atomic_write(checkpoint) as temporary:
            temporary.mkdir()
            self.model.save_weights(temporary / LAST)
            if is_best:
                self.model.save_weights(temporary / BEST)
            else:
                shutil.copy(checkpoint / BEST, temporary / BEST)
            write_json(temporary / HISTORY, self.epochs)
