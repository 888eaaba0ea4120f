"""Tables of figures, facts and cases as CSV, Excel and Parquet, for whoever may see reports; each export is on record.

Rows are written as they come, so that a long list needs little memory. No cell can run as a formula where the file is
opened: what begins like one gets an apostrophe in CSV and Excel, headers too. Times are in the zone that the header
names. What the table is (filters, definitions, gaps) stands on a sheet of its own in Excel, in the schema's metadata in
Parquet, and in `about_rows` for a second file beside a CSV.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, BinaryIO, Literal
from zoneinfo import ZoneInfo

from webcare import audit
from webcare.domain import Actor
from webcare.people import Permission, require
from webcare.store import Store

Kind = Literal["text", "number", "whole", "time", "flag"]
#: What spreadsheets take for the beginning of a formula, the wide forms of East Asian keyboards included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: Rows held in memory at once.
_BATCH = 2000
#: Excel's own limits: rows of a sheet, characters of a cell.
_MOST_ROWS, _MOST_CHARACTERS = 1_048_576, 32_767


class Format(StrEnum):
    """The kinds of file there are."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def mime(self) -> str:
        """What browsers are told."""
        return {
            "csv": "text/csv",
            "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "parquet": "application/vnd.apache.parquet",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; values of a row are str, float, int, aware datetime or bool by its kind, or None."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class About:
    """What a table is, for the sheet beside it."""

    title: str
    zone: ZoneInfo
    filters: Mapping[str, str] = field(default_factory=dict)
    definitions: Sequence[tuple[str, int, str]] = ()  #: name, version, sentence
    gaps: Sequence[str] = ()  #: stretches in which posts may be missing


@dataclass(frozen=True, slots=True)
class Table:
    """What is exported. `rows` may be read once only."""

    name: str  #: for the audit log and file names, e.g. "cases"
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    about: About

    @property
    def headers(self) -> list[str]:
        """The titles, those of times with the zone."""
        zone = self.about.zone.key
        return [f"{one.title} ({zone})" if one.kind == "time" else one.title for one in self.columns]


def export(
    store: Store,
    out: BinaryIO,
    form: Format,
    table: Table,
    *,
    by: Actor,
    now: datetime,
    bom: bool = False,
    delimiter: str = ",",
) -> int:
    """Write a table and record in the audit log that somebody took it; gives how many rows.

    Hand the file on only when this returned: what could not be recorded must not leave. `bom` and `delimiter` are for
    CSV. Raises NotAllowed without SEE_REPORTS.
    """
    require(by, Permission.SEE_REPORTS)
    rows = _counted(table.rows, counter := [0])
    if form is Format.CSV:
        write_csv(out, table, rows, bom=bom, delimiter=delimiter)
    elif form is Format.XLSX:
        _xlsx(out, table, rows, by, now)
    else:
        _parquet(out, table, rows, by, now)
    told = {"format": form.value, "rows": counter[0], **{f"filter_{key}": v for key, v in table.about.filters.items()}}
    with store.write() as session:
        audit.record(session, "exported", by=by, now=now, subject=f"export:{table.name}", after=told)
    return counter[0]


def as_bytes(store: Store, form: Format, table: Table, *, by: Actor, now: datetime, bom: bool = True) -> bytes:
    """The same in memory, for a button of a page. Raises NotAllowed without SEE_REPORTS."""
    require(by, Permission.SEE_REPORTS)
    out = io.BytesIO()
    export(store, out, form, table, by=by, now=now, bom=bom)
    return out.getvalue()


def about_rows(about: About, *, made_for: str, now: datetime) -> list[tuple[str, str]]:
    """What a table is, as pairs: when and for whom it was made, its zone, filters, definitions and gaps."""
    rows = [
        ("Table", about.title),
        ("Made", f"{now.astimezone(about.zone):%Y-%m-%d %H:%M:%S%z}"),
        ("Made for", made_for),
        ("Time zone", about.zone.key),
    ]
    rows += [(f"Filter: {name}", value) for name, value in about.filters.items()]
    rows += [(f"Definition: {name}, version {version}", said) for name, version, said in about.definitions]
    rows += [("Collection has a gap", gap) for gap in about.gaps]
    return rows


def neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula, and that every file can hold."""
    plain = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return f"'{plain}" if plain.lstrip(" \u00a0").startswith(_FORMULA) or plain.startswith(_FORMULA) else plain


# --- the kinds of file --------------------------------------------------------------------------------------


def write_csv(
    out: BinaryIO, table: Table, rows: Iterable[Sequence[Any]], *, bom: bool = False, delimiter: str = ","
) -> None:
    """Write rows under the headers of a table; `export` does it with a line in the audit log."""
    text = io.TextIOWrapper(out, "utf-8-sig" if bom else "utf-8", newline="", write_through=False)
    # Every text in quotes: where another sign separates cells, a text with that sign in it must not be cut in two.
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    zone = table.about.zone
    writer.writerow([neutral(title) for title in table.headers])
    for row in rows:
        writer.writerow([_csv_cell(value, zone) for value in row])
    text.flush()
    text.detach()


def _csv_cell(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float):
        return value if math.isfinite(value) else ""
    return value if isinstance(value, int) else neutral(str(value)) if value is not None else ""


def _xlsx(out: BinaryIO, table: Table, rows: Iterable[Sequence[Any]], by: Actor, now: datetime) -> None:
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, {**options, "strings_to_numbers": False, "nan_inf_to_errors": True})
    bold = book.add_format({"bold": True})
    when = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    source, number = iter(rows), 1
    while True:
        sheet = book.add_worksheet(_sheet_name(table.name, number))
        full = _fill(sheet, table, source, bold, when)
        if not full:
            break
        number += 1
    about = book.add_worksheet("About")
    about.set_column(0, 0, 32)
    about.set_column(1, 1, 100)
    for line, (name, value) in enumerate(about_rows(table.about, made_for=by.name, now=now)):
        about.write_string(line, 0, neutral(name), bold)
        about.write_string(line, 1, neutral(value)[:_MOST_CHARACTERS])
    book.close()


def _fill(sheet: Any, table: Table, source: Iterator[Sequence[Any]], bold: Any, when: Any) -> bool:
    """Write rows until the sheet is full; gives whether it is."""
    sheet.freeze_panes(1, 0)
    for place, (title, column) in enumerate(zip(table.headers, table.columns, strict=True)):
        sheet.set_column(place, place, 20 if column.kind == "time" else 16)
        sheet.write_string(0, place, neutral(title)[:_MOST_CHARACTERS], bold)
    line = 0
    for line, row in enumerate(islice(source, _MOST_ROWS - 1), start=1):
        for place, value in enumerate(row):
            _xlsx_cell(sheet, line, place, value, table.about.zone, when)
    return line == _MOST_ROWS - 1


def _xlsx_cell(sheet: Any, line: int, place: int, value: Any, zone: ZoneInfo, when: Any) -> None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, datetime):
        # Excel knows no zones: the time is the one on the wall there, as the header says.
        sheet.write_datetime(line, place, value.astimezone(zone).replace(tzinfo=None), when)
    elif isinstance(value, int | float):
        sheet.write_number(line, place, value)
    else:
        sheet.write_string(line, place, neutral(str(value))[:_MOST_CHARACTERS])


def _sheet_name(name: str, number: int) -> str:
    plain = "".join(char for char in name if char not in "[]:*?/\\'")[:25] or "Table"
    return plain if number == 1 else f"{plain} {number}"


def _parquet(out: BinaryIO, table: Table, rows: Iterable[Sequence[Any]], by: Actor, now: datetime) -> None:
    # Here, because loading it takes half a second.
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {
        "text": pa.string(),
        "number": pa.float64(),
        "whole": pa.int64(),
        "time": pa.timestamp("us", tz=table.about.zone.key),
        "flag": pa.bool_(),
    }
    fields = [pa.field(one.title, kinds[one.kind]) for one in table.columns]
    about = json.dumps(about_rows(table.about, made_for=by.name, now=now), ensure_ascii=False)
    schema = pa.schema(fields, metadata={"webcare": about})
    with parquet.ParquetWriter(out, schema) as writer:
        for batch in _batches(rows):
            cells = zip(*batch, strict=True)
            arrays = [
                pa.array([_cell_of(one.kind)(cell) for cell in column], kinds[one.kind])
                for one, column in zip(table.columns, cells, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _cell_of(kind: Kind) -> Callable[[Any], Any]:
    def text(value: Any) -> Any:
        return None if value is None else str(value).encode("utf-8", "replace").decode()

    def same(value: Any) -> Any:
        return value

    return text if kind == "text" else same


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _counted(rows: Iterable[Sequence[Any]], counter: list[int]) -> Iterator[Sequence[Any]]:
    for row in rows:
        counter[0] += 1
        yield row
