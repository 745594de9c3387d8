"""The starter content holds together: four languages everywhere, short labels, and nothing that leads nowhere."""

import csv
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk.centre import read_centre
from desk.helplines import read_register
from desk.library import STARTER, Entry, _plain, read_yaml, starter_entries
from desk.script import buttons
from desk.script.form import Progress, Unclear, answered, remaining
from desk.services import LONGEST_LABEL, MOST_QUESTIONS, OPEN_TO, Catalogue, Service, Slot, read_catalogue
from desk.texts import LANGUAGES, say
from desk.triage.lexicon import Lexicon
from desk.triage.words import stem

FILES = ("centre.yaml", "services.yaml", "helplines.yaml", "answers.yaml")
RAW = {file: read_yaml(STARTER / file) for file in FILES}
SERVICES, LINES = RAW["services.yaml"], RAW["helplines.yaml"]["helplines"]
ANSWERS = RAW["answers.yaml"]["answers"]
EMERGENCY = {"112", "999", "998", "997"}
KINDS = {"choice", "multi_choice", "yes_no", "text", "date", "datetime", "window", "people", "phone", "file"}
DAYS = {"date", "datetime", "window"}
GAP = re.compile(r"\{([^{}]*)\}")
A_DAY = {"v": {"day": "2026-12-10"}, "w": "10.12"}


def starter() -> list[Entry]:
    """The library as it is right after a first load."""
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return [
        Entry(kind=kind, key=key, place=place, starter=_plain(content), changed_at=at)
        for place, (kind, key, content) in enumerate(starter_entries(STARTER))
    ]


CATALOGUE: Catalogue = read_catalogue(starter())
EVERY_SLOT = [(service, slot) for service in CATALOGUE.services.values() for slot in service.slots.values()]
EVERY_OPTION = [(service, slot, option) for service, slot in EVERY_SLOT for option in slot.options]


def named(case: tuple[Any, ...]) -> str:
    return "-".join(part.id for part in case)


def written(node: Any, where: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every text that is written in several languages, and where it stands."""
    if isinstance(node, Mapping):
        if set(map(str, node)) & set(LANGUAGES):
            yield where, node
            return
        for key, inner in node.items():
            yield from written(inner, f"{where}/{key}")
    elif isinstance(node, list):
        for place, inner in enumerate(node):
            key = inner.get("id", place) if isinstance(inner, Mapping) else place
            yield from written(inner, f"{where}/{key}")


TEXTS = [(where, texts) for file in FILES for where, texts in written(RAW[file], file)]
SENTENCES = [(f"{where}:{language}", language, text) for where, texts in TEXTS for language, text in texts.items()]


def wrong(found: list[str]) -> str:
    """What to put right, for the message of a failed check."""
    return "\n".join(found[:30])


# Texts


def test_every_text_is_written_in_four_languages() -> None:
    assert len(TEXTS) > 500
    assert not (found := [where for where, texts in TEXTS if set(texts) != set(LANGUAGES)]), wrong(found)


def test_no_text_is_empty_in_only_some_languages() -> None:
    """An empty line of the summary is meant; it is empty in all four."""
    found = [where for where, texts in TEXTS if any(not text.strip() for text in texts.values())]
    meant = [where for where in found if where.endswith("/line") and not any(dict(TEXTS)[where].values())]
    assert found == meant, wrong(found)


def test_no_text_shouts_or_shows_a_picture() -> None:
    found = [
        where for where, _, text in SENTENCES
        if "!" in text or any(unicodedata.category(letter) in ("So", "Cs", "Co") for letter in text)
    ]  # fmt: skip
    assert not found, wrong(found)


def test_an_apostrophe_is_printed_in_one_way() -> None:
    found = [where for where, _, text in SENTENCES if re.search(r"['`ʼ‘´]", text)]
    assert not found, wrong(found)


def test_every_text_is_in_the_language_it_says() -> None:
    """Letters that only another language has give a slip away."""
    foreign = {"uk": "[ыэъёЫЭЪЁ]", "ru": "[іїєґІЇЄҐ]", "pl": "[а-яА-ЯіїєґёІЇЄҐЁ]", "en": "[а-яА-ЯіїєґёІЇЄҐЁ]"}
    found = [where for where, language, text in SENTENCES if re.search(foreign[language], text)]
    assert not found, wrong(found)


def test_no_text_asks_for_a_gender() -> None:
    """«отримав(-ла)», „zgłosiłeś/aś”: neither is needed."""
    found = [where for where, _, text in SENTENCES if re.search(r"\(-|[а-яїієґa-z]/(ла|на|а|aś|a)\b", text)]
    assert not found, wrong(found)


def test_an_office_is_not_called_a_government() -> None:
    found = [where for where, language, text in SENTENCES if language == "uk" and "уряд" in text.lower()]
    assert not found, wrong(found)


def test_no_text_has_loose_spaces() -> None:
    found = [where for where, _, text in SENTENCES if text != text.strip() or "  " in text or " ." in text]
    assert not found, wrong(found)


# Labels


def too_long(text: Any) -> list[str]:
    return [f"{text.in_(language)} ({language})" for language in LANGUAGES if len(text.in_(language)) > LONGEST_LABEL]


def test_every_answer_fits_on_a_button() -> None:
    found = [
        f"{named(case)}: {label}" for case in EVERY_OPTION
        if case[1].type in ("choice", "multi_choice") and not case[2].hidden for label in too_long(case[2].button)
    ]  # fmt: skip
    assert not found, wrong(found)


def test_a_short_label_is_given_only_where_it_is_needed_and_fits() -> None:
    found = [f"{named(case)}: {label}" for case in EVERY_OPTION if case[2].short for label in too_long(case[2].short)]
    assert not found, wrong(found)


def test_every_service_fits_on_a_button_by_name_and_by_its_button() -> None:
    services = CATALOGUE.services.values()
    found = [f"{one.id}: {label}" for one in services for text in (one.name, one.button) for label in too_long(text)]
    assert not found, wrong(found)


def test_every_tile_of_the_menu_fits_on_a_button() -> None:
    found = [f"{tile.id}: {label}" for tile in CATALOGUE.menu for label in too_long(tile.label)]
    assert not found, wrong(found)


def test_every_word_before_a_colon_is_short() -> None:
    """A question whose answer joins another line has no such word in the summary, but staff see it."""
    found = [f"{named(case)}: {label}" for case in EVERY_SLOT for label in too_long(case[1].label)]
    assert not found, wrong(sorted(set(found)))


def test_two_answers_to_one_question_never_look_the_same() -> None:
    found = []
    for case in EVERY_SLOT:
        for language in LANGUAGES:
            labels = [option.button.in_(language) for option in case[1].options if not option.hidden]
            found += [f"{named(case)}: {labels}"] if len(labels) != len(set(labels)) else []
    assert not found, wrong(found)


def test_answers_and_ways_out_fit_into_one_message() -> None:
    """At most thirteen: the answers, done, skip, back, a person."""
    found = []
    for service, slot in EVERY_SLOT:
        if slot.id in service.chat:
            ways_out = (slot.type == "multi_choice") + slot.can_skip + 2
            count = len(buttons.answers_to(slot)) + ways_out
            found += [f"{service.id}-{slot.id}: {count}"] if count > buttons.MOST else []
    assert not found, wrong(found)


def test_what_a_button_gives_back_is_short_and_plain() -> None:
    """`kind:id:value` with the step's token is at most 40 bytes."""
    ids = [choice.id for _, slot in EVERY_SLOT for choice in buttons.answers_to(slot)]
    ids += [f"sv:{service}" for service in CATALOGUE.services] + [f"go:{tile.id}" for tile in CATALOGUE.menu]
    assert not (found := [one for one in ids if not one.isascii() or len(one) > 40 - len("abcd:")]), wrong(found)


# Services and their questions


def test_the_library_loads_and_everything_in_it_can_be_kept_as_json() -> None:
    entries = starter()
    assert len({(entry.kind, entry.key) for entry in entries}) == len(entries)
    assert all(len(entry.key) <= 60 for entry in entries)
    assert json.loads(json.dumps([entry.starter for entry in entries], ensure_ascii=False))
    assert len(CATALOGUE.services) == len(SERVICES["services"])
    assert len(CATALOGUE.menu) == len(SERVICES["menu"]) == 8


def test_every_service_that_the_centre_may_run_is_there() -> None:
    assert set(CATALOGUE.services) == {
        "office_matters", "document_translation", "interpreter", "polish_course", "vocational_course", "psychologist",
        "legal_advice", "childcare", "dependant_care", "transport", "integration_events", "material_support",
        "job_search", "integration_plan", "volunteering", "complaint_feedback", "other",
        "benefits", "health", "housing", "school",
    }  # fmt: skip


def test_every_service_says_what_it_is() -> None:
    for service in SERVICES["services"]:
        assert {"title", "name", "button", "topic", "about", "chat", "slots"} <= set(service), service["id"]
        assert service["sensitivity"] in OPEN_TO, service["id"]
        assert service["default_priority"] in ("low", "medium", "high"), service["id"]


@pytest.mark.parametrize("tile", SERVICES["menu"], ids=lambda tile: tile["id"])
def test_every_tile_leads_to_services_that_exist(tile: Mapping[str, Any]) -> None:
    assert set(tile["services"]) <= set(CATALOGUE.services)
    assert len(tile["services"]) < 2 or tile["ask"], "one of several must be asked for"


@pytest.mark.parametrize("service", SERVICES["services"], ids=lambda service: service["id"])
def test_everything_the_chat_asks_exists(service: Mapping[str, Any]) -> None:
    assert set(service["chat"]) <= set(service["slots"]) | set(SERVICES["slots"])
    assert len(service["chat"]) == len(set(service["chat"]))


@pytest.mark.parametrize("service", CATALOGUE.services.values(), ids=lambda service: service.id)
def test_nobody_is_asked_more_than_six_questions(service: Service) -> None:
    assert len(remaining(service, {}, Progress())) <= min(service.at_most, MOST_QUESTIONS)
    assert len(service.chat) <= MOST_QUESTIONS or service.at_most <= MOST_QUESTIONS


QUESTIONS = {
    "office_matters": ["topic", "help_kind", "visit_date", "urgency", "deadline_date"],
    "document_translation": ["document_kind", "direction", "sworn", "urgency", "deadline_date"],
    "interpreter": ["place_kind", "visit_datetime", "mode", "interpreter_preference"],
    "polish_course": ["level", "days_times", "childcare_needed", "children_ages", "transport_needed", "pickup"],
    "psychologist": ["safe_now", "for_who", "safe_to_call", "mode"],
    "benefits": ["help_kind", "visit_date"],
    "school": ["gmina", "help_kind"],
    "job_search": ["job_need", "profession", "availability"],
    "material_support": ["items", "household_size", "urgency", "deadline_date", "gmina"],
}


@pytest.mark.parametrize("service", QUESTIONS)
def test_the_longest_way_through_a_service_is_the_one_that_was_designed(service: str) -> None:
    assert remaining(CATALOGUE.services[service], {}, Progress()) == QUESTIONS[service]


def test_a_date_that_was_said_spares_the_question_how_urgent_it_is() -> None:
    office, known = CATALOGUE.services["office_matters"], {"topic": {"v": "letter"}, "help_kind": {"v": "explain"}}
    assert remaining(office, {**known, "letter_date": A_DAY}, Progress()) == []
    assert remaining(office, {**known, "deadline_date": A_DAY}, Progress()) == []
    visit = {"topic": {"v": "pesel_ukr"}, "help_kind": {"v": "go_with_me"}, "visit_date": A_DAY}
    assert remaining(office, visit, Progress()) == []


def test_a_course_names_itself_in_no_line_of_its_own() -> None:
    assert [service.id for service in CATALOGUE.services.values() if not service.names_itself] == ["polish_course"]


def test_a_plan_is_begun_by_staff_and_a_complaint_needs_no_name() -> None:
    assert [one.id for one in CATALOGUE.services.values() if one.staff_starts] == ["integration_plan"]
    assert [one.id for one in CATALOGUE.services.values() if one.anonymous_ok] == ["complaint_feedback"]


def test_a_question_is_of_a_known_kind() -> None:
    for case in EVERY_SLOT:
        assert case[1].type in KINDS, named(case)
        assert case[1].need in ("required", "optional", "conditional"), named(case)
        assert case[1].show in ("", "ages"), named(case)
        assert bool(case[1].when) == (case[1].need == "conditional"), named(case)


@pytest.mark.parametrize("service", CATALOGUE.services.values(), ids=lambda service: service.id)
def test_a_question_leans_only_on_what_exists(service: Service) -> None:
    for slot in service.slots.values():
        for other, accepted in slot.when.items():
            assert other in service.slots, f"`when` of {slot.id} names {other}"
            assert set(accepted) <= possible(service.slots[other]), f"{other} is never {accepted}"
        for other in slot.spared_by:
            named_slot = service.slots.get(other) or CATALOGUE.shared.get(other)
            assert named_slot is not None, f"`spared_by` of {slot.id} names {other}"
            assert named_slot.type in DAYS, f"{other} is no date"
        assert not slot.joins or slot.joins in service.slots, slot.id


def possible(slot: Slot) -> set[str]:
    """What conditions can be made on an answer to this question."""
    if slot.type == "yes_no":
        return {"yes", "no"}
    if slot.type == "people":
        return {"children"}
    return {option.id for option in slot.options}


@pytest.mark.parametrize("service", CATALOGUE.services.values(), ids=lambda service: service.id)
def test_a_question_comes_after_the_one_it_depends_on(service: Service) -> None:
    for place, slot in enumerate(service.chat):
        earlier = service.chat[:place]
        assert all(other in earlier for other in service.slots[slot].when if other in service.chat), slot


def test_a_choice_has_answers_and_no_two_of_them_share_an_id() -> None:
    for case in EVERY_SLOT:
        ids = [option.id for option in case[1].options]
        assert len(ids) == len(set(ids)), named(case)
        assert ids or case[1].type not in ("choice", "multi_choice"), named(case)


def test_an_answer_opens_only_a_service_that_exists() -> None:
    opening = {option.opens for _, _, option in EVERY_OPTION if option.opens}
    assert opening == {"benefits", "health", "school", "housing"}
    assert opening <= set(CATALOGUE.services)


def test_an_answer_about_danger_goes_the_way_of_the_screen() -> None:
    alarms = {(slot.id, option.id): option.alarm for _, slot, option in EVERY_OPTION if option.alarm}
    assert alarms == {
        ("urgency", "danger_now"): "certain",
        ("safe_now", "not_sure"): "perhaps",
        ("safe_now", "not_safe"): "certain",
    }


def test_a_priority_is_one_that_tickets_have() -> None:
    assert {option.priority for _, _, option in EVERY_OPTION} <= {"", "low", "medium", "high", "urgent"}


def raw_stems(node: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for key, inner in node.items():
            if key in ("stems", "reply"):
                yield from ((f"{where}/{key}", one) for one in inner)
            else:
                yield from raw_stems(inner, f"{where}/{key}")
    elif isinstance(node, list):
        for place, inner in enumerate(node):
            yield from raw_stems(inner, f"{where}/{inner.get('id', place) if isinstance(inner, Mapping) else place}")


STEMS = list(raw_stems(SERVICES))


def test_every_stem_is_text_and_something_is_left_of_it_to_look_for() -> None:
    """YAML reads a bare `yes` or `800` as no text, and a stem of marks alone would be found nowhere or anywhere."""
    assert len(STEMS) > 1000
    found = [
        f"{where}: {one!r}" for where, one in STEMS
        if not isinstance(one, str) or len(stem(one).parts) != len(re.split(r"\s\+\s", one))
        or not all(part.strip() for part in stem(one).parts)
    ]  # fmt: skip
    assert not found, wrong(found)


def test_typing_what_stands_on_a_button_means_the_same_as_pressing_it() -> None:
    found = []
    for service, slot, option in EVERY_OPTION:
        for language in LANGUAGES if slot.type in ("choice", "multi_choice") and not option.hidden else ():
            label = option.button.in_(language)
            answer = answered(slot, label, date(2026, 12, 1), Lexicon({}, {}, {}))
            meant = [option.id] if slot.type == "multi_choice" else option.id
            if isinstance(answer, Unclear) or answer["v"] != meant:
                found.append(f"{named((service, slot, option))}: {label}")
    assert not found, wrong(found)


# Help lines


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_a_help_line_is_complete(line: Mapping[str, Any]) -> None:
    for text in ("name", "about", "sentence", "hours", "cost"):
        assert set(line[text]) == set(LANGUAGES), text
    assert line["topics"] and line["source"]
    assert set(line["languages"]) <= set(LANGUAGES)
    assert line["check"] in ("ok_2025", "recheck", "unconfirmed")
    assert isinstance(line["verify_by"], date) and isinstance(line["source_date"], date)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_its_sentence_begins_with_its_number_and_names_no_other(line: Mapping[str, Any]) -> None:
    for language, sentence in line["sentence"].items():
        assert sentence.startswith(f"{line['number']} – "), language
        assert sentence.endswith("."), language
        rest = sentence.removeprefix(line["number"])
        assert not [other["id"] for other in LINES if as_said(other["number"]).search(rest)], language


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])
def test_a_phone_dials_the_number_that_is_shown(line: Mapping[str, Any]) -> None:
    digits = re.sub(r"\D", "", line["number"])
    assert line["tel"] in (f"tel:{digits}", f"tel:+48{digits}")


def test_the_emergency_numbers_and_no_others_never_disappear() -> None:
    assert {line["number"] for line in LINES if line.get("emergency")} == EMERGENCY
    far = date(2030, 1, 1)
    shown = {line.number for line in read_register(starter()).lines.values() if line.may_be_shown(far)}
    assert shown == EMERGENCY


def test_nothing_but_the_emergency_numbers_is_shown_before_somebody_has_checked_it() -> None:
    today = date(2026, 11, 21)
    shown = {line.number for line in read_register(starter()).lines.values() if line.may_be_shown(today)}
    assert shown == EMERGENCY


def test_the_stand_ins_for_112_exist() -> None:
    lines = {line["id"]: line for line in LINES}
    assert len(lines) == len(LINES)
    assert lines["emergency_112"]["fallback"]
    for line in LINES:
        assert all(lines[other]["emergency"] for other in line.get("fallback", [])), line["id"]


def as_said(number: str) -> re.Pattern[str]:
    """A number however its digits are spaced."""
    digits = re.sub(r"\D", "", number)
    return re.compile(r"(?<![\d.,])" + r"[\s-]?".join(digits) + r"(?![\d.,]\d|\d)")


# Answers


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["id"])
def test_an_answer_is_complete_and_belongs_to_a_service(answer: Mapping[str, Any]) -> None:
    assert answer["service"] in CATALOGUE.services
    assert answer["tags"] and all(isinstance(tag, str) for tag in answer["tags"])
    assert set(answer["q"]) == set(answer["a"]) == set(LANGUAGES)
    assert answer["source"]
    assert answer["confidence"] in ("high", "medium", "low")
    assert answer["show"] in ("auto", "staff")
    assert isinstance(answer["volatile"], bool)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["id"])
def test_an_answer_was_compared_after_its_source_appeared_and_will_expire(answer: Mapping[str, Any]) -> None:
    assert answer["source_date"] <= answer["verified"] < answer["verify_by"]


def test_no_two_answers_share_an_id() -> None:
    assert len({answer["id"] for answer in ANSWERS}) == len(ANSWERS) == 40


def test_no_answer_names_a_telephone_number_outright() -> None:
    """A number must be able to disappear with its sentence when it expires, and 112 when it is out of order."""
    like_a_phone = re.compile(r"(?<!\d)\+?\d(?:[\s-]?\d){6,}(?!\d)")
    found = []
    for answer in ANSWERS:
        for language in LANGUAGES:
            text = GAP.sub("", answer["a"][language] + " " + answer["q"][language])
            known = [line["id"] for line in LINES if as_said(line["number"]).search(text)]
            if known or like_a_phone.search(text):
                found.append(f"{answer['id']}:{language} {known}")
    assert not found, wrong(found)


def test_a_number_is_seen_however_it_is_written() -> None:
    assert as_said("116 123").search("телефонуйте 116123.")
    assert as_said("22 628 01 20").search("zadzwoń: 22-628-01-20")
    assert as_said("112").search("call 112 or come")
    assert not as_said("112").search("за 1120 зл, 112,50 зл")


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["id"])
def test_every_gap_in_an_answer_can_be_filled_and_is_the_same_in_each_language(answer: Mapping[str, Any]) -> None:
    gaps = {language: GAP.findall(answer["a"][language]) for language in LANGUAGES}
    assert all(sorted(gaps[language]) == sorted(gaps["uk"]) for language in LANGUAGES)
    for gap in gaps["uk"]:
        kind, _, name = gap.partition(":")
        assert gap in ("n112", "address", "hours") or (kind == "line" and name in {line["id"] for line in LINES})
    assert not any(GAP.search(answer["q"][language]) for language in LANGUAGES)


def test_a_help_line_in_an_answer_stands_on_a_line_of_its_own_so_that_it_can_vanish() -> None:
    for answer in ANSWERS:
        for language in LANGUAGES:
            for row in answer["a"][language].split("\n"):
                assert "{line:" not in row or re.fullmatch(r"\{line:\w+\}", row), answer["id"]


def test_an_answer_fits_into_one_message_with_a_greeting_and_the_notice() -> None:
    found = []
    for answer in ANSWERS:
        for language in LANGUAGES:
            text = answer["a"][language]
            for line in LINES:
                text = text.replace(f"{{line:{line['id']}}}", line["sentence"][language])
            found += [f"{answer['id']}:{language} {len(text)}"] if len(text) > 400 else []
    assert not found, wrong(found)


@pytest.mark.parametrize(
    ("answer", "button"),
    [("course_absence", "l:no"), ("send_documents", "d:delete"), ("is_it_a_bot", "n:person")],
)
def test_a_button_that_an_answer_names_is_called_that(answer: str, button: str) -> None:
    texts = next(one["a"] for one in ANSWERS if one["id"] == answer)
    for language in LANGUAGES:
        assert re.search(f"[«„“]{re.escape(say(language, f'button.{button}'))}[»”]", texts[language]), language


# The centre and the glossary


def test_the_centre_is_read_and_open_five_days_a_week() -> None:
    centre = read_centre(_plain(RAW["centre.yaml"]), ZoneInfo("Europe/Warsaw"))
    assert sorted(centre.hours.week) == [0, 1, 2, 3, 4]
    assert centre.n112 == "112"
    assert centre.is_quiet(datetime(2026, 12, 1, 22, 0, tzinfo=centre.zone))
    assert not centre.is_quiet(datetime(2026, 12, 1, 8, 0, tzinfo=centre.zone))


def test_everything_kept_has_a_last_day() -> None:
    kept = RAW["centre.yaml"]["retention"]
    assert set(kept) == {"anonymous_chat", "ordinary_ticket", "sensitive_ticket", "project_record", "logs", "audit"}
    assert all(isinstance(days, int) and days > 0 for days in kept.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_says_all_that_people_have_a_right_to_know(language: str) -> None:
    notice = RAW["centre.yaml"]["notice"][language]
    assert sorted(GAP.findall(notice)) == ["contact", "controller"]
    for told in ("UODO", "Telegram", "Meta", "/mydata", "/delete", "6(1)(e)", "9(2)", "30 ", "12 ", "24 "):
        assert told in notice.replace("art. 6 ust. 1 lit. e", "6(1)(e)").replace("art. 9 ust. 2", "9(2)"), told
    assert len(notice.split("\n\n")) >= 8
    assert len(notice) < 4096, "it fits into one message"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_is_in_short_sentences(language: str) -> None:
    sentences = re.split(r"(?<=[.:])\s+", RAW["centre.yaml"]["notice"][language])
    assert not (found := [one for one in sentences if len(one.split()) > 15]), wrong(found)


def test_the_glossary_gives_every_term_in_every_language_once() -> None:
    with (STARTER / "glossary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 100
    assert all(set(row) == set(LANGUAGES) and all(text and text.strip() for text in row.values()) for row in rows)
    assert len({row["pl"] for row in rows}) == len(rows)
    assert not [row for row in rows if re.search(r"['`ʼ]", row["uk"] + row["en"])]
