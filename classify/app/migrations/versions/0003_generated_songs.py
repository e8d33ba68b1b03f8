"""Whether a generator made a song, so that no list has one unasked."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Change the tables; the next reading of a library finds which of its songs are generated."""
    op.add_column("song", sa.Column("generated", sa.Boolean(), nullable=False, server_default="0"))
