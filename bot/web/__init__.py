"""The public web: the chat page with its JSON and event stream, and the webhooks of the channels."""

import asyncio

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from bot.web import chat, machines, pages
from bot.web.doors import PROBLEMS, Door, Refusal, TheDoor, answer_errors

# For those who do not say how much comes; whoever says it is answered earlier, with a sentence.
BIGGEST_BODY = 64 * 1024 * 1024

webhooks = APIRouter(include_in_schema=False)


def public_app(door: Door) -> FastAPI:
    app = FastAPI(
        title="Poruch web chat",
        docs_url=None,
        redoc_url=None,
        openapi_url="/chat/openapi.json",
        responses=PROBLEMS,
        max_body_size=BIGGEST_BODY,
        redirect_slashes=False,
    )
    app.state.door = door
    answer_errors(app)
    app.include_router(chat.router)
    app.include_router(pages.router)
    app.include_router(webhooks)
    app.include_router(machines.router)
    app.mount("/static", StaticFiles(directory=pages.HERE / "static"), name="static")
    return app


@webhooks.post("/webhooks/telegram")
async def telegram(request: Request, door: TheDoor) -> Response:
    """Answered only after the commit; until then Telegram keeps the update and repeats it."""
    if door.telegram is None:
        raise Refusal(404, "not_found", "Telegram is not switched on here.")
    ear = await asyncio.shield(door.telegram)  # A caller that gives up must not stop the loading.
    await ear.webhook(await request.body(), request.headers.get("x-telegram-bot-api-secret-token", ""))
    return JSONResponse({})


__all__ = ["Door", "public_app"]
