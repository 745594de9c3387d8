"""What `poruch doctor` says of Messenger."""

from collections.abc import AsyncIterator
from typing import Any

from bot.channels.messenger import profile
from bot.channels.messenger.graph import FAILURES, Graph, why_of
from bot.findings import Finding, error, look, ok
from desk.settings import Settings

PATIENCE = 5.0  # Seconds for one answer.
AGAIN = "run `poruch doctor --fix` or start `poruch run`; both set it."
LATER = "try again in a minute."
# By why a call failed.
NEXT = {
    "token refused": "check PORUCH_MESSENGER_PAGE_TOKEN: a new one stands on the app's page at Meta.",
    "permission missing": "give the app pages_messaging and pages_manage_metadata for this page at Meta.",
    "not connected": "check PORUCH_MESSENGER_API_URL and this machine's way out.",
    "no answer": "check PORUCH_MESSENGER_API_URL and this machine's way out.",
    "odd answer": "check PORUCH_MESSENGER_API_URL: what answers there is not Meta.",
}


async def examine(settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
    token = settings.messenger_page_token.get_secret_value()
    if not token:
        yield ok("Messenger is not used: PORUCH_MESSENGER_PAGE_TOKEN is empty.")
        return
    if not settings.messenger_app_secret.get_secret_value():
        yield error(
            "PORUCH_MESSENGER_APP_SECRET is empty: nothing that Messenger brings is let in.",
            "copy it from the app's page at Meta.",
        )
    if not settings.messenger_verify_token.get_secret_value():
        yield error(
            "PORUCH_MESSENGER_VERIFY_TOKEN is empty: Meta cannot make sure that the webhook is ours.",
            "choose a word of your own, and type it into Meta's webhook form as well.",
        )
    if not settings.public_url.startswith("https://"):
        yield error(
            "Messenger calls only an https:// address.",
            "set PORUCH_PUBLIC_URL, and give Meta that address with /webhooks/messenger behind it.",
        )
    graph = Graph(token, settings.messenger_api_url, settings.messenger_graph_version, timeout=PATIENCE)
    try:
        async for finding in _asked(graph, fix=fix):
            yield finding
    finally:
        await graph.close()


async def _asked(graph: Graph, *, fix: bool) -> AsyncIterator[Finding]:
    try:
        page = await graph.ask("me", fields="id,name")
    except FAILURES as failed:
        yield error(f"Messenger does not answer as it should: {why_of(failed)}.", _next_step(failed))
        return
    if not page.get("id"):
        yield error("Messenger knows no page behind the token.", NEXT["token refused"])
        return
    yield ok(f"Messenger knows the page: {page.get('name') or page['id']}.")
    if fix:
        failed_parts = await profile.set_up(graph)
        for path, why in failed_parts.items():
            yield error(f"Messenger did not take {path}: {why}.", NEXT.get(why, LATER))
        if not failed_parts:
            yield ok("Messenger knows our start, greeting, menu and what to bring us.")
    for look_at in (_brings, _shows):
        try:
            yield await look_at(graph)
        except FAILURES as failed:
            yield look(f"Messenger does not tell how the page is set up: {why_of(failed)}.", _next_step(failed))


def _next_step(failed: Exception) -> str:
    return NEXT.get(why_of(failed), LATER)


async def _brings(graph: Graph) -> Finding:
    apps = _objects((await graph.ask("me/subscribed_apps")).get("data"))
    told = [field for app in apps for field in app.get("subscribed_fields") or ()]
    # The names alone, or with the version that each has.
    subscribed = {field["name"] if isinstance(field, dict) and "name" in field else str(field) for field in told}
    if missing := [field for field in profile.FIELDS if field not in subscribed]:
        return error(f"Messenger does not bring us: {', '.join(missing)}.", AGAIN)
    return ok("Messenger brings us everything.")


async def _shows(graph: Graph) -> Finding:
    told = _objects(
        (await graph.ask("me/messenger_profile", fields="get_started,greeting,persistent_menu")).get("data")
    )
    known = {name: value for one in told for name, value in one.items()}
    wanted = profile.profile()
    if absent := [name for name in wanted if name not in known]:
        return look(f"Messenger does not show: {', '.join(absent)}.", AGAIN)
    if other := [name for name in wanted if not _holds(known[name], wanted[name])]:
        return look(f"Messenger shows something else than ours: {', '.join(other)}.", AGAIN)
    return ok("Messenger shows our start, greeting and menu.")


def _objects(told: Any) -> list[dict[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _holds(told: Any, wanted: Any) -> bool:
    """Whether all that is wanted stands there; Meta may add to it, and gives lists in an order of its own."""
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(_holds(told.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        same = isinstance(told, list) and len(told) == len(wanted)
        return same and all(any(_holds(one, value) for one in told) for value in wanted)
    return bool(told == wanted)
