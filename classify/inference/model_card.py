"""The model card: what a bundle says of itself to people, in Markdown (Mitchell et al. 2019)."""

from collections.abc import Sequence

from classify.experiments.run_record import ScoreRecord
from classify.inference.model_record import BundleRecord, Recordings, Selection

#: Stands in everything that a model says.
NO_DEVICE = (
    "This is no medical device: it sorts music, it neither diagnoses nor treats, and what it says "
    "does not replace a therapist's or a listener's own judgement."
)


def text(about: BundleRecord) -> str:
    """Write the model card of what bundle.json says."""
    model, corpus = about.model, about.corpus
    blocks = [
        f"# {model.title}, trained on {corpus.name}",
        NO_DEVICE,
        "## What it is for",
        f"It reads symbolic music (MIDI, scores, transcribed recordings) and says how probable "
        f"each of {len(about.classes)} classes is for a song: {', '.join(about.classes)}. "
        f"It helps to sort a library; songs that it is not sure of, or that are unlike those it "
        f"learned from, are for people to judge.",
        "## What it learned from",
        *_training(about),
        "## How it was evaluated",
        *_evaluation(about),
        "## How it was made",
        *_making(about),
        "## Limits",
        *_limits(about),
    ]
    return "\n\n".join(blocks) + "\n"


def _training(about: BundleRecord) -> list[str]:
    corpus = about.corpus
    counts = ", ".join(f"{label} {n}" for label, n in corpus.songs_per_class.items())
    lines = [
        f"{corpus.songs:,} songs in {corpus.groups:,} groups ({counts}), "
        f"{corpus.windows:,} windows of {about.windows.window} notes; "
        f"{corpus.skipped} files were skipped. Fingerprint `{corpus.fingerprint[:16]}`."
    ]
    if start := about.pretrained:
        lines.append(
            f"It started from weights that had learned from {start.songs:,} songs without "
            f"labels; {start.seen_tested:,} of the {start.tested:,} songs that it is "
            f"evaluated on were among them."
        )
    lines += [text for text in (corpus.licence, corpus.note) if text]
    if about.recordings:
        lines.append(
            f"It also learned from transcribed recordings of {about.recordings.copies:,} of them "
            f"(by {about.settings.transcriber})."
        )
    return lines + ([f"```\n{corpus.citation.strip()}\n```"] if corpus.citation else [])


def _evaluation(about: BundleRecord) -> list[str]:
    scores = about.scores
    names = {"accuracy": "accuracy", "macro_f1": "macro-F1", "ece": "calibration error"}
    rows = [
        f"| {title} | {_interval(scores.song[key])} |"
        for key, title in names.items()
        if key in scores.song
    ]
    lines = [
        f"On {scores.songs:,} songs, each predicted by a model that had not seen it nor any song "
        f"of its group ({scores.held_out}); 95 % intervals over groups. The largest class alone "
        f"is {scores.majority:.2f} of the songs.",
        "\n".join(["| score | value |", "|---|---|", *rows]),
    ]
    if scores.coverage_held_out is not None and scores.selection is not None:
        lines.append(
            f"Prediction sets with {about.coverage:.0%} coverage held the true class for "
            f"{scores.coverage_held_out:.0%} of these songs, with {scores.set_size:.1f} "
            f"classes in a set. {_confident(scores.selection)}"
        )
    if companion := about.companion:
        lines.append(
            f"The course of classes over a song is that of another model ({companion.model}) on "
            f"single windows, moved so that its mean is what is said of the song. Alone it calls "
            f"{_interval(companion.accuracy)} of {companion.windows:,} windows of songs that it "
            f"had not seen by their song's class; the largest class is {companion.majority:.2f} of "
            f"them. No window was labelled by itself, so where a mood changes is not evaluated."
        )
    if about.recordings:
        lines.append(_on_recordings(about.recordings, about.coverage))
    if about.run:
        accuracy = _interval(about.run.scores["accuracy"])
        lines.append(f"In the comparison `{about.run.name}` it had an accuracy of {accuracy}.")
    return lines


def _on_recordings(recordings: Recordings, coverage: float) -> str:
    """Say what the model is worth on transcriptions."""
    scores = recordings.scores
    text = (
        f"Given transcribed recordings of {scores.songs:,} of these songs instead (rendered, "
        f"each under other conditions), its accuracy was {_interval(scores.song['accuracy'])}, and "
        f"it predicted the same as for the song for {recordings.agreement:.0%}."
    )
    if scores.coverage_held_out is None or scores.selection is None:
        return text
    return (
        f"{text} Sets with {coverage:.0%} coverage held the true class for "
        f"{scores.coverage_held_out:.0%} of the recordings, with {scores.set_size:.1f} classes in "
        f"a set. {_confident(scores.selection)}"
    )


def _interval(score: ScoreRecord) -> str:
    return f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f})"


def _confident(selection: Selection) -> str:
    if selection.risk is None:
        return f"Its confidence was never as high as {selection.confidence}."
    return (
        f"Its confidence was at least {selection.confidence:.0%} for {selection.kept:.0%} of "
        f"them, and it misclassified {selection.risk:.0%} of these."
    )


def _making(about: BundleRecord) -> list[str]:
    model, songs = about.model, about.calibrated_on
    versions = ", ".join(f"{name} {number}" for name, number in about.versions.items())
    return [
        f"classify {about.classify}, {about.created}: `{about.command}`.",
        f"{model.title} ({model.name}, input: {model.input}), on {model.device}. "
        f"Probabilities are the mean of a song's windows at temperature "
        f"{about.temperature:.3f}; a class is in a song's prediction set from "
        f"{_least(about, about.classes)} on. Both come from {songs.songs:,} songs in "
        f"{songs.groups:,} groups, held out in {songs.folds} folds.{_of_recordings(about)}",
        f"Versions: {versions}.",
    ]


def _least(about: BundleRecord | Recordings, classes: Sequence[str]) -> str:
    """Write the least probability in a prediction set, of all classes or of each."""
    if not about.thresholds:
        return f"{about.threshold:.3f}"
    each = zip(classes, about.thresholds, strict=True)
    return ", ".join(f"{least:.3f} ({name})" for name, least in each)


def _of_recordings(about: BundleRecord) -> str:
    recordings = about.recordings
    if recordings is None:
        return ""
    return (
        f" For transcriptions they are {recordings.temperature:.3f} and "
        f"{_least(recordings, about.classes)}, from {recordings.calibrated_on.songs:,}."
    )


def _limits(about: BundleRecord) -> list[str]:
    lines = [
        f"- The classes are those of the people who labelled {about.corpus.name}; one listener "
        f"may hear them differently (`classify adapt`).",
        "- Guarantees hold for songs like those it learned from. A song that is further from them "
        "than 99 of 100 of them are from each other is marked as novel.",
        "- It reads notes, not sound, words or what a song means to somebody.",
        "- A transcription of a recording holds no drums and no instruments, and of singing "
        "pitches, not the melody; strings and choirs are heard badly.",
        "- The scores are those of models that learned from a part of the songs; the one in this "
        "folder learned from all.",
    ]
    if listener := about.adaptation:
        lines.append(
            f"- Adapted to one listener by {listener.songs} labels: {listener.right_before} of "
            f"them were predicted right before, {listener.right_after} after, each without its "
            f"own label (exact paired test, p = {listener.p_value:.2f}). The scores above are "
            f"from before."
        )
    return ["\n".join(lines)]
