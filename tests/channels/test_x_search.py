"""Searches on X: what its writer is told before X ever sees it."""

import pytest
from stub_network import x_config

from webcare.channels.x_search import SELF_SERVE_CHARS, XQuery, in_batches, searches
from webcare.errors import SettingsError

TAKEN = [
    "hemlund",
    "#hemlund",
    "@hemlund -from:hemlund",
    '"hem lund" lang:nl -is:retweet',
    "(hemlund OR hemmlund OR #hemlund) (lang:nl OR lang:sv) -vacature -has:links",
    "hemlund (has:images OR has:videos)",
    "conversation_id:1334987486343299072 (from:XDevelopers OR from:api)",
    'url:"hemlund.example/kast" -from:3300000001',
    "to:hemlund OR quotes_of_tweet_id:1539382664746020864",
    "😃 OR 😡",
    "10:30 trein",
    'hemlund place:"new york city"',
    "hemlund point_radius:[2.355128 48.861118 16km]",
    "$HEM min_likes:10",
    'hemlund "or" "and"',
    "hemlund -is:nullcast",
    "IKEA-kast OR köksö",
]
REFUSED = [
    ("", "is empty"),
    ("   \n ", "is empty"),
    ("x" * 513, "has 513 characters; X takes 512"),
    ('"hem lund', "quotation mark without its partner"),
    ("“hem lund”", "curly"),
    ("(hemlund OR kast", "not closed"),
    ("hemlund)", "closes a bracket that was not opened"),
    ("hemlund ()", "nothing beside an OR, or between two brackets"),
    ("hemlund OR", "nothing beside an OR"),
    ("OR hemlund", "nothing beside an OR"),
    ("hemlund OR OR kast", "nothing beside an OR"),
    ("-hemlund", "only narrows down or leaves out"),
    ("-hemlund -kast", "only narrows down or leaves out"),
    ("has:images", "only narrows down or leaves out"),
    ("has:links OR lang:nl", "only narrows down or leaves out"),
    ("hemlund OR has:links", "only narrows down or leaves out"),
    ("hemlund OR -kast", "only narrows down or leaves out"),
    ("hemlund -(kast OR bank)", "minus before each word"),
    ("hemlund AND kast", "needs no AND"),
    ("hemlund or kast", 'small "or"'),
    ("hemlund NOT kast", "put a minus right before"),
    ("hemlund - kast", "lone sign"),
    ('hemlund ""', "lone sign"),
    ("$HEM $LUND", "several $cashtags"),
    ("hemlund since:2026-01-01", "holds since:, which X's API does not know"),
    ("hemlund filter:links", "holds filter:"),
    ("from:@hemlund", "a name without @"),
    ("from: hemlund", "has nothing after from:"),
    ("hemlund lang:nederlands", "a language code"),
    ("hemlund has:pictures", "one of: hashtags"),
    ("hemlund is:retweet", "no longer finds them"),
    ("retweets_of:hemlund", "no longer finds them"),
    ("hemlund is:nullcast", "-is:nullcast"),
    ("conversation_id:abc", "the number of a post"),
    ("https://hemlund.example/kast", 'url:"hemlund.example/kast"'),
]


@pytest.mark.parametrize("text", TAKEN)
def test_a_search_x_takes_is_taken(text: str) -> None:
    assert XQuery.read(text).text == text


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_a_search_x_would_refuse_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        XQuery.read(text)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 600


def test_spaces_and_line_ends_are_one_space() -> None:
    assert XQuery.read("  #hemlund\n  lang:nl ").text == "#hemlund lang:nl"


def test_enterprise_access_may_search_longer() -> None:
    assert XQuery.read("x" * 4000, limit=4096)


def test_a_search_is_built_of_words_and_phrases() -> None:
    built = XQuery.build(
        any_of=["Hemlund", "hem lund", "#hemlund", "hem-lund"], none_of=["vacature", "OR"], languages=["nl", "sv"]
    )
    assert built.text == '(Hemlund OR "hem lund" OR #hemlund OR "hem-lund") (lang:nl OR lang:sv) -vacature -"OR"'
    assert XQuery.build(all_of=['say "hi"', "kast"]).text == '"say hi" kast'


@pytest.mark.parametrize("parts", [{}, {"none_of": ["kast"]}, {"languages": ["nl"]}, {"any_of": [" "]}])
def test_a_search_of_nothing_cannot_be_built(parts: dict[str, list[str]]) -> None:
    with pytest.raises(SettingsError):
        XQuery.build(**parts)  # type: ignore[arg-type]


def test_the_searches_of_an_account_are_read_from_its_settings() -> None:
    wanted = ["#hemlund", {"any": ["hem lund", "hemlund"], "none": ["vacature"], "languages": ["nl"]}, "#hemlund"]
    assert [one.text for one in searches(x_config("", listen=wanted))] == [
        "#hemlund",
        '("hem lund" OR hemlund) lang:nl -vacature',
    ]
    assert searches(x_config("")) == ()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"listen": ["#hemlund", "-kast"]}, r"x_hemlund\.options\.listen, number 2: The search -kast only narrows"),
        ({"listen": "#hemlund"}, "must be a list"),
        ({"listen": ["a"] * 26}, "at most 25"),
        ({"listen": [3]}, "number 1: A search is a text, or a table"),
        ({"listen": [{"words": ["a"]}]}, "any, all, none and languages"),
        ({"listen": [{"any": "a"}]}, "lists of texts"),
        ({"listen": ["x" * 600]}, "600 characters"),
        ({"search_chars": 5000}, "search_chars"),
        ({"search_chars": True}, "search_chars"),
    ],
)
def test_a_wrong_search_is_told_with_its_place_in_the_settings(options: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        searches(x_config("", **options))


def test_many_terms_become_as_few_searches_as_hold_them() -> None:
    terms = [f"conversation_id:{n:019d}" for n in range(30)]
    batches = in_batches(terms, suffix="-from:3300000001")
    assert len(batches) == 3
    assert all(len(one) <= SELF_SERVE_CHARS for one in batches)
    assert all(XQuery.read(one) for one in batches)
    assert [term for one in batches for term in terms if term in one] == terms
    assert in_batches([]) == []
