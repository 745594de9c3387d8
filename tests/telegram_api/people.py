"""People with Telegram: what they send to the bot, what they press, and what they see."""

import re
from typing import TYPE_CHECKING, Any

from . import keyboards
from .chats import Chat, Message, Press, written
from .files import DOT
from .updates import PRESSED

if TYPE_CHECKING:
    from .api import TelegramApi

LONGEST_TEXT = 4096
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NoSuchButton(LookupError):
    """The person looked for a button and did not find it."""


class Person(Chat):
    """Someone with Telegram, and their private chat with the bot. Whatever they do, the bot gets an update of it."""

    def __init__(self, api: "TelegramApi", user_id: int, name: str, language_code: str | None, **more: Any) -> None:
        self.user = {"id": user_id, "is_bot": False, "first_name": name, **more}
        chat = {"id": user_id, "first_name": name, **more, "type": "private"}
        if language_code:
            self.user["language_code"] = language_code
        super().__init__(api, user_id, chat)
        self.started = False
        self.blocked = False
        self.deactivated = False
        self.seen_in_group = False
        self.toasts: list[dict[str, Any]] = []

    async def starts(self, payload: str | None = None) -> Message:
        """Presses Start, or Restart after a block; `payload` comes from a link t.me/bot?start=payload."""
        if payload and not PAYLOAD.fullmatch(payload):
            raise ValueError("a link carries at most 64 of A-Z, a-z, 0-9, _ and -")
        if self.blocked:
            await self.unblocks()
        return await self.writes(f"/start {payload}" if payload else "/start")

    async def writes(self, text: str, reply_to: int | None = None) -> Message:
        """What is too long for one message is sent in several, as Telegram's apps do."""
        text = text.strip()
        parts = [text[at : at + LONGEST_TEXT] for at in range(0, len(text), LONGEST_TEXT)]
        if not parts:
            raise ValueError("Telegram's apps do not send an empty message")
        for part in parts[:-1]:
            await self.sends(**written(part), reply_to=reply_to)
        return await self.sends(**written(parts[-1]), reply_to=reply_to)

    async def sends(self, *, reply_to: int | None = None, **content: Any) -> Message:
        """Any message at all, by its fields in the Bot API; the other kinds are made of this."""
        if self.blocked or self.deactivated:
            raise ValueError("who blocked the bot or left Telegram cannot write to it")
        self.started = True
        message = self.put(content, by=self.user, reply_to=reply_to)
        self.api.updates.add("message", message.json, self.id)
        return message

    async def edits(self, message_id: int, text: str) -> Message:
        message = self.messages[message_id]
        if message.by_bot:
            raise ValueError("only one's own messages can be edited")
        fresh = {**message.json, **written(text), "edit_date": int(self.api.now())}
        if "entities" not in written(text):
            fresh.pop("entities", None)
        message.json = fresh
        self.api.updates.add("edited_message", message.json, self.id)
        return message

    async def deletes(self, message_id: int) -> None:
        """For both sides. The bot never hears of it."""
        self.messages[message_id].deleted = True

    async def sends_photo(
        self, content: bytes | None = None, caption: str | None = None, *, size: int | None = None,
        sizes: tuple[tuple[int, int], ...] = ((90, 67), (320, 240), (1280, 960)), **more: Any,
    ) -> Message:  # fmt: skip
        """`content` is the largest of `sizes`, the last; `size` claims bytes that are not there."""
        keep = self.api.files.keep
        photo = []
        for width, height in sizes:
            largest = (width, height) == tuple(sizes[-1])
            file = keep("photo", content or DOT, size=size, ending=".jpg") if largest else keep("photo", DOT)
            photo.append({**file.shown(), "width": width, "height": height})
        return await self.sends(photo=photo, **_caption(caption), **more)

    async def sends_document(
        self, content: bytes | None = b"%PDF-1.4", name: str = "document.pdf", mime: str = "application/pdf",
        caption: str | None = None, *, size: int | None = None, **more: Any,
    ) -> Message:  # fmt: skip
        file = self._file("document", content, size, f".{name.rpartition('.')[2]}")
        return await self.sends(document={**file, "file_name": name, "mime_type": mime}, **_caption(caption), **more)

    async def sends_voice(
        self, content: bytes = b"OggS voice", seconds: int = 4, *, size: int | None = None
    ) -> Message:
        file = self._file("voice", content, size, ".oga")
        return await self.sends(voice={**file, "duration": seconds, "mime_type": "audio/ogg"})

    async def sends_audio(
        self, content: bytes = b"ID3 audio", seconds: int = 60, title: str = "Song", *, size: int | None = None
    ) -> Message:
        file = self._file("audio", content, size, ".mp3")
        audio = {**file, "duration": seconds, "title": title, "mime_type": "audio/mpeg", "file_name": f"{title}.mp3"}
        return await self.sends(audio=audio)

    async def sends_video(
        self, content: bytes = b"ftypmp42", caption: str | None = None, seconds: int = 5, *, size: int | None = None
    ) -> Message:
        file = self._file("video", content, size, ".mp4")
        video = {**file, "duration": seconds, "width": 640, "height": 360, "mime_type": "video/mp4"}
        return await self.sends(video=video, **_caption(caption))

    async def sends_video_note(self, content: bytes = b"ftypmp42", seconds: int = 5) -> Message:
        return await self.sends(
            video_note={**self._file("video_note", content, None, ".mp4"), "duration": seconds, "length": 240}
        )

    async def sends_sticker(self, emoji: str = "🙂") -> Message:
        kind = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        file = self._file("sticker", b"RIFF sticker", None, ".webp")
        return await self.sends(sticker={**file, **kind, "emoji": emoji, "set_name": "town"})

    async def sends_location(self, latitude: float = 49.8397, longitude: float = 24.0297) -> Message:
        return await self.sends(location={"latitude": latitude, "longitude": longitude})

    async def sends_venue(self, title: str = "Railway station", address: str = "Station Square 1") -> Message:
        location = {"latitude": 49.8397, "longitude": 23.9939}
        return await self.sends(location=location, venue={"location": location, "title": title, "address": address})

    async def sends_contact(self, phone: str = "+380670000000", name: str = "", own: bool = True) -> Message:
        contact = {"phone_number": phone, "first_name": name or self.user["first_name"]}
        if own:
            contact["user_id"] = self.id
        return await self.sends(contact=contact)

    async def sends_poll(self, question: str = "When?", options: tuple[str, ...] = ("Today", "Tomorrow")) -> Message:
        choices = [
            {"persistent_id": str(number), "text": option, "voter_count": 0} for number, option in enumerate(options)
        ]
        poll: dict[str, Any] = {"id": str(5_000_000_000 + len(self.messages)), "question": question, "options": choices}
        poll |= {"total_voter_count": 0, "is_closed": False, "is_anonymous": True, "type": "regular"}
        poll |= {"allows_multiple_answers": False, "allows_revoting": True, "members_only": False}
        return await self.sends(poll=poll)

    async def sends_dice(self, value: int = 4, emoji: str = "🎲") -> Message:
        return await self.sends(dice={"emoji": emoji, "value": value})

    async def forwards(self, text: str, of: "Person | str" = "Somebody") -> Message:
        """`of` is the one who wrote it; a name alone is someone who hides their account."""
        origin: dict[str, Any] = {"date": int(self.api.now()) - 3600}
        if isinstance(of, Person):
            origin |= {"type": "user", "sender_user": of.user}
        else:
            origin |= {"type": "hidden_user", "sender_user_name": of}
        return await self.sends(**written(text), forward_origin=origin)

    async def sends_album(self, contents: list[bytes | None], caption: str | None = None) -> list[Message]:
        """Several photos at once: separate messages with one `media_group_id`, the caption on the first."""
        group = str(13_000_000_000 + self.api.next_number())
        return [
            await self.sends_photo(content, caption if number == 0 else None, media_group_id=group)
            for number, content in enumerate(contents)
        ]

    async def presses(self, button: str, message_id: int | None = None) -> Press | Message | str:
        """A button by its label or its data.

        An inline button gives a `Press`, or its address when it is a link; a button of the reply keyboard writes its
        label, or shares what it asks for.
        """
        if message_id is None and (found := self._under_the_input(button)):
            if found.get("request_contact"):
                return await self.sends_contact()
            if found.get("request_location"):
                return await self.sends_location()
            return await self.writes(found["text"])
        message, found = self._on_the_screen(button, message_id)
        if "callback_data" not in found:
            return found.get("url") or found["text"]
        press = Press(str(40_000_000_000_000 + self.api.next_number()), self, found["callback_data"], self.api.now())
        self.api.presses[press.id] = press
        query = {"id": press.id, "from": self.user, "message": message.json, "chat_instance": f"-{self.id}7771"}
        press.update_id = self.api.updates.add("callback_query", {**query, "data": press.data}, self.id + PRESSED)
        return press

    async def blocks(self) -> None:
        self.blocked = True
        self.member_changes(self.user, "member", "kicked")

    async def unblocks(self) -> None:
        self.blocked = False
        self.member_changes(self.user, "kicked", "member")

    async def deletes_account(self) -> None:
        self.deactivated = True

    def shown(self) -> dict[str, Any]:
        state = {"started": self.started, "blocked": self.blocked, "deactivated": self.deactivated}
        return {**self.user, **state, "toasts": self.toasts, "keyboard": keyboards.labels(self.keyboard)}

    def _file(self, kind: str, content: bytes | None, size: int | None, ending: str) -> dict[str, Any]:
        return self.api.files.keep(kind, content, size=size, ending=ending).shown()

    def _under_the_input(self, label: str) -> dict[str, Any] | None:
        last_inline = next((message for message in reversed(self.screen) if "reply_markup" in message.json), None)
        if last_inline and any(_is(button, label) for row in _inline(last_inline) for button in row):
            return None
        rows = (self.keyboard or {}).get("keyboard", ())
        return next((button for row in rows for button in row if button["text"] == label), None)

    def _on_the_screen(self, label: str, message_id: int | None) -> tuple[Message, dict[str, Any]]:
        with_buttons = [message for message in self.screen if "reply_markup" in message.json]
        if message_id is not None:
            with_buttons = [message for message in with_buttons if message.message_id == message_id]
        for message in with_buttons[-1:]:
            for row in _inline(message):
                for button in row:
                    if _is(button, label):
                        return message, button
        there = [label for message in with_buttons[-1:] for row in message.buttons for label in row]
        there += [label for row in keyboards.labels(self.keyboard) for label in row]
        raise NoSuchButton(f"{self.user['first_name']} sees no button {label!r}, but {there or 'no buttons at all'}")


def _caption(caption: str | None) -> dict[str, Any]:
    return {"caption": caption} if caption else {}


def _inline(message: Message) -> list[list[dict[str, Any]]]:
    return message.json["reply_markup"]["inline_keyboard"]


def _is(button: dict[str, Any], label: str) -> bool:
    return label in (button["text"], button.get("callback_data"))
