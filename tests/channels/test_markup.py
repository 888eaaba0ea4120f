"""From a stranger's HTML to plain text: what people read stays, nothing else does, and nothing takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.channels.markup import plain_text


def is_name(link: dict[str, str]) -> bool:
    return "mention" in link.get("class", "").split()


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<p>one<br>two<br />three<br/></p>", "one\ntwo\nthree"),
        ("a &lt;b&gt; &amp;amp; &#233;&nbsp;c", "a <b> &amp; é c"),
        ("<ul><li>milk</li><li>eggs</li></ul>", "- milk\n- eggs"),
        ("1 < 2 and <3 & 4 > 3", "1 < 2 and <3 & 4 > 3"),
        ("no end <b", "no end <b"),
        ("<p>a<!-- hidden --> b</p>", "a b"),
        ("<script>alert(1)</script>x<style>p{}</style>", "x"),
        ("<SCRIPT>a<b>c</SCRIPT>y", "y"),
        ("<![CDATA[x]]><!DOCTYPE html><?php y ?>z", "z"),
        ("<blockquote><p>said</p></blockquote><p>answer</p>", "said\n\nanswer"),
        ('<a href="https://a.example/x">https://a.example/x</a>', "https://a.example/x"),
        ('<a href="https://www.a.example/x/">a.example/x</a>', "a.example/x"),
        ('<a href="https://evil.example">bank.example</a>', "bank.example (https://evil.example)"),
        ('<a href="https://a.example"></a>', "https://a.example"),
        ("<a href=javascript:alert(1)>press</a> <a>plain</a>", "press plain"),
        ('<a class="u-url mention" href="https://s.example/@anna">@<span>anna</span></a> hi', "@anna hi"),
        ('<a href="https://a.example/?a=1&amp;b=2">https://a.example/?a=1&amp;b=2</a>', "https://a.example/?a=1&b=2"),
        ("</a></p></div>stray</script>", "stray"),
    ],
)
def test_markup_becomes_what_people_read(markup: str, text: str) -> None:
    assert plain_text(markup, named=is_name) == text


@given(st.lists(st.sampled_from([*"<>/!-?&;='\" \n", "a", "p", "script", "href", "br", "![", "--"])).map("".join))
@settings(deadline=None, max_examples=300)
def test_no_markup_breaks_the_reading_and_no_tag_gets_through(markup: str) -> None:
    text = plain_text(markup)
    assert "<p>" not in text.replace("&", "")
    assert "<script>" not in text
    assert text == text.strip()


@given(
    st.text(
        alphabet=st.characters(exclude_characters="<&\r\t\f\v\xa0", exclude_categories=["Cs", "Z", "C"]), max_size=80
    )
)
def test_plain_words_stay_as_they_are(words: str) -> None:
    assert plain_text(f"<p>{words}</p>") == words.strip()


@pytest.mark.parametrize(
    "piece",
    ["<", "<!--", "<a ", "&", "<![CDATA[", "<a href='", "</", '<a href="https://x.example">', "</a>", "<p>", "<a x= "],
)
def test_markup_made_to_be_slow_is_read_in_no_time(piece: str) -> None:
    began = time.perf_counter()
    plain_text(piece * 200_000)
    assert time.perf_counter() - began < 5
