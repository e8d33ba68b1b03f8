"""What a saved model says of itself: bundle.json as a typed record."""

from typing import Annotated

import msgspec

from classify.experiments.corpus_record import ModelCorpus
from classify.experiments.run_record import PretrainedStart, ScoreRecord, Values, WindowsRecord
from classify.experiments.settings import Settings
from classify.inference.explain.profiles import Profiles
from classify.models.artifacts import ArtifactRecord
from classify.records import Count, Positive, Record, Share

Name = Annotated[str, msgspec.Meta(min_length=1)]


class KeptColumns(Record, frozen=True):
    """Columns of the model's input, and values by which they are known to be the same still.

    See `classify.inference.saved_model.kept_columns`.
    """

    names: list[str]
    reference: list[float]


class ModelFacts(Record, frozen=True, kw_only=True):
    """Which model it is, and how it was fitted.

    Parameters
    ----------
    name, title, kind, input : str
        As in `classify.models.registry.ModelSpec`.
    best : dict
        Best values of the grid, or the best epoch.
    parameters : int or None
        Weights of a network.
    device : str
        What it was trained on.
    training : dict or None
        Settings of a network.
    """

    name: str
    title: str
    kind: str
    input: str
    best: Values
    parameters: Count | None
    device: str
    training: Values | None


class CompanionRecord(Record, frozen=True, kw_only=True):
    """A model of single windows beside one of whole songs; see `classify.inference.course`.

    Parameters
    ----------
    model : str
        Its name.
    features : KeptColumns
        Columns of its input.
    temperature : float
        What calibrates its probabilities.
    windows : int
        Windows that it was evaluated on, of songs that the folds' companions had not seen.
    accuracy : ScoreRecord
        Share of these windows that it calls by their song's class.
    majority : float
        Share of the largest class among them.
    """

    model: str
    features: KeptColumns
    temperature: Positive
    windows: Count
    accuracy: ScoreRecord
    majority: Share


class CalibrationSongs(Record, frozen=True):
    """Songs that temperature and threshold come from, held out in so many folds."""

    songs: Count
    groups: Count
    folds: Count


class Selection(Record, frozen=True):
    """Share of songs kept from a confidence on, and the share of wrong ones among these."""

    confidence: Share
    kept: Share
    risk: Share | None


class ModelScores(Record, frozen=True, kw_only=True):
    """How the folds' models did on songs that they had not seen.

    Parameters
    ----------
    held_out : str
        How the songs were held out.
    songs : int
        How many.
    song : dict of str to ScoreRecord
        Scores on songs, by metric.
    majority : float
        Share of the largest class.
    coverage_held_out, set_size : float or None
        Share of songs whose prediction set held their class, and its mean size.
    selection : Selection or None
        What confidence was worth.
    """

    held_out: str
    songs: Count
    song: dict[str, ScoreRecord]
    majority: Share
    coverage_held_out: Share | None = None
    set_size: float | None = None
    selection: Selection | None = None


class Recordings(Record, frozen=True, kw_only=True):
    """What holds for transcriptions of recordings, measured on copies of the songs.

    Parameters
    ----------
    copies : int
        Songs that it learned from as recordings too.
    temperature, threshold, thresholds, calibrated_on, scores
        As in `BundleRecord`.
    agreement : float
        Share of songs of which it predicts the same whether it is given the song or a recording.
    """

    copies: Count
    temperature: Positive
    threshold: Share
    thresholds: tuple[Share, ...] = ()
    calibrated_on: CalibrationSongs
    scores: ModelScores
    agreement: Share


class RunOrigin(Record, frozen=True, kw_only=True):
    """The comparison that a model's settings were taken from.

    Parameters
    ----------
    name, command : str
        Its folder's name, and what made it.
    scores : dict of str to ScoreRecord
        Of the model, on songs, by metric.
    fingerprint : str
        Of its corpus.
    split : str
        How it held songs out.
    pretrained : PretrainedStart or None
        Weights that it started from.
    """

    name: str
    command: str
    scores: dict[str, ScoreRecord]
    fingerprint: str
    split: str
    pretrained: PretrainedStart | None


class NoveltyRecord(Record, frozen=True):
    """What training songs are like; see `classify.evaluation.novelty.Novelty`."""

    quantities: list[str]
    centre: list[float]
    scale: list[Positive]
    threshold: float


class Adaptation(Record, frozen=True, kw_only=True):
    """What was learned of one listener; see `classify.inference.personalise`.

    Parameters
    ----------
    made, source : str
        When, and the hash of the model that was adapted (`from` in the file).
    matrix, bias : list
        Probabilities become softmax(matrix log p + bias).
    sets : str
        Whose songs the prediction sets hold for.
    songs, groups, right_before, right_after, loss_before, loss_after, p_value
        As in `classify.inference.personalise.Report`.
    """

    made: str
    source: str = msgspec.field(name="from")
    matrix: list[list[float]]
    bias: list[float]
    sets: str
    songs: Count
    groups: Count
    right_before: Count
    right_after: Count
    loss_before: float
    loss_after: float
    p_value: Share


class BundleRecord(ArtifactRecord, frozen=True, kw_only=True):
    """Content of bundle.json.

    Parameters
    ----------
    created, command : str
        When and how it was made.
    classes : list of str
        Columns of all probabilities.
    windows : WindowsRecord
        How songs are cut.
    features : KeptColumns or None
        Columns of its input, where these have names.
    corpus : ModelCorpus
        What it learned from.
    songs : list of str
        These songs, by the beginning of their digests.
    settings : Settings
        What it was trained with.
    versions : dict of str to str
        Of the libraries.
    model : ModelFacts
        Which model it is.
    pretrained : PretrainedStart or None
        Weights that it started from.
    temperature, threshold : float
        What calibrates its probabilities, and the least probability in a prediction set.
    thresholds : tuple of float
        The same for each class, where its sets are to hold the class of so many songs of each.
    coverage : float
        Share of songs whose prediction set is to contain their class.
    calibrated_on : CalibrationSongs
        Songs that these come from.
    scores : ModelScores
        What it is worth.
    profiles : Profiles
        What the songs of each class are like.
    run : RunOrigin or None
        The comparison that it was chosen in.
    novelty : NoveltyRecord
        What its training songs are like.
    adaptation : Adaptation or None
        What was learned of one listener.
    transcribed : int
        Training songs, and copies of such, that were transcriptions of recordings.
    transcribed_by : dict of str to int
        How many of these by which transcriber; empty in a model made when there was one,
        basic-pitch.
    recordings : Recordings or None
        What holds for transcriptions, where it learned from copies of its songs.
    companion : CompanionRecord or None
        What follows a song's course, where the model itself describes songs as a whole.
    """

    created: str
    command: str
    classes: Annotated[list[Name], msgspec.Meta(min_length=2)]
    windows: WindowsRecord
    features: KeptColumns | None
    corpus: ModelCorpus
    songs: list[str]
    settings: Settings
    versions: dict[str, str]
    model: ModelFacts
    pretrained: PretrainedStart | None
    temperature: Positive
    threshold: Share
    coverage: Share
    calibrated_on: CalibrationSongs
    scores: ModelScores
    profiles: Profiles
    run: RunOrigin | None
    novelty: NoveltyRecord
    adaptation: Adaptation | None = None
    thresholds: tuple[Share, ...] = ()
    transcribed: Count = 0
    transcribed_by: dict[str, Count] = msgspec.field(default_factory=dict)
    recordings: Recordings | None = None
    companion: CompanionRecord | None = None
