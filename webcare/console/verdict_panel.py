"""What the guard says of a reply, and what somebody may do about it: mend, mark as shareable, explain, tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import groupby

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.cases.facts import sentence_behind
from webcare.cases.overrides import what_it_takes
from webcare.console import fact_form, safe, words
from webcare.console.acting import act
from webcare.console.tongue import _, said
from webcare.domain import Actor, Decision, Finding, Level, Override, Verdict
from webcare.errors import Change
from webcare.guard.binding import NAMES, Part

MARKS = {Level.ERROR: "wc-error", Level.WARNING: "wc-warning", Level.SUGGESTION: "wc-suggestion"}
#: Corrections offered for one finding.
_FIXES = 3
#: Findings with controls of their own; a longer list is told in words.
_CONTROLS = 12
#: Findings told while somebody types.
_HINTS = 4
#: Signs of a change that are shown at most.
_DIFF = 2_000

Mend = Callable[[int, str, Finding, str], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """The verdict on the screen, and what stood in the way when it was given."""

    text: str
    verdict: Verdict
    in_the_way: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()  #: why an earlier verdict no longer counts
    round: int = 0  #: raised when ticks of before do not count any more


@dataclass(frozen=True, slots=True)
class Surface:
    """Where the panel is drawn and what it may do there."""

    case_id: int
    place: str  #: for the sentences that actions leave
    notes: tuple[tuple[int, str], ...]  #: of this case, as (id, text)
    mend: Mend  #: puts a correction into the text box
    marks: int = 0  #: how many sentences of the notes bear a mark
    waiting: tuple[tuple[int, str], ...] = ()  #: marks that need a second person, as (note id, sentence)
    needs_second: bool = False  #: whether a mark of the person at the screen needs one


def show(shown: Shown, surface: Surface) -> bool:
    """Draw the verdict with its controls; False, and nothing, for a reply that may go out as it is."""
    verdict = shown.verdict
    if not verdict.findings and not verdict.missing and not shown.changes:
        return False
    held = verdict.decision is Decision.BLOCK
    title = _("Held: this reply does not go out like this") if held else _("Read this before you send it")
    missing = [safe.el("li", _("Not checked: {check}.").format(check=words.unread(told))) for told in verdict.missing]
    safe.draw(
        safe.el(
            "section",
            safe.el("h2", title),
            *_changes(shown),
            safe.marked(shown.text, _marks(shown.text, verdict.findings)),
            safe.el("ul", *missing, *_told(_others(verdict))),
            cls="wc-held" if held else "wc-held wc-warned",
            role="alert",
        )
    )
    for number, finding in _with_controls(verdict):
        _finding(number, finding, shown, surface)
    return True


def copied(shown: Shown, findings: Sequence[Finding], surface: Surface, *, pasted: str) -> None:
    """Say at once that words of an internal note stand in the reply, and offer to take them out."""
    there = any(_words(shown.text[one.start : one.end]) in _words(pasted) for one in findings)
    title = _("You pasted words of an internal note") if there else _("Words of an internal note stand here")
    why = _("The customer must not read them; the reply would be held.")
    said = [safe.el("q", safe.line(shown.text[one.start : one.end])) for one in findings]
    safe.draw(safe.el("div", safe.el("strong", title), " ", why, *said, cls="wc-alert wc-bad wc-copied", role="alert"))
    st.button(
        _("Take these words out"),
        key=f"uncopy_{surface.case_id}",
        on_click=surface.mend,
        args=(surface.case_id, shown.text, findings[0], ""),
    )


def hints(shown: Shown, surface: Surface, *, but: Sequence[Finding] = ()) -> None:
    """The same while somebody types: a short list with corrections, nothing to answer for yet."""
    findings = tuple(one for one in shown.verdict.findings if one not in but)[:_HINTS]
    if not findings:
        return
    safe.draw(safe.el("ul", *_told(findings), cls="wc-hints", role="status"))
    for number, finding in enumerate(findings):
        _corrections(f"hint_{surface.case_id}_{number}", finding, shown, surface)


def overrides(shown: Shown, surface: Surface) -> dict[str, str]:
    """What was ticked and written on the screen, by the key of the finding."""
    given = {}
    for number, finding in _with_controls(shown.verdict):
        answer = st.session_state.get(_key(number, shown, surface))
        if answer is True or (isinstance(answer, str) and answer.strip()):
            given[finding.key] = answer if isinstance(answer, str) else ""
    return given


def difference(before: str, after: str) -> safe.Html:
    """Two texts as one, with what went and what came."""
    old, new = before[:_DIFF].split(), after[:_DIFF].split()
    parts: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(" ".join(old[a:b]))
            continue
        gone, came = " ".join(old[a:b]), " ".join(new[c:d])
        parts += [safe.el("del", gone)] if gone else []
        parts += [safe.el("ins", came)] if came else []
    spaced = [piece for part in parts for piece in (" ", part)][1:]
    return safe.el("div", *spaced, cls="wc-said", dir="auto")


def _with_controls(verdict: Verdict) -> list[tuple[int, Finding]]:
    """The findings drawn one by one with their numbers, what holds the reply first."""
    levels = list(Level)
    return sorted(enumerate(verdict.findings), key=lambda pair: levels.index(pair[1].level))[:_CONTROLS]


def _others(verdict: Verdict) -> tuple[Finding, ...]:
    drawn = {number for number, _ in _with_controls(verdict)}
    return tuple(found for number, found in enumerate(verdict.findings) if number not in drawn)


def _marks(text: str, findings: tuple[Finding, ...]) -> list[tuple[int, int, str]]:
    """What is marked where: of findings on the same words the hardest shows."""
    looks: list[str] = [""] * len(text)
    for level in reversed(Level):
        for found in findings:
            if found.level is level:
                looks[found.start : found.end] = [MARKS[level]] * len(looks[found.start : found.end])
    spans = []
    for look, places in groupby(range(len(text)), key=looks.__getitem__):
        at = list(places)
        spans.append((at[0], at[-1] + 1, look))
    return [span for span in spans if span[2]]


def _changes(shown: Shown) -> list[safe.Html]:
    return [_change(change) for change in shown.changes if change.part != Part.TARGET]


def _change(change: Change) -> safe.Html:
    name = _(NAMES[Part(change.part)]).capitalize()
    told = safe.el("strong", _("{part} changed since this was checked.").format(part=name))
    texts = [difference(change.before, change.after)] if change.before or change.after else []
    return safe.el("div", told, *texts, cls="wc-changed")


def _told(findings: tuple[Finding, ...]) -> list[safe.Html]:
    return [safe.el("li", message) for message in dict.fromkeys(said(finding.message) for finding in findings)]


def _finding(number: int, finding: Finding, shown: Shown, surface: Surface) -> None:
    key = _key(number, shown, surface)
    with st.container(key=f"wc_finding_{key}", gap="xsmall"):
        takes = "" if finding.asks is Override.ACKNOWLEDGE else said(what_it_takes(finding))
        safe.draw(safe.el("div", said(finding.message), " ", safe.el("small", takes, cls="wc-soft"), cls="wc-finding"))
        _corrections(key, finding, shown, surface)
        match finding.asks:
            case Override.ACKNOWLEDGE:
                st.checkbox(_("I have read this and want to send it as it is"), key=key)
            case Override.JUSTIFICATION:
                st.text_input(_("Why it should go out all the same"), key=key)
            case Override.SHAREABLE:
                _share(key, finding, shown, surface)


def _corrections(key: str, finding: Finding, shown: Shown, surface: Surface) -> None:
    if not finding.fixes:
        return
    with st.container(horizontal=True, gap="xsmall"):
        for place, fix in enumerate(finding.fixes[:_FIXES]):
            # What a label cannot show in full is still put into the text in full.
            shown_fix = safe.label(fix)
            st.button(
                _("Change to {words}").format(words=safe.label(fix)) if shown_fix else _("Take it out"),
                key=f"fix_{key}_{place}",
                on_click=surface.mend,
                args=(surface.case_id, shown.text, finding, fix),
            )


def _share(key: str, finding: Finding, shown: Shown, surface: Surface) -> None:
    behind = sentence_behind(shown.text[finding.start : finding.end], surface.notes)
    if behind is None:
        return
    note_id, sentence = behind
    if behind in surface.waiting:
        safe.draw(safe.el("div", _("Marked already: it may be sent once a colleague agrees."), cls="wc-waits"))
        return
    # A mark makes another menu of it, which is closed: an open one would hide the Send button.
    with st.popover(_("May the customer know this?"), key=f"share_menu_{key}_{surface.marks}"):
        safe.draw(safe.el("p", _("The note says:"), " ", safe.el("q", sentence)))
        fact_form.draw(key)

        def mark(session: Session, by: Actor, moment: datetime) -> None:
            cases.mark_shareable(session, note_id, sentence, by=by, now=moment, **fact_form.answers(key))

        if surface.needs_second:
            st.text(_("A colleague has to agree before it counts."))
        st.button(_("Mark the sentence as shareable"), key=f"mark_{key}", on_click=act, args=(surface.place, mark))


def _words(text: str) -> str:
    return " ".join(text.casefold().split())


def _key(number: int, shown: Shown, surface: Surface) -> str:
    # Another text or another round is another question: no tick of before answers it.
    return f"{surface.case_id}_{shown.verdict.fingerprint[:12]}_{shown.round}_{number}"
