"""Who of the staff may read which tickets; the only place that decides it."""

from sqlalchemy import ColumnElement, or_, true
from sqlmodel import col

from desk.errors import NotAllowed
from desk.services import Catalogue
from desk.staff import CASEWORK, Staff, may_see
from desk.tickets import Ticket

# While nobody knows what a ticket is about, those read it who sort what comes in.
UNSORTED = frozenset({"intake", "caseworker", "coordinator"})


def may_read(staff: Staff, ticket: Ticket, catalogue: Catalogue) -> bool:
    if staff.disabled or staff.role not in CASEWORK:
        return False
    if ticket.alarm and ticket.is_open:
        return True  # Whoever is on duty can help; every opening is recorded.
    service = catalogue.service(ticket.service)
    if service is None:
        return may_see(staff, UNSORTED, frozenset(), ticket.owner_id)
    return may_see(staff, service.roles, service.teams, ticket.owner_id)


def check_may_read(staff: Staff, ticket: Ticket, catalogue: Catalogue) -> None:
    if not may_read(staff, ticket, catalogue):
        raise NotAllowed("error.not_yours")


def readable_by(staff: Staff, catalogue: Catalogue) -> ColumnElement[bool]:
    """The same rule as a condition on tickets, for lists and counts."""
    if staff.disabled or staff.role not in CASEWORK:
        return ~true()
    services = [
        service.id
        for service in catalogue.services.values()
        if staff.role.value in service.roles or service.teams & set(staff.teams)
    ]
    if staff.role.value in UNSORTED:
        services.append("")
    return or_(
        col(Ticket.service).in_(services),
        col(Ticket.owner_id) == staff.id,
        (col(Ticket.alarm) != "") & (col(Ticket.closed_at).is_(None)),
    )
