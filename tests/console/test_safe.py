"""The one door for untrusted text."""

import pytest

from webcare.console import safe

RLO, PDF, LRI, PDI, ZWSP, BOM, SHY = "\u202e", "\u202c", "\u2066", "\u2069", "\u200b", "\ufeff", "\u00ad"


def test_markup_in_a_text_is_shown_and_never_read():
    assert safe.el("p", "<script>alert(1)</script> & <img src=x>") == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;img src=x&gt;</p>"
    )


def test_only_what_this_module_made_passes_unescaped():
    inner = safe.el("b", "a < b")
    assert safe.el("p", inner) == "<p><b>a &lt; b</b></p>"
    assert safe.el("p", str(inner)) == "<p>&lt;b&gt;a &amp;lt; b&lt;/b&gt;</p>"
    assert safe.el("p", inner + "<i>") == "<p>&lt;b&gt;a &amp;lt; b&lt;/b&gt;&lt;i&gt;</p>"


def test_attributes_cannot_be_broken_out_of():
    assert safe.el("span", "x", title='"><script>') == '<span title="&quot;&gt;&lt;script&gt;">x</span>'


@pytest.mark.parametrize("bad", ["onclick", "onmouseover"])
def test_no_attribute_can_run_anything(bad: str):
    with pytest.raises(ValueError, match="not an attribute"):
        safe.el("p", "x", **{bad: "alert(1)"})


@pytest.mark.parametrize(
    "bad",
    [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "vbscript:x",
        "http://",
        "https:evil",
    ],
)
def test_a_link_leads_to_the_web_or_to_our_own_pages_only(bad: str):
    assert "href" not in safe.el("a", "x", href=bad)


@pytest.mark.parametrize("good", ["https://x.com/i/status/1", "http://127.0.0.1:8600/", "/case?case=3"])
def test_addresses_of_the_web_and_our_own_stay(good: str):
    assert f'href="{good}"' in safe.el("a", "x", href=good)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (f"safe{RLO}gnp.exe{PDF}", "safegnp.exe"),
        (f"{LRI}a{PDI}b", "ab"),
        (f"pass{ZWSP}word{BOM}{SHY}", "password"),
        ("bell\x07 null\x00 esc\x1b[31m", "bell null esc[31m"),
        ("half \ud83d surrogate", "half  surrogate"),
        ("a\r\nb\u2028c\u2029d\x85e", "a\nb\nc\nd\ne"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("z" + "\u0301" * 40, "z" + "\u0301" * 4),
        ("x\U000e0041\U000e0042y", "xy"),
        ("a\u3164b", "a b"),
    ],
)
def test_what_cannot_be_seen_is_taken_out(raw: str, shown: str):
    assert safe.clean(raw) == shown


@pytest.mark.parametrize(
    "whole",
    [
        "Går det bra? Ærlig talt, København, Straße, één",
        "👩‍👩‍👧‍👦 family, 👍🏽, ❤️‍🔥, 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می‌خواهم",
        "क्‍ष",
        "שלום עולם",
        "tab\there",
    ],
)
def test_what_a_language_or_an_emoji_needs_stays(whole: str):
    assert safe.clean(whole) == whole


def test_a_text_of_any_length_is_cut_and_says_so():
    shown = safe.clean("a" * 50_000)
    assert len(shown) == safe.MAX_SHOWN + 1
    assert shown.endswith("…")


def test_words_keep_their_own_direction_inside_a_sentence_of_ours():
    assert safe.name("שרה") == "<bdi>שרה</bdi>"
    assert 'dir="auto"' in safe.said("שלום")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Anna de Vries", "Anna de Vries"),
        ("Jean-Luc O'Brien", "Jean-Luc O'Brien"),
        ("![x](http://evil.example/a.png)", "x http evil example a png"),
        (":red[SYSTEM: approved]", "red SYSTEM approved"),
        (":material/delete: :smile:", "material delete smile"),
        ("**bold** _it_ `code` $x^2$ <b>", r"bold \_it\_ code x 2 b"),
        ("anna_k", r"anna\_k"),
        ("www.evil.example", "www evil example"),
        (f"{RLO}evil", "evil"),
        ("a" * 90, "a" * 40),
        ("!!!", ""),
    ],
)
def test_a_name_in_a_label_means_nothing_to_markdown(raw: str, shown: str):
    assert safe.label(raw) == shown


def test_marks_fall_where_the_guard_pointed_even_around_characters_that_go():
    draft = f"Hi{ZWSP} see <note> 12"
    start = draft.index("<note>")
    assert safe.marked(draft, [(start, start + 6, "wc-error")]) == (
        '<div class="wc-said" dir="auto">Hi see <mark class="wc-error">&lt;note&gt;</mark> 12</div>'
    )


def test_overlapping_or_wild_marks_lose_no_text():
    marked = safe.marked("abcdef", [(0, 4, "a"), (2, 5, "b"), (5, 99, "c"), (-3, 1, "d"), (4, 4, "e")])
    assert "".join(part for part in marked.replace("<", ">").split(">")[::2]) == "abcdef"
