"""What Messenger shows of us before anybody writes, in each language, and what it brings us."""

from typing import Any

from bot.channels.messenger.graph import Graph
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
MENU = ("menu", "status", "classes", "language", "human", "link", "privacy", "help", "sos")
LOCALES = {"uk": "uk_UA", "pl": "pl_PL", "ru": "ru_RU", "en": "en_US"}
DEFAULT = "uk"


async def set_up(graph: Graph) -> str:
    """Tell Meta all of it; the link by which people find the page, with a place for {code}."""
    page = await graph.ask("me", fields="id,name")
    await graph.tell("me/messenger_profile", profile())
    await graph.tell("me/subscribed_apps", {"subscribed_fields": ",".join(FIELDS)})
    return f"https://m.me/{page.get('id')}?ref={{code}}"


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
