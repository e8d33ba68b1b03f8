"""VGMIDI, labelled part: piano arrangements of game music, rated for valence and arousal.

A checkout of the authors' repository has `vgmidi_labelled.csv`, one row a clip: the piece's number
(id), where it comes from (series, console, game, piece), the file (midi), and the signs that the
authors drew from about 30 raters' curves (valence, arousal: 1 or -1). They make the quadrant: Q1
(+, +), Q2 (-, +), Q3 (-, -), Q4 (+, -). The clips lie in `labelled/phrases.zip`, which must be
unpacked. A copy that has neither clips nor archive, but whole pieces in `labelled/midi`, is read by
piece: 197 of the 200 pieces are one clip from beginning to end, the parts of the other three are
skipped. Everything else in the repository has no label.
"""

import re
import unicodedata
from collections import Counter
from pathlib import Path, PurePosixPath

from classify.corpora.labels import Entry, Listing
from classify.corpora.published._copy import (
    Published,
    Reached,
    list_files,
    midi_files,
    table,
    with_subfolders,
)
from classify.corpora.walk import Skipped, relative_name
from classify.files import whole

WU, OWN = "Wu et al. 2025, arXiv:2502.10362", "their own; the corpus comes with none"

CORPUS = Published(
    name="vgmidi",
    title="VGMIDI",
    citation="""@inproceedings{ferreira2019learning,
  author = {Ferreira, Lucas N. and Whitehead, Jim},
  title = {Learning to Generate Music with Sentiment},
  booktitle = {Proc. Int. Society for Music Information Retrieval Conf.},
  year = {2019}
}""",
    licence="No licence in the repository; arrangements of commercial game music, in copyright.",
    home="https://github.com/lucasnfe/vgmidi",
    url="https://github.com/lucasnfe/vgmidi",
    layout="a checkout of the repository, or its folder labelled/ (vgmidi_labelled.csv, and the "
    "clips of labelled/phrases.zip, unpacked)",
    window=200,
    files={"clips": 204, "whole pieces": 197},
    classes={"clips": {"Q1": 76, "Q2": 39, "Q3": 27, "Q4": 62}},
    note="The sign of the label agrees with the majority of the raters for 95 % of the clips; on "
    "average 75 % (valence) and 73 % (arousal) of the raters are on the label's side. Song of "
    "Storms and Windmill Hut are one piece of music and share a group.",
    reached=(
        Reached("M3, pretrained", 0.610, WU, OWN),
        Reached("CLaMP 2, pretrained", 0.659, WU, OWN),
        Reached("CLaMP 3, pretrained", 0.707, WU, OWN),
    ),
)

LABELS = "vgmidi_labelled.csv"
COLUMNS = ("id", "series", "game", "piece", "midi", "valence", "arousal")
QUADRANTS = {("1", "1"): "Q1", ("-1", "1"): "Q2", ("-1", "-1"): "Q3", ("1", "-1"): "Q4"}

#: Pieces under two numbers that are the same music: their 8-grams of intervals overlap by half.
SAME = {"8158": "8032"}


def listing(folder: Path) -> Listing:
    """List the labelled clips of a copy: label from the signs, group the piece."""
    rows = table(_labels(folder), COLUMNS)
    present = _by_name(midi_files(folder))
    clips = {_key(row["midi"]): row for row in rows}
    if not any(clip in present for clip in clips):
        _check_packed(folder)
        return _whole(folder, clips, present)
    entries, skipped = [], []
    for clip, row in clips.items():
        label = QUADRANTS.get((row["valence"], row["arousal"]), "")
        if clip not in present:
            reason = f"is in the authors' {LABELS}, but missing"
            skipped.append(Skipped(row["midi"], reason, label))
        elif not label:
            skipped.append(_unsigned(relative_name(present[clip], folder), row))
        else:
            entries.append(_entry(present[clip], folder, label, row))
    return Listing(CORPUS.name, entries, skipped)


def _whole(folder: Path, clips: dict[str, dict[str, str]], present: dict[str, Path]) -> Listing:
    """List whole pieces, where a piece is one clip."""
    of_piece = Counter(row["id"] for row in clips.values())
    entries, skipped = [], []
    for clip, row in clips.items():
        piece = re.sub(r"_\d+(\.midi?)$", r"\1", clip)
        label = QUADRANTS.get((row["valence"], row["arousal"]), "")
        if of_piece[row["id"]] > 1:
            reason = f"is one of {of_piece[row['id']]} clips of a piece, each with its own label"
            skipped.append(Skipped(row["midi"], reason, label))
        elif piece not in present:
            reason = f"is in the authors' {LABELS}, but missing"
            skipped.append(Skipped(row["midi"], reason, label))
        elif not label:
            skipped.append(_unsigned(relative_name(present[piece], folder), row))
        else:
            entries.append(_entry(present[piece], folder, label, row))
    return Listing(CORPUS.name, entries, skipped)


def _entry(path: Path, folder: Path, label: str, row: dict[str, str]) -> Entry:
    extra = {column: row[column] for column in ("series", "game", "piece")}
    return Entry(
        path, relative_name(path, folder), label, SAME.get(row["id"], row["id"]), extra=extra
    )


def _unsigned(name: str, row: dict[str, str]) -> Skipped:
    return Skipped(
        name,
        f"has valence {row['valence']!r} and arousal {row['arousal']!r} in {LABELS}, "
        f"where 1 or -1 is expected",
    )


def _labels(folder: Path) -> Path:
    """Find the authors' table: in the folder, in a folder of it, or beside labelled/."""
    for place in [*with_subfolders(folder), whole(folder).parent]:
        if (place / LABELS).is_file():
            return place / LABELS
    raise CORPUS.refusal(folder, f"has no {LABELS}")


def _check_packed(folder: Path) -> None:
    for archive in list_files(folder):
        if archive.name.lower() == "phrases.zip":
            raise CORPUS.packed(archive, archive.with_suffix(""))


def _by_name(paths: list[Path]) -> dict[str, Path]:
    """Files by name; of two with one name, the one among the phrases."""
    ordered = sorted(paths, key=lambda path: "phrases" in path.parts)
    return {_key(path.name): path for path in ordered}


def _key(name: str) -> str:
    """Give a file's name alone, composed: file systems differ in how they write accents."""
    return unicodedata.normalize("NFC", PurePosixPath(name).name)
