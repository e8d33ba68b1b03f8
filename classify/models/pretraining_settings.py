"""What decides pretrained weights; nothing heavy is imported, as in `experiments.settings`."""

from dataclasses import dataclass

from classify.errors import InputError
from classify.models import networks
from classify.representations.defaults import WINDOW


@dataclass(frozen=True)
class PretrainingSettings:
    """What decides the weights.

    Parameters
    ----------
    model : str
        The network whose encoder learns, crnn or transformer. In trials on the built-in tunes crnn
        guessed better after as many epochs.
    window : int
        Notes in a window, as it will be for compare.
    epochs : int
        Epochs at most.
    seed : int
        Random seed.
    """

    model: str = "crnn"
    window: int = WINDOW
    epochs: int = 30
    seed: int = 0

    def __post_init__(self) -> None:
        from classify.representations.windows import WindowSettings

        known = [name for name, a in networks.find().items() if a.encoder and a.in_groups]
        if self.model not in known:
            raise InputError(f"--model {self.model}: expected one of {', '.join(known)}")
        if self.epochs < 1:
            raise InputError(f"--epochs {self.epochs}: expected a whole number from 1 up")
        if not 0 <= self.seed < 2**31:
            raise InputError(f"--seed {self.seed}: expected a whole number from 0 to 2147483647")
        WindowSettings(self.window, self.window)

    @property
    def stride(self) -> int:
        """Notes in a step of the encoder."""
        stride = networks.find()[self.model].stride
        assert stride is not None
        return stride(self.window)

    @property
    def n_notes(self) -> int:
        """Notes that the encoder is given: whole steps, so that each knows which notes it has."""
        return -(-self.window // self.stride) * self.stride
