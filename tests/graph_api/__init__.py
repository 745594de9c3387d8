"""A strict stand-in of Facebook's Graph API and of Messenger behind it, for tests on loopback."""

from .api import Call, GraphApi
from .faults import Faults
from .files import File
from .people import NoSuchButton, Person, Told
from .refusals import Refused
from .webhook import Event

__all__ = ["Call", "Event", "Faults", "File", "GraphApi", "NoSuchButton", "Person", "Refused", "Told"]
