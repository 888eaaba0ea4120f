"""Search: the same hits on both databases, whatever is typed and whatever customers write."""

from typing import Any

import pytest
from sqlalchemy import text

from webcare.store import Store
from webcare.store.search import MAX_WORDS, SNIPPET, search_mentions

TEXTS = {
    "sofa": "Where is my sofa? I ordered it three weeks ago.",
    "nl": "De bank is kapot geleverd, order HL-204-881. Mail klant@post.example of bel 06-12345678!",
    "sv": "Är det någon som vet när Ångström-hyllan kommer tillbaka?",
    "da": "Hvor er mit BORD? Ærgerligt, ÆRGERLIGT!",
    "de": "Die Lieferung ist überfällig. Große Enttäuschung",
    "decomposed": "Cafe\u0301stoel is stuk",
    "emoji": "😡😡 kapot 🛋️ alweer",
    "rtl": "אין לי ספה עדיין, متى تصل الأريكة؟",
    "zero": "ze\u200bro wid\u200dth \u202ertl override\u202c end",
    "operators": 'AND OR NOT NEAR(a b) "quoted" col:on * ^ -minus {x} [y] (z) a\'b; DROP TABLE mention;--',
    "tabs": "line one\nline two\tend\x07bell",
}


@pytest.fixture
def posts(fill: Any) -> dict[str, int]:
    """The mention ids of TEXTS, by name, oldest first."""
    account = fill.account()
    thread = fill.thread(account)
    return {name: fill.mention(thread, account, words) for name, words in TEXTS.items()}


def found(store: Store, query: str, **options: Any) -> list[int]:
    with store.read() as session:
        return [hit.mention_id for hit in search_mentions(session, query, **options)]


FINDS: list[tuple[str, list[str]]] = [
    ("sofa", ["sofa"]),
    ("SOFA order", ["sofa"]),
    ("sofa bank", []),
    ("kapot", ["emoji", "nl"]),
    ("kap", ["emoji", "nl"]),
    ("kap bank", []),  # only the last word may go on
    ("HL-204-881", ["nl"]),
    ("hl 204", ["nl"]),
    ("HL-204-88", ["nl"]),
    ("204-HL", []),
    ("klant@post.example", ["nl"]),
    ("post", ["nl"]),
    ("12345678", ["nl"]),
    ("angstrom", ["sv"]),
    ("Ångström-hyllan", ["sv"]),
    ("nagon", ["sv"]),
    ("bord", ["da"]),
    ("ærgerligt", ["da"]),
    ("ÆRGER", ["da"]),
    ("ueberfaellig", []),
    ("uberfallig", ["de"]),
    ("große", ["de"]),
    ("caféstoel", ["decomposed"]),
    ("cafestoel", ["decomposed"]),
    ("Cafe\u0301", ["decomposed"]),
    ("ספה", ["rtl"]),
    ("الأريكة", ["rtl"]),
    ("override", ["zero"]),
    ("ze\u200bro", ["zero"]),
    ("line end", ["tabs"]),
    ("de wit", list(reversed(TEXTS))),  # the author's name
    ("kapot 🛋️", ["emoji", "nl"]),  # what is not a word asks for nothing
]


def test_words_find_the_same_posts_on_both_databases(store: Store, posts: dict[str, int]) -> None:
    names = {id_: name for name, id_ in posts.items()}
    assert [(query, [names[hit] for hit in found(store, query)]) for query, _ in FINDS] == FINDS


def test_a_query_without_words_finds_nothing(store: Store, posts: dict[str, int]) -> None:
    empty = ["", "   ", "😡", "?!", '"', "'", "*", "\x00", "\u0301", "-", "\\", "🛋️ …"]
    assert {query: found(store, query) for query in empty} == {query: [] for query in empty}


TYPED = [
    'a OR b', "NOT sofa", 'sofa"', '"sofa" *', "sofa*", "text:sofa", "NEAR(sofa bank, 3)", "sofa AND", "^sofa",
    "sofa'; DROP TABLE mention; --", "(((", "a:b:c", "sofa:*", "sofa & !bank", "<->", "'sofa' <-> 'bank'", "%", "_",
    "\ud800sofa", "sofa\x00", "𞤀𞤁", "①②", "ª", "x" * 10_000, "word " * 5_000, "a-" * 5_000, "\u202esofa",
]  # fmt: skip


def test_nothing_a_person_types_is_an_error(store: Store, posts: dict[str, int]) -> None:
    for query in TYPED:
        assert set(found(store, query)) <= set(posts.values()), query[:80]
    assert found(store, "sofa") == [posts["sofa"]]


def test_operators_are_words(store: Store, posts: dict[str, int]) -> None:
    assert found(store, "NOT NEAR AND") == [posts["operators"]]
    assert found(store, "sofa OR bank") == []
    assert found(store, 'quoted" OR "sofa') == []


def test_a_post_of_ten_thousand_characters_is_found_by_its_last_word(store: Store, fill: Any) -> None:
    account = fill.account()
    long = "woord " * 1_650 + "eindelijk kommode"
    mention = fill.mention(fill.thread(account), account, long)
    with store.read() as session:
        (hit,) = search_mentions(session, "eindelijk kom")
    assert hit.mention_id == mention
    assert len(hit.snippet.text) <= SNIPPET
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.hits] == ["eindelijk", "kommode"]
    assert (hit.snippet.cut_before, hit.snippet.cut_after) == (True, False)


def test_a_post_too_large_for_an_index_is_still_stored_and_found(store: Store, fill: Any) -> None:
    account = fill.account()
    words = " ".join(f"w{number:x}" for number in range(250_000))  # 1.6 MB of different words
    mention = fill.mention(fill.thread(account), account, "voorin " + words)
    assert found(store, "voorin w1") == [mention]


def test_more_words_than_anybody_means_are_left_out(store: Store, posts: dict[str, int]) -> None:
    assert found(store, "kapot " * MAX_WORDS + "sofa") == [posts["emoji"], posts["nl"]]


def test_hits_come_newest_first_in_pages(store: Store, fill: Any) -> None:
    account = fill.account()
    thread = fill.thread(account)
    ids = [fill.mention(thread, account, f"kast {number}") for number in range(7)]
    assert found(store, "kast", limit=3) == ids[:3:-1]
    assert found(store, "kast", limit=3, before_id=ids[4]) == ids[3:0:-1]
    assert found(store, "kast", limit=3, before_id=ids[1]) == ids[:1]
    assert found(store, "kast", limit=0) == ids[-1:]


def test_a_hit_tells_where_its_words_stand_as_data(store: Store, fill: Any) -> None:
    account = fill.account()
    case = fill.case(fill.thread(account), account)
    fill.mention(
        fill.thread(account), account, "<b>Ångström</b> & kastje, kast", case_id=case, author_handle="sanne_88"
    )
    with store.read() as session:
        (hit,) = search_mentions(session, "angstrom kast")
        (by_handle,) = search_mentions(session, "@sanne_88")
    assert (hit.case_id, hit.author_name, hit.author_handle, hit.is_ours) == (case, "Sanne de Wit", "sanne_88", False)
    assert hit.snippet.text == "<b>Ångström</b> & kastje, kast"
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.hits] == ["Ångström", "kastje", "kast"]
    assert by_handle.snippet.hits == ()


def test_a_changed_text_is_found_by_its_new_words_only(store: Store, posts: dict[str, int]) -> None:
    with store.write() as session:
        session.execute(text("UPDATE mention SET text = 'nieuwe woorden' WHERE id = :id"), {"id": posts["sofa"]})
    assert found(store, "sofa") == []
    assert found(store, "nieuwe") == [posts["sofa"]]


def test_a_deleted_post_is_gone_from_the_index(store: Store, posts: dict[str, int]) -> None:
    with store.write() as session:
        session.execute(text("DELETE FROM mention WHERE id = :id"), {"id": posts["nl"]})
    assert found(store, "kapot") == [posts["emoji"]]


def test_a_change_that_is_rolled_back_leaves_the_index_as_it_was(store: Store, posts: dict[str, int]) -> None:
    def change_and_fail() -> None:
        with store.write() as session:
            session.execute(text("UPDATE mention SET text = 'weg'"))
            raise KeyError

    with pytest.raises(KeyError):
        change_and_fail()
    assert found(store, "sofa") == [posts["sofa"]]
    assert found(store, "weg") == []


def test_the_index_of_sqlite_agrees_with_its_table_after_every_kind_of_change(
    sqlite_store: Store, make_filler: Any
) -> None:
    fill = make_filler(sqlite_store)
    account = fill.account()
    thread = fill.thread(account)
    ids = [fill.mention(thread, account, f"post {number} é") for number in range(20)]
    with sqlite_store.write() as session:
        run = session.connection().exec_driver_sql
        run(f"UPDATE mention SET text = 'x' WHERE id = {ids[0]}")
        run(f"UPDATE mention SET url = 'u', author_name = 'Åke' WHERE id = {ids[1]}")
        run(f"UPDATE mention SET id = 9000 WHERE id = {ids[2]}")
        run(f"DELETE FROM mention WHERE id = {ids[3]}")
        # Replacing deletes the old row first, which only recursive triggers see.
        run(f"INSERT OR REPLACE INTO mention SELECT * FROM mention WHERE id = {ids[4]}")
        run("INSERT INTO mention_fts (mention_fts, rank) VALUES ('integrity-check', 1)")
    assert found(sqlite_store, "ake") == [ids[1]]
    assert 9000 in found(sqlite_store, "post", limit=200)
