"""What decides the numbers of a comparison.

Defaults, choices and help texts stand here and nowhere else: `classify.options` reads them for the
command line. Nothing heavy is imported, so that `classify --help` need not wait for it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from classify.errors import InputError
from classify.options import as_names, check_choices, check_names, flag
from classify.representations.defaults import CHANNEL_NAMES, WINDOW

if TYPE_CHECKING:
    from classify.corpora import Corpus
    from classify.models.training_settings import TrainingSettings
    from classify.representations.windows import WindowSettings

#: Folds that the probabilities of a model that is kept are calibrated on, unless told otherwise.
CALIBRATION_FOLDS = 5

#: Epochs of a network at most in a quick check.
QUICK_EPOCHS = 3


@dataclass(frozen=True)
class Settings:
    """What decides the numbers of a run; two runs with equal settings give equal predictions.

    Parameters
    ----------
    corpus : str
        A folder with one folder per class, a folder with a labels.csv, a zip archive of either, a
        CSV file, a built-in corpus (folk, tunes, composers, chorales), or a copy of a published one
        (emopia:PATH; see classify corpus list).
    window : int or None
        Notes in a window; the built-in corpus's own, or 800, unless given.
    hop : int or None
        Notes between window starts; a window unless given.
    channels : tuple of str
        What is known of each note; the paper's input is pitch alone.
    split : {"song", "window", "given"}
        How songs are held out. song: songs stay whole; window: the paper's random windows, which
        leaks; given: the split column of labels.csv.
    folds : int
        Number of folds, so that every song is tested once; 1 is a hold-out of about a fifth.
    repeats : int
        Repeats of cross-validation, each with other folds.
    leak : bool
        Also evaluate under the paper's random windows, and report by how much they overestimate
        accuracy.
    robustness : bool
        Also evaluate on test songs transposed, stretched, without loudness, without drums.
    learning_curve : bool
        Also train on an eighth, a quarter and half of the songs.
    keep_duplicates : bool
        Let a split part songs that seem to be the same music; they are put into one group unless
        given (classify corpus show lists them).
    leave_out : {"source"}
        source: test the songs of one source after another on models that never saw that source.
    models : tuple of str
        Names and groups of models.
    recipe : {"default", "paper"}
        How networks are trained. paper: unscaled numbers, plain Adam, no early stopping.
    epochs : int or None
        Maximum number of epochs of a network; 30 unless given, 3 with quick.
    augment : bool
        Change the training windows of networks on note events at random.
    seed : int
        Random seed.
    quick : bool
        3 epochs and small grids: a quick check, not for publication.
    tune : float or None
        First choose the window and the channels on the training songs, within about this many
        minutes; one that is given is kept.
    sets : {"all", "class"}
        Prediction sets that hold the class of about 90 % of all songs, or of the songs of each
        class (larger sets). A comparison reports both.
    init : str or None
        Pretrained weights to start from: a folder that pretrain wrote.
    recordings : bool
        Also learn from recordings of the training songs: rendered as sound, transcribed again, and
        kept for the next time.
    transcriber : {"basic-pitch", "transkun"}
        What transcribes these: basic-pitch hears any instrument (`make audio`), transkun pianos,
        and takes ten times as long (`make piano`).
    """

    corpus: str = "folk"
    window: int | None = None
    hop: int | None = None
    channels: tuple[str, ...] = CHANNEL_NAMES
    split: Literal["song", "window", "given"] = "song"
    folds: int = 1
    repeats: int = 1
    leak: bool = False
    robustness: bool = False
    learning_curve: bool = False
    keep_duplicates: bool = False
    leave_out: Literal["", "source"] = ""
    models: tuple[str, ...] = ("paper", "recommended")
    recipe: Literal["default", "paper"] = "default"
    epochs: int | None = None
    augment: bool = True
    seed: int = 0
    quick: bool = False
    tune: float | None = None
    init: str | None = None
    sets: Literal["all", "class"] = "all"
    recordings: bool = False
    transcriber: Literal["basic-pitch", "transkun"] = "basic-pitch"

    def __post_init__(self) -> None:
        check_choices(self)
        check_seed(self.seed)
        for name in ("window", "hop", "epochs", "folds", "repeats"):
            check_count(name, getattr(self, name))
        if self.repeats > 1 and self.folds == 1:
            raise InputError(f"--repeats {self.repeats}: repeats folds; give --folds too, as 5")
        if self.split == "given" and self.folds > 1:
            raise InputError(
                f"--folds {self.folds}: --split given names one test part; leave one of them out"
            )
        extra = self.leak or self.robustness or self.learning_curve
        if self.split == "window" and extra:
            raise InputError(
                "--split window: is the leak itself; --leak, --robustness and --learning-curve go "
                "with a split that keeps songs whole"
            )
        if self.leave_out and (self.split != "song" or self.folds > 1):
            raise InputError(
                f"--leave-out {self.leave_out}: makes the folds itself; leave --split and --folds "
                f"out"
            )
        if self.split == "window" and self.recordings:
            raise InputError(
                "--split window: parts songs, and --recordings goes with a split that keeps a song "
                "and its recording together; leave one of the two out"
            )
        if self.tune is not None:
            self._check_tuning()

    def _check_tuning(self) -> None:
        """Raise InputError where there is nothing to choose, or no one choice for all songs."""
        start = f"--tune {self.tune:g}: "
        if not 0 < (self.tune or 0) < float("inf"):
            raise InputError(f"{start}expected a number of minutes above 0")
        if self.window is not None and self.channels != CHANNEL_NAMES:
            raise InputError(
                f"{start}chooses window and channels, and --window and --channels give both; leave "
                f"one of them out"
            )
        if self.folds > 1:
            raise InputError(
                f"{start}chooses on the training songs of one hold-out, and each of --folds "
                f"{self.folds} would need a choice of its own; leave one of the two out"
            )
        if self.leave_out:
            raise InputError(f"{start}goes with one hold-out; leave --leave-out out")
        if self.split == "window":
            raise InputError(
                f"{start}chooses on songs that are not tested, and --split window tests parts of "
                f"all songs; leave one of the two out"
            )
        if self.init is not None and self.window is None:
            raise InputError(
                f"{start}tries windows of many lengths, and pretrained weights (--init) belong to "
                f"one; give --window, or leave one of the two out"
            )
        if self.hop is not None and self.window is None:
            raise InputError(
                f"{start}tries windows of many lengths, each with a hop of its own; give --window "
                f"with --hop {self.hop}, or leave --hop out"
            )

    @classmethod
    def of(cls, corpus: object, given: dict[str, Any]) -> "Settings":
        """Make settings of options by name; lists of names may be one text, with commas.

        Raises
        ------
        InputError
            If there is no such setting, or its value makes no sense.
        """
        known = {name: None for name in cls.__dataclass_fields__}
        check_names(given, known, "setting")
        listed = {name: as_names(given[name]) for name in ("models", "channels") if name in given}
        return cls(**{"corpus": str(corpus)} | given | listed)

    @property
    def training(self) -> "TrainingSettings":
        """The settings of every network."""
        from classify.models.training_settings import TrainingSettings

        plain = TrainingSettings(recipe=self.recipe)
        epochs = self.epochs or (QUICK_EPOCHS if self.quick else plain.epochs)
        return TrainingSettings(
            recipe=self.recipe, epochs=epochs, augment=self.augment, init=self.init
        )

    def windows(self, corpus: "Corpus") -> "WindowSettings":
        """Settle how a corpus is cut."""
        from classify.representations.windows import WindowSettings

        window = self.window or corpus.window or WINDOW
        return WindowSettings(window, self.hop or window, self.channels)


def check_count(name: str, value: int | None) -> None:
    """Refuse a number of things below 1, where one is given.

    Raises
    ------
    InputError
        Naming the option.
    """
    if value is not None and value < 1:
        raise InputError(f"--{flag(name)} {value}: expected a whole number from 1 up")


def check_seed(seed: int) -> None:
    """Refuse a random seed that not everything drawn from it can take.

    Raises
    ------
    InputError
        Naming the values that are taken.
    """
    if not 0 <= seed < 2**31:
        raise InputError(f"--seed {seed}: expected a whole number from 0 to 2147483647")
