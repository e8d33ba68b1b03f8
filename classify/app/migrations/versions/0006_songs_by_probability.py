"""Songs sorted by a probability are read in that order, and nothing is sorted."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Index probabilities by what they are, and songs by content with all that leaves some out."""
    op.create_index("probability_by_mood", "probability", ["model_id", "mood", "p"])
    op.drop_index("song_by_digest", "song")
    found = ["digest", "library_id", "present", "excluded", "generated"]
    op.create_index("song_by_digest", "song", found)
    # as after each reading of a library: which index is short is known from what it holds
    op.execute("PRAGMA analysis_limit = 400")
    op.execute("ANALYZE")
