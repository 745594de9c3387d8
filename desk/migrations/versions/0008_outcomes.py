"""What became of something set aside, and whether a channel refuses what people typed, too."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("setaside", sa.Column("outcome", sa.String(20), nullable=False, server_default=""))
    # What became of the wishes that somebody has settled was not asked then: their pages must not guess it.
    op.execute("UPDATE setaside SET settled_at = NULL WHERE \"key\" LIKE 'deletion:%'")
    op.add_column("address", sa.Column("people_shut_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("address", "people_shut_at")
    op.drop_column("setaside", "outcome")
