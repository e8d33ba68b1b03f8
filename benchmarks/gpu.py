"""How long does a training step take on this machine, beside plain PyTorch?

    [KERAS_BACKEND=jax|torch] python benchmarks/gpu.py [--models NAMES] [--window 800] [--batch 32]
                                                       [--steps 20] [--mixed]

For each network: milliseconds of a step (forward, backward, Adam) on a batch in memory, as the
trainer compiles it; the median of `--steps`, after three that do not count. On a GPU that is also
done in mixed precision, if `--mixed` is given. For networks with LSTMs, the same LSTMs in plain
PyTorch (`nn.LSTM`, the same inputs, units and directions, one after the other, with Adam), where
PyTorch is installed: what is left of our time is convolutions, dense layers and Keras itself.
Works on a processor, too, where the paper's largest network takes seconds a step.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from classify.models import backend, registry
from classify.models.trainer import Trainer
from classify.models.training_settings import TrainingSettings
from classify.representations import representation
from classify.representations.windows import WindowSettings

#: Steps that do not count: they compile.
FIRST = 3

N_CLASSES = 4


def median_ms(step: Callable[[], Any], n_steps: int) -> float:
    """Give the median time of a step, which waits until the device is done."""
    times = []
    for _ in range(FIRST + n_steps):
        begun = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times[FIRST:])


def built(spec: registry.ModelSpec, window: int, mixed: bool) -> tuple[Any, tuple[int, int]]:
    """Build a network and compile it as it is trained."""
    trainer = Trainer(1, mixed_precision=mixed)
    trainer.start()
    shape = representation.get(spec.input).shape(WindowSettings(window, window))
    estimator: Any = registry.make(spec, 0, TrainingSettings())
    model = estimator._architecture.build(*shape, N_CLASSES)
    target = np.eye(N_CLASSES, dtype=np.float32)[:1]
    trainer.compile(model, "categorical_crossentropy", targets=target)
    return model, shape


def keras_ms(model: Any, shape: tuple[int, int], batch: int, n_steps: int) -> float:
    """Time a step of Keras; its loss is a number, so the device is done."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(batch, *shape)).astype(np.float32)
    y = np.eye(N_CLASSES, dtype=np.float32)[draw.integers(0, N_CLASSES, batch)]
    return median_ms(lambda: float(np.ravel(model.train_on_batch(x, y))[0]), n_steps)


def lstms(model: Any) -> list[tuple[int, int, int, bool]]:
    """Give steps, inputs, units and whether both directions, of every LSTM of a network."""
    import keras

    found = []
    for layer in model._flatten_layers(include_self=False):
        both = isinstance(layer, keras.layers.Bidirectional)
        inner = layer.forward_layer if both else layer
        if isinstance(inner, keras.layers.LSTM) and (both or not _in_bidirectional(model, layer)):
            _, steps, inputs = layer.input.shape
            found.append((steps, inputs, inner.units, both))
    return found


def _in_bidirectional(model: Any, layer: Any) -> bool:
    import keras

    wrappers = [
        one for one in model._flatten_layers() if isinstance(one, keras.layers.Bidirectional)
    ]
    return any(layer in (one.forward_layer, one.backward_layer) for one in wrappers)


def in_torch(sizes: list[tuple[int, int, int, bool]], batch: int, n_steps: int) -> None:
    """Time a step of the same LSTMs in plain PyTorch; print milliseconds."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    layers = [
        (torch.nn.LSTM(n_in, units, batch_first=True, bidirectional=both).to(device),
         torch.randn(batch, steps, n_in, device=device))
        for steps, n_in, units, both in sizes
    ]  # fmt: skip
    optimiser = torch.optim.Adam([p for layer, _ in layers for p in layer.parameters()])

    def step() -> float:
        optimiser.zero_grad()
        losses = [layer(x)[0].square().mean() for layer, x in layers]
        torch.stack(losses).sum().backward()
        optimiser.step()
        return float(losses[0].detach())

    print(median_ms(step, n_steps))


def torch_ms(sizes: list[tuple[int, int, int, bool]], batch: int, n_steps: int) -> float | None:
    """Do `in_torch` in a program of its own, since TensorFlow and PyTorch do not share one well."""
    if not sizes or not find_spec("torch"):
        return None
    work = json.dumps([sizes, batch, n_steps])
    done = subprocess.run([sys.executable, __file__, "--torch", work], stdout=subprocess.PIPE)
    return float(done.stdout) if done.returncode == 0 else None


def main() -> None:
    """Run the benchmark."""
    if sys.argv[1:2] == ["--torch"]:
        in_torch(*json.loads(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    specs = {name: spec for name, spec in registry.find().items() if spec.kind == "network"}
    parser.add_argument("--models", default=",".join(specs), metavar="NAMES")
    parser.add_argument("--window", type=int, default=800)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--mixed", action="store_true")
    options = parser.parse_args()
    keras = backend.import_keras()
    print(f"{backend.device(keras)}: windows of {options.window} notes, {options.batch} a batch")
    for name in options.models.split(","):
        for mixed in (False, True) if options.mixed and backend.gpus(keras) else (False,):
            model, shape = built(specs[name], options.window, mixed)
            line = f"{specs[name].title}{', mixed precision' if mixed else ''}: "
            line += f"{keras_ms(model, shape, options.batch, options.steps):,.1f} ms a step"
            plain = torch_ms(lstms(model), options.batch, options.steps)
            print(line + (f"; its LSTMs in PyTorch {plain:,.1f} ms" if plain else ""), flush=True)


if __name__ == "__main__":
    main()
