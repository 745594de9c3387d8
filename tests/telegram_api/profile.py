"""How a bot presents itself: commands, names, descriptions and the menu button, each in any language."""

import json
import re
from typing import TYPE_CHECKING, Any

from .people import Person
from .query import Query, bad_request

if TYPE_CHECKING:
    from .api import TelegramApi

MOST_COMMANDS = 100
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
LANGUAGE = re.compile(r"(?:[a-z]{2})?")
PLAIN_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")


def get_me(api: "TelegramApi", query: Query) -> dict[str, Any]:
    return api.bot


def set_my_commands(api: "TelegramApi", query: Query) -> bool:
    raw = query.json("commands", "commands JSON object") or []
    if not isinstance(raw, list):
        raise bad_request("expected an Array of BotCommand")
    scope, language = _scope(api, query), _language(query)
    commands = [_command(command) for command in raw]
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    if commands:
        api.commands[scope, language] = commands
    else:
        api.commands.pop((scope, language), None)
    return True


def get_my_commands(api: "TelegramApi", query: Query) -> list[dict[str, str]]:
    return api.commands.get((_scope(api, query), _language(query)), [])


def delete_my_commands(api: "TelegramApi", query: Query) -> bool:
    api.commands.pop((_scope(api, query), _language(query)), None)
    return True


def set_chat_menu_button(api: "TelegramApi", query: Query) -> bool:
    button = query.json("menu_button", "menu button JSON object") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in ("default", "commands", "web_app"):
        raise bad_request("can't parse menu button: MenuButton has unsupported type")
    if button["type"] == "web_app" and not (button.get("text") and button.get("web_app", {}).get("url")):
        raise bad_request("can't parse menu button: Can't find field \"text\"")
    api.menu_buttons[_menu_owner(api, query)] = button
    return True


def get_chat_menu_button(api: "TelegramApi", query: Query) -> dict[str, Any]:
    owner = _menu_owner(api, query)
    return api.menu_buttons.get(owner) or api.menu_buttons.get(0) or {"type": "commands"}


def _setter(name: str, most: int) -> Any:
    def set_it(api: "TelegramApi", query: Query) -> bool:
        language = _language(query)
        if len(query.text(name)) > most:
            # The number is Telegram's; its words for this are nowhere written down.
            raise bad_request(f"{name.replace('_', ' ')} is too long")
        api.profile[name, language] = query.text(name)
        return True

    return set_it


def _getter(name: str) -> Any:
    def get_it(api: "TelegramApi", query: Query) -> dict[str, str]:
        said = api.profile.get((name, _language(query))) or api.profile.get((name, ""))
        return {name: said or (api.bot["first_name"] if name == "name" else "")}

    return get_it


def _command(raw: Any) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if not isinstance(raw.get(name), str):
            raise bad_request(f"can't parse BotCommand: Can't find field \"{name}\"")
    command = raw["command"].strip().removeprefix("/")
    description = raw["description"].strip()
    if not command:
        raise bad_request("command must be non-empty")
    if len(command) > 32:
        raise bad_request("command length must not exceed 32")
    if not description:
        raise bad_request("command description must be non-empty")
    if len(description) > 256:
        raise bad_request("command description length must not exceed 256")
    if not COMMAND.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")
    return {"command": command, "description": description}


def _scope(api: "TelegramApi", query: Query) -> str:
    scope = query.json("scope", "BotCommandScope JSON object") or {"type": "default"}
    if not isinstance(scope, dict):
        raise bad_request("can't parse BotCommandScope: BotCommandScope must be an Object")
    kind = scope.get("type")
    if kind in PLAIN_SCOPES:
        return kind
    if kind not in CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    if not scope.get("chat_id"):
        raise bad_request("can't parse BotCommandScope: Empty chat_id specified")
    chat = api.chat_for(Query(query.method, {"chat_id": str(scope["chat_id"])}))
    if kind != "chat" and isinstance(chat, Person):
        raise bad_request("can't use specified scope in private chats")
    return json.dumps(scope, sort_keys=True)


def _language(query: Query) -> str:
    language = query.text("language_code")
    if not LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    return language


def _menu_owner(api: "TelegramApi", query: Query) -> int:
    if not query.text("chat_id"):
        return 0
    user_id = query.number("chat_id")
    if user_id <= 0:
        raise bad_request("invalid chat_id specified")
    if user_id not in api.people:
        raise bad_request("user not found")
    return user_id


METHODS = {
    "getme": get_me,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "setchatmenubutton": set_chat_menu_button,
    "getchatmenubutton": get_chat_menu_button,
    "setmyname": _setter("name", 64),
    "getmyname": _getter("name"),
    "setmydescription": _setter("description", 512),
    "getmydescription": _getter("description"),
    "setmyshortdescription": _setter("short_description", 120),
    "getmyshortdescription": _getter("short_description"),
}
