"""Vectors of answered messages: the nearest are found, in this process and by pgvector, and what is gone stays gone."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import delete, text
from sqlmodel import col

from webcare.domain import MentionKind
from webcare.store import Store
from webcare.store.tables import AccountRow, CaseRow, DeliveryRow, MentionRow, ThreadRow
from webcare.store.tables_desk import AnswerMemoryRow
from webcare.store.vectors import InDatabase, InMemory, Near, Nearest, Vectors, bring_over, packed, prepare, unpacked
from webcare.testing import NOON, Desk, make_desk

WIDTH = 24
MODEL = "model-1"


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def desk(store: Store) -> Desk:
    made = make_desk(store)
    with store.write() as session:
        session.add(AccountRow(key="fb_other", channel="facebook", external_id="2"))
    return made


def fill(
    desk: Desk, vectors: Sequence[np.ndarray], *, account: int = 1, language: str = "nl", model: str = MODEL
) -> list[int]:
    """Remember as many answered messages as vectors; gives the ids of their memories."""
    with desk.store.write() as session:
        thread = ThreadRow(account_id=account, external_id=f"t{np.random.default_rng().integers(1 << 60)}")
        session.add(thread)
        session.flush()
        case = CaseRow(
            thread_id=thread.id, account_id=account, channel="x", queue="first_line", line="first_line", priority=3,
            respond_by=NOON, first_respond_by=NOON, sentiment="neutral", urgency="normal", topic="order",
            language=language, customer_id="c", opened_at=NOON, first_posted_at=NOON, last_posted_at=NOON,
        )  # fmt: skip
        session.add(case)
        session.flush()
        made = []
        for number, vector in enumerate(vectors):
            name = f"{thread.external_id}-{number}"
            mention = MentionRow(
                account_id=account, channel="x", external_id=name, thread_id=thread.id, case_id=case.id,
                author_external_id="c", text="Vraag", posted_at=NOON, collected_at=NOON,
            )  # fmt: skip
            delivery = DeliveryRow(
                case_id=case.id, account_id=account, target_external_id=name, thread_external_id=name,
                kind=MentionKind.REPLY.value, text="Antwoord", fingerprint="f", rules_version="r",
                author_id=desk.first.id, approver_id=desk.first.id, created_at=NOON, not_before=NOON, state="sent",
            )  # fmt: skip
            session.add(mention)
            session.add(delivery)
            session.flush()
            row = AnswerMemoryRow(
                delivery_id=delivery.id, mention_id=mention.id, language=language, topic="order",
                vector=packed(vector) if len(vector) else b"", model_version=model, made_at=NOON,
            )  # fmt: skip
            session.add(row)
            session.flush()
            made.append(row.id)
    return made


def near(desk: Desk, vectors: Vectors, query: np.ndarray, **more: object) -> list[Near]:
    wish = {"model": MODEL, "accounts": (1,), "limit": 3} | more
    with desk.store.read() as session:
        return vectors.nearest(session, query, **wish)


def ready(desk: Desk, kind: str) -> Vectors:
    """The way of searching under test, knowing all that was filled."""
    if kind == "memory":
        return InMemory()
    with desk.store.write() as session:
        if not prepare(session, WIDTH):
            pytest.skip("only PostgreSQL with pgvector searches in the database")
        bring_over(session, MODEL)
    return InDatabase()


@pytest.fixture(params=["memory", "database"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_the_nearest_are_found_in_order(desk: Desk, kind: str):
    all_of = [unit(seed) for seed in range(300)]
    ids = fill(desk, all_of)
    query = all_of[7]
    exact = sorted(((float(vector @ query), id_) for vector, id_ in zip(all_of, ids, strict=True)), reverse=True)[:3]
    found = near(desk, ready(desk, kind), query)
    assert [one.memory_id for one in found] == [id_ for _, id_ in exact]
    assert [one.cosine for one in found] == pytest.approx([cosine for cosine, _ in exact], abs=1e-5)


def test_only_this_brand_this_model_and_if_wished_this_language(desk: Desk, kind: str):
    same = unit(1)
    ours, other = fill(desk, [same]), fill(desk, [same], account=2)
    swedish, older = fill(desk, [same], language="sv"), fill(desk, [same], model="model-0")
    vectors = ready(desk, kind)
    assert {one.memory_id for one in near(desk, vectors, same)} == {*ours, *swedish}
    assert [one.memory_id for one in near(desk, vectors, same, language="nl")] == ours
    assert {one.memory_id for one in near(desk, vectors, same, accounts=(1, 2))} == {*ours, *swedish, *other}
    assert near(desk, vectors, same, accounts=(3,)) == []
    if kind == "memory":
        assert [one.memory_id for one in near(desk, vectors, same, model="model-0")] == older


def test_of_two_that_are_as_near_the_newest_comes_first(desk: Desk, kind: str):
    ids = fill(desk, [unit(1), unit(1), unit(2)])
    assert [one.memory_id for one in near(desk, ready(desk, kind), unit(1), limit=2)] == [ids[1], ids[0]]


def test_what_was_looked_at_and_cannot_be_used_is_never_found(desk: Desk, kind: str):
    ids = fill(desk, [np.zeros(0, np.float32), unit(1)])
    vectors = ready(desk, kind)
    assert [one.memory_id for one in near(desk, vectors, unit(1))] == ids[1:]


def test_new_ones_are_found_and_removed_ones_leave_this_process_too(desk: Desk):
    vectors = InMemory()
    assert near(desk, vectors, unit(1)) == []
    first = fill(desk, [unit(seed) for seed in range(5)])
    assert near(desk, vectors, unit(1))[0].memory_id == first[1]
    later = fill(desk, [unit(seed) for seed in range(100, 2_100)])
    assert near(desk, vectors, unit(150))[0].memory_id == later[50]
    assert len(vectors) == 2_005
    with desk.store.write() as session:
        session.execute(delete(AnswerMemoryRow).where(col(AnswerMemoryRow.id) == first[1]))
    fill(desk, [unit(9_000)])
    assert first[1] not in [one.memory_id for one in near(desk, vectors, unit(1), limit=20)]
    assert len(vectors) == 2_005


def test_a_database_with_pgvector_is_used_once_it_is_ready(desk: Desk, store: Store):
    ids = fill(desk, [unit(1)])
    nearest = Nearest()
    assert [one.memory_id for one in near(desk, nearest, unit(1))] == ids
    ready_now = ready(desk, "database")
    assert near(desk, nearest, unit(1)) == near(desk, ready_now, unit(1))
    with desk.store.write() as session:
        session.execute(text("DELETE FROM answer_vector"))
    assert near(desk, nearest, unit(1)) == []
    with desk.store.write() as session:
        assert bring_over(session, MODEL) == 1
        assert bring_over(session, MODEL) == 0
        session.execute(delete(AnswerMemoryRow).where(col(AnswerMemoryRow.id) == ids[0]))
    assert near(desk, nearest, unit(1)) == []


def test_vectors_of_another_width_get_a_table_of_their_own(desk: Desk):
    ready(desk, "database")
    with desk.store.write() as session:
        assert prepare(session, WIDTH)
        assert prepare(session, 8)
        column = "attrelid = 'answer_vector'::regclass AND attname = 'embedding'"
        width = session.execute(text(f"SELECT atttypmod FROM pg_attribute WHERE {column}")).scalars().all()
    assert width == [8]


def test_a_database_without_pgvector_is_no_error(
    sqlite_store: Store, postgres_store: Store, monkeypatch: pytest.MonkeyPatch
):
    with sqlite_store.write() as session:
        assert not prepare(session, WIDTH)
    monkeypatch.setattr("webcare.store.vectors._TABLE", "CREATE TABLE answer_vector (embedding no_such_type({width}))")
    with postgres_store.write() as session:
        assert not prepare(session, WIDTH)
        assert session.execute(text("SELECT 1")).scalar() == 1


def test_a_vector_is_stored_as_it_is():
    vector = unit(3)
    np.testing.assert_array_equal(unpacked(packed(vector)), vector)
