"""The corpus, its windows and its split; what was skipped, repaired and seems duplicated."""

from collections.abc import Iterator
from typing import Any

from classify.presentation.numbers import number
from classify.report.blocks import Block, Column, Details, Table, TableRow, Text, columns
from classify.report.format import duplicate_pairs, duplicate_warning, listed
from classify.report.run_view import View

TITLE, ORDER = "Corpus, windows and split", 140

SPLITS = {
    "song": "by song: all windows of a song, and all songs of a group, are on one side",
    "window": "by window, as Chen and Wang did: windows of one song are on both sides",
    "given": "as the split column of the corpus says",
}

#: So many pairs of duplicate songs are listed at most.
MOST = 100


def blocks(view: View) -> Iterator[Block]:
    """Describe what was classified."""
    corpus = view.run["corpus"]
    yield Text(*corpus_lines(view.run))
    songs, windows = corpus["songs_per_class"], corpus["windows_per_class"]
    rows = [TableRow([name, str(songs[name]), str(windows[name])]) for name in view.classes]
    yield Table(columns("class", "songs", "windows"), rows)
    if corpus["licence"]:
        yield Text(corpus["licence"], kind="note")
    yield Text(f"Skipped: {len(corpus['set_aside'])}", kind="heading")
    if corpus["set_aside"]:
        skipped = [[item["name"], item["label"], item["reason"]] for item in corpus["set_aside"]]
        yield _prose(["file", "class", "reason"], skipped)
    else:
        yield Text("Every file was used.")
    yield from _duplicates(corpus)
    if repaired := corpus.get("repaired"):
        yield Text(f"Repaired: {len(repaired)}", kind="heading")
        yield Text("These files were damaged or unusual, and were used after a repair.")
        yield _prose(["file", "what was repaired"], [[i["name"], i["what"]] for i in repaired])
    if corpus.get("citation"):
        yield Text("Whoever publishes these numbers should cite", kind="heading")
        yield Text(corpus["citation"], kind="code")


def _prose(titles: list[str], rows: list[list[str]]) -> Table:
    """Lay out texts; the last column may be long."""
    heads = [*columns(*titles[:-1]), Column(titles[-1], prose=True)]
    return Table(heads, [TableRow(cells) for cells in rows])


def _duplicates(corpus: dict[str, Any]) -> Iterator[Block]:
    pairs = duplicate_pairs(corpus)
    if not pairs:
        return
    yield Text(f"Possible duplicate songs: {len(pairs)} pairs", kind="heading")
    rows = []
    for pair in pairs[:MOST]:
        classes = " / ".join(dict.fromkeys(pair["labels"]))
        cells = [*pair["names"], classes, number(pair["similarity"])]
        cells += [f"{pair['transposition']:+d}", f"{pair['tempo_ratio']:.2f}"]
        rows.append(TableRow(cells))
    prose = columns("and", "classes", prose=True)
    numbers = columns("similarity, %", "semitones", "tempo, ×")
    yield Details("Which", [Table([*columns("song"), *prose, *numbers], rows)])


def corpus_lines(run: dict[str, Any]) -> list[str]:
    """Describe corpus, windows and split in sentences."""
    corpus, windows = run["corpus"], run["windows"]
    counts = windows["counts"]
    parted = " (except by this split)" if run["split"]["shared"] > 0 else ""
    scaled = "unscaled" if run["settings"]["recipe"] == "paper" else "scaled on training songs"
    lines = [
        f"{corpus['songs']} songs in {corpus['groups']} groups; songs of one group are never "
        f"parted{parted}.",
        f"Windows of {windows['window']} notes, one every {windows['hop']}; channels: "
        f"{', '.join(windows['channels'])}, {scaled}.",
        f"{counts['full']} windows are full; {counts['padded_songs']} hold a whole song shorter "
        f"than a window and {counts['padded_tails']} the tail of a song, padded on the left; "
        f"{counts['dropped_tails']} tails of less than half a window were dropped "
        f"({counts['dropped_notes']} notes).",
        _split(run["split"]),
    ]
    if corpus["copies"]:
        lines.append(
            f"{corpus['copies']} songs are byte for byte the same as another, "
            f"{corpus['contradictions']} of them under another label; copies share a group."
        )
    lines += duplicate_warning(corpus)
    lines += [corpus["note"]] if corpus.get("note") else []
    lines += run["split"]["notes"]
    padded = [
        model["title"]
        for model in run["models"].values()
        if any(fit.get("padding") == ["same"] for fit in model.get("fits", []))
    ]
    if padded:
        lines.append(
            f"Windows are shorter than the 211 notes that {listed(padded)} need as published, so "
            f"their convolutions pad (same instead of valid)."
        )
    return lines


def _split(split: dict[str, Any]) -> str:
    train, held_out = split["parts"]["train"], split["parts"]["test"]
    if split["folds"] == 1:
        sizes = (
            f"Training part: {train['songs']} songs, {train['windows']} windows; test part: "
            f"{held_out['songs']} songs, {held_out['windows']} windows."
        )
    else:
        sizes = (
            f"Each song is tested once in each of {split['repeats']} repeats of {split['folds']} "
            f"folds ({held_out['songs']} songs, {held_out['windows']} windows); a model trains on "
            f"about {train['songs']} songs ({train['windows']} windows) at a time."
        )
    return f"Split {SPLITS[split['kind']]}. {sizes}"
