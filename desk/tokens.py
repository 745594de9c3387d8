"""Tokens of other systems for the JSON API: what each may do, until when, and whether it sees sensitive services."""

import enum
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import clock, ids
from desk.database import words
from desk.errors import Conflict, Invalid, NotFound
from desk.history import record

LASTS_DAYS = 90
LONGEST_NAME = 80


class Scope(enum.Enum):
    NUMBERS = "numbers"
    READ = "read"
    WRITE = "write"


class Token(SQLModel, table=True):
    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=80)
    token: str = Field(unique=True, max_length=64)  # A fingerprint.
    scope: Scope = Field(sa_type=words(Scope))
    sensitive: bool = False
    made_at: datetime
    expires_at: datetime
    revoked: bool = False

    def allows(self, scope: Scope) -> bool:
        order = [Scope.NUMBERS, Scope.READ, Scope.WRITE]
        return order.index(self.scope) >= order.index(scope)


async def add(session: AsyncSession, name: str, scope: str, days: int = LASTS_DAYS, *, sensitive: bool = False) -> str:
    """A new token, shown this once."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("error.token_incomplete")
    if scope not in {member.value for member in Scope} or not 1 <= days <= 3650:
        raise Invalid("error.token_incomplete")
    if await session.scalar(select(col(Token.id)).where(col(Token.name) == name)):
        raise Conflict("error.token_exists")
    token, at = ids.token(), clock.now()
    session.add(
        Token(
            name=name,
            token=ids.fingerprint(token),
            scope=Scope(scope),
            sensitive=sensitive,
            made_at=at,
            expires_at=at + timedelta(days=days),
        )
    )
    record(session, "token.added", name=name, scope=scope, sensitive=sensitive)
    return token


async def everyone(session: AsyncSession) -> list[Token]:
    return list(await session.scalars(select(Token).order_by(col(Token.id))))


async def revoke(session: AsyncSession, name: str) -> None:
    token = await session.scalar(select(Token).where(col(Token.name) == name))
    if token is None:
        raise NotFound("error.no_token")
    token.revoked = True
    record(session, "token.revoked", name=name)


async def holder(session: AsyncSession, token: str) -> Token | None:
    """The token's row while it is good."""
    found = await session.scalar(select(Token).where(col(Token.token) == ids.fingerprint(token)))
    return found if found is not None and not found.revoked and found.expires_at > clock.now() else None
