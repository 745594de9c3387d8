"""What may hang under a message: the shapes of keyboards, and what Telegram refuses in them."""

from typing import Any

from .query import Query, bad_request
from .wording import check_link

INLINE_ACTIONS = (
    "url", "callback_data", "callback_game", "pay", "switch_inline_query", "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat", "login_url", "web_app", "copy_text",
)  # fmt: skip
REPLY_ACTIONS = (
    "request_contact", "request_location", "request_poll", "request_users", "request_chat", "web_app",
)  # fmt: skip
DATA_BYTES = 64
IN_A_ROW, IN_ALL = 12, 300


def read_markup(query: Query, *, inline_only: bool = False, in_private: bool = True) -> dict[str, Any] | None:
    markup = query.json("reply_markup", "reply keyboard markup JSON object")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    inline = _rows(markup, "inline_keyboard", "InlineKeyboardMarkup", _inline_button)
    plain = _rows(markup, "keyboard", "", lambda button: _reply_button(button, in_private))
    for name in (
        "remove_keyboard",
        "force_reply",
        "selective",
        "resize_keyboard",
        "one_time_keyboard",
        "is_persistent",
    ):
        if name in markup and not isinstance(markup[name], bool):
            raise bad_request(f'field "{name}" must be of type Boolean')
    if inline_only and (plain or markup.get("remove_keyboard") or markup.get("force_reply")):
        raise bad_request("inline keyboard expected")
    if plain:
        return {**markup, "keyboard": plain}
    if inline:
        return {"inline_keyboard": inline}
    if markup.get("remove_keyboard"):
        return {"remove_keyboard": True}
    return {"force_reply": True} if markup.get("force_reply") else None


def labels(markup: dict[str, Any] | None) -> list[list[str]]:
    markup = markup or {}
    return [[button["text"] for button in row] for row in markup.get("inline_keyboard") or markup.get("keyboard") or ()]


def _rows(markup: dict[str, Any], name: str, owner: str, read: Any) -> list[list[dict[str, Any]]]:
    rows = markup.get(name, [])
    if not isinstance(rows, list):
        raise bad_request(f'field "{name}" must be of type Array')
    kept = []
    left = IN_ALL
    for row in rows:
        if not isinstance(row, list):
            raise bad_request(f'field "{name}" {f"of the {owner} " if owner else ""}must be an Array of Arrays')
        buttons = [read(button) for button in row]
        # Telegram says nothing about buttons that are too many: they are just not there.
        buttons = buttons[: min(IN_A_ROW, left)]
        left -= len(buttons)
        if buttons:
            kept.append(buttons)
    return kept


def _inline_button(button: Any) -> dict[str, Any]:
    def refuse(words: str) -> Exception:
        return bad_request(f"can't parse InlineKeyboardButton: {words}")

    if not isinstance(button, dict):
        raise refuse("Object expected")
    text = _text_of(button, refuse)
    actions = [name for name in INLINE_ACTIONS if name in button and button[name] not in ("", None)]
    if "switch_inline_query" in button or "switch_inline_query_current_chat" in button:
        actions = [name for name in INLINE_ACTIONS if name in button]
    if not actions:
        raise refuse("Text buttons are not allowed in the inline keyboard")
    if len(actions) > 1:
        # Telegram keeps the first and forgets the rest without a word, which no one ever wants.
        raise refuse(f"exactly one of the optional fields must be used, found {', '.join(actions)}")
    if not text.strip():
        # Telegram drops such a button without a word, which no one ever wants.
        raise bad_request("inline keyboard button text must be non-empty")
    if data := button.get("callback_data"):
        if not isinstance(data, str):
            raise refuse('Field "callback_data" must be of type String')
        if len(data.encode()) > DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    if (url := button.get("url")) and (why := check_link(url)):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {why}")
    return button


def _reply_button(button: Any, in_private: bool) -> dict[str, Any]:
    def refuse(words: str) -> Exception:
        return bad_request(f"can't parse KeyboardButton: {words}")

    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise refuse("KeyboardButton must be a String or an Object")
    if not _text_of(button, refuse).strip():
        raise bad_request("keyboard button text must be non-empty")
    actions = [name for name in REPLY_ACTIONS if button.get(name)]
    if len(actions) > 1:
        raise refuse(f"at most one of the optional fields must be used, found {', '.join(actions)}")
    if actions and not in_private:
        what = {"request_contact": "phone number", "request_location": "location"}.get(actions[0], "this")
        raise bad_request(f"{what} can be requested in private chats only")
    return button


def _text_of(button: dict[str, Any], refuse: Any) -> str:
    if "text" not in button:
        raise refuse('Can\'t find field "text"')
    if not isinstance(button["text"], str):
        raise refuse('Field "text" must be of type String')
    return button["text"]
