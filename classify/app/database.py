"""The page's SQLite file: opened, brought to the newest form, read and written.

It is in WAL mode, so reading never waits for writing, and a process that is killed leaves the last
whole transaction. A transaction that writes takes its turn when it begins: two processes write
here, and one that had only read before could otherwise not go on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from pydantic_core import from_json
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from classify.errors import InputError

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 15000",
    "PRAGMA mmap_size = 268435456",  # reading a page of the file copies nothing
)


class Database:
    """One file, and two ways to it.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.

    Raises
    ------
    InputError
        If it is none, or a newer version of this program wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = _engine(path, "BEGIN")
        self._write = _engine(path, "BEGIN IMMEDIATE")
        try:
            _migrate(self._write)
        except CommandError:
            raise InputError(
                f"{path}: was written by a newer version of classify; update this one"
            ) from None
        except DatabaseError as error:
            raise InputError(
                f"{path}: cannot be used ({error.orig}); move it away, and a new one is made"
            ) from None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database."""
        with Session(self._read, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose changes are kept when the block ends well, or none of them."""
        with Session(self._write, expire_on_commit=False) as session, session.begin():
            yield session

    def analyze(self) -> None:
        """Look at a part of each index, so that SQLite knows which way to songs is short."""
        with self._write.connect() as connection, connection.begin():
            connection.exec_driver_sql("PRAGMA analysis_limit = 400")
            connection.exec_driver_sql("ANALYZE")

    def close(self) -> None:
        """Let go of the file."""
        self._read.dispose()
        self._write.dispose()


def _engine(path: Path, begin: str) -> Engine:
    engine = create_engine(f"sqlite:///{path}", json_deserializer=from_json)

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # pysqlite would begin transactions of its own
        for pragma in PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _migrate(engine: Engine) -> None:
    """Bring the file to the newest form."""
    config = _config()
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest() -> str:
    """Name the newest form of the database."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head
    return head
