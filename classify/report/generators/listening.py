"""A blind listening test: pairs of a real and a new song in random order, answers in another file.

What can be counted agrees poorly with what listeners say, so that a comparison that matters is made
by people. They hear notes by one plain tone each, new and real songs alike, and cannot know
which is which; what they choose is a file that the page writes for them.
"""

from collections.abc import Iterator
from html import escape

import numpy as np
import pandas as pd

from classify.files import atomic_write, write_text
from classify.generation.comparison import REAL
from classify.generation.judged_songs import SONGS
from classify.generation.measures import HELD_OUT
from classify.presentation import player
from classify.report.generators.data import GeneratorsView
from classify.songs import Song, midi

FOLDER, PAGE, ANSWERS = "listening", "index.html", "answers.csv"

#: Pairs for each generator, and seconds of each song.
PAIRS, SECONDS = 6, 20.0

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
       color: #111827; background: #fff; }
fieldset { margin: 1.5rem 0; border: 1px solid #c3c8d0; border-radius: .4rem; }
button { font: inherit; padding: .2rem 1rem; } label { margin-right: 1rem; white-space: nowrap; }
"""

#: Offers the answers as a file, when all pairs have one or not.
SAVE = """
document.getElementById("save").addEventListener("click", () => {
  const rows = ["pair,more human,better"];
  for (const pair of document.querySelectorAll("fieldset")) {
    const chosen = what => pair.querySelector(`input[name^="${what}"]:checked`)?.value ?? "";
    rows.push([pair.dataset.pair, chosen("human"), chosen("better")].join(","));
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.join("\\n") + "\\n"], {type: "text/csv"}));
  link.download = "choices.csv";
  link.click();
});
"""


def write_listening(view: GeneratorsView) -> None:
    """Write listening/index.html and listening/answers.csv; the same songs each time."""
    pairs = list(_pairs(view))
    folder = view.folder / FOLDER
    folder.mkdir(exist_ok=True)
    sections = "\n".join(_section(number, a, b) for number, (a, b, _) in enumerate(pairs, 1))
    write_text(
        folder / PAGE,
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>Listening test</title>\n'
        f"<style>{STYLE}</style>\n<h1>Listening test</h1>\n<p>Each pair holds two excerpts of the "
        f"same class. Listen to both, then choose; leave out what you cannot say.</p>\n{sections}\n"
        f'<button type="button" id="save">Save my choices</button>\n'
        f'<script type="module">\n{player.script()}{SAVE}</script>\n</html>\n',
    )
    table = pd.DataFrame([answer for *_, answer in pairs])
    with atomic_write(folder / ANSWERS) as temporary:
        table.to_csv(temporary, index=False)


def _pairs(view: GeneratorsView) -> Iterator[tuple[Song, Song, dict[str, str | int]]]:
    """Draw pairs of a held-out real song and a new one of the same class, in random order."""
    random = np.random.default_rng(view.run["settings"]["seed"])
    made = view.songs[(view.songs.failed == "") & (view.songs.knob == "")]
    chosen = []
    for name in view.generators:
        new = made[made.set == name]
        for row in new.iloc[random.permutation(len(new))[:PAIRS]].itertuples():
            real = made[(made.set == HELD_OUT) & (made.mood == row.mood)]
            if len(real):
                other = real.iloc[int(random.integers(len(real)))]
                chosen.append((name, row, other))
    for number, place in enumerate(random.permutation(len(chosen)), 1):
        name, row, other = chosen[place]
        files = [view.folder / SONGS / name / row.file, view.folder / SONGS / REAL / other.file]
        songs = [midi.read(file) for file in files]
        first = int(random.integers(2))  # 1: the real song is A
        answer = {"pair": number, "real": "AB"[1 - first], "generator": name, "class": row.mood,
                  "new song": f"{name}/{row.file}"}  # fmt: skip
        yield songs[first], songs[1 - first], answer


def _section(number: int, *songs: Song) -> str:
    """Write one pair: two buttons, two questions."""
    buttons = " ".join(
        f"{letter} {player.button(_excerpt(song), f'Play {letter} of pair {number}')}"
        for letter, song in zip("AB", songs, strict=True)
    )
    questions = "".join(
        f"<p>{escape(question)} "
        + "".join(
            f'<label><input type="radio" name="{key}{number}" value="{letter}"> {letter}</label>'
            for letter in "AB"
        )
        + "</p>"
        for key, question in (
            ("human", "Which was composed by a person?"), ("better", "Which do you like better?"),
        )
    )  # fmt: skip
    return (
        f'<fieldset data-pair="{number}">\n<legend>Pair {number}</legend>\n<p>{buttons}</p>\n'
        f"{questions}\n</fieldset>"
    )


def _excerpt(song: Song) -> Iterator[tuple[float, float, int, int]]:
    """Give the first seconds of a song."""
    notes = song.notes[~song.notes["drum"]]
    begin = float(notes["onset"][0])
    for note in notes[notes["onset"] < begin + SECONDS]:
        yield (
            float(note["onset"]) - begin, float(note["duration"]), int(note["pitch"]),
            int(note["velocity"]),
        )  # fmt: skip
