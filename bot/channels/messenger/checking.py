"""What `poruch doctor` says of Messenger."""

from collections.abc import AsyncIterator
from typing import Any

from bot.channels import Refused, TryLater, Unsure
from bot.channels.messenger import profile
from bot.channels.messenger.graph import Graph
from bot.findings import Finding, error, look, ok
from desk.settings import Settings

PATIENCE = 5.0  # Seconds for one answer.


async def examine(settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
    token = settings.messenger_page_token.get_secret_value()
    if not token:
        yield ok("Messenger is not used: PORUCH_MESSENGER_PAGE_TOKEN is empty.")
        return
    for name, value in (
        ("PORUCH_MESSENGER_APP_SECRET", settings.messenger_app_secret),
        ("PORUCH_MESSENGER_VERIFY_TOKEN", settings.messenger_verify_token),
    ):
        if not value.get_secret_value():
            yield error(
                f"{name} is empty: nothing that Messenger brings is let in.", "copy it from the app's page at Meta."
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
    except (Refused, TryLater, Unsure) as failed:
        why = getattr(failed, "why", "") or "no answer within 5 seconds"
        yield error(
            f"Messenger does not answer as it should: {why}.",
            "check PORUCH_MESSENGER_PAGE_TOKEN and this machine's way out.",
        )
        return
    yield ok(f"Messenger knows the page: {page.get('name') or page.get('id')}.")
    try:
        if fix:
            await profile.set_up(graph)
            yield ok("Messenger knows our start, greeting, menu and what to bring us.")
        for finding in await _set(graph):
            yield finding
    except (Refused, TryLater, Unsure) as failed:
        yield look(
            f"Messenger does not tell how the page is set up: {getattr(failed, 'why', 'no answer')}.",
            "try again in a minute.",
        )


async def _set(graph: Graph) -> list[Finding]:
    again = "run `poruch doctor --fix` or start `poruch run`; both set it."
    found = []
    apps = (await graph.ask("me/subscribed_apps")).get("data") or []
    subscribed = {field for app in apps if isinstance(app, dict) for field in app.get("subscribed_fields") or ()}
    if missing := [field for field in profile.FIELDS if field not in subscribed]:
        found.append(error(f"Messenger does not bring us: {', '.join(missing)}.", again))
    told = (await graph.ask("me/messenger_profile", fields="get_started,greeting,persistent_menu")).get("data") or []
    known = {name: value for one in told if isinstance(one, dict) for name, value in one.items()}
    wanted = profile.profile()
    if absent := [name for name in wanted if name not in known]:
        found.append(look(f"Messenger does not show: {', '.join(absent)}.", again))
    if other := [name for name in wanted if name in known and not _holds(known[name], wanted[name])]:
        found.append(look(f"Messenger shows something else than ours: {', '.join(other)}.", again))
    return found or [ok("Messenger brings us everything, and shows start, greeting and menu.")]


def _holds(told: Any, wanted: Any) -> bool:
    """Whether all that is wanted stands there; Meta may add to it, and gives lists in an order of its own."""
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(_holds(told.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        same = isinstance(told, list) and len(told) == len(wanted)
        return same and all(any(_holds(one, value) for one in told) for value in wanted)
    return bool(told == wanted)
