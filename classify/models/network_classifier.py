"""How any network is trained, whichever it is.

Two recipes are known. `default` is what makes all six networks of the paper learn: scaled input,
clipped gradients, early stopping on songs held out inside the training part, and the weights kept
of the epoch with the best macro-F1 on them. `paper` is the plain one: pitch numbers as they are,
Adam with its defaults, the whole training part, every epoch run, the last weights kept. With it,
deep stacks of LSTMs end as a majority-class answer, as three of the paper's six did.

Windows of `classify.representations.note_events` are augmented while a network is fitted on them
(not by the paper's recipe): see `classify.representations.augmentation`.
"""

import importlib
import os
import pkgutil
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.errors import InputError
from classify.evaluation.splits import Names, held_out
from classify.models import networks, pretrained
from classify.models.estimator import Floats, Watch, WindowClassifier
from classify.models.networks import blocks
from classify.models.weights import check_network
from classify.representations.augmentation import Augmentation, augmented
from classify.representations.note_events import PASSAGES

RECIPES = ("default", "paper")

#: What the best epoch has most of. The loss on inner songs is often lowest while a network still
#: answers two classes of five; macro-F1 counts every class alike.
BEST = "val_macro_f1"

#: Windows in one step of prediction.
PREDICT_BATCH = 128


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained.

    Parameters
    ----------
    recipe : {"default", "paper"}
        See the module.
    epochs : int
        At most so many passes over the training part.
    batch_size : int
        Windows a step.
    learning_rate : float
        Of Adam.
    clipnorm : float
        Longest gradient, by its norm; keeps stacks of LSTMs from being thrown out of reach.
    patience : int
        Epochs without a better inner validation score before training stops.
    augment : bool
        Whether windows of networks that know how (`classify.representations.note_events`) are
        changed at random.
    init : str, optional
        Folder of weights (`classify.models.pretrained`) that the network they are of starts from;
        all others start at random.
    """

    recipe: str = "default"
    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    clipnorm: float = 1.0
    patience: int = 8
    augment: bool = True
    init: str | None = None

    def record(self) -> dict[str, Any]:
        """Give the settings that the recipe uses; where a network starts is its own fact."""
        used = asdict(self)
        del used["init"]
        if self.recipe == "paper":
            del used["learning_rate"], used["clipnorm"], used["patience"], used["augment"]
        return used

    def __post_init__(self) -> None:
        if self.recipe not in RECIPES:
            raise InputError(f"--recipe {self.recipe}: expected one of {', '.join(RECIPES)}")
        if self.epochs < 1:
            raise InputError(f"--epochs {self.epochs}: at least 1 is needed")


class NetworkClassifier(WindowClassifier):
    """A network behind scikit-learn's estimator contract.

    Parameters
    ----------
    name : str
        Of `classify.models.networks.find()`.
    settings : TrainingSettings, optional
        How it is trained.
    seed : int
        Of weights, dropout, order of windows and inner split.
    scaled : bool
        Whether channels are scaled; see `classify.models.estimator`, as for the attributes
        `classes_` and `scaler_`.

    Attributes
    ----------
    model_ : keras.Model
        The trained network.
    history_ : list of dict
        One an epoch: loss, accuracy, macro_f1, and the same with val_ on the inner songs.
    best_epoch_ : int
        The epoch, from 1, whose weights were kept.
    device_ : str
        What it was trained on.
    start_ : dict or None
        Folder and hash of the pretrained weights that it started from; None if from random ones.
    held_out_ : ndarray, shape (n_windows, n_classes)
        Probabilities of the training windows that decided when to stop; NaN for all others.
    """

    def __init__(
        self,
        name: str = "nn3",
        settings: TrainingSettings | None = None,
        seed: int = 0,
        scaled: bool = True,
    ) -> None:
        self.name = name
        self.settings = settings
        self.seed = seed
        self.scaled = scaled

    def fit(
        self,
        x: NDArray[np.float32],
        y: Names,
        groups: Names | None = None,
        watch: Watch | None = None,
    ) -> "NetworkClassifier":
        """Train on windows.

        Parameters
        ----------
        x : ndarray, shape (n_windows, n_notes, n_channels)
            As the network's input is made, with NaN for padding.
        y : sequence, length n_windows
            The label of each window.
        groups : sequence of str, length n_windows, optional
            Windows of one group stay on one side of the inner validation split.
        watch : callable, optional
            Told of every epoch.

        Raises
        ------
        ValueError
            If `x` holds infinite numbers or NaN that is no padding, or is not three-dimensional.
        """
        x = self.fit_prepare(x)
        settings = self.settings or TrainingSettings()
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        one_hot = np.eye(len(self.classes_), dtype=np.float32)[codes]
        fit, validate = _parts(codes, groups, settings, self.seed)
        keras = seeded_keras(self.seed)
        form = networks.find()[self.name]
        model = self._started(form, x.shape[1:], settings)
        model.compile(
            optimizer=_optimiser(keras, settings),
            loss="categorical_crossentropy",
            metrics=["accuracy", keras.metrics.F1Score(average="macro", name="macro_f1")],
            jit_compile=jit(keras),
        )
        with tempfile.TemporaryDirectory() as folder:
            best = Path(folder) / "best.weights.h5"
            history = model.fit(
                **_given(x[fit], one_hot[fit], form.input, settings, self.seed),
                validation_data=(x[validate], one_hot[validate]) if len(validate) else None,
                epochs=settings.epochs,
                verbose=0,
                callbacks=_callbacks(keras, settings, best, watch or (lambda note: None)),
            ).history
            self.best_epoch_ = len(history["loss"])
            if len(validate):
                model.load_weights(best)
                self.best_epoch_ = int(np.argmax(history[BEST])) + 1
        self.model_ = model
        self.held_out_ = np.full(one_hot.shape, np.nan)
        if len(validate):
            self.held_out_[validate] = self.predict_prepared(x[validate])
        self.history_ = [
            dict(zip(history, map(float, epoch), strict=True))
            for epoch in zip(*history.values(), strict=True)
        ]
        self.device_ = device(keras)
        return self

    def _started(self, form: Any, shape: tuple[int, ...], settings: TrainingSettings) -> Any:
        """Build the network, on an encoder that has learned already where there is one for it."""
        given = pretrained.load(Path(settings.init)) if settings.init else None
        self.start_ = None
        if given is None or given.model != self.name:
            return form.build(*shape, len(self.classes_))
        self.start_ = {"folder": str(given.folder), "sha256": given.id}
        return form.build(*shape, len(self.classes_), start=given.encoder(*shape))

    def predict_prepared(self, x: NDArray[np.float32]) -> Floats:
        """Give class probabilities of windows that `prepare` gave."""
        return self.model_.predict(x, batch_size=PREDICT_BATCH, verbose=0)

    def facts(self) -> dict[str, Any]:
        """Say what a report needs to know of the fit."""
        return {
            "parameters": self.model_.count_params(),
            "best": {"epoch": self.best_epoch_},
            "history": self.history_,
            "device": self.device_,
            "start": self.start_,
            "training": (self.settings or TrainingSettings()).record(),
            "padding": _paddings(self.model_) if self._input == "notes" else [],
        }

    @property
    def _in_channels(self) -> bool:
        return self._input == "notes"

    @property
    def _input(self) -> str:
        return networks.find()[self.name].input

    def save_network(self, path: Path) -> None:
        """Write the trained network to a .keras file."""
        self.model_.save(path)

    def load_network(self, path: Path) -> None:
        """Take the network of a .keras file; refuses files that would run code (safe mode)."""
        keras = _keras()
        _know_blocks()
        self.model_ = keras.saving.load_model(path, compile=False, safe_mode=True)

    def load_weights(self, path: Path, shape: tuple[int, int], n_classes: int) -> None:
        """Build this network and give it the weights of a .keras file.

        Nothing is made of what the file says of layers: it must say the same as this program does.

        Parameters
        ----------
        path : Path
            What `save_network` wrote.
        shape : (int, int)
            Notes in a window, and channels.
        n_classes : int
            Number of answers.

        Raises
        ------
        ValueError
            If the file holds another network, or anything else.
        """
        keras = _keras()
        model = networks.find()[self.name].build(*shape, n_classes)
        check_network(path, model, self.name)
        model.load_weights(path)
        self.model_ = model
        self.device_ = device(keras)


def gradient(model: Any, column: int) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Make the function that gives the gradient of one class's probability by the input.

    Parameters
    ----------
    model : keras.Model
        From windows to class probabilities; nothing of it is changed, and dropout is off.
    column : int
        Of the class.

    Returns
    -------
    callable
        Windows, shape (n_windows, n_notes, n_channels), to gradients of the same shape.
    """
    backend = _keras().backend.backend()
    if backend == "torch":
        return _torch_gradient(model, column)

    def output(x: Any) -> Any:
        return model(x, training=False)[:, column]

    if backend == "jax":
        import jax

        slope = jax.jit(jax.grad(lambda x: output(x).sum()))
        return lambda x: np.asarray(slope(x))
    import tensorflow

    @tensorflow.function(reduce_retracing=True)
    def of_tensor(x: Any) -> Any:
        with tensorflow.GradientTape() as tape:
            tape.watch(x)
            answer = output(x)
        return tape.gradient(answer, x)

    return lambda x: of_tensor(tensorflow.constant(x)).numpy()


def _torch_gradient(model: Any, column: int) -> Callable[[NDArray], NDArray]:
    import keras
    import torch

    def of_array(x: NDArray[np.float32]) -> NDArray[np.float32]:
        tensor = keras.ops.convert_to_tensor(x).detach().requires_grad_(True)
        with torch.backends.cudnn.flags(enabled=False):  # its LSTMs have gradients in training only
            answer = model(tensor, training=False)[:, column].sum()
            (slope,) = torch.autograd.grad(answer, tensor)
        return slope.cpu().numpy()

    return of_array


def gpu_present() -> bool:
    """Say, without waking a framework, whether this machine has a GPU that Keras might use."""
    return shutil.which("nvidia-smi") is not None and os.environ.get("CUDA_VISIBLE_DEVICES") != ""


def device(keras: Any) -> str:
    """Name what networks run on, in words: the GPU that Keras sees, or the processor."""
    backend = keras.backend.backend()
    version = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(backend, backend)
    found = gpus(keras)
    return f"{'GPU ' + ', '.join(found) if found else 'CPU'} ({version}, Keras {keras.__version__})"


def gpus(keras: Any) -> list[str]:
    """Name the GPUs that Keras's backend sees; each backend is asked in its own way."""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if backend == "jax":
        import jax

        return [f"{d.device_kind}" for d in jax.devices() if d.platform == "gpu"]
    import tensorflow

    return [d.name for d in tensorflow.config.list_physical_devices("GPU")]


def _keras() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


def seeded_keras(seed: int) -> Any:
    """Import Keras with every source of chance fixed and nothing left of earlier models."""
    keras = _keras()
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
        for gpu in tensorflow.config.list_physical_devices("GPU"):
            tensorflow.config.experimental.set_memory_growth(gpu, True)
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    return keras


def _parts(
    codes: NDArray[np.int64], groups: Names | None, settings: TrainingSettings, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the windows to fit on and those that decide when to stop (none in the paper)."""
    if settings.recipe == "paper":
        return np.arange(len(codes)), np.arange(0)
    return held_out(codes.astype(str), groups, seed)


def _told(logs: dict[str, float]) -> str:
    """Say in a few words how an epoch went."""
    if "val_accuracy" in logs:
        return f"validation accuracy {logs['val_accuracy']:.2f}"
    return f"training accuracy {logs['accuracy']:.2f}"


def _paddings(model: Any) -> list[str]:
    """Say how convolutions pad: `same` is where windows are too short for the paper's."""
    return sorted({layer.padding for layer in model.layers if hasattr(layer, "kernel_size")})


def _know_blocks() -> None:
    """Make Keras know the layers of our own, so that it finds them when it reads a file."""
    for module in pkgutil.iter_modules(blocks.__path__):
        importlib.import_module(f"{blocks.__name__}.{module.name}")


def _given(
    x: NDArray[np.float32],
    one_hot: NDArray[np.float32],
    what: str,
    settings: TrainingSettings,
    seed: int,
) -> dict[str, Any]:
    """Say what Keras' `fit` is given: the windows, or an endless row of augmented batches."""
    if what not in PASSAGES or not settings.augment or settings.recipe == "paper":
        return {"x": x, "y": one_hot, "batch_size": settings.batch_size}
    n_steps = -(-len(x) // settings.batch_size)
    batches = _augmented(x, one_hot, PASSAGES[what], settings.batch_size, seed)
    return {"x": batches, "steps_per_epoch": n_steps, "shuffle": False}


def _augmented(
    x: NDArray[np.float32], one_hot: NDArray[np.float32], n_passages: int, size: int, seed: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Give windows in an order drawn anew each epoch, changed anew each time."""
    rng, amounts = np.random.default_rng(seed), Augmentation()
    while True:
        order = rng.permutation(len(x))
        for first in range(0, len(x), size):
            rows = order[first : first + size]
            yield augmented(x[rows], rng, amounts, n_passages), one_hot[rows]


def jit(keras: Any) -> bool | str:
    """Leave XLA off for TensorFlow on a processor, where it makes LSTMs several times slower."""
    return False if keras.backend.backend() == "tensorflow" and not gpus(keras) else "auto"


def _optimiser(keras: Any, settings: TrainingSettings) -> Any:
    if settings.recipe == "paper":
        return keras.optimizers.Adam()
    return keras.optimizers.Adam(settings.learning_rate, clipnorm=settings.clipnorm)


def _callbacks(keras: Any, settings: TrainingSettings, best: Path, watch: Watch) -> list[Any]:
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: watch(_told(logs)))
    if settings.recipe == "paper":
        return [told]
    return [
        told,
        keras.callbacks.ModelCheckpoint(
            str(best), monitor=BEST, mode="max", save_best_only=True, save_weights_only=True
        ),
        keras.callbacks.EarlyStopping(monitor=BEST, mode="max", patience=settings.patience),
    ]
