"""A strict stand-in of Telegram's Bot API server, for tests, benches and faults on loopback."""

from .api import TelegramApi
from .chats import Chat, Group, Message, Press
from .faults import Faults
from .flood import Flood, Violation
from .people import NoSuchButton, Person
from .query import Refused
from .remote import RemoteApi

__all__ = [
    "Chat",
    "Faults",
    "Flood",
    "Group",
    "Message",
    "NoSuchButton",
    "Person",
    "Press",
    "Refused",
    "RemoteApi",
    "TelegramApi",
    "Violation",
]
