"""Playlists as files: M3U8, XSPF, JSPF and CSV.

- M3U8: extended M3U in UTF-8 (`#EXTM3U`, `#PLAYLIST`, `#EXTINF`), paths as they are, the rest in
  comments. A path that a line cannot hold (line breaks, blanks at an end) is written as a file URI.
- XSPF: version 1 (https://www.xspf.org/spec), locations as URIs, `meta` for mood, probability,
  confidence, tempo, loudness and reason, under names that begin with `urn:x-classify:`.
- JSPF: the same as JSON (https://www.xspf.org/jspf).
- CSV: a row for each song, with all that is known of it. A text that a spreadsheet would take for a
  formula begins with an apostrophe.

Every file says which model made it, when, how sure it is, and that it is no medical device.
"""

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from classify.errors import InputError
from classify.files import atomic_write, write_text
from classify.playlists.media_paths import Places, absolute_uri
from classify.playlists.playlist import Entry, Made, Playlist, certainty, describe, notice

NAMESPACE = "http://xspf.org/ns/0/"
META = "urn:x-classify:"
#: What neither XML nor a line can hold: controls, line ends, lone surrogates, non-characters.
ODD = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
FORMULA = ("=", "+", "-", "@")


def write(playlist: Playlist, path: Path, made: Made, places: Places | None = None) -> None:
    """Write a playlist in the format that the path's ending names.

    Parameters
    ----------
    playlist : Playlist
        What to write.
    path : Path
        Ends in one of `FORMATS`. The file is whole or not there.
    made : Made
        By which model and when.
    places : Places, optional
        How songs are named; relative to the playlist's folder unless given.

    Raises
    ------
    InputError
        If the format is not known.
    """
    writer = FORMATS.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"{path}: {path.suffix or 'no ending'} is no known format; {', '.join(FORMATS)} are"
        )
    writer(playlist, path, made, places or Places())


def write_all(
    playlists: Sequence[Playlist],
    base: Path,
    formats: Sequence[str],
    made: Made,
    places: Places | None = None,
) -> list[Path]:
    """Write playlists in several formats; several lists are numbered.

    Parameters
    ----------
    playlists : sequence of Playlist
        What to write.
    base : Path
        The files' path without ending.
    formats : sequence of str
        Endings, such as ".m3u8".

    Returns
    -------
    list of Path
        What was written.
    """
    paths = []
    for number, playlist in enumerate(playlists, 1):
        stem = f"{base.name}-{number}" if len(playlists) > 1 else base.name
        for ending in formats:
            paths.append(base.with_name(f"{stem}.{ending.lstrip('.')}"))
            write(playlist, paths[-1], made, places)
    return paths


def _m3u8(playlist: Playlist, path: Path, made: Made, places: Places) -> None:
    lines = ["#EXTM3U", "#EXTENC:UTF-8", f"#PLAYLIST:{clean(playlist.name)}"]
    lines += [f"# {clean(said)}" for said in [*notice(playlist, made), *describe(playlist)]]
    for entry in playlist.entries:
        title = " - ".join(filter(None, [clean(entry.artist), _title(entry)]))
        lines += [
            f"#EXTINF:{round(entry.seconds)},{title}",
            f"# {_facts(entry)}",
            _line(entry.song, path, places),
        ]
    write_text(path, "\n".join(lines) + "\n")


def _line(song: str, path: Path, places: Places) -> str:
    """Name a song's file on a line of its own.

    VLC takes what follows # or ? off a path, so files with these in their names are named by URI.
    """
    file, _ = places.file(song)
    line = places.path(file, path)
    if ODD.search(line) or line != line.strip() or "://" in line or set(line) & set("#?"):
        return absolute_uri(file)
    return line


def _xspf(playlist: Playlist, path: Path, made: Made, places: Places) -> None:
    root = ET.Element("playlist", {"version": "1", "xmlns": NAMESPACE})
    _elements(root, _head(playlist, made))
    tracks = ET.SubElement(root, "trackList")
    for entry in playlist.entries:
        _elements(ET.SubElement(tracks, "track"), _track(entry, path, places))
    ET.indent(root)
    with atomic_write(path) as beside:
        ET.ElementTree(root).write(beside, encoding="utf-8", xml_declaration=True)


def _elements(parent: ET.Element, values: dict[str, Any]) -> None:
    """Add values as elements: a list as several, a dict as one with the attribute `rel`."""
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                ((rel, text),) = one.items()
                ET.SubElement(parent, name, {"rel": rel}).text = text
            else:
                ET.SubElement(parent, name).text = str(one)


def _jspf(playlist: Playlist, path: Path, made: Made, places: Places) -> None:
    tracks = [_track(entry, path, places) for entry in playlist.entries]
    value = {"playlist": {**_head(playlist, made), "track": tracks}}
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _head(playlist: Playlist, made: Made) -> dict[str, Any]:
    """All that XSPF and JSPF say of a playlist but its songs."""
    return {
        "title": clean(playlist.name),
        "creator": clean(f"classify, model {made.model}"),
        "annotation": clean(" ".join([*notice(playlist, made), *describe(playlist)])),
        "date": _date(made.when),
        "meta": [
            {META + "model": clean(made.model)},
            {META + "moods": clean(" to ".join(playlist.path))},
            {META + "certainty": f"{playlist.certainty:.4f}"},
            {META + "seed": str(playlist.request.seed)},
        ],
    }


def _track(entry: Entry, path: Path, places: Places) -> dict[str, Any]:
    """All that XSPF and JSPF say of a song."""
    file, _ = places.file(entry.song)
    meta = {
        "mood": clean(entry.mood),
        "probability": f"{entry.probability:.4f}",
        "confidence": f"{entry.confidence:.4f}",
        "tempo": "" if entry.tempo is None else f"{entry.tempo:.1f}",
        "loudness": f"{entry.loudness:.1f}",
        "reason": clean(entry.reason),
    }
    track: dict[str, Any] = {"location": [places.uri(file, path)], "title": _title(entry)}
    if clean(entry.artist):
        track["creator"] = clean(entry.artist)
    track["annotation"] = _facts(entry)
    track["duration"] = round(1000 * entry.seconds)
    track["meta"] = [{META + name: text} for name, text in meta.items() if text]
    return track


def _csv(playlist: Playlist, path: Path, made: Made, places: Places) -> None:
    head = ["position", "start", "seconds", "song", "location", "title", "artist", "mood"]
    head += ["probability", "confidence", "tempo", "loudness", "pinned", "reason"]
    head += [f"p:{mood}" for mood in playlist.moods] + ["list", "model", "made", "notice"]
    said = " ".join([*notice(playlist, made)[1:], certainty(playlist)])
    with atomic_write(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(head)
        for position, entry in enumerate(playlist.entries, 1):
            tempo = "" if entry.tempo is None else f"{entry.tempo:.2f}"
            numbers = [f"{entry.probability:.4f}", f"{entry.confidence:.4f}", tempo]
            rows.writerow(
                [position, f"{entry.start:.2f}", f"{entry.seconds:.2f}"]
                + [_cell(entry.song), _cell(_line(entry.song, path, places))]
                + [_cell(entry.title), _cell(entry.artist), _cell(entry.mood)]
                + [*numbers, f"{entry.loudness:.2f}", entry.pinned, _cell(entry.reason)]
                + [f"{p:.4f}" for p in entry.p]
                + [_cell(playlist.name), _cell(made.model), made.when, said]
            )


def clean(text: str) -> str:
    """Make a text fit for one line and for XML."""
    return ODD.sub(" ", text).strip()


def _cell(text: str) -> str:
    text = clean(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def _title(entry: Entry) -> str:
    return clean(entry.title) or clean(PurePath(entry.song).stem) or "untitled"


def _facts(entry: Entry) -> str:
    tempo = "tempo unknown" if entry.tempo is None else f"{entry.tempo:.0f} bpm"
    return clean(
        f"{entry.reason}; probability of {entry.mood} {entry.probability:.2f}, {tempo}, "
        f"loudness {entry.loudness:.0f} of 127"
    )


def _date(when: str) -> str:
    """Give a time as XML has it."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        raise InputError(f"{when!r} is no time; one such as 2026-01-31T12:00:00+00:00 is") from None
    return moment.isoformat(timespec="seconds")


#: Endings of files, and what writes them.
FORMATS: dict[str, Callable[[Playlist, Path, Made, Places], None]] = {
    ".m3u8": _m3u8,
    ".m3u": _m3u8,
    ".xspf": _xspf,
    ".jspf": _jspf,
    ".csv": _csv,
}
