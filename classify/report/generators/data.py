"""A finished comparison of generators, read from its files."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from classify.errors import InputError
from classify.evaluation.intervals import Estimate
from classify.files import read_json
from classify.generation.comparison import MEASURES, RUN, TABLE
from classify.generation.judged_songs import read_rows
from classify.generation.measures import HELD_OUT, LEARNED


@dataclass(frozen=True, eq=False)
class GeneratorsView:
    """What a comparison of generators left.

    Parameters
    ----------
    folder : Path
        Where it is.
    run : dict
        run.json.
    songs : DataFrame
        songs.csv: a row a song, real or new.
    measures : DataFrame
        measures.csv: a row a measure of a set of songs.
    """

    folder: Path
    run: dict[str, Any]
    songs: pd.DataFrame
    measures: pd.DataFrame

    @property
    def classes(self) -> list[str]:
        """The moods."""
        names: list[str] = self.run["corpus"]["classes"]
        return names

    @property
    def generators(self) -> list[str]:
        """Names of the generators that composed, the best control first."""
        made = [name for name in self.run["titles"] if name not in self.run["failed"]]
        return sorted(made, key=lambda name: -self._control(name))

    @property
    def sets(self) -> list[str]:
        """All sets of songs, real ones first."""
        return [HELD_OUT, *self.generators]

    def title(self, name: str) -> str:
        """Name a set for people."""
        real = {HELD_OUT: "Real songs, held out", LEARNED: "Real songs, learned from"}
        return real.get(name) or str(self.run["titles"][name])

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str], tuple[Estimate, int]]:
        return {
            (row.set, row.measure, row.of): (Estimate(row.value, row.low, row.high), row.n)
            for row in self.measures.itertuples()
        }

    def get(self, name: str, measure: str, of: str = "") -> Estimate | None:
        """Give a measure of a set; None where it was not taken."""
        known = self._by_key.get((name, measure, of))
        return known[0] if known else None

    def count(self, name: str, measure: str, of: str = "") -> int:
        """Say of how many songs a measure is."""
        known = self._by_key.get((name, measure, of))
        return known[1] if known else 0

    def _control(self, name: str) -> float:
        known = self.get(name, "control")
        return known.value if known else 0.0

    def follows(self, name: str) -> bool:
        """Say whether a generator was told moods at all."""
        return self.run["follows_moods"].get(name, False) is True


def read(folder: Path) -> GeneratorsView:
    """Read a finished comparison.

    Raises
    ------
    InputError
        If there is none.
    """
    if not (folder / RUN).is_file() or read_json(folder / RUN).get("kind") != "generators":
        raise InputError(f"{folder}: holds no comparison of generators")
    run = read_json(folder / RUN)
    if "finished" not in run:
        raise InputError(f"{folder}: this comparison has not finished; the same command goes on")
    songs = read_rows(folder / TABLE)
    measures = pd.read_csv(folder / MEASURES, dtype={"of": str}).fillna({"of": ""})
    return GeneratorsView(folder, run, songs, measures)
