"""SeqGAN: a recurrent network that learns by likelihood and then against an adversary (Yu et al.).

"SeqGAN: sequence generative adversarial nets with policy gradient", AAAI 2017, which Chen and Wang
name for melodies. One LSTM writes notes, each a pitch and a length. First it learns to predict real
songs; then it is rewarded for sequences that an adversary of convolutions takes for real ones. The
second stage often destroys what the first one learned: nats of held-out songs and BLEU are measured
after each round, and its weights are kept only where they are better and songs no more alike.

What differs: sequences are the beginnings of songs; a place's reward is compared with the mean of
other sequences there, and roll-outs are done every fourth row by the network itself (theirs lags
behind). `SeqGAN(preset="paper")` has the published sizes of both networks.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from classify.generation.generators.conv_lstm import ConvLSTM
from classify.generation.networks.architecture import Architecture
from classify.generation.networks.learning import divided
from classify.generation.networks.policy_training import Contest, Contestants, contend
from classify.generation.networks.row_training import ENOUGH
from classify.models.trainer import Values
from classify.progress import Progress

#: Windows of the published adversary, and filters of each.
PUBLISHED = tuple(zip(
    (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20),
    (100, 200, 200, 200, 200, 100, 100, 100, 100, 100, 160, 160),
    strict=True,
))  # fmt: skip


class SeqGAN(ConvLSTM):
    """An LSTM over pitches and lengths that learns in two stages.

    Parameters
    ----------
    epochs : int, optional
        Most passes over the songs in the first stage.
    seed, quick
        As all networks have them.
    preset : {"small", "paper"}
        Sizes of both networks, and how they contend.

    Attributes
    ----------
    history : list of dict
        The first stage, each round of the second, and both on many sequences in the end.
    remark : str
        What to say if the second stage was given up.
    """

    TITLE = "SeqGAN"
    PRESETS: ClassVar[dict[str, int]] = {"small": 96, "paper": 32}
    CONTESTS: ClassVar[dict[str, Contest]] = {
        "small": Contest(),
        "paper": Contest(rows=20, units=64, windows=PUBLISHED, rate=1e-2, critic_rate=1e-4,
                         rollouts=16, every=1, first=50, later=15, rounds=200,
                         patience=50),
    }  # fmt: skip
    QUICK_CONTEST: ClassVar[Contest] = Contest(
        rows=8, units=8, windows=((1, 8), (3, 8)), batch=8, rollouts=2, first=1, rounds=2
    )
    FACTS = (*ConvLSTM.FACTS, "history", "remark")

    history: list[Values]
    remark: str

    def __init__(
        self,
        epochs: int | None = None,
        seed: int = 0,
        quick: bool = False,
        preset: str = "small",
    ) -> None:
        super().__init__(epochs, seed, quick)
        self.preset = preset

    def shaped(self) -> Architecture:
        """Give the network's architecture."""
        return Architecture(
            fields=self.FIELDS, trunk="lstm", layers=1,
            units=24 if self.quick else self.PRESETS[self.preset], context=96,
            conditions=len(self.known_moods) + 1,
        )  # fmt: skip

    def train(
        self,
        examples: Sequence[Any],
        hide: Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]],
        progress: Progress,
        work: Path | None = None,
    ) -> None:
        """Train the network by likelihood, and then against its adversary."""
        super().train(examples, hide, progress, work)
        self.history, self.remark = [], ""
        contest = self.QUICK_CONTEST if self.quick else self.CONTESTS[self.preset]
        learned, held_out = divided(examples, self.seed, ENOUGH)
        if not held_out or not any(len(song.rows) >= contest.rows for song in learned):
            self.remark = "too few songs, or too short ones, to learn against an adversary"
            return
        self.weights, self.history, self.remark = contend(
            lambda: Contestants(
                self.architecture, self.weights, contest, learned, held_out, self.seed
            ),
            contest, self.seed, progress,
        )  # fmt: skip

    @property
    def collapse(self) -> str:
        """What went wrong in the second stage; empty where it made songs better."""
        return f"{self.TITLE}: {self.remark}" if self.remark else ""

    def remarks(self) -> list[str]:
        """Say if the second stage was given up."""
        return [self.collapse] if self.collapse else []


GENERATOR = SeqGAN
