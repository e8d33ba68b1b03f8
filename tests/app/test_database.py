"""The database is brought to its newest form, keeps whole transactions, and outlives kills."""

import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from classify.app.database import Database, _config, _engine
from classify.app.tables import Base, Library, Prediction, Probability
from classify.errors import InputError


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "page.sqlite")
    yield made
    made.close()


def test_the_migrations_make_the_tables_that_the_program_has(database):
    with database.reading() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []


def test_a_block_that_fails_leaves_nothing(database):
    with pytest.raises(RuntimeError), database.writing() as session:
        session.add(Library(name="a", kind="folder", path="a"))
        session.flush()
        raise RuntimeError
    with database.reading() as session:
        assert session.query(Library).count() == 0


def test_what_is_no_database_or_of_a_newer_version_is_refused(tmp_path):
    (tmp_path / "a.sqlite").write_bytes(b"no database at all, but long enough" * 99)
    with pytest.raises(InputError, match="cannot be used"):
        Database(tmp_path / "a.sqlite")
    newer = Database(tmp_path / "b.sqlite")
    with newer.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    with pytest.raises(InputError, match="newer version"):
        Database(tmp_path / "b.sqlite")


WRITER = """
import sys
from pathlib import Path
from classify.app.database import Database
from classify.app.tables import Library
database = Database(Path(sys.argv[1]))
for number in range(10**6):
    with database.writing() as session:
        session.add_all(Library(name=f"{number}", kind="folder", path="x") for _ in range(2))
    print("kept", flush=True)
"""


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_a_kill_at_any_moment_leaves_whole_transactions(tmp_path, kills):
    path = tmp_path / "page.sqlite"
    for number in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout and process.stdout.readline() == "kept\n"
        try:
            process.wait(0.01 * (number + 1))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        process.stdout.close()
    database = Database(path)
    with database.reading() as session:
        (check,) = session.connection().exec_driver_sql("PRAGMA integrity_check").one()
        names = [library.name for library in session.query(Library)]
    database.close()
    assert check == "ok" and names
    assert all(names.count(name) % 2 == 0 for name in set(names))


def test_probabilities_are_as_the_predictions_say_written_changed_and_deleted(tmp_path):
    path = tmp_path / "page.sqlite"
    with _engine(path, "BEGIN").connect() as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for table, row in AS_IT_WAS.items():
            places = ", ".join("?" * len(row))
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values())
            )
    database = Database(path)
    assert _probabilities(database) == {("a", 'a "b"'): 0.25, ("a", "c.d"): 0.75}
    with database.writing() as session:
        session.get_one(Prediction, ("a", 1)).p = {"c.d": 1.0}
    assert _probabilities(database) == {("a", "c.d"): 1.0}
    with database.writing() as session:
        session.delete(session.get_one(Prediction, ("a", 1)))
    assert _probabilities(database) == {}
    database.close()


#: A model and its prediction before probabilities had a table of their own.
AS_IT_WAS = {
    "model": dict.fromkeys(("sha256", "name", "title", "corpus", "folder", "card", "created"), "")
    | {"id": 1, "kind": "classifier", "classes": "[]", "knobs": "[]"},
    "prediction": dict.fromkeys(("prediction", "key"), "") | {
        "digest": "a", "model_id": 1, "best": "c.d", "confidence": 0.75, "moods": "c.d",
        "in_distribution": 1, "learned_from": 0, "loudness": 64.0, "windows": "[]",
        "statistics": "[]", "p": r'{"a \"b\"": 0.25, "c.d": 0.75}',
    },
}  # fmt: skip


def _probabilities(database):
    with database.reading() as session:
        return {(row.digest, row.mood): row.p for row in session.query(Probability)}
