"""A chat as both sides see it, and the groups among them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import keyboards, wording
from .updates import MEMBERSHIP

if TYPE_CHECKING:
    from .api import TelegramApi
    from .people import Person

CONTENT = (
    "text", "photo", "document", "voice", "audio", "video", "video_note", "sticker", "venue", "location", "contact",
    "poll", "dice",
)  # fmt: skip


@dataclass(slots=True)
class Message:
    """A message of a chat. `json` is what the Bot API shows of it; `markup` also holds a reply keyboard."""

    chat: "Chat"
    json: dict[str, Any]
    by_bot: bool
    time: float
    markup: dict[str, Any] | None = None
    deleted: bool = False

    @property
    def message_id(self) -> int:
        return self.json["message_id"]

    @property
    def text(self) -> str:
        return self.json.get("text") or self.json.get("caption") or ""

    @property
    def kind(self) -> str:
        return next((kind for kind in CONTENT if kind in self.json), "service")

    @property
    def buttons(self) -> list[list[str]]:
        return keyboards.labels(self.markup)

    def shown(self) -> dict[str, Any]:
        return {
            "chat_id": self.chat.id, "message_id": self.message_id, "text": self.text, "kind": self.kind,
            "buttons": self.buttons, "time": self.time, "by_bot": self.by_bot, "deleted": self.deleted,
            "edited": "edit_date" in self.json,
        }  # fmt: skip


@dataclass(slots=True)
class Press:
    """A button pressed. The person sees a spinner until it is answered."""

    id: str
    person: "Person"
    data: str
    time: float
    update_id: int | None = None
    answer: dict[str, Any] | None = None

    @property
    def answered(self) -> bool:
        return self.answer is not None

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "person": self.person.id, "data": self.data, "answer": self.answer}


class Chat:
    """Message ids are counted per chat, as the Bot API promises no more; so they collide between chats."""

    is_group = False

    def __init__(self, api: "TelegramApi", chat_id: int, json: dict[str, Any]) -> None:
        self.api = api
        self.id = chat_id
        self.json = json
        self.messages: dict[int, Message] = {}
        self.told: list[Message] = []
        self.keyboard: dict[str, Any] | None = None
        self._heard = 0

    @property
    def screen(self) -> list[Message]:
        """The bot's messages as they stand now, after edits and without the deleted."""
        return [message for message in self.told if not message.deleted]

    @property
    def last(self) -> Message:
        return self.screen[-1]

    @property
    def last_text(self) -> str:
        screen = self.screen
        return screen[-1].text if screen else ""

    async def hears(self, within: float = 60.0) -> Message:
        """The next message of the bot that was not yet heard; waits for it."""
        await self.api.until(lambda: len(self.told) > self._heard, within=within)
        self._heard += 1
        return self.told[self._heard - 1]

    def put(
        self, content: dict[str, Any], *, by: dict[str, Any], by_bot: bool = False, reply_to: int | None = None,
        markup: dict[str, Any] | None = None,
    ) -> Message:  # fmt: skip
        now = self.api.now()
        json = {"message_id": len(self.messages) + 1, "from": by, "chat": self.json, "date": int(now), **content}
        if reply_to is not None and (original := self.messages.get(reply_to)) and not original.deleted:
            json["reply_to_message"] = {k: v for k, v in original.json.items() if k != "reply_to_message"}
        if markup and "inline_keyboard" in markup:
            json["reply_markup"] = markup
        message = Message(self, json, by_bot, now, markup)
        self.messages[message.message_id] = message
        if by_bot:
            self.told.append(message)
            self.api.sent.append(message)
            if markup and ("keyboard" in markup or "remove_keyboard" in markup):
                self.keyboard = markup if "keyboard" in markup else None
        return message

    def member_changes(self, by: dict[str, Any], old: str, new: str) -> None:
        def member(status: str) -> dict[str, Any]:
            ends = {"until_date": 0} if status == "kicked" else {}
            return {"user": self.api.bot, "status": status, **ends}

        change = {"chat": self.json, "from": by, "date": int(self.api.now())}
        change |= {"old_chat_member": member(old), "new_chat_member": member(new)}
        self.api.updates.add("my_chat_member", change, self.id + MEMBERSHIP)


@dataclass
class Membership:
    known: bool = False
    is_member: bool = False
    kicked: bool = False
    migrated_to: int | None = None


class Group(Chat):
    """A group of people; the bot hears only what is meant for it, unless the group's bots may read everything."""

    is_group = True

    def __init__(self, api: "TelegramApi", group_id: int, title: str) -> None:
        kind = "supergroup" if group_id < -1_000_000_000_000 else "group"
        super().__init__(api, group_id, {"id": group_id, "title": title, "type": kind})
        self.bot = Membership()

    async def adds_bot(self, by: "Person") -> None:
        self.bot = Membership(known=True, is_member=True)
        by.seen_in_group = True
        self.member_changes(by.user, "left", "member")
        message = self.put({"new_chat_members": [self.api.bot]}, by=by.user)
        self.api.updates.add("message", message.json, self.id)

    async def removes_bot(self, by: "Person") -> None:
        self.bot = Membership(known=True, kicked=True)
        self.member_changes(by.user, "member", "kicked")

    async def writes(self, by: "Person", text: str, reply_to: int | None = None) -> Message:
        by.seen_in_group = True
        message = self.put(written(text), by=by.user, reply_to=reply_to)
        answers_bot = reply_to is not None and self.messages[reply_to].by_bot
        meant = text.startswith("/") or f"@{self.api.bot['username']}" in text or answers_bot
        if self.bot.is_member and (meant or self.api.bot["can_read_all_group_messages"]):
            self.api.updates.add("message", message.json, self.id)
        return message

    async def upgrades(self, to: int) -> "Group":
        """The group becomes a supergroup with another number, and the old number is good for nothing."""
        fresh = self.api.group(to, self.json["title"])
        fresh.bot = Membership(known=True, is_member=self.bot.is_member)
        self.bot.migrated_to = to
        owner = {"id": 1_087_968_824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
        before = self.put({"migrate_to_chat_id": to}, by=owner)
        after = fresh.put({"migrate_from_chat_id": self.id}, by=owner)
        self.api.updates.add("message", before.json, self.id)
        self.api.updates.add("message", after.json, to)
        return fresh

    def shown(self) -> dict[str, Any]:
        return {**self.json, "is_member": self.bot.is_member, "migrated_to": self.bot.migrated_to}


def written(text: str) -> dict[str, Any]:
    """A text with what Telegram marks in it by itself."""
    entities = wording.entities_of(text)
    return {"text": text, "entities": entities} if entities else {"text": text}
