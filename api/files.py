"""The files that people sent, shown to those who may read their ticket; every opening is in the history."""

from fastapi import APIRouter, Response

from api.doors import TheDesk, Transaction, WhoAsks
from desk.access import check_may_read
from desk.errors import NotFound
from desk.files import File, headers_for
from desk.history import record
from desk.messages import Message
from desk.tickets import Ticket

router = APIRouter()


@router.get("/staff/files/{file_id}")
async def show(file_id: int, desk: TheDesk, session: Transaction, asking: WhoAsks) -> Response:
    file = await session.get(File, file_id) if 0 < file_id < 2**53 else None
    message = await session.get(Message, file.message_id) if file else None
    ticket = await session.get(Ticket, message.ticket_id) if message and message.ticket_id else None
    if file is None or file.content is None or ticket is None:
        raise NotFound
    book = await desk.shelf.book(session)
    check_may_read(asking.staff, ticket, book.catalogue)
    record(session, "file.read", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=asking.id, file=file.id)
    return Response(
        file.content, media_type=file.mime or "application/octet-stream", headers=headers_for(file.mime, file.name)
    )
