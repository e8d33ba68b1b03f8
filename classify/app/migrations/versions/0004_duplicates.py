"""Duplicates are found in one step: an index that says of a content where it is present."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Index songs by content and library, and by whether they are present."""
    op.drop_index("song_by_digest", "song")
    op.create_index("song_by_digest", "song", ["digest", "library_id", "present"])
