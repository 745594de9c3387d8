"""The front page of the settings."""

from fastapi import APIRouter, Request, Response

from api.doors import Reading, TheDesk
from api.settings.frame import Visitor, render_room

router = APIRouter()


@router.get("/staff/settings")
async def show(request: Request, desk: TheDesk, session: Reading, asking: Visitor) -> Response:
    return await render_room(request, desk, session, asking, "", {})
