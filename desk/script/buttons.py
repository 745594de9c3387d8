"""The buttons under a question, and what a pressed one says."""

from collections.abc import Iterable
from dataclasses import dataclass

from desk.messages import Button
from desk.script.form import Question
from desk.services import Catalogue, Slot
from desk.texts import LANGUAGES, InLanguages, w

MOST = 13  # Messenger shows no more.


@dataclass(frozen=True)
class Choice:
    """A button in no language yet. `id` is kind:id or kind:id:value."""

    id: str
    label: InLanguages


def word(button: str) -> Choice:
    """A button whose label is in the catalogues, under its own id."""
    return Choice(button, w(f"button.{button}"))


PERSON = word("n:person")
SKIP = word("n:skip")
BACK = word("n:back")
NOT_THIS = word("n:topic")
LANGUAGE = word("n:language")
DONE = word("n:done")
YES = word("s:ok")
FIX = word("s:fix")
GO_ON = word("n:go")
LATER = word("n:later")
NEW = word("n:new")


def under_question(
    question: Question, *, may_skip: bool, ask_language: bool, chosen: Iterable[str] = ()
) -> list[Choice]:
    """The answers, then the ways out: skip, back or "not about this", a person, another language."""
    slot = question.slot
    choices = [choice for choice in answers_to(slot) if choice.id.rsplit(":", 1)[1] not in set(chosen)]
    if slot.type == "multi_choice":
        choices.append(DONE)
    if slot.can_skip or may_skip:
        choices.append(SKIP)
    if question.i > 1 or question.progress.tile:
        choices.append(BACK)
    elif question.progress.routed:
        choices.append(NOT_THIS)
    choices.append(PERSON)
    if ask_language:
        choices.append(LANGUAGE)
    return choices


def answers_to(slot: Slot) -> list[Choice]:
    if slot.type == "yes_no":
        return [Choice(f"a:{slot.id}:{answer}", w(f"button.y:{answer}")) for answer in ("yes", "no")]
    if slot.type in ("choice", "multi_choice"):
        return [Choice(f"a:{slot.id}:{option.id}", option.button) for option in slot.options if not option.hidden]
    return []


def languages() -> list[Choice]:
    return [Choice(f"lang:{language}", w(f"language.{language}")) for language in LANGUAGES]


def menu(catalogue: Catalogue) -> list[Choice]:
    return [*(Choice(f"go:{tile.id}", tile.label) for tile in catalogue.menu), PERSON]


def services(catalogue: Catalogue, ids: Iterable[str]) -> list[Choice]:
    """One button a service, to choose what a request is about."""
    return [Choice(f"sv:{name}", catalogue.services[name].button) for name in ids if name in catalogue.services]


def shown(choices: Iterable[Choice], token: str, language: str) -> list[Button]:
    """The buttons as they are sent: each tied to its question by the step's token."""
    return [Button(f"{token}:{choice.id}", choice.label.in_(language)) for choice in choices][:MOST]


def parted(data: str) -> tuple[str, str]:
    """(token, id) of what a channel gives back when a button is pressed."""
    token, _, pressed = data.partition(":")
    return token, pressed
