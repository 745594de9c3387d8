"""Telegram in two halves: aiogram hears (hearing.py), python-telegram-bot sends (sending.py)."""

from desk.channels import Facts

FACTS = Facts(
    name="telegram",
    title="Telegram",
    longest=4096,
    taps_commands=True,
    can_erase=True,
    files_up_to=20 * 1024 * 1024,
)
