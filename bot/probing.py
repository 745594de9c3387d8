"""One question to a server outside, whose answer may be anything or nothing."""

from typing import Any

import httpx


async def asked(web: httpx.AsyncClient, url: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Status and JSON of an answer; 0 when there was none. No error is passed on: its text holds the address."""
    try:
        answer = await web.get(url, headers=headers)
        return answer.status_code, answer.json()
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0, None
    except ValueError:
        return answer.status_code, None


def said(status: int) -> str:
    return f"it says {status}" if status else "no answer within 5 seconds"
