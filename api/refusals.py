"""How a "no" is said on the very page on which something was typed."""

from typing import Any

from desk.errors import DeskError
from desk.texts import say


def refused(lang: str, no: DeskError) -> dict[str, Any]:
    """The sentence for the page: beside its field, where it names one, and where it is seen and heard at once."""
    facts = {name: str(fact) for name, fact in no.facts.items()}
    sentence = say(lang, no.key, "staff", **facts)
    return {
        "errors": {facts["field"]: sentence} if "field" in facts else {},
        "flash": [{"kind": "danger", "text": sentence, "undo": None}],
    }
