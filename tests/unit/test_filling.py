"""What first words tell is not asked again: dates, phones, people, levels, communes, kinds of papers."""

from datetime import date
from typing import Any

import pytest

from desk import clock, library
from desk.library import Entry
from desk.script.form import filled
from desk.services import Catalogue, read_catalogue

TUESDAY = date(2026, 12, 1)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    at = clock.now()
    return read_catalogue(
        [
            Entry(kind=kind, key=key, place=place, starter=facts, changed_at=at)
            for place, (kind, key, facts) in enumerate(library.starter_entries(library.STARTER))
        ]
    )


@pytest.mark.parametrize(
    ("service", "text", "told"),
    [
        ("polish_course", "хочу на польську, рівень A1, ввечері", {"level": "A1", "days_times": ["weekday_evening"]}),
        ("polish_course", "chcę na kurs B1, mieszkam w Wąchocku", {"level": "B1"}),
        ("document_translation", "перекласти свідоцтво про народження до 12 грудня, присяжний",
         {"document_kind": "birth", "sworn": "yes", "deadline_date": "2026-12-12"}),
        ("document_translation", "dyplom na polski, w przyszły wtorek",
         {"document_kind": "education", "deadline_date": "2026-12-08"}),
        ("interpreter", "перекладач до лікаря завтра о 15:30",
         {"place_kind": "doctor", "visit_datetime": "2026-12-02 15:30"}),
        ("transport", "доїхати до ужонду в п'ятницю о 9, Броди", {"arrive_by": "2026-12-04 09:00", "gmina": "brody"}),
        ("housing", "двоє дітей 5 і 9 років, виселяють через тиждень", {"deadline_date": "2026-12-08"}),
        ("childcare", "дитина 4 роки, у середу о 10", {"care_time": "2026-12-02 10:00"}),
        ("health", "дитина хвора, лікар сьогодні", {"visit_date": "2026-12-01"}),
        ("office_matters", "карта побиту, візит 15 грудня о 9", {"visit_date": "2026-12-15 09:00"}),
        ("office_matters", "прийшов лист від 20 листопада", {"letter_date": "2026-11-20"}),
        ("job_search", "робота на складі, мій номер 601 234 567", {"profession": "warehouse", "phone": "+48601234567"}),
    ],
)  # fmt: skip
def test_what_was_told_is_taken(catalogue: Catalogue, service: str, text: str, told: dict[str, Any]) -> None:
    found = {
        slot: _plain(answer["v"]) for slot, answer in filled(catalogue.services[service], text, {}, TUESDAY).items()
    }

    assert {slot: found.get(slot) for slot in told} == told


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and "day" in value:
        return " ".join(filter(None, (value["day"], value["at"])))
    return value


@pytest.mark.parametrize(
    ("service", "text", "not_told"),
    [
        ("office_matters", "мій песель 44051401359", "phone"),
        ("office_matters", "справа номер 5512347788123", "phone"),
        ("benefits", "подала заяву, до 12 грудня чекати", "letter_date"),
        ("childcare", "дитина 4 роки, у середу", "care_time"),
    ],
)
def test_what_was_not_told_is_still_asked(catalogue: Catalogue, service: str, text: str, not_told: str) -> None:
    assert not_told not in filled(catalogue.services[service], text, {}, TUESDAY)
