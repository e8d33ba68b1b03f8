"""The Nottingham Music Database in Jukedeck's cleaned edition: folk tunes by type.

A checkout of the repository has `MIDI/<collection><number>.mid` with melody and chords, the same
tunes in `MIDI/melody` and `MIDI/chords` by halves, and the sources as `ABC_cleaned/jigs.abc` etc.,
where `X:` gives the number and `T:` the title. The collection says what the tune is danced to: jigs
is jig, reelsa-c to reelsu-z are reel. Three collections are no type: two books and carols. A tune
with one title in two places (in two of the reels' parts, or as hornpipe and as reel) is one group,
and so are tunes of different titles that are known to be the same.
"""

import re
from pathlib import Path

from classify.corpora.groups import group_by_shared_keys
from classify.corpora.labels import Entry, Listing
from classify.corpora.published._copy import Published, find_folder, midi_files
from classify.corpora.walk import Skipped, relative_name

CORPUS = Published(
    name="nottingham",
    title="Nottingham Music Database",
    citation="""@misc{nottingham,
  author = {Foxley, Eric},
  title = {Nottingham Music Database},
  note = {Cleaned by Jukedeck},
  howpublished = {\\url{https://github.com/jukedeck/nottingham-dataset}}
}""",
    licence="GNU General Public License 3 (the repository's README).",
    home="https://github.com/jukedeck/nottingham-dataset",
    url="https://github.com/jukedeck/nottingham-dataset",
    layout="a checkout of the repository (MIDI/jigs1.mid ..., ABC_cleaned/jigs.abc ...)",
    window=64,
    files={"as cleaned by Jukedeck": 960},
    classes={
        "as cleaned by Jukedeck": {
            "hornpipe": 65, "jig": 340, "morris": 31, "reel": 461, "slip jig": 11, "waltz": 52,
        }
    },
    note="Written scores played by a script: no expression, one loudness a file. Metre gives jigs, "
    "waltzes and slip jigs away; hornpipe against reel is the hard pair. Five files are byte for "
    "byte the same as another.",
)  # fmt: skip

COLLECTION = re.compile(r"(.*?)(\d+)")
TYPES = {
    "hpps": "hornpipe",
    "jigs": "jig",
    "morris": "morris",
    "slip": "slip jig",
    "waltzes": "waltz",
    **{f"reels{letters}": "reel" for letters in ("a-c", "d-g", "h-l", "m-q", "r-t", "u-z")},
}
OTHERS = {"ashover": "a book", "playford": "a book", "xmas": "carols"}
HALVES = {"melody": "the melody", "chords": "the chords"}

#: Tunes of different titles that are one, by overlap of their 8-grams of melodic intervals.
SAME = (
    ("hpps57", "reelsr-t22"), ("reelsr-t70", "reelsr-t71"), ("reelsu-z8", "reelsu-z9"),
    ("jigs13", "jigs330"), ("reelsa-c43", "reelsr-t14"), ("hpps15", "reelsd-g65"),
    ("hpps27", "reelsh-l52"), ("jigs237", "jigs289"), ("jigs253", "jigs257"),
    ("reelsd-g47", "reelsd-g48"), ("jigs114", "jigs116"), ("jigs34", "jigs37"),
    ("jigs262", "jigs55"), ("reelsh-l36", "reelsr-t85"), ("jigs255", "jigs267"),
    ("reelsm-q23", "reelsr-t27"), ("jigs134", "jigs135"), ("reelsm-q10", "reelsm-q11"),
)  # fmt: skip


def listing(folder: Path) -> Listing:
    """List the tunes of a copy: label the type, group the title."""
    root = find_folder(CORPUS, folder, "MIDI")
    if root is None:
        raise CORPUS.refusal(folder, "has no folder MIDI/")
    tunes, skipped = [], []
    for path in midi_files(root):
        name, reason = relative_name(path, folder), _reason(path, root)
        if reason:
            skipped.append(Skipped(name, reason))
        else:
            tunes.append(path)
    titles = _titles(root.absolute().parent)
    for stem in sorted(titles.keys() - {p.stem for p in midi_files(root) if p.parent == root}):
        name = relative_name(root / f"{stem}.mid", folder)
        skipped.append(Skipped(name, "is in the authors' ABC files, but missing"))
    keys = [[_plain(titles.get(p.stem, "")) or p.stem, *_same(p.stem)] for p in tunes]
    entries = [
        Entry(path, relative_name(path, folder), _type(path), group, extra=_extra(titles, path))
        for path, group in zip(tunes, group_by_shared_keys(keys), strict=True)
    ]
    return Listing(CORPUS.name, entries, skipped)


def _reason(path: Path, root: Path) -> str:
    """Why a MIDI file is no tune of a type; empty if it is one."""
    half = HALVES.get(path.parent.name) if path.parent.parent == root else None
    match = COLLECTION.fullmatch(path.stem)
    if half:
        return f"is {half} alone of a tune that MIDI/ has whole"
    if path.parent != root or match is None:
        return "is not named by a collection and a number"
    if match[1] in OTHERS:
        return f"is of the collection {match[1]} ({OTHERS[match[1]]}), which is no type of tune"
    return "" if match[1] in TYPES else f"is of no known collection ({match[1]!r})"


def _type(path: Path) -> str:
    return TYPES[path.stem.rstrip("0123456789")]


def _extra(titles: dict[str, str], path: Path) -> dict[str, str]:
    return {"title": titles[path.stem]} if path.stem in titles else {}


def _titles(root: Path) -> dict[str, str]:
    """Title of each tune of the ABC files, by the name that its MIDI file has."""
    titles: dict[str, str] = {}
    for sources in (root / "ABC_cleaned", root / "ABC"):
        for path in sorted(sources.glob("*.abc")):
            text = path.read_text(encoding="utf-8", errors="replace")
            for number, rest in re.findall(r"(?ms)^X:\s*(\d+)(.*?)(?=^X:|\Z)", text):
                title = re.search(r"(?m)^T:(.*)$", rest)
                titles.setdefault(f"{path.stem}{number}", title[1].strip() if title else "")
    return titles


def _plain(title: str) -> str:
    """Make a title a key: small letters, no article; empty where the editor had none."""
    words = re.sub(r"[\W_]+", " ", title.casefold()).strip().removeprefix("the ")
    return "" if words.startswith("missing title") else words


def _same(stem: str) -> list[str]:
    return ["=".join(pair) for pair in SAME if stem in pair]
