"""The model card: what a bundle says of itself to people, in Markdown (Mitchell et al. 2019)."""

from typing import Any

#: Stands in everything that a model says.
NO_DEVICE = (
    "This is no medical device: it sorts music, it neither diagnoses nor treats, and what it says "
    "does not replace a therapist's or a listener's own judgement."
)


def text(about: dict[str, Any]) -> str:
    """Write the model card of what bundle.json says."""
    model, corpus = about["model"], about["corpus"]
    blocks = [
        f"# {model['title']}, trained on {corpus['name']}",
        NO_DEVICE,
        "## What it is for",
        f"It reads symbolic music (MIDI, scores, transcribed recordings) and says how probable "
        f"each of {len(about['classes'])} answers is for a song: {', '.join(about['classes'])}. "
        f"It helps to sort a library; songs that it is not sure of, or that are unlike those it "
        f"learned from, are for people to judge.",
        "## What it learned from",
        *_data(about),
        "## How it was measured",
        *_measured(about),
        "## How it was made",
        *_made(about),
        "## Limits",
        *_limits(about),
    ]
    return "\n\n".join(blocks) + "\n"


def _data(about: dict[str, Any]) -> list[str]:
    corpus = about["corpus"]
    counts = ", ".join(f"{label} {n}" for label, n in corpus["songs_per_class"].items())
    lines = [
        f"{corpus['songs']:,} songs in {corpus['groups']:,} groups ({counts}), "
        f"{corpus['windows']:,} windows of {about['windows']['window']} notes; "
        f"{corpus['set_aside']} files were set aside. Fingerprint `{corpus['fingerprint'][:16]}`."
    ]
    if start := about.get("pretrained"):
        lines.append(
            f"It started from weights that had learned from {start['songs']:,} songs without "
            f"labels; {start['seen_tested']:,} of the {start['tested']:,} songs that it is "
            f"measured on were among them."
        )
    lines += [corpus[key] for key in ("licence", "note") if corpus[key]]
    return lines + ([f"```\n{corpus['citation'].strip()}\n```"] if corpus["citation"] else [])


def _measured(about: dict[str, Any]) -> list[str]:
    scores = about["scores"]
    names = {"accuracy": "accuracy", "macro_f1": "macro-F1", "ece": "calibration error"}
    rows = [
        f"| {title} | {_interval(scores['song'][key])} |"
        for key, title in names.items()
        if key in scores["song"]
    ]
    lines = [
        f"On {scores['songs']:,} songs, each judged by a model that had not seen it nor any song "
        f"of its group ({scores['from']}); 95 % intervals over groups. The largest class alone is "
        f"{scores['majority']:.2f} of the songs.",
        "\n".join(["| score | value |", "|---|---|", *rows]),
    ]
    if scores["coverage_held_out"] is not None:
        lines.append(
            f"Sets that promise {about['coverage']:.0%} held the true answer for "
            f"{scores['coverage_held_out']:.0%} of these songs, with {scores['set_size']:.1f} "
            f"answers in a set. {_sure(scores['sure'])}"
        )
    if about["run"]:
        run = about["run"]
        told = _interval(run["scores"]["accuracy"])
        lines.append(f"In the comparison `{run['name']}` it had an accuracy of {told}.")
    return lines


def _interval(score: dict[str, float]) -> str:
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def _sure(sure: dict[str, Any]) -> str:
    if sure["risk"] is None:
        return f"It was never as sure as {sure['at']}."
    return (
        f"It was at least {sure['at']:.0%} sure of {sure['kept']:.0%} of them, and wrong with "
        f"{sure['risk']:.0%} of these."
    )


def _made(about: dict[str, Any]) -> list[str]:
    model, on = about["model"], about["calibrated_on"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return [
        f"classify {about['classify']}, {about['created']}: `{about['command']}`.",
        f"{model['title']} ({model['name']}, input: {model['input']}), on {model['device']}. "
        f"Probabilities are the mean of a song's windows at temperature "
        f"{about['temperature']:.3f}; an answer is in a song's set from {about['limit']:.3f} on. "
        f"Both come from {on['songs']:,} songs in {on['groups']:,} groups, held out in "
        f"{on['folds']} folds.",
        f"Versions: {versions}.",
    ]


def _limits(about: dict[str, Any]) -> list[str]:
    corpus = about["corpus"]
    lines = [
        f"- The answers are those of the people who labelled {corpus['name']}; one listener may "
        f"hear otherwise (`classify adapt`).",
        "- Promises hold for songs like those it learned from. A song that is further from them "
        "than 99 of 100 of them are from each other is marked as not known.",
        "- It hears notes, not sound, words or what a song means to somebody.",
        "- The scores are those of models that learned from a part of the songs; the one in this "
        "folder learned from all.",
    ]
    own = about.get("adaptation")
    if own:
        lines.append(
            f"- Adapted to one listener by {own['songs']} labels: {own['right_before']} of them "
            f"were right before, {own['right_after']} after, each without its own label "
            f"(exact paired test, p = {own['p_value']:.2f}). The scores above are from before."
        )
    return ["\n".join(lines)]
