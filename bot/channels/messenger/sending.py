"""Messenger's mouth: texts with quick replies, or buttons that stay, and files, through the Graph API."""

import asyncio
from collections import deque
from typing import Any

import httpx

from bot.channels import Outgoing, Refused, TooBig, TryLater, Unsure, WindowShut
from bot.channels.messenger.graph import Graph
from desk import clock
from desk.channels import Facts, units

PER_SECOND = 40  # Meta lets 300 through; nobody of a help-desk needs more.
QUICK_REPLIES, BUTTONS = 13, 3
TITLE, PAYLOAD = 20, 1000
TEMPLATE_TEXT = 640
PICTURES = ("image/jpeg", "image/png", "image/gif")  # Others are handed over as files.
STANDING = "-:"  # Buttons that stay good must not vanish with the next message, as quick replies do.
OURS = "poruch:"  # What stands before our own number in the metadata of a message.


class MessengerSender:
    """The sending half of the channel's promise; also fetches files."""

    gap = 0.5

    def __init__(self, graph: Graph, facts: Facts, account: str = "") -> None:
        self.graph, self.facts, self.account = graph, facts, account
        self._sent: deque[float] = deque()
        self._halted_until = 0.0

    async def ready(self) -> None:
        """At most so many a second, and none while Meta lets nothing through."""
        while True:
            now = clock.ticks()
            if now < self._halted_until:
                await asyncio.sleep(self._halted_until - now)
                continue
            while self._sent and self._sent[0] <= now - 1:
                self._sent.popleft()
            if len(self._sent) < PER_SECOND:
                self._sent.append(now)
                return
            await asyncio.sleep(self._sent[0] + 1 - now)

    async def send(self, external: str, outgoing: Outgoing) -> str:
        if outgoing.kind == "erase":
            return ""  # Nobody can take back what a person wrote in Messenger.
        try:
            told = await self.graph.tell("me/messages", envelope(external, outgoing), outgoing.file)
        except TryLater as later:
            if outgoing.late and later.why == "permission missing":
                raise WindowShut from later  # Meta has not given the page the feature after all.
            if later.everyone:
                self._halted_until = clock.ticks() + later.seconds
            raise
        number = told.get("message_id")
        if not isinstance(number, str) or not number:
            raise Unsure
        return number

    async def fetch(self, remote: str) -> bytes:
        try:
            content = await self.graph.download(remote, self.facts.files_up_to)
        except httpx.HTTPStatusError as error:
            if error.response.status_code >= 500:
                raise TryLater(30, "server trouble") from error
            raise Refused(f"status {error.response.status_code}") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
            raise Refused("no address of a file") from error
        except (httpx.HTTPError, OSError) as error:
            raise TryLater(30, "no answer") from error
        if content is None:
            raise TooBig(self.facts.files_up_to)
        return content

    async def close(self) -> None:
        await self.graph.close()


def envelope(external: str, outgoing: Outgoing) -> dict[str, Any]:
    """The body of a send. `late` is only ever true of what a person has typed."""
    kind = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if outgoing.late else {"messaging_type": "RESPONSE"}
    message = _message(outgoing)
    if outgoing.id:
        message["metadata"] = OURS + outgoing.id
    return {"recipient": {"id": external}, **kind, "message": message}


def _message(outgoing: Outgoing) -> dict[str, Any]:
    if outgoing.file is not None:
        kind = "image" if outgoing.file.mime in PICTURES else "file"
        return {"attachment": {"type": kind, "payload": {"is_reusable": False}}}
    choices = outgoing.choices[:QUICK_REPLIES]
    if not choices and (link := outgoing.extra.get("link")) and units(outgoing.text) <= TEMPLATE_TEXT:
        return _template(outgoing.text, [{"type": "web_url", "title": _title(link["label"]), "url": link["url"]}])
    if not choices:
        return {"text": outgoing.text}
    stays = all(data.startswith(STANDING) for data, _ in choices)
    if stays and len(choices) <= BUTTONS and units(outgoing.text) <= TEMPLATE_TEXT:
        return _template(
            outgoing.text,
            [{"type": "postback", "title": _title(label), "payload": data[:PAYLOAD]} for data, label in choices],
        )
    return {
        "text": outgoing.text,
        "quick_replies": [
            {"content_type": "text", "title": _title(label), "payload": data[:PAYLOAD]} for data, label in choices
        ],
    }


def _template(text: str, buttons: list[dict[str, str]]) -> dict[str, Any]:
    payload = {"template_type": "button", "text": text, "buttons": buttons}
    return {"attachment": {"type": "template", "payload": payload}}


def _title(label: str) -> str:
    """At most twenty letters, those that take two counted as two; Meta would cut in the middle of one."""
    short = label
    while units(short) > TITLE - (short != label):
        short = short[:-1]
    return short if short == label else short.rstrip() + "…"
