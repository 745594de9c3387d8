"""poruch triage: what Poruch understands of a text, from the starter content alone, with no database."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import typer

from commands.common import opened
from desk import corrections, handbook, learning
from desk.triage import examples, weights
from desk.triage.understanding import OTHER, Candidate

SHOWN = 5  # Services, the best one included.


def show(text: str | None, jsonl: bool) -> None:
    """Print one line of JSON for the text, or for each line of standard input as soon as it has come."""
    if jsonl == (text is not None):
        raise typer.BadParameter("give a TEXT, or --jsonl and lines on standard input")
    reader = Reader()
    for answer in _answers(reader) if text is None else [{"id": None, **reader.reads(text)}]:
        print(json.dumps(answer), flush=True)  # In ASCII, which every terminal and pipe can carry.


def _answers(reader: "Reader") -> Iterator[dict[str, Any]]:
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
        except (ValueError, RecursionError):
            yield {"id": None, "error": "this line is not JSON"}
            continue
        if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
            name = asked.get("id") if isinstance(asked, dict) else None
            yield {"id": name, "error": 'a line looks like {"id": 1, "text": "words"}'}
            continue
        yield {"id": asked.get("id"), **reader.reads(asked["text"])}


def train() -> None:
    """Make the weights that this version brings, from the example messages that lie beside them."""
    services, danger = examples.services(), examples.danger()
    lexicon, screen = handbook.shipped_lists()
    made = {
        "languages": learning.learn_languages(services),
        "services": learning.learn_services(services, lexicon),
        "danger": learning.learn_screen(danger, services, screen, lexicon),
    }
    for name, learnt in made.items():
        learnt.save(weights.SHIPPED / f"{name}.npz")
        levels = "".join(f", {level} from {share:.2f}" for level, share in learnt.levels.items())
        print(f"{name}: {len(learnt.vocabulary):,} pieces and words, doubt {learnt.doubt:.2f}{levels}")


async def learn() -> None:
    """Learn from the centre's own tickets, and switch only when that is better."""
    async with opened() as database:
        async with database.reading() as session:
            own = await corrections.own_examples(session)
            in_use = await learning.weights_in_use(session)
        if len(own) < corrections.ENOUGH:
            print(
                f"Too few examples to learn from: {len(own)}, and {corrections.ENOUGH} are needed. Nothing was changed."
            )
            return
        triage = handbook.shipped()[1]
        lesson = learning.learn_from(own, triage.lexicon, in_use or triage.services)
        print(f"{lesson.own} examples of the centre's own.")
        print(f"Named first, of the centre's own that were held out: {lesson.own_before:.3f} → {lesson.own_after:.3f}")
        print(
            f"Named first, of the project's that are held out:     {lesson.shipped_before:.3f} → {lesson.shipped_after:.3f}"
        )
        if lesson.weights is None:
            print("That is not better, so nothing was changed.")
            return
        async with database.transaction() as session:
            learning.keep(session, lesson.weights, lesson)
        print("The new weights are in use from now on. Back to the shipped ones: poruch triage forget")


async def forget() -> None:
    async with opened() as database, database.transaction() as session:
        await learning.forget_learnt(session)
    print("The shipped weights are in use from now on.")


class Reader:
    """Reads one text after another, with the services that are shipped."""

    def __init__(self) -> None:
        self.screen, self.triage = handbook.shipped()

    def reads(self, text: str) -> dict[str, Any]:
        """What the outside is told about a text."""
        understood, alarm = self.triage.understand(text, ()), self.screen.look(text)
        ranking = understood.ranking
        if self.triage.lexicon.says("person", text):
            ranking = (Candidate(OTHER, 1.0),)  # Someone to talk to, about something that was not named.
        best, *others = [{"service": one.service, "confidence": round(one.confidence, 4)} for one in ranking[:SHOWN]]
        return {
            **best,
            "alternatives": others,
            "language": understood.language.language,
            "alarm": alarm.scenario if alarm else None,
            "alarm_level": alarm.level if alarm else None,
        }
