"""Slips that staff reported, written where the rules look for what they must never let pass again.

A slip that something holds goes to FOLDER/reported.jsonl at once. One that nothing holds yet waits in FOLDER/open, or
no rule at all could be saved until somebody has mended it. Personal data is replaced by invented stand-ins of the same
kind, so that a reply which gave away a telephone number still holds one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from webcare.errors import SettingsError
from webcare.guard.base import ReviewContext
from webcare.guard.rules.escaped import Slip, read_slip_file
from webcare.personal import Kind, find_personal

FILE = "reported.jsonl"
_OPEN = "open"

#: Nobody's: reserved names, and numbers that are printed as examples.
_STAND_INS = {
    Kind.EMAIL: "robin@example.org",
    Kind.LINK: "https://example.org/page",
    Kind.IBAN: "NL91 ABNA 0417 1643 00",
    Kind.CARD: "4111 1111 1111 1111",
    Kind.NATIONAL_ID: "111222333",
    Kind.BIRTH_DATE: "01-01-1980",
    Kind.SECRET: "12345",
    Kind.PHONE: "+31 6 12345678",
    Kind.ADDRESS: "Dorpsstraat 1, 1234 AB",
    Kind.ORDER: "1234567890",
    Kind.HANDLE: "@robin",
    Kind.NAME: "Robin",
}


def slip_id(delivery_id: int) -> str:
    """The id of the slip that a delivery becomes when it is reported."""
    return f"reported-{delivery_id}"


def without_personal_data(slip: Slip, *, names: Iterable[str] = (), order_numbers: Sequence[str] = ()) -> Slip:
    """The slip with a stand-in for whatever is about a person; `names` are people to be found by name."""
    named = tuple(filter(None, names))

    def cleaned(text: str) -> str:
        parts, at = [], 0
        for one in find_personal(text, slip.lang, names=named, order_numbers=order_numbers):
            parts += [text[at : one.start], _STAND_INS.get(one.kind, one.placeholder)]
            at = one.end
        return "".join([*parts, text[at:]])

    notes = tuple(map(cleaned, slip.notes))
    return replace(slip, mention=cleaned(slip.mention), notes=notes, draft=cleaned(slip.draft))


def alone(slip: Slip, like: ReviewContext) -> ReviewContext:
    """The slip's own surroundings under the brand, rules and heads of `like`, and nothing else of it.

    Not its public texts: the slip itself stands among them by now.
    """
    brand = like.brand
    public = tuple(filter(None, (brand.name, *brand.names, *brand.products, *brand.shareable)))
    kept = {"market": slip.market, "lang": slip.lang or None, "mention": slip.mention, "notes": slip.notes}
    bare = replace(like, public_texts=public, facts=(), others=None, attachments=(), today=None)
    return replace(bare, newest_message=("", ""), newest_reply=("", ""), **kept)  # type: ignore[arg-type]


def save_slip(folder: Path, slip: Slip, *, held: bool) -> Path:
    """Add a slip to the folder, in place of an older one with its id; gives the file.

    Raises SettingsError when it cannot be written.
    """
    file = (folder if held else folder / _OPEN) / FILE
    _write(file, [*(one for one in _read(file) if one.id != slip.id), slip])
    return file


def open_slips(folder: Path) -> tuple[Slip, ...]:
    """The slips that nothing held when they were last looked at."""
    return _read(folder / _OPEN / FILE)


def settle_open(folder: Path, held: Callable[[Slip], bool]) -> tuple[Slip, ...]:
    """Move the open slips that are held by now to those that must stay held; gives the ones still open."""
    waiting = open_slips(folder)
    still = tuple(slip for slip in waiting if not held(slip))
    for slip in waiting:
        if slip not in still:
            save_slip(folder, slip, held=True)
    if len(still) < len(waiting):
        _write(folder / _OPEN / FILE, still)
    return still


def _read(file: Path) -> tuple[Slip, ...]:
    """The slips of the one file; others in its folder are somebody else's."""
    return tuple(read_slip_file(file)) if file.exists() else ()


def _write(file: Path, slips: Iterable[Slip]) -> None:
    lines = [json.dumps(asdict(slip), ensure_ascii=False) for slip in slips]
    beside = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        os.replace(beside, file)
    except OSError as error:
        raise SettingsError("the slip cannot be kept in {file}: {why}", file=file, why=error) from error
