"""How the program speaks to its operator: one line a happening, and never a word, name or number of a person."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

# These print addresses with tokens, or what a server answered, at levels where we would hear them.
LOUD = (
    "httpx",
    "httpcore",
    "telegram",
    "aiogram",
    "aiohttp",
    "apscheduler",
    "asyncio",
    "sqlalchemy",
    "uvicorn.access",
    "uvicorn.error",
)


def set_up(level: str = "INFO") -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s", force=True)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            _where_not_what,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level, logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _where_not_what(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A traceback as places in the code. The message of an error may hold what somebody wrote, so it is left out."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told if isinstance(told, BaseException) else None
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        event["where"] = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
        event.setdefault("error", type(error).__name__)
    return event
