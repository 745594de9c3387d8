"""The public web: the chat page with its JSON and event stream, and the webhooks of the channels."""

import asyncio

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from bot.channels import Call
from bot.web import chat, links, machines, pages
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
    app.include_router(links.router)
    app.include_router(webhooks)
    app.include_router(machines.router)
    app.mount("/static", StaticFiles(directory=pages.HERE / "static"), name="static")
    return app


@webhooks.api_route("/webhooks/{channel}", methods=["GET", "POST"])
@webhooks.api_route("/webhooks/{channel}/{path:path}", methods=["GET", "POST"])
async def webhook(request: Request, door: TheDoor, channel: str, path: str = "") -> Response:
    """Answered only after the commit; until then the channel keeps what it brought, and repeats it."""
    opening = door.ears.get(channel)
    if opening is None:
        raise Refusal(404, "not_found", "No such channel is switched on here.")
    ear = await asyncio.shield(opening)  # A caller that gives up must not stop the loading.
    body = await request.body()
    answer = await ear.webhook(Call(request.method, path, request.query_params, request.headers, body))
    return Response(answer.body, media_type=answer.media_type)


__all__ = ["Door", "public_app"]
