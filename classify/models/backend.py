"""Keras and what lies under it: started with fixed seeds, asked for devices and gradients.

Everything else in the toolkit is written for Keras 3 alone; what differs between TensorFlow, JAX
and PyTorch is in this file. Keras is imported when it is first needed, which takes seconds.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def silence() -> None:
    """Have TensorFlow log errors alone; takes effect if Keras has not been imported yet.

    What TensorFlow writes before its log is set up (three lines of greetings, as of 2.21) comes
    nevertheless.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def import_keras() -> Any:
    """Import Keras with a log of errors alone."""
    silence()
    import keras

    return keras


def seeded_keras(seed: int, mixed_precision: bool = False) -> Any:
    """Import Keras with every source of chance fixed and nothing left of earlier models.

    Parameters
    ----------
    seed : int
        Of everything that is drawn from now on.
    mixed_precision : bool
        Whether layers that are built from now on compute in 16 bits and keep their weights in 32;
        only where there is a GPU.
    """
    keras = import_keras()
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
        for gpu in tensorflow.config.list_physical_devices("GPU"):
            tensorflow.config.experimental.set_memory_growth(gpu, True)
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    mixed = mixed_precision and bool(gpus(keras))
    keras.config.set_dtype_policy("mixed_float16" if mixed else "float32")
    return keras


def device(keras: Any) -> str:
    """Name what networks run on, in words: the GPU that Keras sees, or the processor."""
    backend = keras.backend.backend()
    version = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(backend, backend)
    names = gpus(keras)
    return f"{'GPU ' + ', '.join(names) if names else 'CPU'} ({version}, Keras {keras.__version__})"


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


def jit(keras: Any) -> bool | str:
    """Leave XLA off for TensorFlow on a processor, where it makes LSTMs several times slower."""
    return False if keras.backend.backend() == "tensorflow" and not gpus(keras) else "auto"


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
    backend = import_keras().backend.backend()
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
