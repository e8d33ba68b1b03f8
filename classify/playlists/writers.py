"""Playlists as files: M3U8, XSPF, JSPF and CSV.

- M3U8: extended M3U in UTF-8 (`#EXTM3U`, `#PLAYLIST`, `#EXTINF`), plain paths, the rest in
  comments. A path that a line cannot hold (line breaks, blanks at an end) is written as a file URI.
- XSPF: version 1 (https://www.xspf.org/spec), locations as URIs, `meta` for mood, probability,
  confidence, tempo, loudness and reason, under names that begin with `urn:x-classify:`.
- JSPF: the same as JSON (https://www.xspf.org/jspf).
- CSV: a row for each song, with all that is known of it. A text that a spreadsheet would take for a
  formula begins with an apostrophe.

Every file states its model, its time, its certainty, and that it is no medical device.
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
from classify.playlists.media_paths import MediaPaths, absolute_uri
from classify.playlists.playlist import (
    Playlist,
    PlaylistEntry,
    Provenance,
    describe,
    describe_certainty,
    notice,
)

NAMESPACE = "http://xspf.org/ns/0/"
META = "urn:x-classify:"
#: What neither XML nor a line can hold: controls, line ends, lone surrogates, non-characters.
UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
FORMULA = ("=", "+", "-", "@")


def write(
    playlist: Playlist, path: Path, provenance: Provenance, paths: MediaPaths | None = None
) -> None:
    """Write a playlist in the format that the path's ending names.

    Parameters
    ----------
    playlist : Playlist
        What to write.
    path : Path
        Ends in one of `FORMATS`. The file is written whole or not at all.
    provenance : Provenance
        Which model it was made with, and when.
    paths : MediaPaths, optional
        How songs' files are named; relative to the playlist's folder unless given.

    Raises
    ------
    InputError
        If the format is not known.

    Examples
    --------
    >>> import tempfile
    >>> from classify.playlists.build import build
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.request import Request
    >>> (playlist,) = build(example_library(), Request("Calming", minutes=3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "calm.m3u8")
    ...     write(playlist, file, Provenance("folk", "2026-01-31T12:00:00+00:00"))
    ...     file.read_text().splitlines()[2]
    '#PLAYLIST:Calming'
    """
    writer = FORMATS.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"{path}: {path.suffix or 'no ending'} is not a known format; "
            f"known are {', '.join(FORMATS)}"
        )
    writer(playlist, path, provenance, paths or MediaPaths())


def write_all(
    playlists: Sequence[Playlist],
    base: Path,
    formats: Sequence[str],
    provenance: Provenance,
    paths: MediaPaths | None = None,
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

    Examples
    --------
    >>> import tempfile
    >>> from classify.playlists.build import build
    >>> from classify.playlists.library import example_library
    >>> from classify.playlists.request import Request
    >>> playlists = build(example_library(), Request("Calming", minutes=3, n_lists=2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = Provenance("folk", "2026-01-31T12:00:00+00:00")
    ...     written = write_all(playlists, Path(folder, "week"), [".csv"], made)
    >>> [path.name for path in written]
    ['week-1.csv', 'week-2.csv']
    """
    written = []
    for number, playlist in enumerate(playlists, 1):
        stem = f"{base.name}-{number}" if len(playlists) > 1 else base.name
        for ending in formats:
            written.append(base.with_name(f"{stem}.{ending.lstrip('.')}"))
            write(playlist, written[-1], provenance, paths)
    return written


def _m3u8(playlist: Playlist, path: Path, provenance: Provenance, paths: MediaPaths) -> None:
    lines = ["#EXTM3U", "#EXTENC:UTF-8", f"#PLAYLIST:{clean(playlist.name)}"]
    lines += [f"# {clean(line)}" for line in [*notice(provenance), *describe(playlist)]]
    for entry in playlist.entries:
        title = " - ".join(filter(None, [clean(entry.artist), _title(entry)]))
        lines += [
            f"#EXTINF:{round(entry.seconds)},{title}",
            f"# {_summary(entry)}",
            _line(entry.song, path, paths),
        ]
    write_text(path, "\n".join(lines) + "\n")


def _line(song: str, path: Path, paths: MediaPaths) -> str:
    """Name a song's file on a line of its own.

    VLC removes what follows # or ? in a path, so files with these in their names are named by URI.
    """
    file, _ = paths.file(song)
    line = paths.path(file, path)
    if UNWRITABLE.search(line) or line != line.strip() or "://" in line or set(line) & set("#?"):
        return absolute_uri(file)
    return line


def _xspf(playlist: Playlist, path: Path, provenance: Provenance, paths: MediaPaths) -> None:
    root = ET.Element("playlist", {"version": "1", "xmlns": NAMESPACE})
    _elements(root, _head(playlist, provenance))
    tracks = ET.SubElement(root, "trackList")
    for entry in playlist.entries:
        _elements(ET.SubElement(tracks, "track"), _track(entry, path, paths))
    ET.indent(root)
    with atomic_write(path) as beside:
        ET.ElementTree(root).write(beside, encoding="utf-8", xml_declaration=True)


def _elements(parent: ET.Element, values: dict[str, Any]) -> None:
    """Add values as elements: a list as several, a dict as one with the attribute `rel`."""
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                ((rel, text),) = item.items()
                ET.SubElement(parent, name, {"rel": rel}).text = text
            else:
                ET.SubElement(parent, name).text = str(item)


def _jspf(playlist: Playlist, path: Path, provenance: Provenance, paths: MediaPaths) -> None:
    tracks = [_track(entry, path, paths) for entry in playlist.entries]
    value = {"playlist": {**_head(playlist, provenance), "track": tracks}}
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _head(playlist: Playlist, provenance: Provenance) -> dict[str, Any]:
    """Everything in XSPF and JSPF that is not about single songs."""
    return {
        "title": clean(playlist.name),
        "creator": clean(f"classify, model {provenance.model}"),
        "annotation": clean(" ".join([*notice(provenance), *describe(playlist)])),
        "date": _date(provenance.when),
        "meta": [
            {META + "model": clean(provenance.model)},
            {META + "moods": clean(" to ".join(playlist.path))},
            {META + "certainty": f"{playlist.certainty:.4f}"},
            {META + "seed": str(playlist.request.seed)},
        ],
    }


def _track(entry: PlaylistEntry, path: Path, paths: MediaPaths) -> dict[str, Any]:
    """Everything in XSPF and JSPF about a song."""
    file, _ = paths.file(entry.song)
    meta = {
        "mood": clean(entry.mood),
        "probability": f"{entry.probability:.4f}",
        "confidence": f"{entry.confidence:.4f}",
        "tempo": "" if entry.tempo is None else f"{entry.tempo:.1f}",
        "loudness": f"{entry.loudness:.1f}",
        "reason": clean(entry.reason),
    }
    track: dict[str, Any] = {"location": [paths.uri(file, path)], "title": _title(entry)}
    if clean(entry.artist):
        track["creator"] = clean(entry.artist)
    track["annotation"] = _summary(entry)
    track["duration"] = round(1000 * entry.seconds)
    track["meta"] = [{META + name: text} for name, text in meta.items() if text]
    return track


def _csv(playlist: Playlist, path: Path, provenance: Provenance, paths: MediaPaths) -> None:
    head = ["position", "start", "seconds", "song", "location", "title", "artist", "mood"]
    head += ["probability", "confidence", "tempo", "loudness", "pinned", "reason"]
    head += [f"p:{mood}" for mood in playlist.moods] + ["list", "model", "made", "notice"]
    sentences = " ".join([*notice(provenance)[1:], describe_certainty(playlist)])
    with atomic_write(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(head)
        for position, entry in enumerate(playlist.entries, 1):
            tempo = "" if entry.tempo is None else f"{entry.tempo:.2f}"
            numbers = [f"{entry.probability:.4f}", f"{entry.confidence:.4f}", tempo]
            rows.writerow(
                [position, f"{entry.start:.2f}", f"{entry.seconds:.2f}"]
                + [_cell(entry.song), _cell(_line(entry.song, path, paths))]
                + [_cell(entry.title), _cell(entry.artist), _cell(entry.mood)]
                + [*numbers, f"{entry.loudness:.2f}", entry.pinned, _cell(entry.reason)]
                + [f"{p:.4f}" for p in entry.p]
                + [_cell(playlist.name), _cell(provenance.model), provenance.when, sentences]
            )


def clean(text: str) -> str:
    r"""Make a text fit for one line and for XML.

    Examples
    --------
    >>> clean(" two\nlines ")
    'two lines'
    """
    return UNWRITABLE.sub(" ", text).strip()


def _cell(text: str) -> str:
    text = clean(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def _title(entry: PlaylistEntry) -> str:
    return clean(entry.title) or clean(PurePath(entry.song).stem) or "untitled"


def _summary(entry: PlaylistEntry) -> str:
    tempo = "tempo unknown" if entry.tempo is None else f"{entry.tempo:.0f} bpm"
    return clean(
        f"{entry.reason}; probability of {entry.mood} {entry.probability:.2f}, {tempo}, "
        f"loudness {entry.loudness:.0f} of 127"
    )


def _date(when: str) -> str:
    """Format a time as XML does."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        raise InputError(
            f"{when!r} is not a time; one such as 2026-01-31T12:00:00+00:00 is expected"
        ) from None
    return moment.isoformat(timespec="seconds")


#: Endings of files, and what writes them.
FORMATS: dict[str, Callable[[Playlist, Path, Provenance, MediaPaths], None]] = {
    ".m3u8": _m3u8,
    ".m3u": _m3u8,
    ".xspf": _xspf,
    ".jspf": _jspf,
    ".csv": _csv,
}
