"""Windows in which a channel lets us write, codes that link channels, persons that are one."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEFORE = sa.text("status IN ('unsure', 'failed') AND settled_by IS NULL")
NOW = sa.text("status IN ('unsure', 'failed', 'held') AND settled_by IS NULL")


def upgrade() -> None:
    op.add_column("person", sa.Column("prefers", KEY, nullable=True))
    op.add_column("person", sa.Column("merged_into", KEY, nullable=True))
    op.add_column("person", sa.Column("joined", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("address", sa.Column("shut_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column("message", sa.Column("typed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("message", sa.Column("arrived_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.add_column("message", sa.Column("read_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.drop_index("ix_message_undelivered", table_name="message")
    op.create_index("ix_message_undelivered", "message", ["id"], sqlite_where=NOW, postgresql_where=NOW)
    with op.batch_alter_table("file") as batch:
        batch.alter_column("remote", existing_type=sa.String(300), type_=sa.Text(), existing_nullable=False)
    op.drop_table("code")
    op.create_table(
        "link",
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("address_id", KEY, nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("opened_by", KEY, nullable=True),
        sa.Column("pressed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("end", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_link_person_id_person")),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_link_address_id_address")),
        sa.ForeignKeyConstraint(["opened_by"], ["address.id"], name=op.f("fk_link_opened_by_address")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_link")),
    )
    op.create_index(op.f("ix_link_person_id"), "link", ["person_id"])
    op.create_table(
        "merge",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kept_id", KEY, nullable=False),
        sa.Column("gone_id", KEY, nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("by", sa.Integer(), nullable=True),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("undone_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["kept_id"], ["person.id"], name=op.f("fk_merge_kept_id_person")),
        sa.ForeignKeyConstraint(["gone_id"], ["person.id"], name=op.f("fk_merge_gone_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
    )
    op.create_index(op.f("ix_merge_kept_id"), "merge", ["kept_id"])
    op.create_table(
        "condition",
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("complaint", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("complained_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", name=op.f("pk_condition")),
    )


def downgrade() -> None:
    op.drop_table("condition")
    op.drop_table("merge")
    op.drop_table("link")
    op.create_table(
        "code",
        sa.Column("token", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_code_person_id_person")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_code")),
    )
    op.execute("UPDATE message SET status = 'failed' WHERE status = 'held'")
    with op.batch_alter_table("file") as batch:
        batch.alter_column("remote", existing_type=sa.Text(), type_=sa.String(300), existing_nullable=False)
    op.drop_index("ix_message_undelivered", table_name="message")
    op.create_index("ix_message_undelivered", "message", ["id"], sqlite_where=BEFORE, postgresql_where=BEFORE)
    for table, columns in (
        ("message", ("read_at", "arrived_at", "typed")),
        ("address", ("shut_at",)),
        ("person", ("joined", "merged_into", "prefers")),
    ):
        for column in columns:
            op.drop_column(table, column)
