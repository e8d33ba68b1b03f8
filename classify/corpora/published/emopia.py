"""EMOPIA: clips of pop piano, transcribed from recordings, in four quadrants of emotion.

The archive has a folder `midis/` with files such as `Q1_0vLPYiPN7qY_0.mid`: the quadrant, the
eleven characters of the recording's YouTube id, and the number of the clip. `label.csv` beside it
repeats the quadrant (columns ID, 4Q, annotator). The archive itself has no split. The authors keep
theirs in another repository, github.com/SeungHeonDoh/EMOPIA_cls, folder `dataset/split`; where
those lists lie anywhere in the copy they are read. Lists of songs (`train_SL.csv`) are preferred to
lists of clips (`train_clip.csv`, `split/train.csv`); lists that part the clips of one song are
named and not used.
"""

import re
from pathlib import Path

from classify.corpora.labels import Entry, Listing
from classify.corpora.published._copy import (
    Published,
    Reached,
    find_folder,
    list_files,
    midi_files,
    table,
)
from classify.corpora.walk import Skipped, relative_name
from classify.errors import InputError

HUNG, CHOU = "Hung et al. 2021", "Chou et al. 2021, arXiv:2107.05223"

CORPUS = Published(
    name="emopia",
    title="EMOPIA",
    citation="""@inproceedings{hung2021emopia,
  author = {Hung, Hsiao-Tzu and Ching, Joann and Doh, Seungheon and Kim, Nabin and Nam, Juhan
            and Yang, Yi-Hsuan},
  title = {{EMOPIA}: A Multi-Modal Pop Piano Dataset For Emotion Recognition and Emotion-based
           Music Generation},
  booktitle = {Proc. Int. Society for Music Information Retrieval Conf.},
  year = {2021}
}""",
    licence="CC BY-NC-SA 4.0 (the authors' README): not for commercial use, share alike.",
    home="https://annahung31.github.io/EMOPIA/",
    url="https://zenodo.org/record/5257995",
    layout="EMOPIA_2.2.zip or EMOPIA_1.0.zip unpacked (a folder midis/ with files such as "
    "Q1_0vLPYiPN7qY_0.mid, and label.csv beside it)",
    window=100,
    files={"2.2": 1071, "1.0": 1078},
    classes={
        "2.2": {"Q1": 246, "Q2": 263, "Q3": 253, "Q4": 309},
        "1.0": {"Q1": 250, "Q2": 265, "Q3": 253, "Q4": 310},
    },
    note="Each clip was labelled by one person, and 72 of the 387 songs have clips in more than "
    "one quadrant. Splits by clip leak: in MIDI-BERT's, 139 songs are in more than one part, so "
    "its figures are not to be compared with figures by song. Two pairs of clips of different "
    "songs are near-duplicates (TNoaOTrTkTQ and bIx4DwkZxFY; Ie5koh4qvJc, in the authors' "
    "validation part, and jO2zX6Ul8GM, in their training part).",
    reached=(
        Reached("logistic regression on 4 features", 0.581, HUNG, "by song, the authors'", True),
        Reached("LSTM with attention", 0.684, HUNG, "by song, the authors'", True),
        Reached("BiLSTM", 0.541, CHOU, "by clip: clips of a song are on both sides"),
        Reached(
            "MidiBERT-Piano, pretrained", 0.679, CHOU, "by clip: clips of a song are on both sides"
        ),
    ),
)

#: Quadrant, YouTube id, number of the clip.
CLIP = re.compile(r"(Q[1-4])_([\w-]{11})_(\d+)")
PARTS = ("train", "val", "test")

#: The authors' lists, best first: how they lie, and their column of songs or clips.
LISTS = (("{}_SL.csv", "songID"), ("{}_clip.csv", "clip_name"), ("split/{}.csv", "fname"))


def listing(folder: Path) -> Listing:
    """List the clips of a copy: label from the name, group the song, split from the lists."""
    midis = find_folder(CORPUS, folder, "midis")
    if midis is None:
        raise CORPUS.refusal(folder, "has no folder midis/")
    root = midis.absolute().parent
    rows = _labels(root)
    split, skipped = _split(root if midis == folder else folder)
    entries = []
    for path in midi_files(midis):
        name, match = relative_name(path, folder), CLIP.fullmatch(path.stem)
        row = rows.pop(path.stem, None) if rows is not None else {}
        label = match[1] if match else ""
        if match is None:
            skipped.append(Skipped(name, "is not named as a clip, so it has no label"))
        elif row is None:
            skipped.append(Skipped(name, "is not in the authors' label.csv", label))
        elif row and f"Q{row['4Q']}" != label:
            reason = f"is {label} by its name and Q{row['4Q']} in the authors' label.csv"
            skipped.append(Skipped(name, reason, label))
        else:
            extra = {"annotator": row["annotator"]} if row.get("annotator") else {}
            entries.append(Entry(path, name, label, match[2], split.get(match[2], ""), extra))
    for clip, row in (rows or {}).items():
        name = relative_name(midis / f"{clip}.mid", folder)
        skipped.append(Skipped(name, "is in the authors' label.csv, but missing", f"Q{row['4Q']}"))
    return Listing(CORPUS.name, entries, skipped)


def _labels(root: Path) -> dict[str, dict[str, str]] | None:
    """Rows of label.csv by clip; None where the copy has no label.csv."""
    path = root / "label.csv"
    if not path.is_file():
        return None
    return {row["ID"].removesuffix(".mid"): row for row in table(path, ("ID", "4Q"))}


def _split(folder: Path) -> tuple[dict[str, str], list[Skipped]]:
    """Give the part of each song by the best of the authors' lists, and name lists that leak."""
    files = [path for path in list_files(folder) if path.suffix.lower() == ".csv"]
    leaking: list[Skipped] = []
    for pattern, column in LISTS:
        lists = {part: _only(files, pattern.format(part)) for part in PARTS}
        present = {part: path for part, path in lists.items() if path}
        parts = _parts(present, column)
        shared = sorted(song for song, of_song in parts.items() if len(of_song) > 1)
        if parts and not shared:
            return {song: min(of_song) for song, of_song in parts.items()}, leaking
        leaking += [
            Skipped(
                relative_name(path, folder),
                f"lists song {shared[0]} as another part does, and so {len(shared)} songs in all; "
                f"a split by it leaks and is not used",
            )
            for path in present.values()
            if shared
        ]
    return {}, leaking


def _only(files: list[Path], pattern: str) -> Path | None:
    """Find the one file whose path ends so."""
    matches = [path for path in files if path.match(pattern)]
    if len(matches) > 1:
        raise InputError(
            f"{matches[0]} and {matches[1]} are both the authors' list; keep one of them"
        )
    return matches[0] if matches else None


def _parts(lists: dict[str, Path], column: str) -> dict[str, set[str]]:
    """Give the parts under which each song is listed, itself or by its clips."""
    parts: dict[str, set[str]] = {}
    for part, path in lists.items():
        for row in table(path, (column,)):
            clip = CLIP.fullmatch(row[column].removesuffix(".mid"))
            parts.setdefault(clip[2] if clip else row[column], set()).add(part)
    return parts
