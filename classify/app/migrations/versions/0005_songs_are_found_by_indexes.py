"""Songs are chosen and sorted by indexes, and by probabilities in a table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

#: The probabilities of the prediction that is written; those that it had before are gone.
WRITE = """
CREATE TRIGGER prediction_{name} AFTER {event} ON prediction BEGIN
    DELETE FROM probability WHERE digest = new.digest AND model_id = new.model_id;
    INSERT INTO probability (model_id, digest, mood, p)
        SELECT new.model_id, new.digest, one.key, one.value FROM json_each(new.p) AS one;
END
"""


def upgrade() -> None:
    """Index what the table of a library shows, and keep each probability by itself."""
    op.drop_index("song_by_library", "song")
    shown = ["library_id", "present", "excluded", "generated", "title", "digest"]
    op.create_index("song_by_library", "song", shown)
    judged = ["model_id", "digest", "best", "prediction", "confidence", "tempo", "key", "loudness"]
    op.create_index("prediction_by_model", "prediction", judged)
    op.create_table(
        "probability",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("mood", sa.String(), nullable=False),
        sa.Column("p", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest", "model_id"], ["prediction.digest", "prediction.model_id"],
            ondelete="CASCADE", onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model_id", "digest", "mood"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.execute(
        "INSERT INTO probability (model_id, digest, mood, p) "
        "SELECT model_id, digest, one.key, one.value FROM prediction, json_each(p) AS one"
    )
    op.execute(WRITE.format(name="written", event="INSERT"))
    op.execute(WRITE.format(name="changed", event="UPDATE OF p"))
