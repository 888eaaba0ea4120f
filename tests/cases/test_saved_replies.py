"""Saved replies: who may keep and use them, what a case fills, what is refused, and files in and out."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from webcare import audit
from webcare.cases import saved_files
from webcare.cases.saved_replies import (
    LANGUAGES,
    SavedReply,
    Wanted,
    all_saved,
    choose_language,
    delete_saved,
    fill,
    offered,
    placeholders,
    save,
    values_for,
    versions,
)
from webcare.domain import Author, Role
from webcare.errors import CaseChanged, CaseNotFound, NotAllowed, WebcareError
from webcare.guard import ReviewContext, review
from webcare.guard.marked import read_yaml
from webcare.guard.profile import SHIPPED
from webcare.guard.rules.brands import load_brand
from webcare.guard.rules.situation import HOME
from webcare.store.tables import AgentRow
from webcare.testing import Desk

LATE = Wanted(
    "Delivery is late",
    {"nl": "Hoi {naam}, wat vervelend! ^{initialen}", "en": "Hi {name}, sorry about that. ^{initials}"},
    topic="delivery",
)


def keep(desk: Desk, wanted: Wanted = LATE, **more: object) -> int:
    with desk.store.write() as session:
        return save(session, wanted, by=desk.first, now=desk.now, **more)  # type: ignore[arg-type]


def listed(desk: Desk) -> dict[str, SavedReply]:
    with desk.store.read() as session:
        return {one.name: one for one in all_saved(session, by=desk.first, now=desk.now)}


def found(desk: Desk, **wish: str) -> list[str]:
    with desk.store.read() as session:
        return [one.name for one in offered(session, by=desk.first, now=desk.now, **wish)]


def bring(desk: Desk, content: str, name: str) -> saved_files.Brought:
    with desk.store.write() as session:
        return saved_files.bring_in(session, content.encode(), name, by=desk.first, now=desk.now)


def test_a_saved_reply_is_kept_found_by_words_and_changed(desk: Desk):
    saved_id = keep(desk)
    keep(desk, Wanted("Opening hours", {"sv": "Vi har öppet till klockan 20."}, topic="store"))
    assert found(desk) == ["Delivery is late", "Opening hours"]
    assert found(desk, words="VERVELEND late") == ["Delivery is late"]
    assert found(desk, words="öppet late") == []
    assert found(desk, topic="store") == ["Opening hours", "Delivery is late"]
    desk.later(minutes=1)
    keep(desk, Wanted("Delivery is late", {"nl": "Hoi, sorry!"}, topic="delivery"), saved_id=saved_id, version=1)
    now_there = listed(desk)["Delivery is late"]
    assert (now_there.texts, now_there.version, now_there.updated_at) == ({"nl": "Hoi, sorry!"}, 2, desk.now)


def test_every_version_can_be_read_again_and_the_log_stays_sealed(desk: Desk):
    saved_id = keep(desk)
    keep(desk, Wanted("Delivery is late", {"nl": "Nieuw."}), saved_id=saved_id)
    with desk.store.write() as session:
        delete_saved(session, saved_id, by=desk.people[Role.MANAGER], now=desk.now)
        history = versions(session, saved_id, by=desk.first)
        assert [(one.what, one.by) for one in history] == [
            ("saved_reply_deleted", "Robin manager"),
            ("saved_reply_changed", "Robin first_line"),
            ("saved_reply_added", "Robin first_line"),
        ]
        assert history[1].before["text_nl"] == LATE.texts["nl"]
        assert history[1].after == {"topic": "", "text_nl": "Nieuw."}
        assert history[0].before["text_nl"] == "Nieuw."
        assert audit.broken_at(session) is None
    assert listed(desk) == {}


def test_only_those_who_may_edit_do_and_only_those_who_work_cases_use_them(desk: Desk):
    saved_id = keep(desk)
    second, manager = desk.people[Role.SECOND_LINE], desk.people[Role.MANAGER]
    with desk.store.write() as session, pytest.raises(NotAllowed):
        save(session, LATE, by=second, now=desk.now)
    with desk.store.write() as session, pytest.raises(NotAllowed):
        delete_saved(session, saved_id, by=second, now=desk.now)
    with desk.store.write() as session, pytest.raises(NotAllowed):
        saved_files.bring_in(session, b"[]", "a.yaml", by=second, now=desk.now)
    with desk.store.read() as session:
        assert len(offered(session, by=second, now=desk.now)) == 1
        assert len(all_saved(session, by=manager, now=desk.now)) == 1
        with pytest.raises(NotAllowed):
            offered(session, by=manager, now=desk.now)
        with pytest.raises(NotAllowed):
            versions(session, saved_id, by=second)


def test_expired_and_ownerless_ones_are_not_offered_and_the_list_says_so(desk: Desk):
    keep(desk, Wanted("Christmas", {"en": "We open again on the 27th."}, expires_at=desk.now + timedelta(days=1)))
    lead = desk.people[Role.TEAM_LEAD]
    keep(desk, Wanted("Lamp", {"en": "It takes a large bulb."}, owner_id=lead.id))
    assert found(desk) == ["Christmas", "Lamp"]
    desk.later(days=1)
    with desk.store.write() as session:
        session.exec(select(AgentRow).where(col(AgentRow.id) == lead.id)).one().active = False
    assert found(desk) == []
    assert {name: one.problem for name, one in listed(desk).items()} == {"Christmas": "expired", "Lamp": "ownerless"}
    with desk.store.write() as session, pytest.raises(WebcareError, match="owner must be"):
        save(session, Wanted("Other", {"en": "Text"}, owner_id=lead.id), by=desk.first, now=desk.now)


def test_a_colleague_who_saved_first_wins_and_the_other_is_told(desk: Desk):
    saved_id = keep(desk)
    keep(desk, LATE, saved_id=saved_id, version=1)
    with desk.store.write() as session, pytest.raises(CaseChanged, match="Delivery is late"):
        save(session, LATE, by=desk.first, now=desk.now, saved_id=saved_id, version=1)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted("", {"en": "Text"}), "needs a name"),
        (Wanted("n" * 81, {"en": "Text"}), "81 characters"),
        (Wanted("Empty", {"en": "  "}), "no text yet"),
        (Wanted("Odd", {"dutch": "Tekst"}), "no language “dutch”"),
        (Wanted("Odd", {"en": "Text"}, topic="weather"), "no topic “weather”"),
        (Wanted("delivery IS late", {"en": "Text"}), "already is a saved reply"),
        (Wanted("Phone", {"nl": "Bel me op 06 12345678"}), "06 12345678"),
        (Wanted("Order", {"nl": "Bestelling HL-20261122 komt."}), "{order}"),
        (Wanted("Long", {"en": "a" * 10_001}), "10001 characters"),
    ],
)
def test_what_cannot_be_saved_is_refused_in_words(desk: Desk, wanted: Wanted, told: str):
    keep(desk)
    with desk.store.write() as session, pytest.raises(WebcareError) as refused:
        save(session, wanted, by=desk.first, now=desk.now, order_numbers=("HL-[0-9]{8}",))
    assert told in str(refused.value)


def test_our_own_number_may_stand_in_a_saved_reply(desk: Desk):
    keep(desk, Wanted("Call us", {"nl": "Bel 020 555 01 23."}), ours=("+31 20 555 01 23", "020 555 01 23"))
    assert found(desk) == ["Call us"]


def test_a_case_fills_the_first_name_the_agent_and_in_private_the_order(desk: Desk):
    case = desk.open_case(
        "Waar blijft HL-20261122? Groetjes, Fenna", author=Author("c1", "Fenna | nachtdienst", "fenna")
    )
    assert case.id is not None
    with desk.store.read() as session:
        in_public = values_for(session, case.id, by=desk.first, order_numbers=("HL-[0-9]{8}",))
        in_private = values_for(session, case.id, by=desk.first, private=True, order_numbers=("HL-[0-9]{8}",))
        with pytest.raises(CaseNotFound):
            values_for(session, 99_999, by=desk.first)
        with pytest.raises(NotAllowed):
            values_for(session, case.id, by=desk.people[Role.MANAGER])
    assert in_public == {"name": "Fenna", "agent": "Robin", "initials": "R"}
    assert in_private == in_public | {"order": "HL-20261122"}
    text = "Hoi {Naam}, {ordernummer} komt {dag}. {medewerker}"
    assert fill(text, in_private) == "Hoi Fenna, HL-20261122 komt {dag}. Robin"
    assert fill(text, in_public) == "Hoi Fenna, {ordernummer} komt {dag}. Robin"
    assert placeholders(text) == ("name", "order", "dag", "agent")


def test_a_name_nobody_could_greet_by_stays_a_gap(desk: Desk):
    case = desk.open_case("waar blijft mijn bank", author=Author("c1", "xX_99", "xx99"))
    assert case.id is not None
    with desk.store.read() as session:
        assert "name" not in values_for(session, case.id, by=desk.first)


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-zåäöæøéß][\w -]{0,30}", fullmatch=True))
def test_no_reply_leaves_with_a_gap_of_any_name(word: str):
    text = f"Hi, {{{word}}}"
    if placeholders(text):
        held = review(text, ReviewContext(channel="")).findings
        assert any(one.reason == "placeholder" and one.level == "error" for one in held), word


@pytest.mark.parametrize(
    ("languages", "customer", "shown"),
    [
        (("en", "nl", "sv"), "nl", "nl"),
        (("en", "nl", "sv"), "nb", "sv"),
        (("en", "nl"), "de", "en"),
        (("nl", "sv"), "de", "nl"),
        ((), "nl", ""),
    ],
)
def test_the_customers_language_is_chosen_by_itself(languages: tuple[str, ...], customer: str, shown: str):
    assert choose_language(languages, customer) == shown


@pytest.mark.parametrize("form", ["yaml", "csv"])
def test_a_file_brings_back_what_was_taken_along(desk: Desk, form: str):
    keep(desk, Wanted("=Odd; name", {"nl": 'Regel 1\nRegel 2, "dus"', "sv": "@hemlund hjälper dig"}, "store"))
    keep(desk, Wanted("Winter", {"en": "- warm\n- dry"}, expires_at=desk.now.replace(hour=0, minute=0)))
    before = listed(desk)
    file = (saved_files.as_yaml if form == "yaml" else saved_files.as_csv)(before.values())
    assert bring(desk, file, f"texts.{form}") == saved_files.Brought(0, 0, 2)
    for one in before.values():
        with desk.store.write() as session:
            delete_saved(session, one.id, by=desk.first, now=desk.now)
    assert bring(desk, file, f"texts.{form}") == saved_files.Brought(2, 0, 0)
    after = listed(desk)
    assert {name: (one.topic, one.texts, one.expires_at, one.owner_id) for name, one in after.items()} == {
        name: (one.topic, one.texts, one.expires_at, one.owner_id) for name, one in before.items()
    }


def test_no_cell_of_the_file_is_a_formula(desk: Desk):
    keep(desk, Wanted("=1+1", {"en": "@cmd"}))
    row = saved_files.as_csv(listed(desk).values()).splitlines()[1]
    assert row.startswith("'=1+1,")
    assert ",'@cmd" in row


GOOD = "- name: Good\n  texts: {en: Fine.}\n"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.yaml", GOOD + "- name: Bad\n  texts: {dutch: Ja}\n", "line 4: unknown language 'dutch'"),
        ("a.yaml", GOOD + "- name: Bad\n  text: Ja\n", "line 4: unknown key 'text'"),
        ("a.yaml", GOOD + "- name: Bad\n", "line 3: a saved reply needs a name and texts"),
        ("a.yaml", GOOD + "- name: Bad\n  topic: weather\n  texts: {nl: Ja}\n", "line 3: unknown topic “weather”"),
        ("a.yaml", GOOD + "- name: Bad\n  owner: nobody\n  texts: {nl: Ja}\n", "line 3: no colleague"),
        ("a.yaml", GOOD + "- name: Bad\n  expires: soon\n  texts: {nl: Ja}\n", "line 3: “soon” is not a day"),
        ("a.yaml", GOOD + "- name: good\n  texts: {nl: Ja}\n", "line 3: “good” stands in line 1 already"),
        ("a.yaml", GOOD + "- name: [\n", "is not valid YAML"),
        ("a.yaml", "", "no saved reply"),
        ("a.csv", "name,text\nBad,Ja\n", "line 1: the first row must name the columns; missing: language"),
        ("a.csv", 'name,language,text\nGood,en,"one\ntwo"\nBad,xx,Ja\n', "line 4: unknown language “xx”"),
        ("a.csv", "name;language;text\nBad;nl;Ja\nBad;nl;Nee\n", "line 3: “Bad” has a text in “nl” already"),
        ("a.csv", "name,language,text\nBad,nl,Ja,nee\n", "line 2: 4 cells"),
        ("a.csv", "name,topic,language,text\nB,store,nl,Ja\nB,order,en,Yes\n", "line 3: another topic than in line 2"),
        ("a.txt", GOOD, "is no .yaml, .yml or .csv file"),
    ],
)
def test_a_file_that_cannot_be_used_names_the_line_and_changes_nothing(desk: Desk, name: str, content: str, told: str):
    with pytest.raises(WebcareError) as refused:
        bring(desk, content, name)
    assert told in str(refused.value)
    assert listed(desk) == {}


def test_a_file_of_a_spreadsheet_with_semicolons_and_old_bytes_is_told(desk: Desk):
    assert bring(desk, "\ufeffname;language;text\nUur;nl;Tot 20 uur\n", "a.CSV").added == 1
    with desk.store.write() as session, pytest.raises(WebcareError, match="line 2: this is not UTF-8"):
        saved_files.bring_in(
            session, "name,language,text\nCafé,nl,Ja".encode("latin-1"), "a.csv", by=desk.first, now=desk.now
        )


def test_a_file_changes_what_is_there_and_keeps_its_owner(desk: Desk):
    lead = desk.people[Role.TEAM_LEAD]
    keep(desk, Wanted("Good", {"en": "Old."}, owner_id=lead.id))
    assert bring(desk, GOOD, "a.yml") == saved_files.Brought(0, 1, 0)
    there = listed(desk)["Good"]
    assert (there.texts, there.owner_id, there.version) == ({"en": "Fine."}, lead.id, 2)


def test_all_languages_of_the_desk_can_be_written(desk: Desk):
    keep(desk, Wanted("All", dict.fromkeys(LANGUAGES, "Hemlund")))
    assert tuple(listed(desk)["All"].texts) == LANGUAGES


def demo_texts() -> list[tuple[str, str, str]]:
    file = SHIPPED / "hemlund" / "saved-replies.yaml"
    [document] = read_yaml(file.read_text(encoding="utf-8"), file.name)
    entries = [dict(entry.pairs()) for entry in document.items()]
    return [(one["name"].text(), lang, text.text()) for one in entries for lang, text in one["texts"].pairs()]


def test_the_demos_texts_are_in_four_languages_and_the_guard_lets_them_pass_in_their_markets():
    brand, texts = load_brand("hemlund"), demo_texts()
    assert len({name for name, _, _ in texts}) >= 12
    assert {lang for _, lang, _ in texts} == {"nl", "en", "sv", "nb"}
    for name, lang, text in texts:
        known = {"name": "Noor", "initials": "NS"}
        filled = fill(
            text, known | {placeholder: "…" for placeholder in placeholders(text) if placeholder not in known}
        )
        context = ReviewContext(channel="", lang=lang, market=HOME[lang], brand=brand.profile, rules=brand.rules)
        assert not review(filled, context).findings, (name, lang)
        assert len(filled) <= 280, (name, lang)
