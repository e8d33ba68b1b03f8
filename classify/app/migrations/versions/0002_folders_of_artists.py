"""Whether the folders in a library are named after artists."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Change the tables."""
    op.add_column("library", sa.Column("artists", sa.Boolean(), nullable=False, server_default="0"))
