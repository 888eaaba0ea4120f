"""Saved replies as a file, YAML or CSV: to bring what a team already has, and to take it along.

A file is taken whole or not at all; what is wrong is told with its line. A saved reply of the same name is replaced,
one that says the same already is left alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import yaml
from sqlmodel import Session, col, select

from webcare.cases.saved_replies import LANGUAGES, SavedReply, Wanted, all_saved, save
from webcare.domain import N_, Actor, Said, Topic
from webcare.errors import SettingsError, WebcareError
from webcare.guard.marked import Marked, read_yaml
from webcare.people import Permission, require
from webcare.store.tables import AgentRow

COLUMNS = ("name", "topic", "owner", "expires", "language", "text")
#: Saved replies in one file; a team with more has lost the overview already.
MOST = 2_000
_KEYS = ("name", "topic", "owner", "expires", "texts")
#: Problems told at once.
_TOLD = 5
#: A spreadsheet would take a cell that starts like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t")


#: How a reader of YAML tells what is wrong, and the same where there is but one file.
_WITHOUT_SOURCE = {
    "{source}, line {line}: {why}": N_("line {line}: {why}"),
    "{source}, line {line} is not valid YAML: {why}": N_("line {line} is not valid YAML: {why}"),
}


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a file."""

    added: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class _Line:
    """One saved reply of a file and where it begins."""

    line: int
    name: str
    topic: str
    owner: str
    expires: str
    texts: Mapping[str, str]


def bring_in(
    session: Session,
    content: bytes,
    file_name: str,
    *,
    by: Actor,
    now: datetime,
    ours: Collection[str] = (),
    order_numbers: Sequence[str] = (),
) -> Brought:
    """Take a file into the desk, all of it or nothing. `file_name` ends in .yaml, .yml or .csv.

    Raises NotAllowed without EDIT_TEXTS; WebcareError naming the lines that cannot be used.
    """
    require(by, Permission.EDIT_TEXTS)
    lines = _read(content, file_name)
    known = {one.name.casefold(): one for one in all_saved(session, by=by, now=now)}
    owners = {row.username: row.id for row in session.exec(select(AgentRow).where(col(AgentRow.active)))}
    problems: list[str] = []
    counts = {"added": 0, "changed": 0, "same": 0}
    for line in lines:
        there = known.get(" ".join(line.name.split()).casefold())
        try:
            wanted = _wanted(line, there, owners)
            if there is not None and _is_same(there, wanted):
                counts["same"] += 1
                continue
            saved_id = there.id if there else None
            save(session, wanted, by=by, now=now, saved_id=saved_id, ours=ours, order_numbers=order_numbers)
            counts["changed" if there else "added"] += 1
        except WebcareError as error:
            problems.append(Said("line {line}: {why}", line=line.line, why=error))
    if problems:
        raise WebcareError(_told(problems))
    return Brought(**counts)


def as_yaml(saved: Iterable[SavedReply]) -> str:
    """The file that `bring_in` reads."""
    content = [
        {
            "name": one.name,
            **({"topic": one.topic} if one.topic else {}),
            "owner": one.owner_username,
            **({"expires": one.expires_at.astimezone(UTC).date().isoformat()} if one.expires_at else {}),
            "texts": dict(one.texts),
        }
        for one in saved
    ]
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)


def as_csv(saved: Iterable[SavedReply]) -> str:
    """The file that `bring_in` reads: one row for each language of a saved reply."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in saved:
        expires = one.expires_at.astimezone(UTC).date().isoformat() if one.expires_at else ""
        for language, text in one.texts.items():
            cells = (one.name, one.topic, one.owner_username, expires, language, text)
            writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    # The mark in front makes spreadsheets read UTF-8.
    return "\ufeff" + out.getvalue()


# --- reading ----------------------------------------------------------------------------------------


def _read(content: bytes, file_name: str) -> list[_Line]:
    ending = file_name.rpartition(".")[2].lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise WebcareError("“{name}” is no .yaml, .yml or .csv file.", name=file_name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise WebcareError("line {line}: this is not UTF-8 text", line=line) from error
    lines = reader(text)
    if not lines:
        raise WebcareError("There is no saved reply in “{name}”.", name=file_name)
    if len(lines) > MOST:
        raise WebcareError("The file has {count} saved replies; at most {most}.", count=len(lines), most=MOST)
    seen: dict[str, int] = {}
    for one in lines:
        before = seen.setdefault(" ".join(one.name.split()).casefold(), one.line)
        if before != one.line:
            raise WebcareError(
                "line {line}: “{name}” stands in line {before} already", line=one.line, name=one.name, before=before
            )
    return lines


def _from_yaml(text: str) -> list[_Line]:
    try:
        return [_entry(entry) for document in read_yaml(text, "the file") for entry in document.items()]
    except SettingsError as error:
        raise WebcareError(_WITHOUT_SOURCE[error.template], **error.values) from error


def _entry(entry: Marked) -> _Line:
    found = dict(entry.pairs())
    for key, value in found.items():
        if key not in _KEYS:
            raise value.wrong("unknown key {key!r}; the keys are {known}", key=key, known=", ".join(_KEYS))
    if "name" not in found or "texts" not in found:
        raise entry.wrong("a saved reply needs a name and texts, e.g. texts: {nl: ..., en: ...}")
    name, topic, owner, expires = (
        found[key].text() if key in found and not found[key].is_nothing() else ""
        for key in ("name", "topic", "owner", "expires")
    )
    texts: dict[str, str] = {}
    for language, value in found["texts"].pairs():
        if language not in LANGUAGES:
            raise value.wrong(
                "unknown language {language!r}; the languages are {known}",
                language=language,
                known=", ".join(LANGUAGES),
            )
        texts[language] = value.text()
    return _Line(entry.line, name, topic, owner, expires, texts)


def _from_csv(text: str) -> list[_Line]:
    found: dict[str, _Line] = {}
    for line, row in _rows(text):
        key = " ".join(row["name"].split()).casefold()
        first = found.setdefault(key, _Line(line, row["name"], row["topic"], row["owner"], row["expires"], {}))
        if row["language"] not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise WebcareError(
                "line {line}: unknown language “{language}”; the languages are {known}",
                line=line,
                language=row["language"],
                known=known,
            )
        if row["language"] in first.texts:
            raise WebcareError(
                "line {line}: “{name}” has a text in “{language}” already",
                line=line,
                name=row["name"],
                language=row["language"],
            )
        for column in ("topic", "owner", "expires"):
            if row[column] and row[column] != getattr(first, column):
                raise WebcareError(
                    "line {line}: another {column} than in line {other} of the same reply",
                    line=line,
                    column=column,
                    other=first.line,
                )
        found[key] = _Line(
            first.line,
            first.name,
            first.topic,
            first.owner,
            first.expires,
            {**first.texts, row["language"]: row["text"]},
        )
    return list(found.values())


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Every row with the line it begins on, counted from 1; commas or semicolons between the cells."""
    head = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True
    )
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in ("name", "language", "text") if name not in names]:
            raise WebcareError(
                "line 1: the first row must name the columns; missing: {missing}", missing=", ".join(missing)
            )
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(names):
                    raise WebcareError(
                        "line {line}: {count} cells, but the first row names {named}",
                        line=begins,
                        count=len(cells),
                        named=len(names),
                    )
                row = dict.fromkeys(COLUMNS, "") | dict(zip(names, map(_cell, cells), strict=False))
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise WebcareError("line {line}: {why}", line=reader.line_num, why=error) from error


def _cell(value: str) -> str:
    value = value.strip()
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


_READERS: Mapping[str, Callable[[str], list[_Line]]] = {"yaml": _from_yaml, "yml": _from_yaml, "csv": _from_csv}


# --- what a line asks for ---------------------------------------------------------------------------


def _wanted(line: _Line, there: SavedReply | None, owners: Mapping[str, int | None]) -> Wanted:
    topic = line.topic.strip().lower().replace(" ", "_")
    if topic and topic not in set(Topic):
        raise WebcareError(
            "unknown topic “{topic}”; the topics are {known}",
            topic=line.topic,
            known=", ".join(one.value for one in Topic),
        )
    owner = line.owner.strip().lower()
    if owner and owner not in owners:
        raise WebcareError("no colleague has the user name “{owner}”", owner=line.owner)
    kept = there.owner_id if there and there.problem != "ownerless" else None
    campaign = there is not None and there.campaign
    return Wanted(line.name, line.texts, topic, owners[owner] if owner else kept, _moment(line.expires), campaign)


def _moment(day: str) -> datetime | None:
    if not day.strip():
        return None
    try:
        return datetime.fromisoformat(day.strip()).replace(tzinfo=UTC)
    except ValueError as error:
        raise WebcareError("“{day}” is not a day; write it as 2027-01-31", day=day) from error


def _is_same(there: SavedReply, wanted: Wanted) -> bool:
    texts = {language: text.strip() for language, text in wanted.texts.items() if text.strip()}
    before = there.expires_at.date() if there.expires_at else None
    after = wanted.expires_at.date() if wanted.expires_at else None
    same_owner = wanted.owner_id in (None, there.owner_id)
    return (there.topic, dict(there.texts), before, same_owner) == (wanted.topic, texts, after, True)


def _told(problems: Sequence[str]) -> Said:
    told = [Said("Nothing was taken from the file."), *problems[:_TOLD]]
    if len(problems) > _TOLD:
        told.append(Said("… and {count} more", count=len(problems) - _TOLD))
    return Said.joined(told, "\n")
