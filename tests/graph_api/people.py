"""People with Messenger: what they do, of which the page hears, and what they were told."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .files import File
from .webhook import Event

if TYPE_CHECKING:
    from .api import GraphApi

GET_STARTED = "Get Started"


class NoSuchButton(LookupError):
    """The person looked for a button and did not find it."""


@dataclass(slots=True, eq=False)
class Told:
    """A message of the page that Messenger accepted. `json` is its `message` as it was posted."""

    mid: str
    json: dict[str, Any]
    messaging_type: str
    tag: str
    time: float
    attachments: list[File]

    @property
    def template(self) -> dict[str, Any]:
        payload: dict[str, Any] = self.json.get("attachment", {}).get("payload", {})
        return payload if payload.get("template_type") else {}

    @property
    def text(self) -> str:
        return str(self.json.get("text") or self.template.get("text", ""))

    @property
    def metadata(self) -> str:
        return str(self.json.get("metadata", ""))

    @property
    def quick_replies(self) -> list[str]:
        return [reply["title"] for reply in self.json.get("quick_replies", [])]

    @property
    def buttons(self) -> list[str]:
        return [button["title"] for button in self.template.get("buttons", [])]


class Person:
    """Whatever they do becomes an event; it is posted soon after, and `api.pending` says whether it was accepted.

    `opened_at`: when they last did what lets the page write. Messages, taps, links followed and reactions do; having
    read something does not.
    """

    def __init__(self, api: "GraphApi", psid: str, name: str, locale: str) -> None:
        self.api = api
        self.psid = psid
        self.name = name
        self.locale = locale
        self.blocked = False
        self.opened_at: float | None = None
        self.told: list[Told] = []
        self.actions: list[str] = []  # What the page showed besides messages: typing_on and so on.
        self.offering: Told | None = None
        self._own: set[str] = set()
        self._heard = 0

    @property
    def last_text(self) -> str:
        return self.told[-1].text if self.told else ""

    async def hears(self, within: float = 60.0) -> Told:
        """The next message of the page that was not yet heard; waits for it."""
        await self.api.until(lambda: len(self.told) > self._heard, within=within)
        self._heard += 1
        return self.told[self._heard - 1]

    async def writes(self, text: str, reply_to: str = "") -> Event:
        message: dict[str, Any] = {"text": text}
        if reply_to:
            message["reply_to"] = {"mid": reply_to, "is_self_reply": reply_to in self._own}
        return self._sends(message)

    async def taps(self, title: str, *, late: bool = False) -> Event:
        """A quick reply. They vanish with the next message of either side, unless the tap was `late` in coming."""
        there = self.told if late else [self.offering] if self.offering else []
        replies = [reply for told in there for reply in told.json.get("quick_replies", [])]
        for reply in reversed(replies):
            if reply["title"] == title:
                return self._sends({"text": title, "quick_reply": {"payload": reply["payload"]}})
        raise self._nothing(title, [reply["title"] for reply in replies])

    async def presses(self, title: str) -> Event | str:
        """A button under any message, of the menu, or Get Started; gives the address when it is a link."""
        menu = self._menu()
        buttons = [button for told in reversed(self.told) for button in told.template.get("buttons", [])] + menu
        for button in buttons:
            if button["title"] == title:
                if button["type"] == "web_url":
                    return str(button["url"])
                return self._postback(title, button["payload"])
        if title == GET_STARTED:
            return await self.gets_started()
        raise self._nothing(title, [button["title"] for button in buttons])

    async def gets_started(self, ref: str = "") -> Event:
        """Begins; `ref` when it was by a link m.me/page?ref=…."""
        started = self.api.profile.get("get_started")
        if not started:
            raise self._nothing(GET_STARTED, [])
        return self._postback(GET_STARTED, started["payload"], **({"referral": _referral(ref)} if ref else {}))

    async def follows(self, ref: str) -> Event:
        """The same link, by someone who has already written."""
        if self.opened_at is None:
            raise ValueError("who has no thread yet is shown Get Started")
        return self._acts("messaging_referrals", {"referral": _referral(ref)})

    async def sends_image(self, content: bytes = b"\xff\xd8\xff", mime: str = "image/jpeg") -> Event:
        return self._attaches("image", "image.jpg", mime, content)

    async def sends_audio(self, content: bytes = b"ftypM4A ", mime: str = "audio/mp4") -> Event:
        return self._attaches("audio", "audioclip.mp4", mime, content)

    async def sends_video(self, content: bytes = b"ftypmp42", mime: str = "video/mp4") -> Event:
        return self._attaches("video", "video.mp4", mime, content)

    async def sends_file(
        self, name: str = "document.pdf", content: bytes = b"%PDF-1.4", mime: str = "application/pdf"
    ) -> Event:
        return self._attaches("file", name, mime, content)

    async def sends_location(self, lat: float = 49.8397, long: float = 24.0297) -> Event:
        coordinates = {"lat": lat, "long": long}
        return self._sends({"attachments": [{"type": "location", "payload": {"coordinates": coordinates}}]})

    async def sends_sticker(self) -> Event:
        return self._attaches("sticker", "sticker.png", "image/png", b"\x89PNG\r\n\x1a\n", sticker_id=369239263222822)

    async def shares(self) -> Event:
        """Something that Messenger does not hand on: the page only learns that it was there."""
        return self._sends({"attachments": [{"type": "fallback"}]})

    async def reads(self) -> Event:
        watermark = int(self.api.now() * 1000)
        return self._acts("message_reads", {"read": {"watermark": watermark}}, opens=False)

    async def reacts(self, emoji: str = "❤", mid: str = "") -> Event:
        reaction = {"reaction": "other", "emoji": emoji, "action": "react", "mid": mid or self.told[-1].mid}
        return self._acts("message_reactions", {"reaction": reaction})

    async def blocks(self) -> None:
        """The page hears nothing of it, until it sends."""
        self.blocked = True

    async def unblocks(self) -> None:
        self.blocked = False

    def _menu(self) -> list[dict[str, Any]]:
        menus = {menu["locale"]: menu for menu in self.api.profile.get("persistent_menu", [])}
        menu = menus.get(self.locale) or menus.get("default") or {}
        return list(menu.get("call_to_actions", []))

    def _attaches(self, kind: str, name: str, mime: str, content: bytes, **more: Any) -> Event:
        file = self.api.files.keep(self.api.url, kind, name, mime, content)
        return self._sends({"attachments": [{"type": kind, "payload": {"url": file.url, **more}}]})

    def _sends(self, message: dict[str, Any]) -> Event:
        mid = self.api.next_mid()
        self._own.add(mid)
        self.offering = None
        return self._acts("messages", {"message": {"mid": mid, **message}})

    def _postback(self, title: str, payload: str, **more: Any) -> Event:
        postback = {"mid": self.api.next_mid(), "title": title, "payload": payload, **more}
        return self._acts("messaging_postbacks", {"postback": postback})

    def _acts(self, kind: str, content: dict[str, Any], *, opens: bool = True) -> Event:
        if self.blocked:
            raise ValueError("who blocked the page cannot write to it")
        if opens:
            self.opened_at = self.api.now()
        return self.api.happens(kind, self.psid, content)

    def _nothing(self, title: str, there: list[str]) -> NoSuchButton:
        return NoSuchButton(f"{self.name or self.psid} sees no button {title!r}, but {there or 'no buttons at all'}")


def _referral(ref: str) -> dict[str, str]:
    return {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
