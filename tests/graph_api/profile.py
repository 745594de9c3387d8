"""What the page says of itself before a word is written, what it wants to hear of, and whom it may ask for a name."""

import re
from typing import TYPE_CHECKING, Any

from .refusals import bad, objects, only, unknown_object, words
from .sends import check_button
from .webhook import FIELDS

if TYPE_CHECKING:
    from .api import GraphApi

PROPERTIES = ("get_started", "greeting", "persistent_menu")
LOCALE = re.compile(r"default|[a-z]{2}_[A-Z]{2}")


def messenger_profile(api: "GraphApi", method: str, asked: dict[str, Any]) -> dict[str, Any]:
    if method == "GET":
        only(asked, ("fields",), "the request")
        found = {name: api.profile[name] for name in _named(asked) if name in api.profile}
        return {"data": [found] if found else []}
    if method == "DELETE":
        only(asked, ("fields",), "the request")
        left = {name: value for name, value in api.profile.items() if name not in _named(asked)}
    else:
        only(asked, PROPERTIES, "messenger_profile")
        if not asked:
            raise bad("Must set at least one property")
        _check(asked)
        left = {**api.profile, **asked}
    if "persistent_menu" in left and "get_started" not in left:
        raise bad("You must set a Get Started button if you also wish to use persistent menu")
    api.profile.clear()
    api.profile.update(left)
    return {"result": "success"}


def subscribed_apps(api: "GraphApi", method: str, asked: dict[str, Any]) -> dict[str, Any]:
    if method == "GET":
        return {"data": [{"id": api.app_id, "name": "Poruch", "subscribed_fields": sorted(api.subscribed)}]}
    only(asked, ("subscribed_fields",), "the request")
    wanted = asked.get("subscribed_fields", "")
    fields = set(wanted if isinstance(wanted, list) else str(wanted).split(","))
    if not fields or fields - FIELDS:
        raise bad("subscribed_fields must be fields of a page that a help desk may need")
    api.subscribed = fields
    return {"success": True}


def page(api: "GraphApi", asked: dict[str, Any]) -> dict[str, Any]:
    return _chosen({"id": api.page_id, "name": api.page_name}, asked)


def person(api: "GraphApi", psid: str, asked: dict[str, Any]) -> dict[str, Any]:
    someone = api.people.get(psid)
    if someone is None or not api.gives_names:
        raise unknown_object("GET", psid)
    first, _, last = someone.name.partition(" ")
    return _chosen({"id": psid, "first_name": first, "last_name": last, "name": someone.name}, asked)


def _chosen(whole: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    only(asked, ("fields",), "the request")
    fields = str(asked.get("fields", "id,name")).split(",")
    if odd := [name for name in fields if name not in whole]:
        raise bad(f"Tried accessing nonexisting field ({odd[0]})")
    return {name: whole[name] for name in {*fields, "id"}}


def _named(asked: dict[str, Any]) -> list[str]:
    fields = asked.get("fields", "")
    names = [str(name) for name in fields] if isinstance(fields, list) else str(fields).split(",")
    if not names or any(name not in PROPERTIES for name in names):
        raise bad(f"fields must be some of {', '.join(PROPERTIES)}")
    return names


def _check(asked: dict[str, Any]) -> None:
    if "get_started" in asked:
        started = asked["get_started"]
        if not isinstance(started, dict):
            raise bad("get_started must be an object")
        only(started, ("payload",), "get_started")
        words(started, "payload", 1000, "get_started")
    for greeting in _by_locale(asked, "greeting"):
        only(greeting, ("locale", "text"), "greeting")
        words(greeting, "text", 160, "greeting")
    for menu in _by_locale(asked, "persistent_menu"):
        only(menu, ("locale", "composer_input_disabled", "call_to_actions"), "persistent_menu")
        for item in objects(menu, "call_to_actions", 20, "persistent_menu"):
            check_button(item, 30, "a menu item")


def _by_locale(asked: dict[str, Any], name: str) -> list[dict[str, Any]]:
    if name not in asked:
        return []
    entries = objects(asked, name, 100, "messenger_profile")
    locales = [str(entry.get("locale")) for entry in entries]
    if "default" not in locales or len(set(locales)) < len(locales):
        raise bad(f"{name} needs one entry with locale default, and one for each other locale")
    if odd := [locale for locale in locales if not LOCALE.fullmatch(locale)]:
        raise bad(f"{odd[0]} is not a locale")
    return entries
