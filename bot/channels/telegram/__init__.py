"""Telegram in two halves: aiogram hears (hearing.py), python-telegram-bot sends (sending.py)."""

from collections.abc import AsyncIterator
from dataclasses import replace

from bot.channels import Channel, Ear
from bot.findings import Finding
from bot.intake import Intake
from desk.channels import Facts
from desk.settings import Settings

MEGABYTE = 1024 * 1024

FACTS = Facts(
    name="telegram",
    title="Telegram",
    longest=4096,
    taps_commands=True,
    pops_up=True,
    can_erase=True,
    files_up_to=20 * MEGABYTE,
)
# What it brings us, and the commands in its menu.
UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
COMMANDS = ("menu", "status", "classes", "language", "human", "link", "privacy", "help", "sos")
MAX_CONNECTIONS = 40


class Telegram:
    """The recipe of the channel."""

    name = FACTS.name

    def is_on(self, settings: Settings) -> bool:
        return bool(settings.telegram_token.get_secret_value())

    def facts(self, settings: Settings) -> Facts:
        return replace(FACTS, files_up_to=settings.telegram_files_up_to * MEGABYTE)

    def open_ear(self, settings: Settings, intake: Intake) -> Ear:
        from bot.channels.telegram.hearing import TelegramEar

        return TelegramEar(
            settings.telegram_token.get_secret_value(),
            settings.telegram_api_url,
            intake,
            secret=settings.telegram_webhook_secret.get_secret_value(),
            public_url=settings.public_url,
        )

    def open_channel(self, settings: Settings) -> Channel:
        from bot.channels.telegram.sending import TelegramSender

        return TelegramSender(
            settings.telegram_token.get_secret_value(), settings.telegram_api_url, facts=self.facts(settings)
        )

    def examine(self, settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
        from bot.channels.telegram.checking import examine

        return examine(settings, fix=fix)
