"""Playlists for a program that keeps them and lets people change them, as `classify.api` offers.

`rows` is what such a program kept of predictions: the columns of what `predict` gives.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify.storage import stored

if TYPE_CHECKING:
    from classify.playlists.arrange import Arranged
    from classify.playlists.playlist import Playlist


def build_playlists(rows: Sequence[dict[str, Any]], mood: str, **wishes: Any) -> "list[Playlist]":
    """Make playlists of songs that were predicted, without writing a file.

    Parameters
    ----------
    rows : sequence of dict
        The songs.
    mood, **wishes
        As for `playlists`.

    Examples
    --------
    >>> rows = [{"song": "a.mid", "title": "A", "artist": "", "seconds": 60.0, "tempo": 70.0,
    ...          "loudness": 60.0, "confidence": 0.9, "prediction": "Calming",
    ...          "in_distribution": True, "p:Calming": 0.9, "p:Happy": 0.1}]
    >>> (made,) = build_playlists(rows, "Calming", minutes=1)
    >>> [entry.title for entry in made.entries]
    ['A']
    """
    import pandas as pd

    from classify.playlists.build import build
    from classify.playlists.output import wishes_of

    request, _ = wishes_of(mood, wishes)
    return build(pd.DataFrame(list(rows)), request)


def arrange_playlist(
    rows: Sequence[dict[str, Any]],
    mood: str,
    order: Sequence[str],
    path: Sequence[str],
    locked: Sequence[str] = (),
    stages: Sequence[str] = (),
    **wishes: Any,
) -> "Arranged":
    """Take songs in a given order for a playlist, and say which wishes that does not keep.

    Parameters
    ----------
    rows : sequence of dict
        The songs of the order at least.
    mood, **wishes
        As for `playlists`.
    order, path, locked, stages
        As for `classify.playlists.arrange.arrange`.
    """
    import pandas as pd

    from classify.playlists.arrange import arrange
    from classify.playlists.library import library_from_table
    from classify.playlists.output import wishes_of

    request, _ = wishes_of(mood, wishes)
    library = library_from_table(pd.DataFrame(list(rows)))
    return arrange(library, request, order, path, locked, stages)


@stored(writes=["path"])
def export_playlist(
    playlist: "Playlist", path: str | Path, model: str, sentences: Sequence[str] = ()
) -> Path:
    """Write a playlist as the ending of a path says: m3u8, m3u, xspf, jspf, csv, svg or png.

    Parameters
    ----------
    playlist : Playlist
        What to write.
    path : str or Path
        Where to. Songs are named by whole paths, so that the file can lie anywhere.
    model : str
        What to call the model.
    sentences : sequence of str
        What is said of it besides.
    """
    from dataclasses import replace

    from classify.playlists import plot, writers
    from classify.playlists.media_paths import MediaPaths
    from classify.playlists.playlist import Provenance

    file = Path(path)
    made = Provenance(model, datetime.now(UTC).isoformat(timespec="seconds"))
    if file.suffix.lower() in (".svg", ".png"):
        plot.draw(playlist, file, made)
    else:
        told = replace(playlist, diagnostics=(*playlist.diagnostics, *sentences))
        writers.write(told, file, made, MediaPaths(absolute=True))
    return file


def describe_playlist(playlist: "Playlist") -> list[str]:
    """Describe a playlist in sentences: contents, certainty, what could not be satisfied, and why.

    Parameters
    ----------
    playlist : Playlist
        What is described.
    """
    from classify.playlists.playlist import describe

    return describe(playlist)
