"""Songs as they come out of a recording: rendered as sound, and transcribed again, once.

A copy is what a transcriber hears of a song that was played under drawn conditions
(`classify.songs.acoustics`). It is kept as a MIDI file in the user's cache, by everything that
decides its notes, so no song is rendered and transcribed twice under the same conditions.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classify.compute.executor import Task, TaskDied, make_executor, n_cores, task_name
from classify.corpora.store import Store
from classify.errors import InputError
from classify.files import atomic_write, cache_folder
from classify.presentation import soundfonts
from classify.songs import audio, transcribers
from classify.songs.acoustics import Conditions, record
from classify.songs.formats import File
from classify.songs.render import RATE
from classify.songs.song import Song, UnusableSong

#: Seconds of a song that are played; what comes later is not in a copy.
MOST_SECONDS = 120.0

#: Part of the names of what is kept; raised when something else decides a copy's notes.
MADE = 1

#: Bytes of memory that recording a song may take: two minutes need about a gigabyte.
MEMORY = 6 * 2**30


def record_songs(
    songs: Sequence[Song],
    conditions: Sequence[Conditions],
    on_song: Callable[[int, int], None] = lambda done, total: None,
    n_workers: int | None = None,
    by: str = transcribers.DEFAULT,
) -> list[Song | None]:
    """Give what is heard of songs in recordings of them.

    Parameters
    ----------
    songs : sequence of Song
        At least one note each.
    conditions : sequence of Conditions, length n_songs
        Under which each is recorded.
    on_song : callable, optional
        Called with (songs done, songs in all).
    n_workers : int, optional
        Processes that record at once; one per core unless given.
    by : str
        What transcribes, as `classify.songs.transcribers.find` takes it.

    Returns
    -------
    list of Song or None, length n_songs
        None where no note is heard, or recording it failed.

    Raises
    ------
    InputError
        If a copy is not there yet, and the audio extra or a soundfont is not either.
    """
    paths = [copy_path(song, one, by) for song, one in zip(songs, conditions, strict=True)]
    tasks = [
        Task(task_name("record", path), _record, (_beginning(song), one, path, by), memory=MEMORY)
        for song, one, path in sorted(
            zip(songs, conditions, paths, strict=True), key=lambda row: row[1].soundfont
        )
        if not path.is_file()
    ]
    if tasks:
        _check(conditions, by)
    _run(tasks, len(songs), on_song, n_workers or n_cores())
    heard = [path for path in paths if path.is_file() and path.stat().st_size]
    store = Store.of_user()
    stored = store.read([File(str(path)) for path in heard])
    copies = {
        path: store.song(parts[0], path, path.stem)
        for path, parts in zip(heard, stored, strict=True)
        if not parts[0].reason
    }
    return [
        replace(copies[path], title=song.title) if path in copies else None
        for song, path in zip(songs, paths, strict=True)
    ]


def _check(conditions: Sequence[Conditions], by: str) -> None:
    """Refuse before the first song what would stop each of them."""
    try:
        audio.libraries(transcribers.find(by))
    except UnusableSong as reason:
        _, _, needed = str(reason).partition("; ")  # what comes before says that a file is one
        raise InputError(f"--recordings: {needed}") from None
    for name in sorted({one.soundfont for one in conditions}):
        soundfonts.find(name)


def _run(
    tasks: Sequence[Task], n_songs: int, on_song: Callable[[int, int], None], n_workers: int
) -> None:
    done = n_songs - len(tasks)
    on_song(done, n_songs)
    if not tasks:
        return
    with make_executor(min(n_workers, len(tasks)), keep_workers=True) as executor:
        for future in executor.as_completed([executor.submit(task) for task in tasks]):
            done += 1
            on_song(done, n_songs)
            try:
                future.result()
            except TaskDied:  # one song less to learn from
                continue


def _beginning(song: Song) -> Song:
    """Cut off what is not played; the notes are in memory, to travel to another process."""
    notes = song.notes[song.notes["onset"] < MOST_SECONDS].copy()
    notes["duration"] = np.minimum(notes["duration"], MOST_SECONDS - notes["onset"])
    return _Travelling.of(notes, song.path)


class _Travelling(Song):
    """A song whose notes can be pickled."""

    def __reduce__(self) -> tuple[Callable[..., Song], tuple[NDArray[np.void], Path]]:
        return Song.of, (self.notes, self.path)


def copy_path(song: Song, conditions: Conditions, by: str = transcribers.DEFAULT) -> Path:
    """Name the file of a copy by all that decides its notes; an empty one says that none is heard.

    Parameters
    ----------
    song : Song
        What is recorded.
    conditions : Conditions
        Under which.
    by : str
        What transcribes.
    """
    digest = hashlib.blake2b(song.notes.tobytes(), digest_size=16)
    rest = (MADE, MOST_SECONDS, transcribers.find(by).name(), asdict(conditions))
    digest.update(repr(rest).encode())
    return cache_folder() / "recorded" / f"{digest.hexdigest()}.mid"


def _record(song: Song, conditions: Conditions, path: Path, by: str) -> None:
    """Play and transcribe a song; an empty file says that nothing is heard."""
    sound = record(song, conditions)
    try:
        midi = audio.of_samples(sound.T, RATE, transcribers.find(by)).midi
    except UnusableSong:
        midi = b""
    with atomic_write(path) as temporary:
        temporary.write_bytes(midi)
