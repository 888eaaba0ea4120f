"""Lost typing: none. Every way in which a desk loses half an answer, in a real browser against a real server."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filling import PASSWORD
from sqlmodel import select

from tests.browser.conftest import ROOT, Watched, _wait_until_it_answers, eventually, type_and_enter
from tests.browser.test_desk import deliveries, draft
from webcare import cases
from webcare.cases import drafts
from webcare.domain import DeliveryState
from webcare.store.tables import SignInRow
from webcare.testing import Desk

pytestmark = pytest.mark.browser

REPLY = "Sorry about that. We asked the warehouse and write to you here as soon as they answer."
PUBLIC, NOTE = "Write the public reply", "Write an internal note"
#: A machine ten times slower than this one still has to show it.
LONG_S = 60.0


def box(page, words: str = PUBLIC):
    return page.get_by_placeholder(words)


def opened(signed_in: Callable[..., Watched], case_id: int | None, **options: object) -> Watched:
    watched = signed_in("noor", f"/case?case={case_id}", **options)
    watched.page.set_default_timeout(LONG_S * 1000)
    watched.page.wait_for_selector(".st-key-wc_reply textarea")
    return watched


#: Every text that stands in the box from now on, each once.
_REMEMBER_WHAT_STANDS = """() => {
  window.stood = []
  setInterval(() => {
    const box = document.querySelector('.st-key-wc_reply textarea')
    if (box && !window.stood.includes(box.value)) window.stood.push(box.value)
  }, 5)
}"""


def others(desk: Desk, case_id: int | None) -> list[str]:
    with desk.store.read() as session:
        found = drafts.drafts_of(session, case_id or 0, kind="reply", by=desk.first)
        return [version.text for version in found.others]


def stands(page, text: str, words: str = PUBLIC) -> None:
    # While a page is drawn anew, the box of before stands there for a moment too.
    eventually(lambda: box(page, words).evaluate_all("boxes => boxes.map((box) => box.value)") == [text], LONG_S)


@pytest.mark.parametrize(("kind", "words"), [("reply", PUBLIC), ("note", NOTE)])
def test_a_refresh_in_the_middle_of_a_word_loses_no_letter(
    signed_in: Callable[..., Watched], desk: Desk, kind: str, words: str
) -> None:
    case = desk.open_case("Where is my shelf?")
    page = opened(signed_in, case.id).page
    box(page, words).click()
    page.keyboard.type("Half a sentence that nobo")
    page.reload()  # at once: nothing had the time to be handed over
    stands(page, "Half a sentence that nobo", words)
    eventually(lambda: draft(desk, case.id, kind) == "Half a sentence that nobo", LONG_S)
    page.reload()
    stands(page, "Half a sentence that nobo", words)
    # The box may stand there before the script that empties the browser's own store has been fetched.
    left = "Object.keys(sessionStorage).filter((name) => name.startsWith('webcare.')).length"
    eventually(lambda: page.evaluate(left) == 0, LONG_S)
    assert deliveries(desk, case.id) == []


class Console:
    """A console process of one test's own, to be killed."""

    def __init__(self, desk: Desk) -> None:
        assert desk.store.path is not None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._folder: Path = desk.store.path.parent
        self._env = os.environ | {
            "WEBCARE_DESK__DATABASE_URL": desk.store.url,
            "WEBCARE_DESK__DATA_DIR": str(self._folder),
            "WEBCARE_DESK__BRAND": "Hemlund",
        }

    def start(self) -> None:
        log = self._folder / "killed.log"
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py")]
        command += [f"--server.port={self.port}", "--server.address=127.0.0.1"]
        with log.open("ab") as out:
            self.server = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=out, stderr=subprocess.STDOUT)
        _wait_until_it_answers(self.server, self.address, log)

    def freeze(self) -> None:
        """Let nothing more arrive."""
        self.server.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        self.server.send_signal(signal.SIGKILL)
        self.server.wait(20)


@pytest.fixture
def console(desk: Desk) -> Iterator[Console]:
    made = Console(desk)
    made.start()
    yield made
    made.kill()


@pytest.mark.parametrize("refresh", [False, True], ids=["reconnecting", "refreshing"])
def test_a_killed_server_loses_nothing(
    signed_in: Callable[..., Watched], desk: Desk, console: Console, refresh: bool
) -> None:
    case = desk.open_case("Where is my bed?")
    page = signed_in().page
    page.set_default_timeout(LONG_S * 1000)
    page.goto(f"{console.address}/case?case={case.id}")
    box(page).click()
    page.keyboard.type("It was kept")
    eventually(lambda: draft(desk, case.id) == "It was kept", LONG_S)
    console.freeze()
    page.keyboard.insert_text(" and this was not")
    page.evaluate(_REMEMBER_WHAT_STANDS)
    console.kill()
    console.start()
    if refresh:
        page.reload()
    stands(page, "It was kept and this was not")
    eventually(lambda: draft(desk, case.id) == "It was kept and this was not", LONG_S)
    if not refresh:
        # Whoever goes on typing meanwhile goes on with these words, not with the ones of before.
        assert page.evaluate("window.stood") == ["It was kept and this was not"]
    # And one can go on.
    box(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" yet.")
    eventually(lambda: draft(desk, case.id) == "It was kept and this was not yet.", LONG_S)
    assert others(desk, case.id) == []


def test_what_was_typed_after_the_sign_in_ended_is_there_after_the_next(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("Where is my chair?")
    watched = opened(signed_in, case.id)
    page = watched.page
    box(page).click()
    page.keyboard.type("Before")
    eventually(lambda: draft(desk, case.id) == "Before", LONG_S)
    with desk.store.write() as session:
        for row in session.exec(select(SignInRow).where(SignInRow.agent_id == desk.first.id)):
            row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
            session.add(row)
    page.keyboard.insert_text(" and after")
    page.wait_for_selector("text=You are signed out.")
    assert draft(desk, case.id) == "Before"
    page.goto(f"{watched.base}/case?case={case.id}")
    type_and_enter(watched, "noor", PASSWORD)
    stands(page, "Before and after")
    eventually(lambda: draft(desk, case.id) == "Before and after", LONG_S)


def test_nobody_else_at_this_browser_gets_the_words(signed_in: Callable[..., Watched], desk: Desk) -> None:
    case = desk.open_case("Where is my stool?")
    watched = opened(signed_in, case.id)
    page = watched.page
    box(page).click()
    page.keyboard.type("Noor's own words")
    page.evaluate("document.querySelector('.wc-me form, form[action=\"/sign-out\"]').submit()")
    page.wait_for_selector("#username")
    page.goto(f"{watched.base}/case?case={case.id}")
    type_and_enter(watched, "bram", PASSWORD)
    stands(page, "")
    eventually(lambda: "Noor's own" not in page.evaluate("JSON.stringify({...sessionStorage})"), LONG_S)


def test_of_two_windows_the_older_overwrites_nothing(signed_in: Callable[..., Watched], desk: Desk) -> None:
    case = desk.open_case("Where is my desk?")
    older = opened(signed_in, case.id).page
    newer = older.context.new_page()
    newer.goto(older.url)
    box(newer).click()
    newer.keyboard.type("The newer text")
    eventually(lambda: draft(desk, case.id) == "The newer text", LONG_S)
    box(older).click()
    older.keyboard.type("The older window")
    eventually(lambda: others(desk, case.id) == ["The older window"], LONG_S)
    assert draft(desk, case.id) == "The newer text"
    older.wait_for_selector(".wc-version:has-text('The newer text')")
    assert box(older).input_value() == "The older window"  # nothing is pulled from under whoever types
    newer.keyboard.type(", longer")
    eventually(lambda: draft(desk, case.id) == "The newer text, longer", LONG_S)
    newer.reload()
    stands(newer, "The newer text, longer")
    newer.wait_for_selector(".wc-version:has-text('The older window')")
    newer.get_by_role("button", name="Use that version").click()
    stands(newer, "The older window")
    eventually(lambda: others(desk, case.id) == ["The newer text, longer"], LONG_S)
    assert draft(desk, case.id) == "The older window"


def test_a_colleague_who_sends_first_is_seen_and_the_text_stays(signed_in: Callable[..., Watched], desk: Desk) -> None:
    case = desk.open_case("Where is my table?")
    page = opened(signed_in, case.id).page
    box(page).click()
    page.keyboard.type(REPLY)
    eventually(lambda: draft(desk, case.id) == REPLY, LONG_S)
    lead = desk.people[next(role for role in desk.people if role.value == "team_lead")]
    with desk.store.write() as session:
        text = "The colleague was quicker and told you that we look into it."
        verdict = cases.review_reply(session, case.id or 0, text=text, now=desk.now, reviewer=desk.reviewer)
        cases.send_reply(
            session, case.id or 0, text=text, verdict=verdict, by=lead, now=desk.now, undo=timedelta(minutes=9),
            acknowledged=True, reviewer=desk.reviewer,
        )  # fmt: skip
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".wc-since:has-text('The colleague was quicker')")
    eventually(lambda: page.evaluate("document.activeElement.innerText") == "Don't send", LONG_S)
    assert box(page).input_value() == REPLY
    assert draft(desk, case.id) == REPLY
    assert deliveries(desk, case.id) == [DeliveryState.PENDING.value]


def test_what_was_sent_does_not_come_back_into_the_box(signed_in: Callable[..., Watched], desk: Desk) -> None:
    """A refresh before the browser has heard that its words were taken: it still holds them then."""
    case = desk.open_case("Where is my desk?")
    page = opened(signed_in, case.id).page
    box(page).click()
    page.keyboard.type(REPLY)
    kept = page.evaluate(
        "Object.entries(sessionStorage).filter(([name]) => name.startsWith('webcare.typed.') && name.includes('reply'))"
    )
    assert len(kept) == 1
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=Leaves in")
    page.evaluate("([name, held]) => sessionStorage.setItem(name, held)", kept[0])
    page.reload()
    page.wait_for_selector("text=Leaves in")
    eventually(lambda: page.evaluate("name => sessionStorage.getItem(name)", kept[0][0]) is None, LONG_S)
    stands(page, "")
    assert draft(desk, case.id, "reply") == ""
    assert deliveries(desk, case.id) == [DeliveryState.PENDING.value]


def test_after_undo_the_text_is_back_even_after_a_refresh(signed_in: Callable[..., Watched], desk: Desk) -> None:
    case = desk.open_case("Where is my lamp?")
    page = opened(signed_in, case.id).page
    box(page).click()
    page.keyboard.type(REPLY)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=Leaves in")
    page.reload()
    page.get_by_role("button", name="Undo").click()
    stands(page, REPLY)
    page.reload()
    stands(page, REPLY)
    assert deliveries(desk, case.id) == [DeliveryState.CANCELLED.value]
