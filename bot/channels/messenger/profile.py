"""What Messenger shows of us before anybody writes, in each language, and what it brings us."""

from collections.abc import Collection
from typing import Any

from bot.channels import Refused
from bot.channels.messenger.graph import FAILURES, Graph, why_of
from desk.texts import LANGUAGES, say

FIELDS = (
    "messages",
    "messaging_postbacks",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "messaging_referrals",
    "standby",
)
PARTS = ("me/subscribed_apps", "me/messenger_profile")  # What is set up, by its path.
MENU = ("menu", "status", "classes", "language", "human", "link", "privacy", "help", "sos")
LOCALES = {"uk": "uk_UA", "pl": "pl_PL", "ru": "ru_RU", "en": "en_US"}
DEFAULT = "uk"


async def invitation(graph: Graph) -> str:
    """The link by which people find the page, with a place for {code}."""
    page = await graph.ask("me", fields="id,name")
    if not page.get("id"):
        raise Refused("no page behind the token")
    return f"https://m.me/{page['id']}?ref={{code}}"


async def set_up(graph: Graph, parts: Collection[str] = PARTS) -> dict[str, str]:
    """Tell Meta all of it, first what it is to bring us; what failed, and why. One part must not cost us the other."""
    bodies = {"me/subscribed_apps": {"subscribed_fields": ",".join(FIELDS)}, "me/messenger_profile": profile()}
    failed = {}
    for path in (path for path in PARTS if path in parts):
        try:
            told = await graph.tell(path, bodies[path])
            if told.get("success") is False:
                raise Refused("not taken")
        except FAILURES as error:
            failed[path] = why_of(error)
    return failed


def profile() -> dict[str, Any]:
    """`/start` and the other payloads are commands: they go the way of typed ones."""
    spoken = [("default", DEFAULT), *((LOCALES[language], language) for language in LANGUAGES)]
    return {
        "get_started": {"payload": "/start"},
        "greeting": [{"locale": locale, "text": say(language, "bot.short")} for locale, language in spoken],
        "persistent_menu": [
            {
                "locale": locale,
                "composer_input_disabled": False,
                "call_to_actions": [
                    {"type": "postback", "title": say(language, f"command.{name}"), "payload": f"/{name}"}
                    for name in MENU
                ],
            }
            for locale, language in spoken
        ],
    }
