"""What Telegram must know of us before anybody writes: where it calls, what we are, and the commands, in each language."""

from aiogram import Bot
from aiogram.types import BotCommand

from bot.channels.telegram import COMMANDS, FACTS, MAX_CONNECTIONS, UPDATES
from desk.texts import LANGUAGES, say


async def set_up(bot: Bot, public_url: str, secret: str) -> str:
    """Tell Telegram all of it; the link by which people find us, with a place for {code}."""
    me = await bot.get_me()
    if secret and public_url:
        await bot.set_webhook(
            address(public_url), secret_token=secret, allowed_updates=UPDATES, max_connections=MAX_CONNECTIONS
        )
    elif not secret:
        await bot.delete_webhook()
    for language in ("", *LANGUAGES):
        spoken, code = language or "uk", language or None
        await bot.set_my_commands(
            [BotCommand(command=name, description=say(spoken, f"command.{name}")) for name in COMMANDS],
            language_code=code,
        )
        await bot.set_my_short_description(say(spoken, "bot.short"), language_code=code)
        await bot.set_my_description(say(spoken, "bot.about"), language_code=code)
    return f"https://t.me/{me.username}?start={{code}}"


def address(public_url: str) -> str:
    return f"{public_url.rstrip('/')}/webhooks/{FACTS.name}"
