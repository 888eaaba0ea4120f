"""Each account speaks as its own brand, by its own rules: the one gate asks for both, at Send and on the way out."""

from datetime import timedelta
from pathlib import Path

import pytest

from webcare import cases
from webcare.app import App
from webcare.channels.base import Budget
from webcare.delivery import send_due
from webcare.domain import Actor, Decision, DeliveryState, Mention, Role
from webcare.errors import NotAllowed, VerdictOutdated
from webcare.ingest import poll_account
from webcare.settings import Settings, load_settings
from webcare.store.tables import AccountRow, DeliveryRow
from webcare.testing import Desk, make_mention

RULE = """\
extends: existence
level: error
override: none
reason: brand_word
message: "'%s' is not a word of ours."
tokens: [{word}]
tests: {{block: ["Our {word} is here."], pass: ["It is here."]}}
"""
LAMPS, CHAIRS = "x_hemlund", "x_chairs"


@pytest.fixture
def app(desk: Desk, tmp_path: Path) -> App:
    """Two brands: lamps never say "seat", chairs never say "glow"; chairs write at most 60 characters."""
    accounts = {}
    for key, name, word, more in (
        (LAMPS, "lamps", "seat", ""),
        (CHAIRS, "chairs", "glow", "limits: {characters: 60}\n"),
    ):
        folder = tmp_path / name / "rules"
        folder.mkdir(parents=True)
        (folder / "words.yml").write_text(RULE.format(word=word), encoding="utf-8")
        file = tmp_path / name / "brand.yaml"
        file.write_text(f"name: {name}\nrules: [rules]\n{more}", encoding="utf-8")
        accounts[key] = {"channel": "x", "external_id": key, "brand": str(file)}
    with desk.store.write() as session:
        session.add(AccountRow(key=CHAIRS, channel="x", external_id=CHAIRS, name="Chairs"))
    shipped = load_settings(env={}).model_dump()
    shipped["desk"]["data_dir"] = tmp_path / "data"
    made = App(Settings.model_validate({**shipped, "accounts": accounts}))
    desk.reviewer = made.reviewer
    return made


def case_on(desk: Desk, account: str) -> int:
    """A case of a customer who wrote to this account."""
    desk.account_key = account
    mention: Mention = make_mention("When is it here?", posted_at=desk.now)
    desk.channel.inbox.append(mention)
    poll_account(
        desk.store, desk.channel, desk.classifier, desk.settings.routing,
        account_key=account, now=desk.now, budget=Budget(), unsorted_below=0.0,
    )  # fmt: skip
    case_id = desk.case_of(mention).id
    assert case_id is not None
    return case_id


def press_send(desk: Desk, case_id: int, text: str) -> tuple[Decision, int | None]:
    sent = cases.check_and_send(
        desk.store, case_id, text=text, by=desk.first, now=desk.now, undo=timedelta(seconds=10), acknowledged=True,
        reviewer=desk.reviewer,
    )  # fmt: skip
    return sent.verdict.decision, sent.delivery_id


@pytest.mark.parametrize(
    ("account", "text", "goes"),
    [
        (LAMPS, "Hi! The glow is back on Friday, the shop wrote to us.", True),
        (CHAIRS, "Hi! The glow is back on Friday, we heard.", False),
        (LAMPS, "Hi! The seat is back on Friday, the shop wrote to us.", False),
        (CHAIRS, "Hi! The seat is back on Friday, we heard.", True),
        (LAMPS, "Hi! It is back on Friday, and the shop puts one aside for you.", True),
        (CHAIRS, "Hi! It is back on Friday, and the shop puts one aside for you.", False),
    ],
)
def test_the_gate_asks_the_brand_and_the_rules_of_the_account(
    desk: Desk, app: App, account: str, text: str, goes: bool
):
    decision, delivery_id = press_send(desk, case_on(desk, account), text)
    assert (delivery_id is not None) is goes, decision
    assert (decision is not Decision.BLOCK) is goes


def test_a_rule_written_for_one_account_holds_its_approved_reply_and_no_other(desk: Desk, app: App):
    text = "Hi! It is back on Friday, we heard from the shop."
    waiting = {key: press_send(desk, case_on(desk, key), text)[1] for key in (LAMPS, CHAIRS)}
    book = app.rule_book(app.brand_name(CHAIRS))
    book.save("friday", RULE.format(word="Friday"), by="Ingrid", now=desk.now)
    app.brands.look_again()
    desk.later(seconds=11)
    channels = dict.fromkeys((LAMPS, CHAIRS), desk.channel)
    send_due(desk.store, channels, desk.settings.delivery, clock=desk.clock, reviewer=desk.reviewer)
    states = {key: _state(desk, delivery_id) for key, delivery_id in waiting.items()}
    assert states == {LAMPS: DeliveryState.SENT, CHAIRS: DeliveryState.FAILED}
    assert press_send(desk, case_on(desk, LAMPS), text)[0] is not Decision.BLOCK
    assert press_send(desk, case_on(desk, CHAIRS), text)[0] is Decision.BLOCK


def test_a_verdict_given_before_a_rule_changed_is_void_and_says_so(desk: Desk, app: App):
    case_id = case_on(desk, LAMPS)
    text = "Hi! It is back on Friday, we heard from the shop."
    with desk.store.read() as session:
        verdict = cases.review_reply(session, case_id, text=text, now=desk.now, reviewer=desk.reviewer)
    app.rule_book(app.brand_name(LAMPS)).save("cheap", RULE.format(word="cheap"), by="Ingrid", now=desk.now)
    app.brands.look_again()
    with pytest.raises(VerdictOutdated) as refused, desk.store.write() as session:
        cases.send_reply(
            session, case_id, text=text, verdict=verdict, by=desk.first, now=desk.now, undo=timedelta(0),
            reviewer=desk.reviewer,
        )  # fmt: skip
    assert [change.part for change in refused.value.changes] == ["rules"]


@pytest.mark.parametrize("role", list(Role))
def test_only_managers_and_administrators_edit_rules(desk: Desk, app: App, role: Role):
    book = app.rule_book(app.brand_name(LAMPS))
    by = desk.people.get(role) or Actor.system("a job")
    text = RULE.format(word="cheap")
    if role in (Role.MANAGER, Role.ADMIN):
        assert cases.try_rule(book, "cheap", text, by=by) == 0
        cases.save_rule(book, "cheap", text, by=by, now=desk.now)
        cases.delete_rule(book, "cheap", by=by, now=desk.now)
        return
    for verb in (
        lambda: cases.try_rule(book, "cheap", text, by=by),
        lambda: cases.save_rule(book, "cheap", text, by=by, now=desk.now),
        lambda: cases.delete_rule(book, "cheap", by=by, now=desk.now),
    ):
        with pytest.raises(NotAllowed, match="this right: Change the brand's rules"):
            verb()


def _state(desk: Desk, delivery_id: int | None) -> str:
    with desk.store.read() as session:
        return session.get_one(DeliveryRow, delivery_id).state
