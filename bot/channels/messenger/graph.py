"""The Graph API: one call, and what an error of it means for the delivery."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import structlog

from bot.channels import Refused, TryLater, Unreachable, Unsure, WindowShut
from desk.attachments import Attachment
from desk.settings import Settings

log = structlog.get_logger()

# How long the whole channel rests, in seconds, after a refusal that only a person can lift.
UNTIL_SOMEBODY_LOOKS = 300.0
UNTIL_IT_IS_CALM = 60.0
# After an error of theirs: by then the echo of what arrived all the same has settled it.
UNTIL_THE_ECHO = 30.0
LONGEST = 3600.0
PERMISSIONS = frozenset({3, 10, 200, 230, 294, 299})
HURRIED = frozenset(
    {4, 17, 32, 341, 613}
)  # Calls of the app, of somebody, of the page; and those that are numbered 80000.
REGAIN = "estimated_time_to_regain_access"


FAILURES = (Refused, TryLater, Unreachable, Unsure, WindowShut)  # All that a call can end with but an answer.


def why_of(error: Exception) -> str:
    """One of FAILURES in a few words, for the operator."""
    return getattr(error, "why", "") or str(error) or "no answer"


class Graph:
    """The page's own door. The token stands in a header, never in an address."""

    def __init__(self, token: str, api_url: str, version: str, timeout: float = 15.0) -> None:
        self.root = f"{api_url.rstrip('/')}/{version}"
        self.web = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(timeout, connect=5.0),
            limits=httpx.Limits(max_connections=32),
        )

    async def ask(self, path: str, **query: str) -> dict[str, Any]:
        return await self._call("GET", path, params=query)

    async def tell(self, path: str, body: dict[str, Any], file: Attachment | None = None) -> dict[str, Any]:
        if file is None:
            return await self._call("POST", path, json=body)
        # With the bytes of a file the same comes as a form, in which what is no text is written as JSON.
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
        return await self._call("POST", path, data=form, files={"filedata": (file.name, file.content, file.mime)})

    async def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The answer; or Unreachable, TryLater, Unsure, Refused, WindowShut."""
        try:
            answer = await self.web.request(method, f"{self.root}/{path}", **more)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TryLater(3, "not connected", everyone=True) from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise TryLater(UNTIL_SOMEBODY_LOOKS, "not connected", everyone=True) from error  # It never left.
        except httpx.HTTPError as error:
            raise Unsure("no answer") from error
        try:
            told = answer.json()
        except ValueError:
            told = None
        if answer.is_success and isinstance(told, dict) and "error" not in told:
            return told
        if answer.is_success and not isinstance(told, dict):
            raise Unsure("odd answer")  # It was taken, by the look of it, and nobody can say as what.
        raise patient_of(outcome_of(answer.status_code, told), answer.headers)

    async def download(self, url: str, most: int) -> bytes | None:
        """A file as Meta hands it out, without our token; None when it is larger than `most` bytes."""
        hooks = {"request": [self._must_be_secure]}
        async with (
            httpx.AsyncClient(timeout=30, follow_redirects=True, event_hooks=hooks) as stranger,
            stranger.stream("GET", url) as file,
        ):
            file.raise_for_status()
            content = b""
            async for piece in file.aiter_bytes():
                content += piece
                if len(content) > most:
                    return None
        return content

    async def _must_be_secure(self, request: httpx.Request) -> None:
        """At every step of a redirect."""
        if self.root.startswith("https://") and request.url.scheme != "https":
            raise httpx.UnsupportedProtocol("not https")

    async def close(self) -> None:
        await self.web.aclose()


def graph_of(settings: Settings) -> Graph:
    return Graph(
        settings.messenger_page_token.get_secret_value(),
        settings.messenger_api_url,
        settings.messenger_graph_version,
    )


def outcome_of(status: int, told: Any) -> Exception:
    """What stops the channel, what stops one person, what waits, and what is a mistake of ours."""
    error = told.get("error") if isinstance(told, dict) else None
    error = error if isinstance(error, dict) else {}
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    # Meta's support asks for the trace; there are no words of anybody in it.
    log.info("messenger.error", status=status, code=code, subcode=subcode, trace=str(error.get("fbtrace_id", ""))[:40])
    match code, subcode:
        case _, (2018278 | 2018065):
            return WindowShut()
        case (551, _) | (_, 1545041 | 2018108):
            return Unreachable("blocked")  # Also told as a missing permission, with these subcodes.
        case _, 2018028:
            return Refused("not a tester of the app")
        case _, 2018300:
            return TryLater(UNTIL_SOMEBODY_LOOKS, "another app has the thread")
        case 10, 1893063:
            return TryLater(UNTIL_SOMEBODY_LOOKS, "page restricted", everyone=True)
        case ((102 | 190), _):
            return TryLater(UNTIL_SOMEBODY_LOOKS, "token refused", everyone=True)
        case 368, _:
            return TryLater(UNTIL_SOMEBODY_LOOKS, "judged abusive", everyone=True)
        case _ if code in PERMISSIONS:
            # It may be for this one message: its tries are counted, so that it cannot hold everybody up for ever.
            return TryLater(UNTIL_SOMEBODY_LOOKS, "permission missing", everyone=True, counts=True)
        case _ if code in HURRIED or 80000 <= code < 80100:
            return TryLater(UNTIL_IT_IS_CALM, "slow down", everyone=True)
        case 100, 2018001:
            return Unreachable("unknown")
        case ((1 | 2 | 1200), _):
            return TryLater(UNTIL_THE_ECHO, "server trouble")
    if code:
        return TryLater(UNTIL_THE_ECHO, "server trouble") if status >= 500 else Refused(f"error {code}/{subcode}")
    return _by_status(status)


def _by_status(status: int) -> Exception:
    """Where only HTTP says what went wrong: a proxy of theirs, or a page that has moved."""
    match status:
        case 401:
            return TryLater(UNTIL_SOMEBODY_LOOKS, "token refused", everyone=True)
        case 403:
            return TryLater(UNTIL_SOMEBODY_LOOKS, "permission missing", everyone=True, counts=True)
        case 429:
            return TryLater(UNTIL_IT_IS_CALM, "slow down", everyone=True)
        case _ if status >= 500:
            return TryLater(UNTIL_THE_ECHO, "server trouble")
        case _:
            return Refused(f"status {status}")


def patient_of(outcome: Exception, headers: Mapping[str, str]) -> Exception:
    """Not before the time that Meta itself names, in whichever of its headers."""
    asked = headers.get("retry-after", "")
    seconds = float(asked) if asked.isdigit() else 60.0 * _minutes(headers.get("x-business-use-case-usage", ""))
    if isinstance(outcome, TryLater) and outcome.seconds < seconds:
        return TryLater(min(seconds, LONGEST), outcome.why, everyone=outcome.everyone, counts=outcome.counts)
    return outcome


def _minutes(usage: str) -> float:
    """The longest `estimated_time_to_regain_access` of {"PAGE": [{"type": …, "estimated_time_to_regain_access": 19}]}."""
    try:
        told = json.loads(usage) if usage else {}
        return max((float(_number(one.get(REGAIN))) for page in told.values() for one in page), default=0.0)
    except (ValueError, AttributeError, TypeError):
        return 0.0


def _number(value: Any) -> int:
    """Meta's numbers, which come as text at times."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        return int(value)
    return value if isinstance(value, int) else 0
