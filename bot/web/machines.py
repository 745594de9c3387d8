"""What machines ask: whether Poruch lives, whether it is ready, how much waits."""

import hmac
from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, ProcessCollector, generate_latest

from bot.web.doors import Refusal, TheDoor, token_of
from desk import clock, health

router = APIRouter(include_in_schema=False)

MEANING = {
    "outbox_waiting": "Messages that should have left by now.",
    "outbox_oldest_seconds": "For how long the eldest of them has waited.",
    "undelivered": "Messages that may not have arrived, with which no member of staff has dealt.",
    "set_aside": "Received things that could not be handled, with which no member of staff has dealt.",
    "files_waiting": "Files that are still to be fetched from their channel.",
    "tickets_open": "Tickets that wait for the centre.",
    "tickets_overdue": "Those of them whose promised time has passed.",
}


@router.get("/health/live")
async def live() -> Response:
    return JSONResponse({"status": "alive"})


@router.get("/health/ready")
async def ready(door: TheDoor) -> Response:
    """Ready when the database answers and has its content."""
    async with door.database.reading() as session:
        await door.shelf.book(session)
    return JSONResponse({"status": "ready"})


@router.get("/metrics")
async def metrics(request: Request, door: TheDoor) -> Response:
    """For Prometheus, behind a token of its own; without one there is nothing here."""
    if not door.metrics_token:
        raise Refusal(404, "not_found", "There are no metrics here: PORUCH_METRICS_TOKEN is not set.")
    if not hmac.compare_digest(token_of(request).encode(), door.metrics_token.encode()):
        raise Refusal(401, "unauthorized", "The bearer token is missing or wrong.")
    async with door.database.reading() as session:
        pulse = await health.pulse(session, clock.now())
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for name, value in asdict(pulse).items():
        Gauge(f"poruch_{name}", MEANING[name], registry=registry).set(value)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
