"""How a network that classifies is trained: what a user decides, and what run records keep of it.

Two recipes are known. `default` is what makes all six networks of the paper learn: scaled input,
clipped gradients, early stopping on songs held out inside the training part, and the weights kept
of the epoch with the best macro-F1 on them. `paper` is the plain one: pitch numbers as they are,
Adam with its defaults, the whole training part, every epoch run, the last weights kept. With it,
deep stacks of LSTMs end as a majority-class answer, as three of the paper's six did.
"""

from dataclasses import asdict, dataclass
from typing import Any

from classify.errors import InputError

RECIPES = ("default", "paper")


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
        Whether training windows are changed at random where their representation knows how
        (`classify.representations.augmentation`); the paper's recipe never does.
    init : str, optional
        Folder of weights (`classify.models.pretrained`) that the network they are of starts from;
        all others start at random.
    mixed_precision : bool
        Whether a GPU computes in 16 bits where that is safe; a processor never does.
    """

    recipe: str = "default"
    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    clipnorm: float = 1.0
    patience: int = 8
    augment: bool = True
    init: str | None = None
    mixed_precision: bool = False

    def record(self) -> dict[str, Any]:
        """Give the settings that the recipe uses; where a network starts is recorded by itself."""
        used = asdict(self)
        del used["init"]
        if not self.mixed_precision:
            del used["mixed_precision"]
        if self.recipe == "paper":
            del used["learning_rate"], used["clipnorm"], used["patience"], used["augment"]
        return used

    def __post_init__(self) -> None:
        if self.recipe not in RECIPES:
            raise InputError(f"--recipe {self.recipe}: expected one of {', '.join(RECIPES)}")
        if self.epochs < 1:
            raise InputError(f"--epochs {self.epochs}: at least 1 is needed")
