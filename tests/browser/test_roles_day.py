"""The day of each role in real Chromium, over all languages of the interface, with two people on one case.

Every word looked up here is looked up in the console's own catalogues. Each page that is visited must also show no word
that the reader's catalogue has a translation for, neither in English nor in the language of the colleague beside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po
from filling import PASSWORD
from playwright.sync_api import Locator, Page
from sqlmodel import select

from tests.browser.conftest import Watched, eventually
from tests.browser.test_composers import paste
from tests.browser.test_desk import deliveries
from tests.browser.test_no_lost_typing import LONG_S
from webcare import cases, languages, people, reports
from webcare.cases.approval_rules import ApprovalPolicy, decide_approval, policy_at
from webcare.console import tongue
from webcare.domain import Author, DeliveryState, Role, Topic, Urgency
from webcare.measures.rollup import catch_up, counting
from webcare.people import NewPerson
from webcare.store.tables import AgentRow, CaseRow
from webcare.testing import Desk, FakeClassifier, make_mention, make_triage

# Some of these days are forty clicks of two people long, on whatever machine.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

LOCALES = {"nl": "nl-NL", "sv": "sv-SE", "nb": "nb-NO", "en": "en-GB"}
OWN = "zebra koffie trein"
NUMBERS = {"nl": "één", "sv": "två", "nb": "tre", "en": "four"}
#: What customers ask, in the four languages.
ASKS = {
    "nl": "Is het scharnier van mijn Bolma nog te krijgen?",
    "sv": "Går gångjärnet till min Bolma fortfarande att få tag på?",
    "nb": "Hvor er klesskapet mitt?",
    "en": "Where is my wardrobe?",
}
NOTES = {
    "nl": "Klant schreeuwde tegen Bea aan de telefoon, geen korting zonder Bram.",
    "sv": "Kunden skrek åt Bea i telefon, ingen rabatt utan Bram.",
    "nb": "Kunden ropte til Bea på telefonen, ingen rabatt uten Bram.",
    "en": "Customer shouted at Bea on the phone, no discount without Bram.",
}
QUESTIONS = {"nl": "Krijgen we het scharnier nog binnen?", "sv": "Får vi in gångjärnet igen?"}
FACTS = {
    "nl": "Het scharnier ligt dinsdag weer in de winkels",
    "sv": "Gångjärnet finns i butikerna igen på tisdag",
}
REPLIES = {
    "nb": "Så kjedelig. Vi har spurt lageret og skriver til deg her så snart de svarer.",
    "en": "Sorry about that. We asked the warehouse and write to you here as soon as they answer.",
}
CHANGES = {"nb": ("skriver til", "ringer"), "en": ("write to", "call")}
PROMISES = {
    "nb": "Så kjedelig. En kollega på lageret ringer deg i morgen.",
    "en": "Sorry about that. A colleague of the warehouse rings you tomorrow.",
}

#: Everything on the screen that is not somebody's own words: texts, and what boxes and marks say of themselves.
_ON_SCREEN = """() => {
  const found = new Set()
  const walk = (root) => {
    for (const node of root.querySelectorAll('*')) {
      if (node.shadowRoot) walk(node.shadowRoot)
      if (/^(SCRIPT|STYLE|NOSCRIPT)$/.test(node.tagName) || !node.checkVisibility()) continue
      if (node.closest('[lang]:not(html), .wc-said, q, [data-testid=stIconMaterial]')) continue
      for (const name of ['placeholder', 'title']) found.add((node.getAttribute(name) || '').trim())
      for (const child of node.childNodes) if (child.nodeType === Node.TEXT_NODE) found.add(child.data.trim())
    }
  }
  walk(document)
  return [...found].filter(Boolean)
}"""
_PLACE = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody at a computer of their own, whose browser asks for one language."""

    watched: Watched
    language: str

    @property
    def page(self) -> Page:
        """What they look at."""
        return self.watched.page

    def word(self, english: str, **values: object) -> str:
        """What the console says for this to them."""
        said = languages.catalogue(self.language).gettext(english)
        return said.format(**values) if values else said

    def says(self, english: str, **values: object) -> Locator:
        """The first place that says this."""
        return self.page.get_by_text(self.word(english, **values), exact=True).first

    def button(self, english: str, **values: object) -> Locator:
        """The first button of this name."""
        name = self.page.get_by_text(self.word(english, **values), exact=True)
        # While a page is drawn anew, what it was before stands there for a moment too.
        return self.page.locator("button").filter(has=name).or_(self.page.locator("button").and_(name)).first

    def box(self, english: str) -> Locator:
        """The first box of this name."""
        return self.page.get_by_label(self.word(english), exact=True).first

    def hint(self, english: str) -> Locator:
        """The box with this written in it while it is empty."""
        return self.page.get_by_placeholder(self.word(english), exact=True).first

    def goes_to(self, english: str, *, menu: bool = False) -> None:
        """Follow a link of the bar, or of the menu in it, and wait for the title of its page."""
        if menu:
            self.button("Desk").click()
        name = re.compile(rf"^\s*{re.escape(self.word(english))}( · \d+)?\s*$")
        link = self.page.get_by_test_id("stPageLink-NavLink").filter(has=self.page.get_by_text(name))
        link.first.click()
        if menu:
            # The menu does not lie over the page that was asked for.
            self.page.get_by_test_id("stPopoverBody").wait_for(state="detached")

    def reads_only(self) -> None:
        """Nothing on the screen stands there in another language than theirs."""
        shown = self.page.evaluate(_ON_SCREEN)
        wrong = {text for text in shown if any(text in said for said in foreign(self.language))}
        wrong |= {text for text in shown if any(pattern.fullmatch(text) for pattern in templates(self.language))}
        assert wrong == set(), f"not in {self.language}, at {self.page.url}: {sorted(wrong)}"


@cache
def sentences(language: str) -> dict[str, str]:
    """The catalogue of a language, English sentence to theirs; what has no translation yet is left out."""
    file = Path(tongue.__file__).parent / "languages" / f"{language}.po"
    if not file.is_file():
        return {}
    with file.open("rb") as opened:
        pairs = [(message.id, message.string) for message in read_po(opened, locale=language) if message.id]
    flat: dict[str, str] = {}
    for english, said in pairs:
        several = isinstance(english, tuple)
        flat |= dict(zip(english, said, strict=False)) if several else {english: said}
    return {english: said for english, said in flat.items() if said}


def pieces(sentence: str) -> set[str]:
    """A sentence as it may stand on the screen: whole, or in the pieces between what is filled in."""
    return {piece.strip() for piece in _PLACE.split(sentence) if len(piece.split()) > 1} | {sentence}


@cache
def foreign(language: str) -> tuple[frozenset[str], ...]:
    """What stands in another language's place: English words that are translated, sentences of the other catalogues."""
    own = {piece for said in sentences(language).values() for piece in pieces(said)}
    own |= {piece for english, said in sentences(language).items() if english == said for piece in pieces(english)}
    english = {piece for one, said in sentences(language).items() if one != said for piece in pieces(one)}
    untranslated = {one for other in LOCALES for one in sentences(other)} - set(sentences(language))
    others = {
        piece
        for other in LOCALES
        if other != language
        for said in sentences(other).values()
        for piece in pieces(said)
        if len(piece.split()) > 1
    }
    return (frozenset(english - own), frozenset(others - own - untranslated - english))


@cache
def templates(language: str) -> tuple[re.Pattern[str], ...]:
    """English sentences with something filled in, of those that are translated."""
    found = []
    for english, said in sentences(language).items():
        letters = _PLACE.sub("", english)
        if letters != english and english != said and len(letters.split()) > 1:
            found.append(re.compile(".+".join(map(re.escape, _PLACE.split(english)))))
    return tuple(found)


@pytest.fixture
def arrives(open_browser: Callable[..., Watched]) -> Iterator[Callable[..., Colleague]]:
    """Somebody comes in, reads the form and signs in; at the end nobody's browser may have complained."""
    here: list[Colleague] = []

    def arrive(username: str, language: str, path: str = "/", *, password: str = PASSWORD) -> Colleague:
        one = Colleague(open_browser(locale=LOCALES[language]), language)
        here.append(one)
        one.page.goto(one.watched.base + path)
        one.reads_only()
        one.box("User name").fill(username)
        one.box("Password").fill(password)
        one.button("Sign in").click()
        return one

    yield arrive
    for k, one in enumerate(here):
        one.page.screenshot(path=f"/tmp/roles-{k}.png")
    assert [(one.watched.errors, one.watched.foreign()) for one in here] == [([], [])] * len(here)


def asked(desk: Desk, language: str, name: str, urgency: Urgency = Urgency.NORMAL) -> CaseRow:
    """A customer asked something two hours ago."""
    usual = desk.classifier
    desk.classifier = FakeClassifier(
        lambda text: make_triage(language=language, urgency=urgency, topic=Topic.PRODUCT_FAULT)
    )
    mention = make_mention(ASKS[language], posted_at=desk.now - timedelta(hours=2))
    mention = replace(mention, author=Author(mention.author.external_id, name, mention.author.handle))
    desk.receive(mention)
    desk.classifier = usual
    return desk.case_of(mention)


# --- first and second line ------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "other"), [("nl", "sv")])
def test_both_lines_answer_one_case_together(
    arrives: Callable[..., Colleague], desk: Desk, language: str, other: str
) -> None:
    case = asked(desk, language, "Fenna Dijkstra", Urgency.HIGH)
    noor, elin = arrives("noor", language), arrives("elin", other)
    takes_the_next(noor, case)
    writes_a_note(noor, NOTES[language])
    asks_the_second_line(noor, QUESTIONS[language])
    opens_from_the_queue(elin, case, QUESTIONS[language])
    answers_with_a_fact(elin, FACTS[language])
    makes_a_reply(noor, FACTS[language])
    is_held_with_words_of_the_note(noor, case, NOTES[language])
    assert deliveries(desk, case.id) == []
    sends(noor)
    takes_back(noor, FACTS[language])
    assert deliveries(desk, case.id) == [DeliveryState.CANCELLED]
    sends(noor)
    eventually(lambda: sorted(deliveries(desk, case.id)) == [DeliveryState.CANCELLED, DeliveryState.PENDING], LONG_S)


def takes_the_next(noor: Colleague, case: CaseRow) -> None:
    page = noor.page
    page.wait_for_selector(".list a.row")
    noor.reads_only()
    noor.button("Take the next most urgent").click()
    page.wait_for_url(f"**/case?case={case.id}")
    page.wait_for_selector(f".wc-thread:has-text('{ASKS[noor.language]}')")
    noor.says("you have it").wait_for()
    noor.says("Why it is here").wait_for()
    assert page.locator(".wc-because").inner_text()
    assert page.locator(".wc-asked li").inner_text() == ASKS[noor.language]
    noor.reads_only()


def writes_a_note(noor: Colleague, note: str) -> None:
    noor.hint("Write an internal note for colleagues …").fill(note)
    noor.button("Save internal note").click()
    noor.page.wait_for_selector(f".wc-note:has-text('{note}')")


def asks_the_second_line(noor: Colleague, question: str) -> None:
    noor.button("Ask second line").click()
    noor.box("Your question to the second line").fill(question)
    noor.reads_only()
    noor.button("Hand to the second line").click()
    noor.page.wait_for_selector(f".wc-question:has-text('{question}')")
    noor.says("Question to the second line").wait_for()


def opens_from_the_queue(elin: Colleague, case: CaseRow, question: str) -> None:
    page = elin.page
    page.click(f".list a[data-id='{case.id}']")
    page.wait_for_selector(f".wc-question:has-text('{question}')")
    here = page.locator(".wc-looker").filter(has_text="Noor Smeets")
    here.wait_for()
    doing = ("{name} has this case open too", "{name} is writing a note", "{name} is writing a reply")
    assert here.inner_text() in [elin.word(one, name="Noor Smeets") for one in doing]
    elin.reads_only()


def answers_with_a_fact(elin: Colleague, fact: str) -> None:
    form = elin.page.locator(".st-key-wc_handover")
    elin.box("What you know").fill(fact)
    form.get_by_label(elin.word("Known from"), exact=True).fill("Bolma-lager")
    form.get_by_text(elin.word("The customer may be told"), exact=True).click()
    elin.button("Answer the first line").click()
    elin.says("The first line has your answer.").wait_for()
    elin.reads_only()


def makes_a_reply(noor: Colleague, fact: str) -> None:
    noor.page.locator(".wc-looker").filter(has_text="Elin Sandberg").wait_for()
    noor.button("Show what is new").click()
    noor.button("Make a reply of these facts").click()
    box = noor.hint("Write the public reply to the customer …")
    eventually(lambda: f"{fact}." in box.input_value(), LONG_S)
    noor.reads_only()


def is_held_with_words_of_the_note(noor: Colleague, case: CaseRow, note: str) -> None:
    page, box = noor.page, noor.hint("Write the public reply to the customer …")
    box.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" ")
    paste(page, note)
    noor.says("You pasted words of an internal note").wait_for()
    noor.reads_only()
    noor.button("Send reply to {customer} on {network}", customer="Fenna Dijkstra", network="X").click()
    page.wait_for_selector(".wc-held mark.wc-error")
    noor.says("Held: this reply does not go out like this").wait_for()
    noor.reads_only()
    noor.button("Don't send").click()
    page.locator(".wc-held").wait_for(state="detached")
    noor.button("Take these words out").click()
    eventually(lambda: note not in box.input_value(), LONG_S)


def sends(noor: Colleague) -> None:
    noor.button("Send reply to {customer} on {network}", customer="Fenna Dijkstra", network="X").click()
    noor.button("Undo").wait_for()
    box = noor.hint("Write the public reply to the customer …")
    eventually(lambda: box.input_value() == "", LONG_S)
    noor.reads_only()


def takes_back(noor: Colleague, fact: str) -> None:
    noor.button("Undo").click()
    noor.says("Taken back. Nothing was posted; your text is below.").wait_for()
    box = noor.hint("Write the public reply to the customer …")
    eventually(lambda: f"{fact}." in box.input_value(), LONG_S)


# --- a new colleague and the team lead ------------------------------------------------------------------


@pytest.fixture
def somebody(desk: Desk) -> Iterator[Callable[..., str]]:
    """Adds a colleague of the first line with everybody's password; gives the user name. Gone after the test."""
    made: list[int] = []
    admin = desk.people[Role.ADMIN]

    def add(username: str, name: str, *, supervised: bool) -> str:
        new = NewPerson(username, name, Role.FIRST_LINE, supervised=supervised)
        made.append(people.add_person(desk.store, new, by=admin, now=desk.now)[0])
        with desk.store.write() as session:
            row = session.get_one(AgentRow, made[-1])
            known = session.exec(select(AgentRow).where(AgentRow.username == "noor")).one()
            row.password_hash, row.must_change = known.password_hash, False
        return username

    yield add
    with desk.store.write() as session:
        for agent in made:
            people.close_person(session, agent, by=admin, now=desk.now)


@pytest.mark.parametrize(("language", "other"), [("nb", "en")])
def test_a_new_colleagues_reply_waits_and_the_team_lead_changes_it(
    arrives: Callable[..., Colleague], desk: Desk, somebody: Callable[..., str], language: str, other: str
) -> None:
    name, case = f"Nina {language.title()}", asked(desk, language, "Sanna Berg")
    nina = arrives(somebody(f"nina-{language}", name, supervised=True), language, f"/case?case={case.id}")
    bram = arrives("bram", other)
    nina.hint("Write the public reply to the customer …").fill(REPLIES[language])
    nina.button("Send reply to {customer} on {network}", customer="Sanna Berg", network="X").click()
    nina.says("Take it back and change it").wait_for()
    nina.says("Works under supervision").wait_for()
    nina.reads_only()
    assert deliveries(desk, case.id) == []
    looks_at(bram, name)
    changes_and_approves(bram, REPLIES[language], CHANGES[language], desk)
    assert deliveries(desk, case.id) == [DeliveryState.PENDING]
    nina.button("Show what is new").click()
    nina.button("Undo").wait_for()
    nina.reads_only()


def looks_at(bram: Colleague, author: str) -> None:
    bram.page.wait_for_selector(".tabs")
    bram.goes_to("Approvals")
    bram.page.get_by_role("heading", name=bram.word("Approvals"), exact=True).wait_for()
    bram.says("{author} to {customer}", author=author, customer="Sanna Berg").click()
    bram.page.wait_for_selector(f".wc-title:has-text('{bram.word('Reply by {name}', name=author)}')")
    bram.reads_only()


def changes_and_approves(bram: Colleague, text: str, change: tuple[str, str], desk: Desk) -> None:
    box = bram.box("The reply as it goes out")
    eventually(lambda: box.input_value() == text, LONG_S)
    box.fill(text.replace(*change))
    box.press("Control+Enter")
    bram.says("What you changed:").wait_for()
    assert bram.page.locator(".wc-changed ins").first.inner_text()
    bram.button("Approve and send").click()
    told = "Approved. It leaves in {count} s; until then it can be taken back on the case."
    bram.says(told, count=round(desk.settings.delivery.undo_s)).wait_for()
    bram.reads_only()


# --- the communication manager --------------------------------------------------------------------------


@pytest.fixture
def usual_policy(desk: Desk) -> Iterator[None]:
    """What waits for a yes is as before after the test; the desk is shared by all of them."""
    yield
    with desk.store.write() as session:
        decide_approval(session, ApprovalPolicy().as_value(), by=desk.people[Role.MANAGER], now=desk.now)


@pytest.mark.usefixtures("usual_policy")
@pytest.mark.parametrize("language", ["nb"])
def test_a_manager_reads_how_the_desk_fares_and_decides_what_waits(
    arrives: Callable[..., Colleague], desk: Desk, language: str
) -> None:
    case = asked(desk, language, "Mina Lund")
    desk.reply(case.id or 0, PROMISES[language])
    desk.later(seconds=11)
    desk.deliver()
    other = asked(desk, language, "Per Vik")
    finding = held(desk, other, language)
    catch_up(desk.store, counting(ZoneInfo("Europe/Amsterdam")), now=desk.now)
    ingrid = arrives("ingrid", language)
    ingrid.page.wait_for_selector(".tabs")
    reads_figures(ingrid, case, PROMISES[language])
    reads_promises(ingrid, case)
    judges(ingrid, other, finding)
    decides(ingrid, f"recall-{language}")
    with desk.store.read() as session:
        assert f"recall-{language}" in policy_at(session, now=desk.now + timedelta(days=1)).crisis_tags


def held(desk: Desk, case: CaseRow, language: str) -> int:
    """Noor tries to send the words of a note; gives the finding that held her reply."""
    note, undo = NOTES[language], timedelta(seconds=10)
    with desk.store.write() as session:
        cases.add_note(session, case.id or 0, text=note, by=desk.second, now=desk.now)
    sent = cases.check_and_send(
        desk.store, case.id or 0, text=note, by=desk.first, now=desk.now, undo=undo, reviewer=desk.reviewer
    )
    assert sent.delivery_id is None
    with desk.store.read() as session:
        found = reports.guard_report(session, now=desk.now, days=1).recent
    return next(one.id for one in found if one.case_id == case.id)


def reads_figures(ingrid: Colleague, case: CaseRow, reply: str) -> None:
    ingrid.goes_to("Figures")
    for title in ("Overview", "First response", "Open the queue, the longest first", "Replies"):
        ingrid.says(title).wait_for()
    row = ingrid.page.locator("tr").filter(has=ingrid.page.locator(f"a[href='/case?case={case.id}']"))
    assert reply[:40] in row.first.inner_text()
    ingrid.reads_only()


def reads_promises(ingrid: Colleague, case: CaseRow) -> None:
    ingrid.goes_to("Promises")
    ingrid.page.get_by_role("heading", name=ingrid.word("Promises"), exact=True).wait_for()
    for title in ("What we said", "Said by", "Everybody's"):
        ingrid.says(title).wait_for()
    row = ingrid.page.locator("tr").filter(has=ingrid.page.locator(f"a[href='/case?case={case.id}']"))
    assert row.locator("mark").inner_text() in PROMISES[ingrid.language]
    ingrid.reads_only()


def judges(ingrid: Colleague, case: CaseRow, finding: int) -> None:
    ingrid.goes_to("Guard", menu=True)
    ingrid.page.get_by_role("heading", name=ingrid.word("What it pointed at"), exact=True).wait_for()
    right = ingrid.page.locator(f".st-key-right_{finding} button")
    assert right.inner_text() == ingrid.word("Right")
    ingrid.reads_only()
    right.click()
    judged = f"{ingrid.word('not sent yet')}; {ingrid.word('right')}."
    ingrid.page.wait_for_selector(f"div:has(> a[href='/case?case={case.id}']):has-text('{judged}')")


def decides(ingrid: Colleague, tag: str) -> None:
    ingrid.goes_to("Approvals")
    ingrid.button("What waits").click()
    tags = ingrid.box("Every reply on cases with one of these tags")
    tags.wait_for()
    ingrid.reads_only()
    tags.fill(f"{tags.input_value()}, {tag}")
    ingrid.button("Decide this").click()
    ingrid.says("Decided. It counts for every reply from now on.").wait_for()


# --- the administrator ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "other"), [("en", "nb")])
def test_an_administrator_adds_somebody_who_chooses_a_password(
    arrives: Callable[..., Colleague], desk: Desk, language: str, other: str
) -> None:
    username, name = f"olav-{language}", f"Olav {NUMBERS[language].title()}"
    jonas = arrives("jonas", language)
    jonas.page.wait_for_selector(".tabs")
    given = adds(jonas, username, name)
    olav = arrives(username, other, password=given)
    chooses(olav, given)
    olav.page.wait_for_selector(f".wc-me:has-text('{name}')")
    olav.page.wait_for_selector(".tabs")
    olav.reads_only()
    jonas.button("I have noted them").click()
    jonas.page.locator(".wc-once").wait_for(state="detached")
    reads_the_log(jonas, name)
    with desk.store.write() as session:
        agent = session.exec(select(AgentRow).where(AgentRow.username == username)).one()
        people.close_person(session, agent.id or 0, by=desk.people[Role.ADMIN], now=desk.now)


def adds(jonas: Colleague, username: str, name: str) -> str:
    """Add somebody; gives the password to be read out."""
    jonas.goes_to("People", menu=True)
    jonas.page.get_by_role("heading", name=jonas.word("People"), exact=True).wait_for()
    jonas.page.wait_for_selector(".wc-people")
    jonas.reads_only()
    jonas.says("Add somebody").click()
    jonas.box("User name").fill(username)
    jonas.box("Name").fill(name)
    jonas.reads_only()
    jonas.button("Add").click()
    given = jonas.page.locator(".wc-once").inner_text()
    jonas.says("{name} is added.", name=name).wait_for()
    jonas.says("Shown only now: give each person theirs. It works once, then they choose their own.").wait_for()
    return given


def chooses(olav: Colleague, given: str) -> None:
    olav.box("The password you were given").fill(given)
    olav.box("New password").fill(OWN)
    olav.box("New password, once more").fill(OWN)
    olav.reads_only()
    olav.button("Use this password").click()


def reads_the_log(jonas: Colleague, name: str) -> None:
    jonas.goes_to("Audit log", menu=True)
    jonas.page.get_by_role("heading", name=jonas.word("Audit log"), exact=True).wait_for()
    rows = jonas.page.locator(".wc-log tr").filter(has_text=name)
    for what in ("Person added", "Password changed"):
        rows.filter(has_text=jonas.word(what)).first.wait_for()
    jonas.reads_only()
