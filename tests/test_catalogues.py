"""The console's words in the other languages: none missing, none with a place for a name too many or too few."""

import ast
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from babel.messages.catalog import Catalog

from tools import catalogues
from webcare.console import tongue, words
from webcare.domain import Actor, Role, Said
from webcare.errors import CaseStateRefused, NotAllowed, ReplyRejected, SettingsError
from webcare.people import PERMISSION_WORDS, Permission, require


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_every_text_of_the_console_has_a_translation(language: str) -> None:
    catalogue = catalogues.updated(language, catalogues.template())
    assert list(catalogues.problems(catalogue)) == []


def test_the_tool_sees_a_missing_place_and_a_missing_text() -> None:
    catalogue = Catalog(locale="nl")
    catalogue.add("Reply to {name}", "Antwoord aan {naam}")
    catalogue.add("Never translated")
    assert list(catalogues.problems(catalogue)) == [
        "'Reply to {name}' has ['name'], its translation ['naam']",
        "no translation of 'Never translated'",
    ]


@pytest.mark.parametrize(
    ("locale", "language"),
    [("nl-NL", "nl"), ("sv", "sv"), ("nn-NO", "nb"), ("no", "nb"), ("nb_NO", "nb"), ("fr-FR", "en"), ("", "en")],
)
def test_a_browser_gets_the_language_nearest_to_its_own(locale: str, language: str) -> None:
    assert tongue.nearest(locale) == language


def test_a_refusal_keeps_its_template_beside_the_english_sentence() -> None:
    refused = CaseStateRefused("{name} already works on this case.", name="Noor {x}")
    assert str(refused) == "Noor {x} already works on this case."
    assert (refused.template, refused.values) == ("{name} already works on this case.", {"name": "Noor {x}"})


def test_a_sentence_of_the_guard_is_the_english_one_everywhere_but_in_the_console() -> None:
    sentence = Said("{word} is not Dutch.", word="“hej”")
    assert sentence == "“hej” is not Dutch."
    assert sentence.values == {"word": "“hej”"}


#: Where refusals are read by whoever runs programs or writes webcare.toml, before there is a console to read them in.
_FOR_OPERATORS = (
    *(
        "webcare/cli/",
        "webcare/sandbox/",
        "webcare/triage/",
        "webcare/encoder/",
        "webcare/settings.py",
        "webcare/app.py",
    ),
    *("webcare/store/migrations/", "webcare/store/engine.py", "webcare/channels/__init__.py"),
    *("webcare/guard/learned/", "webcare/guard/evaluation.py", "webcare/guard/dictionaries.py"),
    *("webcare/console/login.py", "webcare/console/desk.py"),
)
#: Errors that no person is shown: they are caught near by, or stop the program.
_FOR_CODE = frozenset({"ValueError", "TypeError", "RuntimeError", "KeyError", "SystemExit", "_BadLine", "InvalidURL"})
_FOR_CODE |= {"NewConnectionError"}
#: Errors about an account's options in webcare.toml: the desk does not start with them.
_CHANNELS = "webcare/channels/"


def _filled_in_by_hand(source: str) -> Iterator[tuple[int, str]]:
    """The line and the error of every refusal whose sentence is put together before it can be translated."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            made = node.exc.func
            name = made.id if isinstance(made, ast.Name) else made.attr if isinstance(made, ast.Attribute) else ""
            if isinstance(node.exc.args[0], ast.JoinedStr | ast.BinOp):
                yield node.lineno, name


def test_refusals_that_people_see_are_templates() -> None:
    found = []
    for path in sorted((catalogues.ROOT / "webcare").rglob("*.py")):
        place = path.relative_to(catalogues.ROOT).as_posix()
        if place.startswith(_FOR_OPERATORS):
            continue
        for line, name in _filled_in_by_hand(path.read_text(encoding="utf-8")):
            if name not in _FOR_CODE and not (place.startswith(_CHANNELS) and name == "SettingsError"):
                found.append(f"{place}:{line}: {name}")
    assert found == []


def test_a_sentence_put_together_by_hand_is_seen() -> None:
    source = "raise CaseStateRefused(f'{x} is closed')\nraise value.wrong('a' + x)\nraise Odd('{x}', x=x)\n"
    assert list(_filled_in_by_hand(source)) == [(1, "CaseStateRefused"), (2, "wrong")]


def test_a_refusal_within_a_refusal_is_said_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    inner = SettingsError("{source}, line {line}: {why}", source="x.yml", line=3, why=Said("the test has no draft"))
    outer = SettingsError("{path} cannot be read: {why}", path="y", why=inner)
    assert str(outer) == "y cannot be read: x.yml, line 3: the test has no draft"
    assert tongue.refusal(outer) == "y is niet te lezen: x.yml, regel 3: de test heeft geen concept"


def test_a_missing_right_and_the_role_that_lacks_it_are_named_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    with pytest.raises(NotAllowed) as refused:
        require(Actor(1, "Noor", Role.SECOND_LINE), Permission.SEND_REPLY)
    assert str(refused.value) == "Noor (Second line) does not have this right: Send replies."
    assert tongue.refusal(refused.value) == "Noor (Tweede lijn) heeft dit recht niet: Reacties versturen."


def test_every_right_has_a_name() -> None:
    assert set(PERMISSION_WORDS) == set(Permission)


def test_sentences_joined_are_translated_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    told = SettingsError(Said.joined([Said("the test has no draft"), "{not a place}"], "\n"))
    assert str(told) == "the test has no draft\n{not a place}"
    assert tongue.refusal(told) == "de test heeft geen concept\n{not a place}"


def test_what_a_network_refused_is_said_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    kept = str(ReplyRejected("A message on {title} is too long ({most} at the most); shorten it.", title="X", most=9))
    assert tongue.kept(kept) == "Een bericht op X is te lang (hoogstens 9); maak het korter."


def test_a_template_with_a_colon_does_not_claim_every_kept_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: "nl")
    assert tongue.kept("A list of words: one, two") == "A list of words: one, two"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["45 s", "12 min", "3 h 20 min", "4 h", "2 d 4 h", "3 d"]),
        ("nl", ["45 s", "12 min", "3 u 20 min", "4 u", "2 d 4 u", "3 d"]),
        ("sv", ["45 s", "12 min", "3 tim 20 min", "4 tim", "2 d 4 tim", "3 d"]),
        ("nb", ["45 s", "12 min", "3 t 20 min", "4 t", "2 d 4 t", "3 d"]),
    ],
)
def test_stretches_of_time_are_written_in_the_readers_language(
    language: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tongue, "speaking", lambda: language)
    minutes = (0.75, 12, 200, 240, 52 * 60, 72 * 60)
    assert [words.duration(timedelta(minutes=one)) for one in minutes] == told


def test_a_day_of_another_year_is_written_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "speaking", lambda: "nl")
    assert words.long_day(date(2027, 3, 1)) == "1 mrt 2027"
