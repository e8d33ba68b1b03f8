"""Pianist8: 411 pieces by eight pianists, transcribed from recordings.

The archive has a folder `midi/` with a folder a pianist and files such as
`midi/Yiruma/Yiruma_River_Flows_in_You.mid`. Where the folders were taken away, the pianist is read
from the beginning of the file's name. A copy that MIDI-BERT's script has sorted into `train/`,
`valid/` and `test/` carries that split; it is by piece.
"""

import re
from pathlib import Path

from classify.corpora.labels import PARTS, Entry, Listing
from classify.corpora.published._copy import Published, Reached, midi_files
from classify.corpora.walk import Skipped, relative_name

CHOU = "Chou et al. 2021, arXiv:2107.05223"
GUO = "Guo and Dixon 2025, arXiv:2505.15559"

CORPUS = Published(
    name="pianist8",
    title="Pianist8",
    citation="""@article{chou2021midibert,
  author = {Chou, Yi-Hui and Chen, I-Chun and Chang, Chin-Jui and Ching, Joann
            and Yang, Yi-Hsuan},
  title = {{MidiBERT-Piano}: Large-scale Pre-training for Symbolic Music Understanding},
  journal = {arXiv:2107.05223},
  year = {2021}
}""",
    licence="See the record on Zenodo; the pieces are in copyright.",
    home="https://zenodo.org/record/5089279",
    url="https://zenodo.org/record/5089279",
    layout="the archive unpacked (a folder a pianist, such as midi/Yiruma/, with .mid files)",
    window=400,
    files={"as published": 411},
    note="Transcribed from recordings, so a model may learn how a recording was made as well as "
    "who plays. MIDI-BERT's split is by piece.",
    reached=(
        Reached("BiLSTM", 0.603, CHOU, "by piece, MIDI-BERT's", given=True),
        Reached("MidiBERT-Piano, pretrained", 0.786, CHOU, "by piece, MIDI-BERT's", given=True),
        Reached("Moonbeam, 839 million parameters", 0.946, GUO, "by piece, not said which"),
    ),
)

PIANISTS = (
    "Bethel", "Clayderman", "Einaudi", "Hancock", "Hillsong", "Hisaishi", "Ryuichi", "Yiruma",
)  # fmt: skip


def listing(folder: Path) -> Listing:
    """List the pieces of a copy: label the pianist, group the piece."""
    entries, skipped = [], []
    for path in midi_files(folder):
        name = relative_name(path, folder)
        parents = Path(name).parts[:-1]
        pianists = [_pianist(part) for part in [path.stem.split("_")[0], *parents]]
        pianist = next((known for known in reversed(pianists) if known), "")
        if not pianist:
            reason = "lies in no pianist's folder and begins with no pianist's name"
            skipped.append(Skipped(name, reason))
            continue
        part = next((PARTS[p] for p in parents if p in PARTS), "")
        entries.append(Entry(path, name, pianist, f"{pianist}/{path.stem}", part))
    if not entries:
        raise CORPUS.refusal(folder, f"has no folder of {PIANISTS[0]}, {PIANISTS[1]} or the others")
    return Listing(CORPUS.name, entries, skipped)


def _pianist(text: str) -> str:
    """Name the pianist whom a folder's name, or the beginning of a file's name, has as a word."""
    words = {word.casefold() for word in re.split(r"[\W_]+", text)}
    return next((name for name in PIANISTS if name.casefold() in words), "")
