"""What is due: one row for each person, lesson and kind, so that nobody is told twice and nobody is forgotten."""

import enum
from datetime import datetime, timedelta

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from desk.database import BigKey, words


class Kind(enum.Enum):
    DAY = "day"
    HOURS = "hours"


AHEAD = {Kind.DAY: timedelta(hours=24), Kind.HOURS: timedelta(hours=2)}


class State(enum.Enum):
    PLANNED = "planned"
    TOLD = "told"  # In the outbox; the message itself says how it fared.
    MISSED = "missed"  # Too late when its time came: shown to staff.
    WITHDRAWN = "withdrawn"


class Reminder(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("lesson_id", "person_id", "kind"),
        Index(
            "ix_reminder_due",
            "due_at",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigKey)
    lesson_id: int = Field(foreign_key="lesson.id")
    kind: Kind = Field(sa_type=words(Kind))  # type: ignore[call-overload]
    due_at: datetime
    state: State = Field(default=State.PLANNED, sa_type=words(State))  # type: ignore[call-overload]
    message_id: int | None = Field(default=None, sa_type=BigKey)
    why: str = Field(default="", max_length=40)
