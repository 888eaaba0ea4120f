"""Suggested replies: which answers are learnt from, what of them is kept, and which are offered to whom."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pytest
from sqlmodel import col, select

from webcare.cases import suggesting
from webcare.cases.removal import remove_gone
from webcare.cases.suggesting import Suggested, impersonal_answer, impersonal_question, remember, suggestions
from webcare.channels.base import GoneReason
from webcare.domain import Author, ReplyWay, Role
from webcare.errors import CaseNotFound, ModelMissing, NotAllowed
from webcare.guard.profile import Profile
from webcare.jobs.remembering import REMEMBER
from webcare.jobs.runner import Runner
from webcare.store.tables import AccountRow, CaseRow, DeliveryRow, GuardSlipRow, MentionRow, ReplyOverrideRow
from webcare.store.tables_desk import AnswerMemoryRow
from webcare.store.vectors import Nearest, unpacked
from webcare.testing import Desk

QUESTION = "How late is the Leeds store open on Sunday"
ANSWER = "Hi! The Leeds store is open from eleven to five on Sundays."
BRAND = Profile(name="Hemlund", phones=("+31 20 555 01 23",), order_numbers=("HL-[0-9]{8}",))


@dataclass
class Words:
    """Texts are near when they share words: an embedder whose answers can be foretold."""

    model: str = "words-1"
    read: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str]) -> tuple[str, np.ndarray]:
        self.read += texts
        return self.model, np.stack([self.vector(text) for text in texts])

    def vector(self, text: str) -> np.ndarray:
        found = np.zeros(256, np.float32)
        for word in re.findall(r"\w+", text.casefold()):
            found[int(hashlib.sha256(word.encode()).hexdigest(), 16) % 256] += 1
        return found / max(float(np.linalg.norm(found)), 1e-6)


class Nobody:
    """The process with the encoder is not there."""

    def embed(self, texts: Sequence[str]) -> tuple[str, np.ndarray]:
        raise ModelMissing("no process with the encoder runs")


def answered(desk: Desk, question: str = QUESTION, answer: str = ANSWER, **changes: object) -> DeliveryRow:
    """A customer's message with our answer on the network; `changes` are made to the delivery or its case."""
    author = changes.pop("author", Author("c1", "Fenna de Vries", "fenna"))
    case = desk.open_case(question, author=author)
    assert case.id is not None
    delivery = desk.reply(case.id, "Thanks for asking, we are on it.")
    with desk.store.write() as session:
        row = session.get(DeliveryRow, delivery.id)
        row.state, row.text, row.posted_at = "sent", answer, desk.now
        stored = session.get(CaseRow, case.id)
        for name, value in changes.items():
            setattr(stored if hasattr(stored, name) and name != "state" else row, name, value)
        session.add(row)
        session.add(stored)
    desk.later(minutes=1)
    return row


def learn(desk: Desk, embedder: object = None) -> int:
    return remember(desk.store, embedder or Words(), now=desk.now)


def suggested(desk: Desk, question: str = QUESTION + " please?", embedder: object = None, **more: object) -> Suggested:
    case = desk.open_case(question, author=Author("c9", "Erik Berg", "erik"))
    wish = {"by": desk.first} | more
    return suggestions(desk.store, Nearest(), embedder or Words(), case.id, **wish)


def texts_of(found: Suggested) -> list[str]:
    return [one.text for one in found.items]


def test_an_answer_to_a_message_like_this_one_is_offered_with_its_source(desk: Desk):
    delivery = answered(
        desk, "Hi, I am Fenna. " + QUESTION + "? My order number is 20261122.", ANSWER.replace("Hi", "Hi Fenna")
    )
    when = desk.now - timedelta(minutes=1)
    assert learn(desk) == 1
    [one] = suggested(desk).items
    assert (one.delivery_id, one.text) == (
        delivery.id,
        "Hi {name}! The Leeds store is open from eleven to five on Sundays.",
    )
    assert (one.author, one.channel, one.language, one.answered_at) == ("Robin first_line", "x", "en", when)
    assert QUESTION in one.question
    assert "20261122" not in one.question


def test_each_answer_is_looked_at_once(desk: Desk):
    answered(desk)
    embedder = Words()
    assert [learn(desk, embedder) for _ in range(3)] == [1, 0, 0]
    assert len(embedder.read) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "pending"},
        {"state": "failed"},
        {"state": "cancelled"},
        {"retract_reason": "wrong hours"},
        {"way": ReplyWay.PRIVATE.value},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_an_answer_that_does_not_stand_in_public_is_not_learnt_from(desk: Desk, changes: dict[str, str]):
    answered(desk, **changes)
    assert learn(desk) == 0


def override(desk: Desk, delivery: DeliveryRow, policy: str) -> None:
    with desk.store.write() as session:
        session.add(
            ReplyOverrideRow(
                delivery_id=delivery.id, case_id=delivery.case_id, finding="f", check_name="brand", reason="brand_word",
                policy=policy, words="because", stretch="x", agent_id=desk.first.id, at=desk.now, fingerprint="f",
            )
        )  # fmt: skip


def slip(desk: Desk, delivery: DeliveryRow) -> None:
    with desk.store.write() as session:
        session.add(
            GuardSlipRow(
                delivery_id=delivery.id, case_id=delivery.case_id, reported_by=desk.first.id, words="no", file="f",
                held_now=True, rules_version="r", at=desk.now,
            )
        )  # fmt: skip


def test_an_answer_sent_in_spite_of_a_hold_or_reported_as_a_slip_is_none_to_learn_from(desk: Desk):
    override(desk, answered(desk, "First question about beds"), "justification")
    slip(desk, answered(desk, "Second question about lamps"))
    override(desk, answered(desk), "acknowledge")
    assert learn(desk) == 1
    assert texts_of(suggested(desk)) == [ANSWER]


def test_what_is_retracted_or_reported_later_is_offered_no_more_and_then_forgotten(desk: Desk):
    first, second = answered(desk), answered(desk, QUESTION, "On Sundays we welcome you in Leeds until five o'clock.")
    assert learn(desk) == 2
    assert len(suggested(desk).items) == 2
    slip(desk, second)
    assert texts_of(suggested(desk)) == [ANSWER]
    with desk.store.write() as session:
        row = session.get(DeliveryRow, first.id)
        row.retracted_at = desk.now
        session.add(row)
    assert suggested(desk).items == ()
    with desk.store.write() as session:
        assert suggesting.forget(session) == 2
        assert list(session.exec(select(AnswerMemoryRow))) == []


def test_a_message_that_is_removed_takes_its_memory_with_it(desk: Desk):
    delivery = answered(desk)
    answered(desk, "Where is my order of garden chairs", "They come tomorrow morning.")
    assert learn(desk) == 2
    with desk.store.write() as session:
        account = session.exec(select(AccountRow.id)).one()
        gone = {delivery.target_external_id: GoneReason.DELETED}
        assert remove_gone(session, account, gone, now=desk.now) == 1
        assert len(list(session.exec(select(AnswerMemoryRow)))) == 1
    assert suggested(desk).items == ()
    assert learn(desk) == 0


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("Hi Fenna, order HL-20261122 left today. ^NS", "Hi {name}, order {order} left today. ^{initials}"),
        (
            "Hi Fenna! Ask for Robin in the shop. Regards, Sanne",
            "Hi {name}! Ask for Robin in the shop. Regards, {agent}",
        ),
        ("@fenna_ic we open at ten.", "we open at ten."),
        ("Call us on +31 20 555 01 23.", "Call us on +31 20 555 01 23."),
        ("We call you on 06 12345678 today.", ""),
        ("It stands at Kerkstraat 12, 3511 AB Utrecht for you.", ""),
        ("Refunded to NL91 ABNA 0417 1643 00.", ""),
    ],
)
def test_nobodys_particulars_stay_in_an_answer(answer: str, kept: str):
    assert impersonal_answer(answer, "en", ("Fenna de Vries", "Fenna"), ("Sanne Visser", "sanne"), BRAND) == kept


def test_nobodys_particulars_stay_in_a_question_and_none_are_embedded(desk: Desk):
    assert impersonal_question("I am Fenna, 06 12345678, HL-20261122", "nl", ("Fenna",), BRAND) == (
        "I am [name], [phone], [order]"
    )
    answered(desk, "My number is 06 12345678 and when do you open", "We open at ten.")
    embedder = Words()
    learn(desk, embedder)
    assert embedder.read == ["My number is [phone] and when do you open"]


def test_an_answer_with_somebodys_data_is_looked_at_once_and_never_offered(desk: Desk):
    answered(desk, answer="We call you today on 06 12345678.")
    assert [learn(desk), learn(desk)] == [1, 0]
    assert suggested(desk).items == ()
    with desk.store.read() as session:
        assert session.exec(select(AnswerMemoryRow.vector)).one() == b""


def test_the_customers_language_comes_first_then_the_likest_then_the_newest(desk: Desk):
    answered(desk, answer="Zondag zijn we open van elf tot vijf uur.", language="nl")
    answered(desk, answer="Older: we are open on Sundays until five.")
    answered(desk, answer="Sundays in Leeds? Eleven to five, see you there!")
    answered(desk, QUESTION + " for breakfast", "The restaurant begins at nine with breakfast rolls.")
    learn(desk)
    case = desk.open_case(QUESTION)
    found = suggestions(desk.store, Nearest(), Words(), case.id, by=desk.first)
    assert [text.split()[0] for text in texts_of(found)] == ["Sundays", "Older:", "The"]
    assert all(one.score >= suggesting.THRESHOLD for one in found.items)


def test_answers_in_the_same_words_are_shown_once_the_newest_of_them(desk: Desk):
    answered(
        desk, author=Author("c1", "Fenna de Vries", "fenna"), answer="Hi Fenna! We are open on Sundays until five."
    )
    newest = answered(
        desk, author=Author("c2", "Joris Bak", "joris"), answer="Hi Joris! We are open on Sundays until five."
    )
    learn(desk)
    assert [one.delivery_id for one in suggested(desk).items] == [newest.id]


def test_nothing_like_it_suggests_nothing(desk: Desk):
    answered(desk)
    learn(desk)
    assert suggested(desk, "My cupboard door is crooked and a screw is missing").items == ()


def test_only_answers_of_the_same_brand_are_offered_and_none_of_this_case(desk: Desk):
    delivery = answered(desk)
    with desk.store.write() as session:
        other = AccountRow(key="x_other", channel="x", external_id="2")
        session.add(other)
        session.flush()
        row = session.get(DeliveryRow, delivery.id)
        row.account_id = other.id
        session.add(row)
        session.flush()
        # Its message moves along, as if the other brand had been asked.
        mention = session.exec(select(MentionRow).where(MentionRow.external_id == row.target_external_id)).one()
        mention.account_id = other.id
        session.add(mention)
    learn(desk)
    assert suggested(desk).items == ()
    assert texts_of(suggested(desk, accounts=("x_other",))) == [ANSWER]
    own = suggestions(desk.store, Nearest(), Words(), delivery.case_id, by=desk.first, accounts=("x_other",))
    assert own.items == ()


def test_without_an_encoder_that_is_said_and_nothing_breaks(desk: Desk):
    answered(desk)
    assert suggested(desk, embedder=Nobody()) == Suggested(missing="no_encoder")
    with pytest.raises(ModelMissing):
        learn(desk, Nobody())


def test_only_those_who_work_cases_are_suggested_to(desk: Desk):
    with pytest.raises(NotAllowed):
        suggested(desk, by=desk.people[Role.MANAGER])
    with pytest.raises(CaseNotFound):
        suggestions(desk.store, Nearest(), Words(), 99_999, by=desk.first)


def test_another_model_begins_anew(desk: Desk):
    answered(desk)
    learn(desk, Words("words-1"))
    answered(desk, "Do you sell gift cards online", "Yes, on our site under Gifts.")
    learn(desk, Words("words-2"))
    assert learn(desk, Words("words-2")) == 1
    with desk.store.read() as session:
        rows = list(session.exec(select(AnswerMemoryRow).order_by(col(AnswerMemoryRow.id))))
    assert {row.model_version for row in rows} == {"words-2"}
    assert all(np.isclose(np.linalg.norm(unpacked(row.vector)), 1) for row in rows)


def test_the_job_remembers_what_was_answered(desk: Desk):
    @dataclass
    class Small:
        settings = desk.settings
        store = desk.store
        reviewer = desk.reviewer
        learned: object = field(default_factory=Words)

    small = Small()
    runner = Runner(small, clock=desk.clock)
    assert not REMEMBER.has_work(small, "", desk.now)
    answered(desk)
    assert REMEMBER.has_work(small, "", desk.now)
    assert runner.run(REMEMBER, "").handled == 1
    assert not REMEMBER.has_work(small, "", desk.now)
    answered(desk)
    assert runner.run(REMEMBER, "").handled == 1
    small.learned = Nobody()
    answered(desk)
    assert runner.run(REMEMBER, "").outcome == "ok"
    runner.close()
