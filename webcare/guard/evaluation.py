"""How good the whole guard is on the held-out parts of `data/guard`: what is held, by language, and what it costs.

Every set tells what must be held and what must pass; nothing here decides, `guard.review` does. Sets that are not there
are named as missing.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from webcare.domain import Decision, Finding, Level, Verdict
from webcare.encoder.pairs import TEST_AUTHORS
from webcare.errors import SettingsError
from webcare.guard import ReviewContext, review
from webcare.guard.base import Customer, Learned
from webcare.guard.dictionaries import is_common
from webcare.guard.learned.training.examples import HARMLESS
from webcare.guard.rules.brands import Brand

LANGUAGES = ("nl", "en", "sv", "nb", "da", "de")
MARKETS = {"nl": "nl", "en": "uk", "sv": "se", "nb": "no", "da": "dk", "de": "de"}
#: The slips that the goal is about; what counts as common is `is_common`.
COMMON_SLIP = "spelling: common correction"
_DEFINITIONS = (
    f'"{COMMON_SLIP}": a marked slip counts where each word of its right form, or each part of a compound, is used at '
    "least once in a million words (Zipf 3.0 on wordfreq's list; parts of three letters 4.5). "
    '"spelling: every slip" counts all that are marked. Held = an error over the slip whose fix gives the right form.',
)
#: name of a group -> (goal, whether more is better), from the issue that asked for the guard.
GOALS: Mapping[str, tuple[float, bool]] = {
    "leak: copied": (1.0, True),
    "leak: all kinds": (0.95, True),
    "internal language": (0.97, True),
    "personal data": (1.0, True),
    "asks for personal data": (1.0, True),
    "over-long": (1.0, True),
    "wrong language": (1.0, True),
    "joke to angry or hurt": (0.90, True),
    COMMON_SLIP: (0.95, True),
    "clean reply": (0.03, False),
}
_SETS = ("pairs", "jokes", "personal", "language", "spelling", "tone")
_LIMIT = 280

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One draft and what must become of it."""

    group: str
    lang: str
    id: str
    draft: str
    mention: str = ""
    notes: tuple[str, ...] = ()
    must_pass: bool = False  #: held = wrong
    reason: str = ""  #: what the finding must say; empty = any error
    slips: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What the drafts are judged with."""

    brand: Brand
    learned: Learned | None = None
    #: How the writers of messages are, as triage says; None = the guard's own lists judge.
    customers_of: Callable[[Sequence[str]], Sequence[Customer]] | None = None
    length: Callable[[str], tuple[int, int]] | None = None


@dataclass(slots=True)
class Count:
    """Of one group in one language."""

    cases: int = 0
    held: int = 0
    told: int = 0  #: held or warned of
    by: Counter[str] = field(default_factory=Counter)
    warned_by: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)  #: ids, never texts


Table = dict[str, dict[str, Count]]


def read_cases(folder: Path) -> tuple[list[Case], list[str]]:
    """The held-out drafts of every set, and the names of sets that are not there. Raises SettingsError."""
    found: list[Case] = []
    missing: list[str] = []
    for name in _SETS:
        rows = list(_rows(folder, name))
        if not rows:
            missing.append(name)
        for row in rows:
            found += _MAKERS[name](row)
    return [*found, *_over_long(found)], missing


def judge(cases: Sequence[Case], setting: Setting) -> Table:
    """Let the guard read every draft."""
    customers = _customers(cases, setting)
    table: Table = {}
    for case in cases:
        verdict = review(case.draft, context_of(case, setting, customers.get(case.mention, Customer())))
        for group in _groups_of(case):
            _count(table.setdefault(group, {}).setdefault(case.lang, Count()), case, verdict)
    return table


def context_of(case: Case, setting: Setting, customer: Customer) -> ReviewContext:
    """What the guard is told of a draft."""
    profile = setting.brand.profile
    return ReviewContext(
        channel="x",
        lang=case.lang,
        market=MARKETS.get(case.lang, ""),
        mention=case.mention,
        notes=case.notes,
        public_texts=tuple(filter(None, (profile.name, *profile.names, *profile.products, *profile.shareable))),
        colleagues=profile.colleagues,
        internal_hosts=profile.internal_hosts,
        length=setting.length,
        customer=customer,
        learned=setting.learned,
        brand=profile,
        rules=setting.brand.rules,
    )


def _customers(cases: Sequence[Case], setting: Setting) -> dict[str, Customer]:
    mentions = list(dict.fromkeys(case.mention for case in cases if case.mention))
    if setting.customers_of is None or not mentions:
        return {}
    return dict(zip(mentions, setting.customers_of(mentions), strict=True))


def _groups_of(case: Case) -> Iterator[str]:
    yield case.group
    if case.group.startswith("leak: "):
        yield "leak: all kinds"
    if case.must_pass:
        yield "clean reply"


def _count(count: Count, case: Case, verdict: Verdict) -> None:
    if case.slips:
        _count_slips(count, case, verdict)
        return
    errors = [found for found in verdict.findings if found.level is Level.ERROR]
    if case.reason:
        said = [found for found in verdict.findings if found.reason == case.reason]
        held, told = any(found.level is Level.ERROR for found in said), bool(said)
    else:
        held, told = verdict.decision is Decision.BLOCK, verdict.decision is not Decision.PASS
    count.cases += 1
    count.held += held
    count.told += told
    count.by.update({found.check for found in errors})
    count.warned_by.update({found.check for found in verdict.findings if found.level is Level.WARNING})
    if held == case.must_pass:
        count.missed.append(case.id)


def _count_slips(count: Count, case: Case, verdict: Verdict) -> None:
    for start, end, right in case.slips:
        over = [found for found in verdict.findings if found.start < end and start < found.end]
        held = any(found.level is Level.ERROR and _mends(found, right) for found in over)
        count.cases += 1
        count.held += held
        count.told += bool(over)
        if not held:
            count.missed.append(case.id)


def _mends(found: Finding, right: str) -> bool:
    return any(right.casefold() in fix.casefold() or fix.casefold() in right.casefold() for fix in found.fixes if fix)


def _rows(folder: Path, name: str) -> Iterator[Row]:
    for file in sorted(folder.glob(f"{name}-*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
                if _is_test(row):
                    yield row
            except (ValueError, KeyError, TypeError) as error:
                raise SettingsError(f"{file}, line {number}: {error!r}") from error


def _is_test(row: Row) -> bool:
    return row["author_topic"][:1] in TEST_AUTHORS if "author_topic" in row else row["part"] == "test"


def _of_pair(row: Row) -> Iterator[Case]:
    kind, notes = row["kind"], (row["note"],) if row["note"] else ()
    harmless = kind in HARMLESS
    group = kind.replace("_", " ") if harmless else "internal language" if kind == "notelike" else f"leak: {kind}"
    yield Case(group, row["lang"], row["id"], row["reply"], notes=notes, must_pass=harmless)


def _of_joke(row: Row) -> Iterator[Case]:
    held = row["joke"] and not row["fits"]
    group = "joke to angry or hurt" if held else "joke that fits" if row["joke"] else "no joke"
    yield Case(group, row["lang"], row["id"], row["draft"], row["mention"], must_pass=not held)


def _of_personal(row: Row) -> Iterator[Case]:
    group = "personal data" if row["spans"] else "asks for personal data" if row["asks"] else "no personal data"
    if not row.get("soft"):
        yield Case(group, row["lang"], row["id"], row["draft"], row["mention"], must_pass=row["clean"])


def _of_language(row: Row) -> Iterator[Case]:
    names = {
        "wrong": "wrong language",
        "greeting": "foreign greeting",
        "mixed": "foreign sentence",
        "address": "je and u mixed",
        "clean": "right language",
    }
    clean = row["kind"] == "clean"
    yield Case(names[row["kind"]], row["lang"], row["id"], row["draft"], row["mention"], must_pass=clean)


def _of_spelling(row: Row) -> Iterator[Case]:
    slips = tuple((slip["start"], slip["end"], slip["correct"]) for slip in row["slips"])
    common = tuple(slip for slip in slips if is_common(slip[2], row["lang"]))
    if not slips:
        yield Case("spelt right", row["lang"], row["id"], row["draft"], must_pass=True)
        return
    yield Case("spelling: every slip", row["lang"], row["id"], row["draft"], slips=slips)
    if common:
        yield Case(COMMON_SLIP, row["lang"], row["id"], row["draft"], slips=common)


def _of_tone(row: Row) -> Iterator[Case]:
    clean = not row["expect"]
    group = "right tone" if clean else "tone"
    yield Case(group, row["lang"], row["id"], row["draft"], row["mention"], must_pass=clean, reason=row["expect"])


_MAKERS: Mapping[str, Callable[[Row], Iterator[Case]]] = {
    "pairs": _of_pair,
    "jokes": _of_joke,
    "personal": _of_personal,
    "language": _of_language,
    "spelling": _of_spelling,
    "tone": _of_tone,
}


def _over_long(cases: Iterable[Case]) -> Iterator[Case]:
    """Clean replies of one language in a row until no network would take them."""
    parts: dict[str, list[str]] = {}
    for case in cases:
        if case.group == "clean":
            parts.setdefault(case.lang, []).append(case.draft)
    for lang, drafts in parts.items():
        for first in range(0, len(drafts) - 4, 4):
            text = " ".join(drafts[first : first + 4])
            if len(text) > _LIMIT + 20:
                yield Case("over-long", lang, f"long-{lang}-{first}", text, reason="too_long")


def send_times(cases: Sequence[Case], setting: Setting, heads: Callable[[], Learned] | None) -> list[float]:
    """Milliseconds of a full check at 280 characters with ten notes, each draft new to the heads."""
    texts = [case for case in cases if case.group in ("clean", "shared fact")]
    notes = tuple(note for case in texts for note in case.notes)
    times = []
    learned = heads() if heads else None
    for at, case in enumerate(texts):
        draft = " ".join(other.draft for other in texts[at : at + 5] if other.lang == case.lang)[:_LIMIT]
        known = replace(setting, learned=learned)
        context = context_of(replace(case, notes=notes[at : at + 10]), known, Customer())
        if learned is not None:
            # The notes of a case are read when it is opened; what counts is the draft.
            learned.scores("Hi", context.notes, (case.mention, *context.public_texts))
        began = time.perf_counter()
        review(draft, context)
        times.append((time.perf_counter() - began) * 1000)
    return times


def typing_times(cases: Sequence[Case], setting: Setting) -> list[float]:
    """Milliseconds of the deterministic checks at every eighth key of the clean replies."""
    alone = replace(setting, learned=None)
    times = []
    for case in cases:
        if case.group in ("clean", "shared fact"):
            context = context_of(case, alone, Customer())
            for end in range(8, len(case.draft) + 1, 8):
                began = time.perf_counter()
                review(case.draft[:end], context)
                times.append((time.perf_counter() - began) * 1000)
    return times


def report(table: Table, notes: Sequence[str]) -> str:
    """The figures as Markdown: by group and language, goals beside them, and what held the clean replies."""
    lines = [
        "# How good the guard is",
        "",
        "Held-out parts of `data/guard` only. Each cell: held / held or warned of / drafts.",
        "",
        "| group | goal | all | " + " | ".join(LANGUAGES) + " |",
        "|" + "---|" * (3 + len(LANGUAGES)),
    ]
    lines += [_line(group, table[group]) for group in [*filter(table.__contains__, GOALS), *_others(table)]]
    lines += ["", "## Clean replies wrongly held, by check", ""]
    clean = table.get("clean reply", {}).values()
    lines += _by_check((one.by for one in clean), sum(one.cases for one in clean))
    lines += ["", "## Clean replies warned of, by check", ""]
    lines += _by_check((one.warned_by for one in clean), sum(one.cases for one in clean))
    lines += ["", "## Missed, by id", ""]
    lines += [f"- {group}: {_ids(table[group])}" for group in sorted(table) if _ids(table[group])]
    return "\n".join([*lines, "", "## Also", "", *(f"- {note}" for note in (*_DEFINITIONS, *notes)), ""])


def figures(table: Table) -> dict[str, Any]:
    """The same numbers for programs."""
    return {
        group: {lang: {"cases": one.cases, "held": one.held, "told": one.told} for lang, one in found.items()}
        for group, found in table.items()
    }


def _others(table: Table) -> list[str]:
    return sorted(group for group in table if group not in GOALS)


def _line(group: str, found: Mapping[str, Count]) -> str:
    goal = GOALS.get(group)
    wanted = "" if goal is None else f"{'≥' if goal[1] else '≤'} {goal[0]:.0%}"
    total = Count()
    for one in found.values():
        total.cases, total.held, total.told = total.cases + one.cases, total.held + one.held, total.told + one.told
    cells = [_cell(total), *(_cell(found.get(lang)) for lang in LANGUAGES)]
    return f"| {group} | {wanted} | " + " | ".join(cells) + " |"


def _cell(count: Count | None) -> str:
    if count is None or not count.cases:
        return "–"
    return f"{count.held / count.cases:.1%} / {count.told / count.cases:.0%} / {count.cases}"


def _by_check(counts: Iterable[Counter[str]], cases: int) -> list[str]:
    by: Counter[str] = Counter()
    for count in counts:
        by += count
    return [f"- {check}: {times} of {cases} ({times / cases:.2%})" for check, times in by.most_common()] or ["- none"]


def _ids(found: Mapping[str, Count]) -> str:
    return ", ".join(sorted({one for count in found.values() for one in count.missed})[:40])
