"""Recordings written down."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows that are there get the default; SQLite adds a column without copying the table.
    op.add_column("file", sa.Column("transcript", sa.String(12), nullable=False, server_default=""))
    op.add_column("message", sa.Column("text_by", sa.String(40), nullable=False, server_default=""))
    op.create_index(
        "ix_file_unwritten",
        "file",
        ["id"],
        sqlite_where=sa.text("transcript = 'wanted'"),
        postgresql_where=sa.text("transcript = 'wanted'"),
    )


def downgrade() -> None:
    op.drop_index("ix_file_unwritten", "file")
    op.drop_column("message", "text_by")
    op.drop_column("file", "transcript")
