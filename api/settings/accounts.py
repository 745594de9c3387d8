"""Accounts of the staff: who may sign in, and what they then see."""

import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import pages
from api.doors import Asking, Desk, Reading, TheDesk
from api.moments import Moments
from api.settings.frame import Changing, Manager, Several, Text, render_room
from desk import clock, staff
from desk.errors import Conflict, Invalid
from desk.staff import TEAMS, Staff
from desk.upkeep import one_line

router = APIRouter()
URL = "/staff/settings/staff"

# What the page ticks are roles and teams together: an account has one role, and any number of teams beside it
# (desk.staff.read_ticks decides). Only two roles are called differently on the page.
SHORT = {"report_reader": "reports", "administrator": "admin"}
LONG = {short: role for role, short in SHORT.items()}
ROLES = ("intake", "caseworker", "specialist", *TEAMS, "teacher", "coordinator", "reports", "admin")


@router.get(URL)
async def show(request: Request, desk: TheDesk, session: Reading, asking: Manager) -> Response:
    return await _page(request, desk, session, asking)


@router.post(URL)
async def add(
    request: Request,
    desk: TheDesk,
    session: Changing,
    asking: Manager,
    name: Text = "",
    email: Text = "",
    role: Several = None,
) -> Response:
    """A new account. Its password is shown in this answer and nowhere else, so no redirect follows."""
    typed = {"name": name, "email": email, "roles": role or []}
    password = secrets.token_urlsafe(12)
    try:
        kind, teams = staff.read_ticks(_long(role))
        added = await staff.add_staff(
            session, one_line(email), one_line(name), kind, password, teams=teams, by=asking.id
        )
    except (Invalid, Conflict) as no:
        return await _page(request, desk, session, asking, typed=typed, no=no)
    return await _page(request, desk, session, asking, fresh=(added, password))


@router.post(f"{URL}/{{staff_id}}/roles")
async def change_role(
    staff_id: int, request: Request, desk: TheDesk, session: Changing, asking: Manager, role: Several = None
) -> Response:
    member = await staff.find_staff(session, staff_id)
    try:
        staff.change_role(session, member, *staff.read_ticks(_long(role)), by=asking.id)
    except (Invalid, Conflict) as no:
        return await _page(request, desk, session, asking, no=no)
    return pages.back_to(URL, said="said.role", who=member.name)


@router.post(f"{URL}/{{staff_id}}/password")
async def reset(staff_id: int, request: Request, desk: TheDesk, session: Changing, asking: Manager) -> Response:
    """A new password, shown in this answer and nowhere else; whoever had signed in with the old one must sign in again."""
    member = await staff.find_staff(session, staff_id)
    if member.disabled:
        no = Conflict("error.staff_disabled")
        return await _page(request, desk, session, asking, no=no)
    password = secrets.token_urlsafe(12)
    await staff.reset_password(session, member.email, password, by=asking.id)
    return await _page(request, desk, session, asking, fresh=(member, password))


@router.post(f"{URL}/{{staff_id}}/disabling")
async def disable(staff_id: int, request: Request, desk: TheDesk, session: Changing, asking: Manager) -> Response:
    member = await staff.find_staff(session, staff_id)
    try:
        await staff.disable(session, member, by=asking.id)
    except Conflict as no:
        return await _page(request, desk, session, asking, no=no)
    return pages.back_to(URL, said="said.account_disabled", who=member.name)


@router.post(f"{URL}/{{staff_id}}/enabling")
async def enable(staff_id: int, session: Changing, asking: Manager) -> Response:
    member = await staff.find_staff(session, staff_id)
    staff.enable(session, member, asking.id)
    return pages.back_to(URL, said="said.account_enabled", who=member.name)


def _long(ticked: list[str] | None) -> list[str]:
    return [LONG.get(name, name) for name in ticked or ()]


async def _page(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    *,
    typed: Mapping[str, Any] | None = None,
    fresh: tuple[Staff, str] | None = None,
    no: Invalid | Conflict | None = None,
) -> Response:
    moments = Moments(desk.shelf.zone, clock.now(), asking.language)
    seen = await staff.last_seen(session)
    context = {
        "accounts": [
            {
                "id": member.id,
                "name": member.name,
                "email": member.email,
                "initials": member.initials,
                "roles": _ticks(member),
                "active": not member.disabled,
                "me": member.id == asking.id,
                "last_text": moments.short(seen[member.id]) if member.id in seen else None,
            }
            for member in await staff.everyone(session)
        ],
        "roles": list(ROLES),
        "form": typed or {"name": "", "email": "", "roles": []},
        "fresh": {"name": fresh[0].name, "email": fresh[0].email, "password": fresh[1]} if fresh else None,
        "can": {"edit": True},
    }
    return await render_room(request, desk, session, asking, "staff", context, no=no)


def _ticks(member: Staff) -> list[str]:
    """An account's role and teams, as the page calls them."""
    held = {SHORT.get(name, name) for name in (member.role.value, *member.teams)}
    return [name for name in ROLES if name in held]
