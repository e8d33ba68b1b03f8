"""What the page remembers, as tables of one SQLite file.

Times are ISO 8601 in UTC. A song is a place in a library; what is known of its content
(predictions, labels) is kept under the hash of that content, `digest`, so that nothing is judged
twice and labels survive when a file moves.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> str:
    """Give the time, as it is kept."""
    return datetime.now(UTC).isoformat(timespec="seconds")


#: Numbers of rows that were deleted are not given again: a window that is still open, or a job,
#: would mean another row by them.
ONCE = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


class Setting(Base):
    """One thing that was decided, such as which model is used."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Library(Base):
    """A collection of songs: a folder, uploaded files, built-in songs, or generated ones."""

    __tablename__ = "library"
    __table_args__ = ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]  # folder, upload, builtin, generated
    path: Mapped[str]
    created: Mapped[str] = mapped_column(default=now)
    read: Mapped[str | None]  # when reading last came to its end
    warning: Mapped[str] = mapped_column(default="")
    artists: Mapped[bool] = mapped_column(default=False, server_default="0")  # names of folders


class Song(Base):
    """A song of a library."""

    __tablename__ = "song"
    __table_args__ = (
        UniqueConstraint("library_id", "name"),
        Index("song_by_library", "library_id", "present", "excluded", "generated", "title",
              "digest"),
        Index("song_by_digest", "digest", "library_id", "present", "excluded", "generated"),
        ONCE,
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("library.id", ondelete="CASCADE"))
    name: Mapped[str]
    source: Mapped[str]  # the file, or the archive that holds it
    file: Mapped[str]  # the file, where it holds this song alone
    digest: Mapped[str]
    title: Mapped[str]
    artist: Mapped[str]
    seconds: Mapped[float]
    notes: Mapped[int]
    origin: Mapped[str]
    repaired: Mapped[str]
    generated: Mapped[bool] = mapped_column(default=False, server_default="0")  # by a generator
    present: Mapped[bool] = mapped_column(default=True)
    excluded: Mapped[bool] = mapped_column(default=False)
    added: Mapped[str] = mapped_column(default=now)


class SkippedFile(Base):
    """A file of a library that is no song, and why."""

    __tablename__ = "skipped"
    __table_args__ = ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    library_id: Mapped[int] = mapped_column(
        ForeignKey("library.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    reason: Mapped[str]


class Model(Base):
    """A trained classifier or generator, in a folder of its own."""

    __tablename__ = "model"
    __table_args__ = ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # classifier, generator
    sha256: Mapped[str]
    name: Mapped[str]
    title: Mapped[str]
    corpus: Mapped[str]
    folder: Mapped[str] = mapped_column(unique=True)
    classes: Mapped[list[Any]]
    knobs: Mapped[list[Any]]
    card: Mapped[str]
    created: Mapped[str] = mapped_column(default=now)
    listener_id: Mapped[int | None] = mapped_column(ForeignKey("listener.id", ondelete="CASCADE"))


class Prediction(Base):
    """What one model says of one content."""

    __tablename__ = "prediction"
    # All that songs are chosen and sorted by: rows are long, and looking for songs reads none.
    __table_args__ = (
        Index("prediction_by_model", "model_id", "digest", "best", "prediction", "confidence",
              "tempo", "key", "loudness"),
    )  # fmt: skip

    digest: Mapped[str] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(
        ForeignKey("model.id", ondelete="CASCADE"), primary_key=True
    )
    best: Mapped[str]
    prediction: Mapped[str]  # empty: not sure
    confidence: Mapped[float]
    moods: Mapped[str]  # those that hold at 90 %, joined by |
    in_distribution: Mapped[bool]
    learned_from: Mapped[bool]  # whether the model was trained on this very song
    tempo: Mapped[float | None]
    key: Mapped[str]
    loudness: Mapped[float]
    p: Mapped[dict[str, Any]]
    windows: Mapped[list[Any]]  # [seconds, probability of each class ...] for each window
    statistics: Mapped[list[Any]]


class Probability(Base):
    """One probability of a prediction, by which songs are chosen and sorted.

    The database itself writes these rows, whenever a prediction's `p` is written.
    """

    __tablename__ = "probability"
    __table_args__ = (
        ForeignKeyConstraint(
            ["digest", "model_id"], ["prediction.digest", "prediction.model_id"],
            ondelete="CASCADE", onupdate="CASCADE",
        ),
        Index("probability_by_mood", "model_id", "mood", "p"),
        {"sqlite_with_rowid": False},
    )  # fmt: skip

    model_id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    mood: Mapped[str] = mapped_column(primary_key=True)
    p: Mapped[float]


def judged_by(model: Model | None) -> ColumnElement[bool]:
    """Say which prediction is a song's: that of this model, and none where there is no model."""
    return (Prediction.digest == Song.digest) & (Prediction.model_id == (model.id if model else 0))


class Listener(Base):
    """A person whose labels are kept apart from those of others."""

    __tablename__ = "listener"
    __table_args__ = ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created: Mapped[str] = mapped_column(default=now)
    report: Mapped[dict[str, Any] | None]  # whether adapting helped


class Label(Base):
    """What a listener says of a content."""

    __tablename__ = "label"

    listener_id: Mapped[int] = mapped_column(
        ForeignKey("listener.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    given: Mapped[str] = mapped_column(default=now)


class Job(Base):
    """Work that takes a while, and what became of it."""

    __tablename__ = "job"
    __table_args__ = ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="waiting")
    message: Mapped[str] = mapped_column(default="")
    result: Mapped[dict[str, Any] | None]
    created: Mapped[str] = mapped_column(default=now)
    started: Mapped[str | None]
    ended: Mapped[str | None]


class PlaylistRow(Base):
    """A playlist: a wish, and the version of its songs that is shown."""

    __tablename__ = "playlist"
    __table_args__ = ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    library_id: Mapped[int] = mapped_column(ForeignKey("library.id", ondelete="CASCADE"))
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id", ondelete="CASCADE"))
    listener_id: Mapped[int | None] = mapped_column(ForeignKey("listener.id", ondelete="SET NULL"))
    wishes: Mapped[dict[str, Any]]
    shown: Mapped[int] = mapped_column(default=0)  # number of the version that is shown
    edition: Mapped[int] = mapped_column(default=0)  # raised at each change, undo and redo too
    created: Mapped[str] = mapped_column(default=now)


class PlaylistVersion(Base):
    """The songs of a playlist after one change; undo and redo move between versions."""

    __tablename__ = "playlist_version"

    playlist_id: Mapped[int] = mapped_column(
        ForeignKey("playlist.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    change: Mapped[str]
    songs: Mapped[list[Any]]  # {"id": of the song, "locked": bool, "note": text, "stage": mood}
    built: Mapped[bool]  # in the order that was found best
    about: Mapped[dict[str, Any]]  # path of moods, and sentences, as they were when it was built
    made: Mapped[str] = mapped_column(default=now)


class Generated(Base):
    """A new song: what was asked for, and what came of it."""

    __tablename__ = "generated"
    __table_args__ = ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id", ondelete="CASCADE"))
    wishes: Mapped[dict[str, Any]]
    seed: Mapped[int]
    file: Mapped[str] = mapped_column(unique=True)
    facts: Mapped[dict[str, Any]]
    kept: Mapped[bool] = mapped_column(default=False)  # filed in the library of generated songs
    created: Mapped[str] = mapped_column(default=now)


class Comparison(Base):
    """A comparison of models, and its folder."""

    __tablename__ = "comparison"
    __table_args__ = ONCE

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    corpus: Mapped[str]
    folder: Mapped[str] = mapped_column(unique=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    created: Mapped[str] = mapped_column(default=now)
