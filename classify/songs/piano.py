"""Samples to notes of a piano, with transkun's network.

It was trained on recordings of pianos. It hears when a key goes down and up, and how fast; of other
instruments it hears what a piano might have played.

Source: Yan and Duan, "Scoring Intervals Using Non-Hierarchical Transformer for Automatic Piano
Transcription", ISMIR 2024. The weights lie in transkun's wheel. The libraries come with the extra
`piano` and are imported by the first recording.
"""

import json
import math
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify.songs.quiet import quiet
from classify.songs.song import UnusableSong

#: Samples a second that the network was trained on.
RATE = 44100

#: General MIDI instrument of all notes.
PROGRAM = 0

#: Seconds; of less there is no frame to hear a note in.
SHORTEST = 0.13

#: Seconds that go through the network at once. It knows where in them a note is: in segments of
#: 14 s it finds 8 notes of 100.
SEGMENT = 16.0

#: Seconds that neighbouring segments share at least. transkun's own 8 take nearly twice the time
#: and raise onset F1 by nothing (.98 on a clip of 15 s either way).
OVERLAP = 0.5

#: Full scale is 1; what is fainter than -60 dB is silence.
SILENT = 1e-3


@cache
def name() -> str:
    """Name the transcriber with its version and settings, as in the origin of a song."""
    try:
        number = version("transkun")
    except PackageNotFoundError:
        number = "missing"
    return f"transkun {number} (segments of {SEGMENT:g} s, {OVERLAP:g} s shared)"


def libraries() -> None:
    """Import torch and transkun.

    Raises
    ------
    UnusableSong
        If the extra is not installed.
    """
    _model_class()


def _model_class() -> types.ModuleType:
    try:
        with quiet():
            import torch  # noqa: F401
            from transkun import ModelTransformer  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise UnusableSong(
            f"is a recording; transcribing it by transkun needs the piano extra: run `make piano` "
            f"({error})"
        ) from None
    return ModelTransformer


@cache
def _model() -> Any:
    """Load the network; its transformer computes in bfloat16 where the processor can."""
    module = _model_class()
    import torch

    pretrained = files("transkun") / "pretrained"
    config = module.ModelConfig()
    config.__dict__.update(json.loads((pretrained / "2.0.conf").read_text())["Model"]["config"])
    with _without_torchaudio():
        model = module.TransKun(config)
    with (pretrained / "2.0.pt").open("rb") as file:
        model.load_state_dict(torch.load(file, "cpu", weights_only=True)["state_dict"])
    model.eval()
    _make_fast(model)
    return model


def _make_fast(model: Any) -> None:
    """Compute the same in half the time.

    Attention over one segment has a fast path where no dimension counts segments. All between the
    spectrum and the notes is computed in bfloat16 where the processor can; onset F1 on a clip of 15
    seconds was .982 either way.
    """
    import torch

    number = torch.bfloat16 if _has_bfloat16() else torch.float32
    layers, first = model.backbone.encoderLayers, model.backbone.downConv
    for part in (first, *layers, model.backbone.upConv1dSkip, model.scorer):
        part.to(number)
    first.register_forward_pre_hook(lambda _, given: (given[0].to(number),))
    first.register_forward_hook(lambda _, __, made: made.float())
    layers[0].register_forward_pre_hook(lambda _, given: (given[0].squeeze(0).to(number),))
    layers[-1].register_forward_hook(lambda _, __, made: made.unsqueeze(0))
    model.scorer.register_forward_hook(lambda _, __, made: tuple(one.float() for one in made))
    for part in (model.velocityPredictor, model.refinedOFPredictor):
        part.register_forward_pre_hook(lambda _, given: (given[0].float(),))
    model.backbone.useGradientCheckpoint = False


@contextmanager
def _without_torchaudio() -> Iterator[None]:
    """Stand in for torchaudio, of which transkun takes a filter bank that its weights hold too."""
    there = {name: sys.modules[name] for name in ["torchaudio"] if name in sys.modules}
    import torch

    def melscale_fbanks(n_freqs: int, n_mels: int, **_: float) -> torch.Tensor:
        return torch.zeros(n_freqs, n_mels)

    stand_in = types.ModuleType("torchaudio")
    stand_in.functional = types.SimpleNamespace(melscale_fbanks=melscale_fbanks)  # type: ignore[attr-defined]
    sys.modules["torchaudio"] = stand_in
    try:
        yield
    finally:
        del sys.modules["torchaudio"]
        sys.modules.update(there)


def _has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16; elsewhere that would be slower."""
    import torch

    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16") or found.get("bf16"))


def transcribed(samples: NDArray[np.float32]) -> list[tuple[float, float, int, float]]:
    """Give the notes of a recording of a piano.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
        Mono, at `RATE`.

    Returns
    -------
    list of (float, float, int, float)
        Start and end in seconds, MIDI pitch, and MIDI velocity, sorted; none where there is only
        silence.
    """
    if len(samples) < SHORTEST * RATE or np.abs(samples).max() < SILENT:
        return []
    model = _model()
    import torch

    seconds = len(samples) / RATE
    count = math.ceil((seconds + 2 * OVERLAP) / (SEGMENT - OVERLAP))
    step = (seconds + 2 * SEGMENT) / (count + 2)  # as many segments that share more, if they can
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so that several recordings can be read at once
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            events = model.transcribe(torch.from_numpy(samples)[:, None], step, SEGMENT)
    finally:
        torch.set_num_threads(n_threads)
    return sorted(
        (event.start, event.end, event.pitch, float(event.velocity))
        for event in events
        if event.pitch > 0  # pedals have negative ones
    )
