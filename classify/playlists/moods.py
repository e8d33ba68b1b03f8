"""Moods: their valence and arousal, the tempo that suits them, and their neighbours.

A mood is one of the labels a model predicts. For a playlist it has, where that is known, a point
in the plane of valence (unpleasant -1 to pleasant 1) and arousal (still -1 to excited 1), a
band of tempo in bpm, and neighbours. Two moods are neighbours if a listener may be led from one to
the other in one step; being neighbours is mutual.

Where neighbours are not named, moods at most 1.1 apart in the plane are neighbours: two quadrants
that share a side are (their centres are 1 apart), two that only share a corner are not (1.41).
Where points are not known either, every mood neighbours every other, and the playlist reports it.

Any of it can be given in a small TOML or JSON file, a table for each label:

    [Calming]
    valence = 0.6
    arousal = -0.7
    tempo = [60, 80]
    neighbours = ["Nostalgia"]
"""

import json
import math
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classify.errors import InputError
from classify.files import read_text

#: Moods at most so far apart in the plane are neighbours, where neighbours are not named.
STEP = 1.1


@dataclass(frozen=True)
class Mood:
    """One mood.

    Parameters
    ----------
    name : str
        The model's label.
    valence, arousal : float or None
        Point in the plane, each from -1 to 1; both or neither.
    tempo : pair of float or None
        Slowest and fastest tempo that suits the mood, bpm. Songs outside are not excluded, they
        come second.
    neighbours : tuple of str
        Moods one step away, besides those that name this one; none: whatever lies near.
    """

    name: str
    valence: float | None = None
    arousal: float | None = None
    tempo: tuple[float, float] | None = None
    neighbours: tuple[str, ...] = ()

    @property
    def point(self) -> tuple[float, float] | None:
        """Valence and arousal, if known."""
        if self.valence is None or self.arousal is None:
            return None
        return self.valence, self.arousal


#: The five moods of Chen and Wang's experiment. All points are our reading, not measured. Calm and
#: happy lie in the quadrants that Russell 1980 gives them (A circumplex model of affect, J. Pers.
#: Soc. Psychol. 39: relaxation at 315 degrees, pleasure at 0, excitement at 45). Nostalgia is near
#: the middle of valence because it mixes joy and sadness (Barrett et al. 2010, Music-evoked
#: nostalgia, Emotion 10); that it is quiet is ours: they found it stronger with arousing songs.
#: Exercise: 125-140 bpm are preferred on a cycle ergometer (Karageorghis et al. 2011, Res. Q. Ex.
#: Sport 82), 123-131 on a treadmill (Karageorghis and Jones 2014, Psychol. Sport Exerc. 15); the
#: band of 120-140 is rounded from these. 60-80 bpm: a convention of calming lists, not a finding.
PAPER = (
    Mood("Calming", 0.6, -0.7, (60, 80)),
    Mood("Sports", 0.4, 0.8, (120, 140)),
    Mood("Mysterious", -0.4, 0.2),
    Mood("Nostalgia", 0.1, -0.4),
    Mood("Happy", 0.8, 0.4),
)
#: Quadrants of the same plane, counted as in EMOPIA and VGMIDI: each at the middle of its square.
QUADRANTS = (
    Mood("Q1", 0.5, 0.5),
    Mood("Q2", -0.5, 0.5),
    Mood("Q3", -0.5, -0.5),
    Mood("Q4", 0.5, -0.5),
)
#: The same by their signs (high or low valence, high or low arousal), as some copies name them.
SIGNS = tuple(
    Mood(name, quadrant.valence, quadrant.arousal)
    for name, quadrant in zip(("HVHA", "LVHA", "LVLA", "HVLA"), QUADRANTS, strict=True)
)
#: Kinds of folk songs, the built-in ones among them; our reading, not measured, so without tempi.
FOLK = (
    Mood("children", 0.7, 0.0),
    Mood("dance", 0.7, 0.7),
    Mood("drinking", 0.6, 0.6),
    Mood("lament", -0.6, -0.4),
    Mood("love", 0.3, -0.2),
    Mood("lullaby", 0.5, -0.7),
    Mood("march", 0.2, 0.6),
    Mood("sacred", 0.2, -0.3),
    Mood("soldiers", 0.1, 0.5),
)
DEFAULTS = (PAPER, QUADRANTS, SIGNS, FOLK)


class Moods:
    """The moods of a library and the graph that joins them.

    Parameters
    ----------
    moods : sequence of Mood
        In any order.

    Attributes
    ----------
    known : bool
        Whether anything says which moods are neighbours; if not, all are.
    """

    def __init__(self, moods: Sequence[Mood]) -> None:
        self.by_name: Mapping[str, Mood] = {mood.name: mood for mood in moods}
        self.known = any(mood.neighbours or mood.point for mood in moods)
        self._near = {name: self._neighbours(mood) for name, mood in self.by_name.items()}

    def __getitem__(self, name: str) -> Mood:
        return self.by_name[name]

    @property
    def names(self) -> list[str]:
        """Labels, sorted."""
        return sorted(self.by_name)

    def neighbours(self, name: str) -> list[str]:
        """Moods one step from a mood, sorted."""
        return sorted(self._near[name])

    def path(self, start: str, target: str, among: Collection[str] | None = None) -> list[str]:
        """Find the shortest path from one mood to another through neighbouring moods.

        Of several shortest paths, the one through the most pleasant moods is taken, and then the
        first by name.

        Parameters
        ----------
        start, target : str
            Labels; both are on the path.
        among : collection of str, optional
            Moods that the path may pass through; all unless given.

        Returns
        -------
        list of str
            Empty where no path leads there.

        Examples
        --------
        >>> Moods(QUADRANTS).path("Q2", "Q4")
        ['Q2', 'Q1', 'Q4']
        """
        paths = [[start]]
        seen = {start}
        while paths and not any(path[-1] == target for path in paths):
            longer = [
                [*path, name]
                for path in paths
                for name in self.neighbours(path[-1])
                if name not in seen and (name == target or among is None or name in among)
            ]
            seen |= {path[-1] for path in longer}
            paths = longer
        complete = [path for path in paths if path[-1] == target]
        return min(complete, key=lambda path: (-self._pleasure(path), path), default=[])

    def _pleasure(self, path: Sequence[str]) -> float:
        return sum(self.by_name[name].valence or 0.0 for name in path)

    def _neighbours(self, mood: Mood) -> set[str]:
        others = [other for other in self.by_name.values() if other.name != mood.name]
        return {other.name for other in others if not self.known or _are_neighbours(mood, other)}


def _are_neighbours(one: Mood, other: Mood) -> bool:
    if one.name in other.neighbours or other.name in one.neighbours:
        return True
    if one.neighbours or other.neighbours or one.point is None or other.point is None:
        return False
    return math.dist(one.point, other.point) <= STEP


def default_moods(labels: Collection[str]) -> Moods:
    """Look up the moods of a set of labels among common sets of labels.

    Parameters
    ----------
    labels : collection of str
        A library's moods. Unless all belong to one of `DEFAULTS`, nothing is known of any.

    Examples
    --------
    >>> default_moods(["Calming", "Sports"])["Calming"].tempo
    (60, 80)
    >>> default_moods(["up", "down"]).known
    False
    """
    for common in DEFAULTS:
        if set(labels) <= {mood.name for mood in common}:
            return Moods([mood for mood in common if mood.name in labels])
    return Moods([Mood(name) for name in sorted(labels)])


def read_moods(path: Path, labels: Collection[str]) -> Moods:
    r"""Read the moods of a set of labels from a TOML or JSON file.

    Parameters
    ----------
    path : Path
        The file; it may define more moods than are needed.
    labels : collection of str
        A library's moods.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a label, or holds a value that is not valid.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "moods.toml")
    ...     _ = file.write_text('[calm]\ntempo = [60, 80]\nneighbours = ["sad"]\n[sad]\n')
    ...     moods = read_moods(file, ["calm", "sad"])
    >>> moods.neighbours("sad")
    ['calm']
    """
    tables = _tables(path)
    moods = [_mood(path, name, table) for name, table in tables.items()]
    for mood in moods:
        undefined = sorted(set(mood.neighbours) - set(tables))
        if undefined:
            raise InputError(
                f"{path}: {mood.name} has the neighbour {undefined[0]!r}, which has no table; "
                f"the file defines {', '.join(sorted(tables))}"
            )
    missing = sorted(set(labels) - set(tables))
    if missing:
        raise InputError(
            f"{path}: has no table for the mood {missing[0]!r}; "
            f"the library's moods are {', '.join(sorted(labels))}"
        )
    return Moods([mood for mood in moods if mood.name in labels])


def _tables(path: Path) -> dict[str, Any]:
    try:
        text = read_text(path, "utf-8-sig")
        tables = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is neither TOML nor JSON as its name says ({error})") from None
    if not isinstance(tables, dict) or not tables:
        raise InputError(f"{path}: has no moods; a table for each mood is expected")
    return tables


def _mood(path: Path, name: str, table: Any) -> Mood:
    if not isinstance(table, dict):
        raise InputError(f"{path}: {name} is {table!r}; a table is expected, such as valence = 0.5")
    unknown = sorted(set(table) - {"valence", "arousal", "tempo", "neighbours"})
    if unknown:
        raise InputError(
            f"{path}: {name} has {unknown[0]!r}; accepted are valence, arousal, tempo "
            f"and neighbours"
        )
    valence, arousal = (
        _coordinate(path, name, key, table.get(key)) for key in ("valence", "arousal")
    )
    if (valence is None) != (arousal is None):
        raise InputError(f"{path}: {name} needs both valence and arousal, or neither")
    return Mood(
        name,
        valence,
        arousal,
        _band(path, name, table.get("tempo")),
        _names(path, name, table.get("neighbours", [])),
    )


def _coordinate(path: Path, name: str, key: str, value: Any) -> float | None:
    if value is None:
        return None
    if not _number(value) or not -1 <= value <= 1:
        raise InputError(f"{path}: {name} has {key} {value!r}; a number from -1 to 1 is expected")
    return float(value)


def _band(path: Path, name: str, value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    if not (
        isinstance(value, list)
        and len(value) == 2
        and all(_number(bpm) for bpm in value)
        and 0 < value[0] <= value[1] < math.inf
    ):
        raise InputError(
            f"{path}: {name} has tempo {value!r}; slowest and fastest bpm are expected, as [60, 80]"
        )
    return float(value[0]), float(value[1])


def _names(path: Path, name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(other, str) for other in value):
        raise InputError(f"{path}: {name} has neighbours {value!r}; a list of moods is expected")
    return tuple(other for other in value if other != name)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
