"""A person's end of each channel: the same acts and the same screen, whichever messenger is in the hand."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from bot.channels.webchat import FACTS as WEB
from tests.graph_api import GraphApi
from tests.graph_api.people import Person as MessengerPerson
from tests.telegram_api import TelegramApi
from tests.telegram_api.people import Person as TelegramPerson
from tests.town import Town
from tests.wires import MessengerWire, PublicDoor, TelegramWire


@dataclass(frozen=True)
class Seen:
    """One message on the person's screen."""

    text: str
    labels: list[str] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)  # (name, bytes)


class End(ABC):
    """One person, on one channel."""

    channel: str
    sends_itself = True  # We carry messages there; the web page comes for them.

    @abstractmethod
    async def writes(self, text: str) -> None: ...

    @abstractmethod
    async def presses(self, label: str) -> None:
        """Press a button with this label, shown at any time."""

    @abstractmethod
    async def sends_photo(self, content: bytes) -> None: ...

    @abstractmethod
    async def says_again(self, times: int) -> None:
        """The channel brings the last message once more, so many times at once."""

    @abstractmethod
    async def talks_nonsense(self) -> None:
        """The channel brings something of a shape that nobody knows."""

    @abstractmethod
    async def leaves(self) -> None: ...

    @abstractmethod
    async def screen(self) -> list[Seen]: ...

    @abstractmethod
    async def settles(self) -> None:
        """Everything that was brought is in, and everything that may go out is out."""

    def is_shown_typing(self) -> bool:
        raise NotImplementedError

    # What can go wrong between us and the channel's servers.

    def is_told_to_wait(self) -> None:
        """The next send is refused: slow down."""
        raise NotImplementedError

    def breaks_down(self) -> None:
        """The next send is answered by an error of the server."""
        raise NotImplementedError

    def hangs_up(self) -> None:
        """The next send is carried out, and the connection breaks before the answer."""
        raise NotImplementedError

    def loses_its_token(self) -> None:
        raise NotImplementedError

    def gets_its_token_back(self) -> None:
        raise NotImplementedError

    @property
    def violations(self) -> list[Any]:
        return []


class TelegramEnd(End):
    channel = "telegram"

    def __init__(self, wire: TelegramWire) -> None:
        self.wire = wire
        self.api: TelegramApi = wire.api
        self.she: TelegramPerson = self.api.person(7001, "Оксана")

    async def writes(self, text: str) -> None:
        await self.she.writes(text)

    async def presses(self, label: str) -> None:
        shown = next(one for one in reversed(self.she.told) if [label] in [row[:1] for row in one.buttons] or any(
            label in row for row in one.buttons
        ))  # fmt: skip
        await self.she.presses(label, shown.message_id)

    async def sends_photo(self, content: bytes) -> None:
        await self.she.sends_photo(content)

    async def says_again(self, times: int) -> None:
        assert set(await self.api.deliver_again(self.api.deliveries[-1].update_id, times)) == {200}

    async def talks_nonsense(self) -> None:
        self.api.raw_update({"message": {"message_id": "one", "date": 1, "chat": {"id": 7001, "type": "private"}}})

    async def leaves(self) -> None:
        await self.she.blocks()

    async def screen(self) -> list[Seen]:
        seen = []
        for message in self.she.told:
            file = message.json.get("document") or (message.json.get("photo") or [None])[-1]
            files = [(file.get("file_name", ""), self.api.files.by_id[file["file_id"]].read())] if file else []
            seen.append(Seen(message.text, [label for row in message.buttons for label in row], files))
        return seen

    async def settles(self) -> None:
        await self.wire.settles()

    def is_shown_typing(self) -> bool:
        return any(call.params.get("action") == "typing" for call in self.api.calls_of("sendChatAction"))

    def is_told_to_wait(self) -> None:
        self.api.faults.refuse_sends(1, retry_after=1)

    def breaks_down(self) -> None:
        self.api.faults.break_down(1)

    def hangs_up(self) -> None:
        self.api.faults.drop_answers(1, performed=True)

    def loses_its_token(self) -> None:
        self.api.token = "999:another"

    def gets_its_token_back(self) -> None:
        self.api.token = self.wire.settings()["telegram_token"]

    @property
    def violations(self) -> list[Any]:
        return self.api.violations


class MessengerEnd(End):
    channel = "messenger"

    def __init__(self, wire: MessengerWire) -> None:
        self.wire = wire
        self.api: GraphApi = wire.api
        self.she: MessengerPerson = self.api.person("7001", "Оксана")
        self.last: Any = None

    async def writes(self, text: str) -> None:
        self.last = await self.she.writes(text)

    async def presses(self, label: str) -> None:
        self.last = await self.she.taps(label, late=True)

    async def sends_photo(self, content: bytes) -> None:
        self.last = await self.she.sends_image(content)

    async def says_again(self, times: int) -> None:
        assert set(await self.api.deliver_again(self.last, times)) == {200}

    async def talks_nonsense(self) -> None:
        event = {"sender": {"id": "7001"}, "recipient": {"id": "1"}, "timestamp": 1, "message": {"text": "без номера"}}
        body = {"object": "page", "entry": [{"id": "1", "time": 1, "messaging": [event]}]}
        assert await self.api.raw(httpx2.Request("POST", "http://x", json=body).content) == 200

    async def leaves(self) -> None:
        await self.she.blocks()

    async def screen(self) -> list[Seen]:
        return [
            Seen(told.text, told.quick_replies + told.buttons, [(file.name, file.content) for file in told.attachments])
            for told in self.she.told
        ]

    async def settles(self) -> None:
        await self.wire.settles()

    def is_shown_typing(self) -> bool:
        return "typing_on" in self.she.actions

    def is_told_to_wait(self) -> None:
        self.api.faults.refuse(613, 1)

    def breaks_down(self) -> None:
        self.api.faults.break_down(1)

    def hangs_up(self) -> None:
        self.api.holds_echoes = True
        self.api.faults.drop(1, performed=True)

    def loses_its_token(self) -> None:
        self.api.page_token = "another"

    def gets_its_token_back(self) -> None:
        self.api.page_token = self.wire.settings()["messenger_page_token"]

    @property
    def violations(self) -> list[Any]:
        return self.api.violations


class WebEnd(End):
    """The page's own JSON, spoken as the page speaks it: what was not taken is sent again with the same key."""

    channel = WEB.name
    sends_itself = False

    def __init__(self, client: httpx2.AsyncClient, town: Town) -> None:
        self.client, self.town = client, town
        self.said = 0
        self.last: dict[str, Any] = {}

    async def begins(self) -> None:
        token = (await self.client.post("/chat/session")).json()["token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    async def _posts(self, **what: Any) -> None:
        self.said += 1
        self.last = what
        for _ in range(100):
            answer = await self.client.post("/chat/messages", **what)
            if answer.status_code != 503:
                break
        assert answer.status_code in (202, 409), answer.text

    async def writes(self, text: str) -> None:
        await self._posts(json={"text": text, "key": f"k{self.said}"})

    async def presses(self, label: str) -> None:
        messages = (await self.client.get("/chat/messages")).json()["messages"]
        data = next(one["id"] for message in reversed(messages) for one in message["choices"] if one["label"] == label)
        await self._posts(json={"choice": data, "key": f"k{self.said}"})

    async def sends_photo(self, content: bytes) -> None:
        await self._posts(files={"file": ("photo.jpg", content)}, data={"key": f"k{self.said}"})

    async def says_again(self, times: int) -> None:
        import asyncio

        answers = await asyncio.gather(*(self.client.post("/chat/messages", **self.last) for _ in range(times)))
        assert {answer.status_code for answer in answers} == {202}

    async def talks_nonsense(self) -> None:
        for body in (b"{", b"[]", b'{"text": 7}', b"\xff\xfe"):
            answer = await self.client.post(
                "/chat/messages", content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code in (400, 422)
            assert answer.json()["sentence"]

    async def leaves(self) -> None:
        await self.client.post("/chat/exit")

    async def screen(self) -> list[Seen]:
        answer = await self.client.get("/chat/messages")
        if answer.status_code == 401:
            return []
        seen = []
        for message in answer.json()["messages"]:
            if message["from"] == "person":
                continue
            file = message["file"]
            files = [(file["name"], (await self.client.get(file["url"])).content)] if file else []
            seen.append(Seen(message["text"], [one["label"] for one in message["choices"]], files))
        return seen

    async def settles(self) -> None:
        """The page comes for what waits."""
        await self.screen()


@asynccontextmanager
async def end_of(channel: str, town: Town) -> AsyncIterator[End]:
    """Oksana on this channel, with all that is needed for it open."""
    if channel == WebEnd.channel:
        async with PublicDoor(town, {}) as door, httpx2.AsyncClient(base_url=door.root) as client:
            town.wired.add(channel)
            web = WebEnd(client, town)
            await web.begins()
            yield web
    elif channel == TelegramEnd.channel:
        async with TelegramWire(town) as telegram:
            yield TelegramEnd(telegram)
    else:
        async with MessengerWire(town) as messenger:
            yield MessengerEnd(messenger)
