"""People who wished to be forgotten, and the links by which channels are added."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("erased_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column("condition", sa.Column("invites", sa.String(200), nullable=False, server_default=""))
    forgotten = sa.text("erased_at IS NOT NULL")
    op.create_index(
        "ix_person_erased_at", "person", ["erased_at"], sqlite_where=forgotten, postgresql_where=forgotten
    )
    _rebuild(autoincrement=True)


def _rebuild(*, autoincrement: bool) -> None:
    """On SQLite the numbers of deleted rows are not given out again."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in ("message", "file", "address"):
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": autoincrement}):
            pass


def downgrade() -> None:
    _rebuild(autoincrement=False)
    with op.batch_alter_table("condition") as batch:
        batch.drop_column("invites")
    op.drop_index("ix_person_erased_at", table_name="person")
    op.drop_column("person", "erased_at")
