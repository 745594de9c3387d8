"""The engines keep the desk's promise: a translation, or one of three kinds of no, and never a word in a log."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator

import deep_translator
import httpx
import pytest
from deep_translator import constants, google, mymemory
from pydantic import SecretStr

from bot.translators import LibreTranslate, OutsideEngine, translator_from
from desk.settings import Settings
from desk.translation import CannotTranslate, Misconfigured, TranslatorError, TryLater
from tests.translate_server import TranslateServer

KEY = "0f1e-secret-key"
PLEA = "Мене б'ють"


@pytest.fixture
async def server() -> AsyncIterator[TranslateServer]:
    async with TranslateServer() as server:
        yield server


@pytest.fixture
async def translator(server: TranslateServer) -> AsyncIterator[LibreTranslate]:
    translator = LibreTranslate(server.url, KEY, connect=1.0, read=0.2)
    yield translator
    await translator.close()


@pytest.fixture(params=["google", "mymemory"])
def outside(request: pytest.FixtureRequest, server: TranslateServer, monkeypatch: pytest.MonkeyPatch) -> OutsideEngine:
    monkeypatch.setitem(constants.BASE_URLS, "GOOGLE_TRANSLATE", f"{server.url}/m")
    monkeypatch.setitem(constants.BASE_URLS, "MYMEMORY", f"{server.url}/get")
    return OutsideEngine(request.param, deadline=1.0)


class TestTranslating:
    async def test_ukrainian_becomes_polish(self, server, translator):
        server.knows("uk", "pl", {"Мені потрібен лікар": "Potrzebuję lekarza"})

        assert await translator.translate("Мені потрібен лікар", "uk", "pl") == "Potrzebuję lekarza"

    @pytest.mark.parametrize("source", ["uk", "pl", "ru", "en"])
    @pytest.mark.parametrize("target", ["uk", "pl", "ru", "en"])
    async def test_all_our_languages_go_both_ways(self, translator, source, target):
        translated = await translator.translate("Taxi", source, target)

        assert translated == ("Taxi" if source == target else f"[{target}] Taxi")

    @pytest.mark.parametrize("text", ["", " ", "\n\n", "👍", "🇺🇦🤝🏽", "!!!", "112", "+48 22 123 45 67", "9:00–15:30"])
    async def test_what_has_no_letters_is_not_sent(self, server, translator, text):
        assert await translator.translate(text, "uk", "pl") == text
        assert server.requests == []

    async def test_the_same_language_is_not_sent(self, server, translator):
        assert await translator.translate("Добрий день", "uk", "uk") == "Добрий день"
        assert server.requests == []

    async def test_line_breaks_and_indents_stay_exactly(self, server, translator):
        text = "\n  Так\r\n\r\n\tНі \n👍\n 112\u2028Добре\n\n"
        server.knows("uk", "pl", {"Так": "Tak", "Ні": "Nie", "Добре": "Dobrze"})

        assert await translator.translate(text, "uk", "pl") == "\n  Tak\r\n\r\n\tNie \n👍\n 112\u2028Dobrze\n\n"
        assert server.texts == ["Так", "Ні", "Добре"]
        assert len(server.requests) == 1

    async def test_a_line_stays_one_line_whatever_comes_back(self, server, translator):
        server.knows("uk", "pl", {"Так": " Tak,\n proszę "})

        assert await translator.translate("Так\nТак", "uk", "pl") == "Tak, proszę\nTak, proszę"

    async def test_an_address_under_a_path_works(self, server):
        translator = LibreTranslate(f"{server.url}/prefix/")

        with pytest.raises(Misconfigured):
            await translator.translate("Так", "uk", "pl")
        assert server.requests[0].path == "/prefix/translate"
        await translator.close()


class TestPrivacy:
    async def test_text_and_key_travel_in_the_body_only(self, server, translator):
        server.keys = (KEY,)

        await translator.translate(PLEA, "uk", "pl")

        [asked] = server.requests
        assert asked.target == "/translate"
        assert asked.body == {"q": PLEA, "source": "uk", "target": "pl", "format": "text", "api_key": KEY}
        assert KEY not in str(asked.headers)
        assert server.violations == []

    async def test_without_a_key_none_is_sent(self, server):
        translator = LibreTranslate(server.url)

        await translator.translate("Так", "uk", "pl")

        assert "api_key" not in server.requests[0].body
        await translator.close()

    async def test_deep_translators_own_call_would_put_them_into_the_address(self, server):
        """Should this fail one day, the library has been repaired and our own call can go."""
        own = deep_translator.LibreTranslator("pl", "en", api_key=KEY, custom_url=f"{server.url}/")

        with pytest.raises(deep_translator.exceptions.ServerException):
            await asyncio.to_thread(own.translate, "Boli mnie")
        assert server.violations == ["api_key, format, q, source, target in the address of /translate"]

    @pytest.mark.parametrize("fault", ["error", "html", "wrong type", "banned", "key wanted", "drops", "throttled"])
    async def test_no_error_and_no_log_holds_the_text_or_the_key(self, server, translator, caplog, fault):
        caplog.set_level(logging.DEBUG)
        server.fails(fault)

        with pytest.raises(TranslatorError) as failed:
            await translator.translate(PLEA, "uk", "pl")

        told = "".join(traceback.format_exception(failed.value)) + caplog.text
        assert PLEA not in told
        assert KEY not in told


class TestLongTexts:
    async def test_a_long_text_goes_in_several_requests(self, server, translator):
        text = "\n".join(["Дуже довга розповідь про дорогу. " * 10] * 12)

        translated = await translator.translate(text, "uk", "pl")

        assert translated.count("\n") == 11
        assert len(server.requests) == 2
        assert all(sum(map(len, asked.body["q"])) <= 2_000 for asked in server.requests)

    async def test_the_limit_is_learned_once_and_sentences_stay_whole(self, server, translator):
        server.text_limit = 60
        text = "Я приїхала вчора. Мені потрібен лікар!  Чи можна прийти сьогодні? Дякую"

        first = await translator.translate(text, "uk", "pl")
        first_time = len(server.requests)
        await translator.translate(text, "uk", "pl")

        assert first == "[pl] Я приїхала вчора. Мені потрібен лікар!  [pl] Чи можна прийти сьогодні? Дякую"
        assert server.texts[1:3] == ["Я приїхала вчора. Мені потрібен лікар!", "Чи можна прийти сьогодні? Дякую"]
        assert first_time == 3
        assert len(server.requests) == 5

    async def test_a_text_without_sentences_is_cut_between_words_and_a_word_without_end_anywhere(
        self, server, translator
    ):
        server.text_limit = 40
        text = "слово " * 20 + "а" * 100

        translated = await translator.translate(text, "uk", "pl")

        assert translated.replace("[pl] ", "") == text
        assert all(len(one) <= 40 for one in server.texts[1:])

    async def test_the_limit_on_texts_is_learned_too(self, server, translator):
        server.batch_limit, server.text_limit = 2, 50
        text = "Так\nНі\nДобре\nЗгода\n" + "Довге речення. " * 6

        translated = await translator.translate(text, "uk", "pl")

        assert translated.count("\n") == 4
        assert translated.replace("[pl] ", "") == text

    async def test_a_limit_too_small_for_sentences_is_a_no(self, server, translator):
        server.text_limit = 5

        with pytest.raises(CannotTranslate, match="too-long"):
            await translator.translate("Мені потрібен лікар", "uk", "pl")

    async def test_a_server_that_refuses_every_size_is_not_asked_for_ever(self, server, translator):
        server.fails((400, {"error": "Invalid request: request (9) exceeds text limit (2000)"}))

        with pytest.raises(CannotTranslate, match="too-long"):
            await translator.translate("Мені потрібен лікар", "uk", "pl")
        assert len(server.requests) == 3


class TestBadDays:
    @pytest.mark.parametrize(
        ("fault", "kind", "reason"),
        [
            ("throttled", TryLater, "throttled"),
            ("banned", TryLater, "throttled"),
            ("error", TryLater, "failing"),
            ("gateway", TryLater, "failing"),
            ("drops", TryLater, "down"),
            ("drips", TryLater, "slow"),
            ("html", TryLater, "odd-answer"),
            ("no translation", TryLater, "odd-answer"),
            ("wrong type", TryLater, "odd-answer"),
            ("null", TryLater, "odd-answer"),
            ("a list", TryLater, "odd-answer"),
            ("too many", TryLater, "odd-answer"),
            ("empty", TryLater, "odd-answer"),
            ("half a letter", TryLater, "odd-answer"),
            ((418, "teapot"), TryLater, "odd-answer"),
            ((400, "Bad Request"), TryLater, "odd-answer"),
            ((400, {"error": "Invalid request: missing q parameter"}), CannotTranslate, "refused"),
            ("no model", CannotTranslate, "language"),
            ("too large", CannotTranslate, "too-long"),
            ("key wanted", Misconfigured, "key"),
            ((401, {"error": "Unauthorized"}), Misconfigured, "key"),
            ("moved", Misconfigured, "address"),
        ],
    )
    async def test_each_bad_answer_is_one_kind_of_no(self, server, fault, kind, reason):
        patience = 0.1 if reason == "slow" else 5.0  # A machine that is busy is slow, too.
        translator = LibreTranslate(server.url, connect=patience, read=patience)
        server.fails(fault)

        with pytest.raises(kind) as failed:
            await translator.translate("Так\nНі", "uk", "pl")

        assert failed.value.reason == reason
        await translator.close()

    @pytest.mark.parametrize("fault", ["wrong type", "null", "too many", "empty"])
    async def test_one_text_is_checked_like_several(self, server, translator, fault):
        server.fails(fault)

        with pytest.raises(TryLater, match="odd-answer"):
            await translator.translate("Так", "uk", "pl")

    async def test_a_slow_server_is_given_up(self, server, translator):
        server.slow(30)

        with pytest.raises(TryLater, match="slow"):
            await translator.translate("Так", "uk", "pl")

    async def test_a_server_that_is_down_may_come_back(self, server, translator):
        await server.stop()
        with pytest.raises(TryLater, match="down"):
            await translator.translate("Так", "uk", "pl")

        await server.start()

        assert await translator.translate("Так", "uk", "pl") == "[pl] Так"

    async def test_after_a_bad_moment_it_works_again(self, server, translator):
        server.fails("throttled", times=1)

        with pytest.raises(TryLater):
            await translator.translate("Так", "uk", "pl")

        assert await translator.translate("Так", "uk", "pl") == "[pl] Так"

    @pytest.mark.parametrize("key", ["", "wrong"])
    async def test_a_wrong_key_needs_the_operator(self, server, key):
        server.keys = (KEY,)
        translator = LibreTranslate(server.url, key)

        with pytest.raises(Misconfigured, match="key"):
            await translator.translate("Так", "uk", "pl")
        await translator.close()

    @pytest.mark.parametrize(("source", "target"), [("de", "pl"), ("uk", "de"), ("uk", "ru")])
    async def test_a_language_or_a_pair_it_does_not_know_is_a_no(self, server, translator, source, target):
        server.without = (("uk", "ru"),)

        with pytest.raises(CannotTranslate, match="language"):
            await translator.translate("Так", source, target)

    async def test_half_a_letter_is_not_sent(self, server, translator):
        with pytest.raises(CannotTranslate, match="broken-text"):
            await translator.translate("Так \ud83d", "uk", "pl")
        assert server.requests == []

    async def test_errors_are_asked_for_in_english(self, server, translator):
        await translator.translate("Так", "uk", "pl")

        assert server.requests[0].headers["accept-language"] == "en"


class TestOutsideEngines:
    async def test_it_translates_through_deep_translators_own_class(self, server, outside):
        server.knows("uk", "pl", {"П'ять разів": "Pięć razy", "Так": 'Tak, "o\'kej"'})

        assert await outside.translate("П'ять разів\n\n👍\n Так", "uk", "pl") == 'Pięć razy\n\n👍\n Tak, "o\'kej"'

    async def test_a_long_line_is_cut_for_it(self, server, outside):
        text = "Дуже довга розповідь про дорогу. " * 60

        translated = await outside.translate(text, "uk", "pl")

        assert translated.replace("[pl] ", "") == text
        assert all(len(asked.target) < 8_000 for asked in server.requests)

    @pytest.mark.parametrize("text", ["👍", "!!!", "112"])
    async def test_what_has_no_letters_is_not_sent(self, server, outside, text):
        assert await outside.translate(text, "uk", "pl") == text
        assert await outside.translate("Так", "uk", "uk") == "Так"
        assert server.requests == []

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("throttled", "throttled"),
            ("error", "down"),
            ("drops", "down"),
            ("html", "odd-answer"),
            ("no translation", "odd-answer"),
            ((200, {"responseData": {"translatedText": None}, "matches": []}), "odd-answer"),
            ((200, {"responseData": {"translatedText": 7}, "matches": []}), "odd-answer"),
        ],
    )
    async def test_each_bad_answer_may_pass_later(self, server, outside, fault, reason):
        server.fails(fault)

        with pytest.raises(TryLater) as failed:
            await outside.translate(PLEA, "uk", "pl")

        assert failed.value.reason == reason
        assert PLEA not in "".join(traceback.format_exception(failed.value))

    async def test_a_slow_engine_is_given_up(self, server, outside):
        outside = OutsideEngine(outside.engine, deadline=0.1)
        server.slow(30)

        with pytest.raises(TryLater, match="slow"):
            await outside.translate("Так", "uk", "pl")

    async def test_a_language_it_does_not_know_is_a_no(self, outside):
        with pytest.raises(CannotTranslate, match="language"):
            await outside.translate("Так", "uk", "tlh")

    async def test_mymemorys_complaints_are_not_shown_as_translations(self, server, outside):
        warning = "MYMEMORY WARNING: YOU USED ALL AVAILABLE FREE TRANSLATIONS FOR TODAY."
        server.knows("uk", "pl", {"Так": warning})

        with pytest.raises(TryLater, match="throttled"):
            await outside.translate("Так", "uk", "pl")

    def test_mymemory_is_asked_over_https(self):
        assert constants.BASE_URLS["MYMEMORY"].startswith("https://")

    @pytest.mark.parametrize("engine", [google, mymemory])
    def test_no_thread_waits_for_ever(self, engine):
        assert engine.requests.get.keywords == {"timeout": (2.0, 15.0)}


class TestChoosing:
    def chosen(self, **choices: object) -> Settings:
        return Settings(_env_file=None, **choices)

    def test_none_is_the_default(self):
        assert translator_from(self.chosen()) is None

    @pytest.mark.parametrize("key", ["", KEY])
    async def test_libretranslate_needs_its_address(self, server, key):
        translator = translator_from(
            self.chosen(translator="libretranslate", translator_url=server.url, translator_key=SecretStr(key))
        )

        assert translator.engine == "libretranslate"
        assert await translator.translate("Так", "uk", "pl") == "[pl] Так"
        assert server.requests[0].body.get("api_key", "") == key
        await translator.close()

    @pytest.mark.parametrize(
        "address",
        ["", "localhost:5000", "ftp://x", "http://", "http://x:port", f"http://x?api_key={KEY}", f"http://me:{KEY}@x"],
    )
    def test_an_address_that_cannot_be_one_is_told_in_a_sentence(self, address):
        with pytest.raises(ValueError, match="must look like http") as failed:
            translator_from(self.chosen(translator="libretranslate", translator_url=address))
        assert KEY not in str(failed.value)

    @pytest.mark.parametrize("name", ["google", "mymemory"])
    async def test_an_outside_engine_can_be_chosen(self, name):
        translator = translator_from(self.chosen(translator=name))

        assert translator.engine == name
        await translator.close()

    def test_an_unknown_engine_is_told_in_a_sentence(self):
        settings = self.chosen().model_copy(update={"translator": "oracle"})

        with pytest.raises(ValueError, match="There is no translator 'oracle': choose none, libretranslate, google"):
            translator_from(settings)


class TestTheServerItself:
    """It must be as strict as the real one, or the tests above prove little."""

    @pytest.fixture
    async def http(self, server):
        async with httpx.AsyncClient(base_url=server.url) as http:
            yield http

    async def test_it_takes_forms_and_lists_and_finds_the_language(self, http):
        form = await http.post("/translate", data={"q": "Так\r\nНі", "source": "uk", "target": "pl"})
        several = await http.post("/translate", json={"q": ["Їжа", "Ні"], "source": "auto", "target": "pl"})

        assert form.json() == {"translatedText": "[pl] Так\nНі"}
        assert several.json() == {
            "translatedText": ["[pl] Їжа", "[pl] Ні"],
            "detectedLanguage": [{"confidence": 100.0, "language": "uk"}] * 2,
        }

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "Invalid request: missing q parameter"),
            ({"q": "a"}, "Invalid request: missing source parameter"),
            ({"q": "a", "source": "uk"}, "Invalid request: missing target parameter"),
            ({"q": "a", "source": "de", "target": "pl"}, "de is not supported"),
            ({"q": "a", "source": "uk", "target": "pl", "format": "xml"}, "xml format is not supported"),
            ({"q": "a" * 2500, "source": "uk", "target": "pl"}, "request (2500) exceeds text limit (2000)"),
            ([], "Invalid JSON format"),
        ],
    )
    async def test_it_refuses_in_the_real_servers_words(self, server, http, body, sentence):
        server.text_limit = 2000

        answer = await http.post("/translate", json=body)

        assert answer.status_code == 400
        assert sentence in answer.json()["error"]

    async def test_it_tells_languages_health_and_what_a_text_is(self, http):
        languages = (await http.get("/languages")).json()

        assert [language["code"] for language in languages] == ["en", "pl", "ru", "uk"]
        assert (await http.get("/health")).json() == {"status": "ok"}
        assert (await http.post("/detect", json={"q": "Де їжа"})).json() == [{"confidence": 100.0, "language": "uk"}]
        assert (await http.get("/translate")).status_code == 405
        assert (await http.get("/nowhere")).status_code == 404

    async def test_a_key_in_the_address_is_refused_and_remembered(self, server, http):
        body = {"q": "Так", "source": "uk", "target": "pl"}

        answer = await http.post("/translate", params={"api_key": KEY}, content=json.dumps(body))

        assert answer.status_code == 400
        assert server.violations == ["api_key in the address of /translate"]
