"""What staff correct becomes training rows: with where it comes from, without anybody's personal data."""

import json
from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from webcare import cases
from webcare.cases.corrections import export_corrections
from webcare.domain import Author, Line, Sentiment, Topic, Urgency
from webcare.store.tables import MentionRow, TriageRow
from webcare.testing import NOON, Desk, make_mention, make_triage
from webcare.triage.training.data import read_labels

TELLING = (
    "@hemlund Jan Jansen here, Fenna from your shop promised 06-12345678 or jan@voorbeeld.nl, "
    "IBAN NL91ABNA0417164300, Dorpsstraat 12, order 88214563. @jansen_j"
)


def correct(desk: Desk, text: str = TELLING, **labels: object) -> int:
    author = Author("c9", "Jan Jansen", "jansen_j")
    mention = make_mention(text, author=author, posted_at=desk.now)
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    with desk.store.write() as session:
        cases.correct_triage(session, case_id, by=desk.first, now=NOON + timedelta(hours=3), **labels)  # type: ignore[arg-type]
    return case_id


def exported(desk: Desk) -> tuple[list[dict[str, object]], dict[str, int]]:
    with desk.store.read() as session:
        found = export_corrections(session)
    return list(found.rows), found.left_out


def test_a_correction_tells_who_by_role_when_what_was_said_and_what_it_became(desk: Desk) -> None:
    case_id = correct(desk, "Where is my sofa?", urgency=Urgency.HIGH, line=Line.SECOND_LINE, needs_reply=False)

    (row,), left_out = exported(desk)

    assert left_out == {}
    assert row["scenario"] == f"correction-case-{case_id}"
    assert (row["lang"], row["network"], row["tags"]) == ("en", "x", ["correction"])
    assert (row["urgency"], row["route"], row["topic"], row["needs_reply"]) == (
        "high",
        "second_line",
        "delivery",
        False,
    )
    assert row["corrected"] == ["needs_reply", "route", "urgency"]
    assert row["provenance"] == {
        "corrected_on": "2026-02-10",
        "by_role": "first_line",
        "model_version": "fake-1",
        "said": {"urgency": "normal", "needs_reply": True, "route": "first_line"},
        "became": {"urgency": "high", "needs_reply": False, "route": "second_line"},
        "confidence": {"urgency": 0.95, "needs_reply": 0.95, "route": 0.95},
    }


def test_nobodys_personal_data_leaves_the_desk(desk: Desk) -> None:
    fenna = desk.first.name.split()[0]
    correct(desk, TELLING.replace("Fenna", fenna), topic=Topic.PAYMENT)

    (row,), _ = exported(desk)
    written = json.dumps(row, ensure_ascii=False).lower()

    assert row["text"] == (
        "@user [name] here, [name] from your shop promised [phone] or [email], "
        "IBAN [iban], [address], order [order]. @user"
    )
    for secret in (
        "jan",
        "hemlund",
        desk.first.name.lower(),
        "1234",
        "abna",
        "dorpsstraat",
        "8821",
        "voorbeeld",
        "11:",
    ):
        assert secret not in written, secret


def test_the_last_colleague_counts_and_what_any_of_them_touched_teaches(desk: Desk) -> None:
    case_id = correct(desk, "Where is my sofa?", topic=Topic.STORE)
    with desk.store.write() as session:
        cases.correct_triage(
            session, case_id, topic=Topic.DELIVERY, sentiment=Sentiment.NEGATIVE, by=desk.second, now=NOON
        )

    (row,), _ = exported(desk)

    assert (row["topic"], row["sentiment"], row["corrected"]) == ("delivery", "negative", ["sentiment", "topic"])
    assert row["provenance"]["by_role"] == "second_line"  # type: ignore[index]
    assert row["provenance"]["said"] == {"sentiment": "neutral", "topic": "delivery"}  # type: ignore[index]


def test_what_a_customer_deleted_and_languages_no_head_knows_are_left_out_and_counted(desk: Desk) -> None:
    gone = correct(desk, "Where is my sofa?", topic=Topic.STORE)
    desk.classifier._decide = lambda text: make_triage(language="und")
    correct(desk, "Missä sohvani on?", topic=Topic.STORE)
    with desk.store.write() as session:
        session.exec(select(MentionRow).where(MentionRow.case_id == gone)).one().deleted_at = NOON

    assert exported(desk) == ([], {"deleted by the customer": 1, "in a language that the model does not know": 1})


def test_mentions_that_nobody_corrected_give_no_rows(desk: Desk) -> None:
    desk.open_case()

    assert exported(desk) == ([], {})


def test_the_rows_are_read_as_our_own_labelled_text_is(desk: Desk, tmp_path: Path) -> None:
    correct(desk, urgency=Urgency.HIGH)
    (tmp_path / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in exported(desk)[0]))

    (row,) = read_labels(tmp_path)

    assert row.labels["urgency"] == "high"
    assert row.tags == ("correction",)


def test_the_version_that_decided_is_stored_with_every_decision(desk: Desk) -> None:
    desk.classifier._decide = lambda text: make_triage(model_version="triage-a" if "sofa" in text else "triage-b")
    desk.open_case("Where is my sofa?")
    desk.open_case("Where is my lamp?")

    with desk.store.read() as session:
        assert list(session.exec(select(TriageRow.model_version).order_by(TriageRow.id))) == ["triage-a", "triage-b"]
