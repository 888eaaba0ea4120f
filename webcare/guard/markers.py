"""Does the draft hold language that only colleagues use among themselves?

Looks for signs that need no note to be recognised: headings of notes, "do not post", names of colleagues,
queues, systems and tickets, addresses on the inside, templates left unfilled, a machine's preamble, and
sentences about "customer". Whole words and line starts only, so that "NB:", "interne verdelers" and a ticket
number given to a customer pass. Words the customer used first are the customer's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from webcare.domain import N_, Finding, Level, Said
from webcare.guard import phrases
from webcare.guard.base import ReviewContext
from webcare.guard.normalise import Unmasked, unmask
from webcare.guard.spans import Span, merge, quote
from webcare.guard.weights import folded

_LINE_START = r"^[^\w\n\[(@]{0,8}"
_QUEUE_WORDS = "queue|wachtrij|werkbak|bak|kö|kön|kø|køen|køa|warteschlange"
_CLAUSE_ENDS = ".!?\n;()[]{}"
#: How far a clause is followed in either direction, in characters.
_CLAUSE_REACH = 160

INTERNAL = "internal_language"
PLACEHOLDER = "placeholder"
LINK = "internal_link"
MACHINE = "machine_text"

_SAY = {
    "heading": N_("{quote} heads an internal note. Take the internal part out before you send."),
    "secret": N_("{quote} says this is not meant for customers. Take that part out."),
    "about": N_("{quote} speaks about the customer instead of to them. Rewrite it or take it out."),
    "colleague": N_("{quote} calls a colleague. Ask them in a note, not in a public reply."),
    "maybe_colleague": N_("{quote} has the name of a colleague. Check that you address the customer here."),
    "queue": N_("{quote} is how we name our own queues and teams. Say it in the customer's words."),
    "system": N_("{quote} is one of our systems. Leave it out of a public reply."),
    "ticket": N_("{quote} is an internal ticket. Leave it out of a public reply."),
    "maybe_ticket": N_("{quote} looks like an internal ticket. Leave it out unless the customer knows it."),
    "host": N_("{quote} is an address inside the company. Customers cannot open it; take it out."),
    "slot": N_("{quote} was not filled in. Fill it in or take it out."),
    "maybe_slot": N_("{quote} looks like a part of a template. Fill it in or take out the brackets."),
    "machine": N_("{quote} is a writing tool talking to you. Take it out."),
}


def _any(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


@dataclass(frozen=True, slots=True)
class _Rule:
    """One sign: what it looks like and what is said of it."""

    pattern: re.Pattern[str]
    say: str
    reason: str = INTERNAL
    level: Level = Level.ERROR
    #: Judges a match by its surroundings; True = it is a sign.
    holds: Callable[[re.Match[str], str], bool] = lambda match, public: True


def _not_public(match: re.Match[str], public: str) -> bool:
    return match[0].casefold() not in public


def _rule(pattern: str, say: str, **options: object) -> _Rule:
    flags = re.IGNORECASE | re.MULTILINE
    return _Rule(re.compile(pattern, flags), say, **options)  # type: ignore[arg-type]


def _exact(pattern: str, say: str, **options: object) -> _Rule:
    return _Rule(re.compile(pattern, re.MULTILINE), say, **options)  # type: ignore[arg-type]


def _clause(match: re.Match[str]) -> str:
    """The words around a match up to the nearest sentence end, bracket or line end."""
    text, start, end = match.string, match.start(), match.end()
    left = text[max(0, start - _CLAUSE_REACH) : start]
    right = text[end : end + _CLAUSE_REACH]
    cut = max(left.rfind(mark) for mark in _CLAUSE_ENDS)
    ends = [place for mark in _CLAUSE_ENDS if (place := right.find(mark)) >= 0]
    return left[cut + 1 :] + match[0] + right[: min(ends, default=len(right))]


def _is_order_to_colleagues(public_words: str) -> Callable[[re.Match[str], str], bool]:
    words = re.compile(rf"\b(?:{public_words})\b", re.IGNORECASE)
    return lambda match, public: words.search(_clause(match)) is None


def _is_no_saying(match: re.Match[str], public: str) -> bool:
    after = match.string[match.end() : match.end() + 30]
    return re.search(phrases.SAYINGS, after, re.IGNORECASE) is None


def _is_ticket_key(match: re.Match[str], public: str) -> bool:
    return match[1] not in phrases.NOT_A_TICKET and _not_public(match, public)


_HEADING = _any(*phrases.HEADINGS)
_SLOT = _any(*map(re.escape, phrases.SLOT_WORDS))
_TICKET_KEY = r"([A-Z][A-Z0-9]{1,9})-\d{2,7}\b"
_HOST = r"(?<![\w.@-])(?:https?://)?(?:[a-z0-9-]{1,60}\.){0,5}"

_RULES: tuple[_Rule, ...] = (
    _rule(rf"{_LINE_START}{_HEADING}[*_]{{0,2}}\s{{0,2}}(?::|\s[-–—|]\s|->|→)", "heading"),
    _rule(rf"{_LINE_START}\(\s?{_HEADING}\s?\)", "heading"),
    _rule(rf"\[\s?(?:note|{_HEADING})(?:\s[^\]\n]{{0,40}})?\s?\]", "heading"),
    _rule(rf"{_LINE_START}[\[(]?{_any(*phrases.OPENINGS)}(?!\w)", "heading"),
    _rule(rf"\b{_any(*phrases.SECRECY)}(?!\w)", "secret"),
    *(
        _rule(rf"\b{_any(words)}(?!\w)", "secret", holds=_is_order_to_colleagues(public))
        for words, public in phrases.DO_NOT_POST
    ),
    *(
        _rule(
            rf"(?:(?<=[.!?(:])\s?|^[^\w\n]{{0,8}})(?:{who})\s{_any(*does.split())}\b",
            "about",
            holds=_is_no_saying,
        )
        for who, does in phrases.ABOUT_CUSTOMER
    ),
    _rule(rf"(?<!\w)@{_any(*map(re.escape, phrases.GROUP_HANDLES))}(?![\w-])", "colleague", holds=_not_public),
    _rule(r"\[@[^\]\n]{1,60}\]\(mention://[^)\s]{1,200}\)|mention://\S{1,200}", "colleague"),
    _rule(rf"(?<!\w){_any(*phrases.SUPPORT_LINES)}(?!\w)", "queue", holds=_not_public),
    _exact(rf"(?<!\w){_any(*phrases.SYSTEMS)}(?![\w-])", "system", holds=_not_public),
    _rule(rf"\b(?:{phrases.TICKET_WORDS})\s(?:nr\.?\s|#\s?)?(?-i:{_TICKET_KEY})", "ticket", holds=_is_ticket_key),
    _exact(r"\b(?:INC|REQ|RITM|CHG|PRB|CS|TASK)\d{6,10}\b", "ticket", holds=_not_public),
    _exact(rf"(?<![\w-]){_TICKET_KEY}", "maybe_ticket", level=Level.WARNING, holds=_is_ticket_key),
    _rule(rf"{_HOST}(?-i:{_any(*phrases.INTERNAL_SITES)})(?:/\S{{0,300}})?(?!\w)", "host", reason=LINK),
    _exact(
        rf"(?<![\w.@-])(?:https?://)?(?:[a-z0-9-]{{1,60}}\.){{1,5}}{_any(*phrases.INTERNAL_SUFFIXES)}"
        r"(?::\d{1,5})?(?:/\S{0,300})?(?![\w.-]*\w)",
        "host",
        reason=LINK,
    ),
    _rule(
        rf"(?<![\w.@-])(?:https?://)?{_any(*phrases.INTERNAL_LABELS)}\.(?:[a-z0-9-]{{1,60}}\.){{1,4}}[a-z]{{2,10}}"
        r"(?:/\S{0,300})?(?!\w)",
        "host",
        reason=LINK,
    ),
    _rule(r"(?<!\w)(?:file|smb|ftp)://\S{1,300}|\\\\[\w.-]{2,60}\\\S{1,300}|\b[A-Z]:\\\S{1,300}", "host", reason=LINK),
    _rule(
        r"(?<![\d.])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|127\.0\.0\.1)"
        r"(?![\d.])|\blocalhost:\d{2,5}\b",
        "host",
        reason=LINK,
    ),
    _rule(
        r"\{\{[^{}\n]{0,80}\}\}|\$\{[^{}\n]{0,80}\}|\{%[^%\n]{0,80}%\}|<<[^<>\n]{1,60}>>",
        "slot",
        reason=PLACEHOLDER,
    ),
    _rule(
        rf"[\[{{<](?:[^\[\]{{}}<>\n]{{0,30}}\W)?{_SLOT}(?:\W[^\[\]{{}}<>\n]{{0,40}})?[\]}}>]",
        "slot",
        reason=PLACEHOLDER,
    ),
    # Saved replies write their gaps like this, whatever the word.
    _rule(r"\{[^\W\d_][^{}\n]{0,60}\}", "slot", reason=PLACEHOLDER),
    _rule(r"\b[a-z]+_(?:name|naam|number|nummer|date|datum|namn|navn)\b", "slot", reason=PLACEHOLDER),
    _exact(r"\b(?:TODO|TBD|TBC|FIXME|NTB|N\.T\.B\.)\b|(?<!\w)X{3,}(?!\w|L\b)|€\s?X{2,}|\bX{2,}(?:[-/.:]X{2,})+\b"
           r"|\bXX\s(?=dagen|days|dagar|dager|dage|Tage|euro|kr\b|uur)", "slot", reason=PLACEHOLDER),
    _rule(r"lorem ipsum|_{3,}|\.{6,}", "slot", reason=PLACEHOLDER),
    _rule(r"\[(?!\.{2,}|…|sic\b|update\b|edit\b|video\b|foto\b|live\b)[^\W\d][^\[\]\n]{1,40}\](?!\()", "maybe_slot",
          reason=PLACEHOLDER, level=Level.WARNING),
    _rule(rf"(?<!\w){_any(*phrases.AI_PREAMBLES)}", "machine", reason=MACHINE),
    _rule(rf"{_LINE_START}(?:option|optie|alternativ|alternatief|version|versie|variant) [1-3A-C]\s?:", "machine",
          reason=MACHINE, level=Level.WARNING),
)  # fmt: skip

_HANDLE = re.compile(r"(?<![\w@.])@([^\W\d_][\w.'’-]{0,60})((?: [^\W\d_][\w'’-]{0,40}){0,3})")


class InternalMarkers:
    """Holds drafts with signs of internal talk, unfilled templates or addresses on the inside."""

    name = "markers"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Errors for clear signs, warnings for likely ones; what stands in public already is no sign."""
        seen = unmask(draft)
        if not seen.text:
            return []
        public = "\n".join((context.mention, *context.public_texts)).casefold()
        spans = [*_by_rules(seen, public), *_colleagues(seen, context, public), *_ours(seen, context, public)]
        return [self._finding(draft, span) for span in merge(spans)]

    def _finding(self, draft: str, span: Span) -> Finding:
        message = Said(_SAY[span.message], quote=quote(draft, span.start, span.end))
        return Finding(self.name, span.level, span.reason, message, span.start, span.end)


def _by_rules(seen: Unmasked, public: str) -> Iterator[Span]:
    for rule in _RULES:
        for match in rule.pattern.finditer(seen.text):
            if rule.holds(match, public):
                yield _span(seen, match, rule.level, rule.say, rule.reason)


def _span(seen: Unmasked, match: re.Match[str], level: Level, say: str, reason: str) -> Span:
    start, end = match.span()
    end = start + len(match[0].rstrip(" \t.,;!?")) or end
    start += len(match[0]) - len(match[0].lstrip())
    return Span(*seen.origin(start, max(end, start + 1)), level, say, reason)


def _colleagues(seen: Unmasked, context: ReviewContext, public: str) -> Iterator[Span]:
    """@ in front of a colleague: sure for user names and full names, likely for a first name at the start."""
    known, first_names = _staff(context.colleagues)
    for match in _HANDLE.finditer(seen.text):
        if f"@{match[1].casefold()}" in public:
            continue
        level = _colleague_level(match, known, first_names)
        if level is not None:
            start, end = seen.origin(match.start(), match.end(1))
            say = "colleague" if level is Level.ERROR else "maybe_colleague"
            yield Span(start, end, level, say, INTERNAL)


def _colleague_level(match: re.Match[str], known: frozenset[str], first_names: frozenset[str]) -> Level | None:
    handle = folded(match[1]).rstrip(".'’-")
    words = match[2].split()
    longer = {folded(" ".join((handle, *words[:count]))) for count in range(1, len(words) + 1)}
    if _bare(handle) in known or known & longer:
        return Level.ERROR
    if handle in first_names:
        # On X a reply may open with the customer's own handle, who may share a colleague's first name.
        return Level.WARNING if not match.string[: match.start()].strip() else Level.ERROR
    return None


@lru_cache(maxsize=64)
def _staff(names: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """User names and full names without spaces or dots; and first names of those given in full."""
    known = frozenset(_bare(folded(name.lstrip("@"))) for name in names if name.strip("@ "))
    first = frozenset(folded(name.split()[0]) for name in names if len(name.split()) > 1)
    return known, first


def _bare(name: str) -> str:
    return re.sub(r"[.\-'’]", "", name)


def _ours(seen: Unmasked, context: ReviewContext, public: str) -> Iterator[Span]:
    for pattern, say, reason in _own_names(context.queue_names, context.internal_hosts):
        for match in pattern.finditer(seen.text):
            if _not_public(match, public):
                yield _span(seen, match, Level.ERROR, say, reason)


@lru_cache(maxsize=64)
def _own_names(queues: tuple[str, ...], hosts: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Patterns for this desk's queues and hosts. A queue called by a plain word counts only beside "queue"."""
    odd = [re.escape(name) for name in queues if re.search(r"[_/\d-]", name.strip())]
    plain = [re.escape(name).replace("_", "[ _-]") for name in queues if name.strip()]
    found = []
    if odd:
        found.append((rf"(?<!\w){_any(*odd)}(?!\w)", "queue", INTERNAL))
    if plain:
        beside = rf"(?:{_QUEUE_WORDS})\s[\"'“‘]?{_any(*plain)}|{_any(*plain)}[\"'”’]?[ -](?:{_QUEUE_WORDS})"
        found.append((rf"(?<!\w)(?:{beside})(?!\w)", "queue", INTERNAL))
    if named := [re.escape(host.strip()) for host in hosts if host.strip()]:
        found.append((rf"(?<![\w-]){_any(*named)}(?:/\S{{0,300}})?(?![\w-])", "host", LINK))
    return tuple((re.compile(pattern, re.IGNORECASE), say, reason) for pattern, say, reason in found)
