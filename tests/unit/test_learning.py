"""Learning: the same examples give the same weights, and a centre's own switch only when they are better."""

from io import BytesIO

import numpy as np
import pytest

from desk import clock, learning
from desk.database import Database
from desk.handbook import shipped
from desk.learning import Learnt
from desk.triage import examples, weights
from desk.triage.examples import Message
from desk.triage.features import Look, look_at
from desk.triage.skeleton import skeleton
from desk.triage.training import Example, train

TRIAGE = shipped()[1]
TOYS = {
    "cats": ("кіт спить", "кішка хоче їсти", "наш кіт рудий", "котик заліз на шафу", "kit spyt", "kishka chorna"),
    "boats": ("човен пливе", "наш човен синій", "човни на річці", "веслую на човні", "choven plyve", "choven staryj"),
}


def toys() -> list[Example]:
    return [
        Example(Look(said, skeleton(said), without_meaning=True), {}, {name: 1.0})
        for name, texts in TOYS.items()
        for said in texts
        for _ in range(4)
    ]


def test_what_is_learnt_tells_apart_and_comes_out_the_same_twice() -> None:
    first, second = (train(toys(), ("boats", "cats"), ()) for _ in range(2))

    assert np.array_equal(first.by_row, second.by_row)
    assert first.probabilities(look_at("рудий котик"), {})["cats"] > 0.6
    assert first.probabilities(look_at("synij choven"), {})["boats"] > 0.6


def test_weights_are_the_same_after_they_were_kept() -> None:
    learnt, kept = train(toys(), ("boats", "cats"), ()), BytesIO()
    learnt.save(kept)
    kept.seek(0)
    again = weights.load(kept)

    for said in ("рудий котик", "", "🦜", "човен " * 300):
        before, after = (one.probabilities(look_at(said), {}) for one in (learnt, again))
        assert before.keys() == after.keys()
        assert before["cats"] == pytest.approx(after["cats"], abs=0.01)


def test_what_is_no_file_of_ours_is_refused() -> None:
    stranger = BytesIO()
    np.savez(stranger, something=np.zeros(3))
    stranger.seek(0)

    with pytest.raises(ValueError, match="no weights of ours"):
        weights.load(stranger)


async def test_weights_of_another_version_are_left_alone(database: Database) -> None:
    stranger = BytesIO()
    np.savez(stranger, something=np.zeros(3))
    async with database.transaction() as session:
        session.add(Learnt(made_at=clock.now(), weights=stranger.getvalue(), in_use=True))

    async with database.reading() as session:
        assert await learning.weights_in_use(session) is None


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few of the project's examples that learning takes a moment."""
    some = examples.services()[::40]
    monkeypatch.setattr(examples, "services", lambda: some)
    held = examples.held_out_services()[::20]
    monkeypatch.setattr(examples, "held_out_services", lambda: held)
    monkeypatch.setattr(learning, "MAY_LOSE", 0.05)  # Of so few, one message more or less is two of a hundred.


# What only this centre calls so: its course is known in town by the name of the house.
OWN = [
    Message(f"{words} у Ластівці {end}", "integration_events", writer=f"person {number}")
    for number, (words, end) in enumerate(
        (words, end)
        for words in ("коли відкрито", "чи можна прийти", "що буде", "ми теж хочемо", "запишіть нас", "скільки коштує")
        for end in ("", "завтра?", "в суботу", "з дітьми", "сьогодні", "увечері", "після обіду", "на тижні")
    )
]


@pytest.mark.usefixtures("few")
def test_own_examples_are_learnt_when_they_help() -> None:
    poor = learning.learn_services(examples.services(), TRIAGE.lexicon)

    lesson = learning.learn_from(OWN, TRIAGE.lexicon, poor)

    assert lesson.own == len(OWN)
    assert lesson.own_after > lesson.own_before
    assert lesson.weights is not None


@pytest.mark.usefixtures("few")
def test_nothing_is_switched_when_it_would_not_be_better() -> None:
    lesson = learning.learn_from(OWN, TRIAGE.lexicon, _knows_everything())

    assert lesson.weights is None


def _knows_everything() -> weights.Weights:
    """Weights for which the centre's own examples hold nothing new."""
    learnt = learning.learn_services([*examples.services(), *OWN, *OWN], TRIAGE.lexicon)
    assert all(
        max(shares, key=lambda name: shares[name]) == message.label
        for message in OWN
        for shares in [learnt.probabilities(look_at(message.text), TRIAGE.lexicon.hints(look_at(message.text).line))]
    )
    return learnt
