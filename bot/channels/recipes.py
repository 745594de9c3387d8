"""The channels there are besides the web chat. To add one is to write its folder and to name it here."""

from bot.channels import Recipe
from bot.channels.messenger import Messenger
from bot.channels.telegram import Telegram
from desk.settings import Settings

RECIPES: tuple[Recipe, ...] = (Telegram(), Messenger())


def switched_on(settings: Settings) -> tuple[Recipe, ...]:
    """The channels that the operator has given what they need."""
    return tuple(recipe for recipe in RECIPES if recipe.is_on(settings))
