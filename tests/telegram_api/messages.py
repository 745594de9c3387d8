"""What a bot does with messages: sends, edits, deletes, and answers the button pressed under one."""

import struct
from typing import TYPE_CHECKING, Any

from . import files, wording
from .chats import Chat, Message
from .keyboards import read_markup
from .people import Person
from .query import Query, Refused, Upload, bad_request

if TYPE_CHECKING:
    from .api import TelegramApi

LONGEST_TEXT, LONGEST_CAPTION, LONGEST_TOAST = 4096, 1024, 200
TWO_DAYS = 48 * 3600
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
ACTIONS = frozenset({
    "cancel", "typing", "record_video", "upload_video", "record_audio", "record_voice", "upload_audio", "upload_voice",
    "upload_photo", "upload_document", "choose_sticker", "pick_up_location", "find_location", "record_video_note",
    "upload_video_note",
})  # fmt: skip


def send_message(api: "TelegramApi", query: Query) -> dict[str, Any]:
    content = _text_content(query)
    return _send(api, query, content, longest=LONGEST_TEXT)


def send_photo(api: "TelegramApi", query: Query) -> dict[str, Any]:
    def photo(file: files.File) -> list[dict[str, Any]]:
        return [{**file.shown(), "width": 800, "height": 600}]

    return _send_file(api, query, "photo", photo)


def send_document(api: "TelegramApi", query: Query) -> dict[str, Any]:
    upload = query.file("document")
    named = {"file_name": upload.name, "mime_type": upload.mime} if isinstance(upload, Upload) else {}
    return _send_file(api, query, "document", lambda file: {**file.shown(), **named})


def edit_message_text(api: "TelegramApi", query: Query) -> dict[str, Any]:
    content = _text_content(query)
    markup = read_markup(query, inline_only=True)
    message = _to_edit(api, query)
    if message.kind != "text":
        raise bad_request("there is no text in the message to edit")
    if wording.shows_nothing(content["text"]):
        raise bad_request("text must be non-empty")
    if wording.length(content["text"]) > LONGEST_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    return _edit(api, message, content, markup)


def edit_message_reply_markup(api: "TelegramApi", query: Query) -> dict[str, Any]:
    markup = read_markup(query, inline_only=True)
    message = _to_edit(api, query)
    content: dict[str, Any] = {name: message.json[name] for name in ("text", "entities") if name in message.json}
    return _edit(api, message, content, markup)


def delete_message(api: "TelegramApi", query: Query) -> bool:
    if not query.text("chat_id"):
        raise bad_request("chat identifier is not specified")
    if not query.number("message_id"):
        raise bad_request("message identifier is not specified")
    chat = api.chat_for(query)
    message = _find(chat, query.number("message_id"), "message to delete")
    if chat.is_group and not message.by_bot:
        raise bad_request("message can't be deleted")
    if api.now() - message.time >= TWO_DAYS:
        raise bad_request("message can't be deleted" if chat.is_group else "message can't be deleted for everyone")
    message.deleted = True
    return True


def answer_callback_query(api: "TelegramApi", query: Query) -> bool:
    press = api.presses.get(query.text("callback_query_id"))
    # A second answer comes to a query that is no longer waiting; for Telegram that is the same as a late one.
    if press is None or press.answered or api.now() - press.time > api.callback_seconds:
        raise bad_request(TOO_OLD)
    text = query.text("text")
    if wording.length(text) > LONGEST_TOAST:
        raise bad_request("MESSAGE_TOO_LONG")
    press.answer = {"text": text, "show_alert": query.flag("show_alert"), "url": query.text("url")}
    if text:
        press.person.toasts.append(press.answer)
    return True


def send_chat_action(api: "TelegramApi", query: Query) -> bool:
    if query.text("action").lower() not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    _not_blocked(api.chat_for(query))
    return True


def _text_content(query: Query) -> dict[str, Any]:
    if not query.text("text"):
        raise bad_request("message text is empty")
    text, entities = wording.read_text(query, "text")
    return {"text": text, "entities": entities} if entities else {"text": text}


def _send_file(api: "TelegramApi", query: Query, kind: str, shape: Any) -> dict[str, Any]:
    caption, entities = wording.read_text(query, "caption", entities="caption_entities")
    content: dict[str, Any] = {"caption": caption} if caption else {}
    if entities and caption:
        content["caption_entities"] = entities
    given = query.file(kind)
    if given is None:
        raise bad_request(f"there is no {kind} in the request")
    if isinstance(given, Upload):
        _check_upload(kind, given)
    elif given not in api.files.by_id:
        # An address would be fetched by Telegram; nothing is fetched from here.
        is_address = given.startswith(("http://", "https://"))
        words = "failed to get HTTP URL content" if is_address else "wrong file identifier/HTTP URL specified"
        raise bad_request(words)
    elif (stored := api.files.by_id[given]).kind != kind and "photo" in (stored.kind, kind):
        raise bad_request(f"can't use file of type {stored.kind.title()} as {kind.title()}")

    def with_file() -> dict[str, Any]:
        stored = api.files.by_id[given] if isinstance(given, str) else api.files.keep(kind, given.content)
        return {kind: shape(stored), **content}

    return _send(api, query, content, longest=LONGEST_CAPTION, at_last=with_file)


def _check_upload(kind: str, upload: Upload) -> None:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if kind == "photo" and len(upload.content) > files.MOST_PHOTO:
        raise bad_request("file is too big")
    if len(upload.content) > files.MOST_SENT:
        raise Refused(413, "Request Entity Too Large")
    if kind == "photo" and not upload.content.startswith(files.IMAGES):
        raise bad_request("IMAGE_PROCESS_FAILED")
    if kind == "photo" and upload.content[12:16] == b"IHDR":
        width, height = struct.unpack(">II", upload.content[16:24])
        if width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _send(
    api: "TelegramApi", query: Query, content: dict[str, Any], *, longest: int, at_last: Any = None
) -> dict[str, Any]:
    reply = _reply_parameters(query)
    markup = read_markup(query, in_private=query.number("chat_id") > 0)
    chat = api.chat_for(query)
    if query.number("message_thread_id"):
        raise bad_request("message thread not found")
    reply_to = _reply_to(chat, reply)
    if "text" in content and wording.shows_nothing(content["text"]):
        raise bad_request("text must be non-empty")
    if wording.length(content.get("text") or content.get("caption") or "") > longest:
        raise bad_request("message is too long" if "text" in content else "message caption is too long")
    api.pace(chat)
    _not_blocked(chat)
    message = chat.put(at_last() if at_last else content, by=api.bot, by_bot=True, reply_to=reply_to, markup=markup)
    return message.json


def _reply_parameters(query: Query) -> dict[str, Any]:
    reply = query.json("reply_parameters", "reply parameters JSON object")
    if reply is None:
        without = query.flag("allow_sending_without_reply")
        return {"message_id": query.number("reply_to_message_id"), "allow_sending_without_reply": without}
    if not isinstance(reply, dict):
        raise bad_request("object expected as reply parameters")
    if reply and not isinstance(reply.get("message_id"), int):
        raise bad_request('can\'t find field "message_id"')
    return reply


def _reply_to(chat: Chat, reply: dict[str, Any]) -> int | None:
    wanted = reply.get("message_id", 0)
    if wanted <= 0:
        return None
    original = chat.messages.get(wanted)
    if original and not original.deleted:
        return wanted
    if reply.get("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def _to_edit(api: "TelegramApi", query: Query) -> Message:
    if not query.text("chat_id") and not query.number("message_id"):
        raise bad_request("message identifier is not specified")
    chat = api.chat_for(query)
    message = _find(chat, query.number("message_id"), "message to edit")
    # What was sent with a reply keyboard stays as it is, as the keyboard hangs on it.
    if not message.by_bot or (message.markup and "inline_keyboard" not in message.markup):
        raise bad_request("message can't be edited")
    return message


def _edit(
    api: "TelegramApi", message: Message, content: dict[str, Any], markup: dict[str, Any] | None
) -> dict[str, Any]:
    before = {name: message.json.get(name) for name in ("text", "entities", "reply_markup")}
    after = {"text": content.get("text"), "entities": content.get("entities"), "reply_markup": markup}
    if before == after:
        raise bad_request(NOT_MODIFIED)
    if message.chat.is_group:
        api.pace(message.chat)
    _not_blocked(message.chat)
    fresh = {name: value for name, value in message.json.items() if name not in after}
    fresh |= {name: value for name, value in after.items() if value is not None}
    message.json = {**fresh, "edit_date": int(api.now())}
    message.markup = markup
    return message.json


def _find(chat: Chat, message_id: int, what: str) -> Message:
    message = chat.messages.get(message_id)
    if message is None or message.deleted:
        raise bad_request(f"{what} not found")
    return message


def _not_blocked(chat: Chat) -> None:
    if isinstance(chat, Person) and chat.blocked:
        raise Refused(403, "Forbidden: bot was blocked by the user")


METHODS = {
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "senddocument": send_document,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "answercallbackquery": answer_callback_query,
    "sendchataction": send_chat_action,
}
