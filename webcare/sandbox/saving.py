"""The state file: JSON, written beside the old one and then moved over it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from webcare.sandbox.values import (
    BrandAccount,
    Conversation,
    FbItem,
    IgItem,
    MetaMessage,
    SandboxError,
    User,
    XMessage,
    XPost,
)

FORMAT = 1
_SETS = {"likes", "denied", "left_out"}
_TUPLES = {"mentions", "history", "participants", "posts", "tags"}
_PAIRS = {"links", "media"}
Row = TypeVar("Row", User, BrandAccount, XPost, XMessage, FbItem, IgItem, Conversation, MetaMessage)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a state file holds, as records again."""

    options: dict[str, Any]
    accounts: list[BrandAccount]
    users: list[User]
    x: list[XPost]
    x_messages: list[XMessage]
    facebook: list[FbItem]
    instagram: list[IgItem]
    conversations: list[Conversation]
    messages: list[MetaMessage]
    script: dict[str, Any]
    time: dict[str, Any]


def plain(value: Any) -> Any:
    """A record, set, tuple or time as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"cannot write {type(value).__name__}")


def encode(state: dict[str, Any]) -> bytes:
    """The text of a state file. Call with the world's lock held."""
    return json.dumps({"format": FORMAT, **state}, default=plain).encode()


def write(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step. Raises SandboxError if the place cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=path.name, suffix=".new", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise SandboxError(f"cannot write the state file {path}: {error.strerror}") from error


def read(path: Path) -> Saved:
    """Read a state file. Raises SandboxError if it is not one of ours."""
    try:
        state = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SandboxError(f"cannot read the state file {path}: {error}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise SandboxError(f"{path} is not a state file of this sandbox version; move it away to start afresh")
    try:
        return Saved(
            options=dict(state["options"]),
            accounts=_rows(BrandAccount, state["accounts"]),
            users=_rows(User, state["users"]),
            x=_rows(XPost, state["x"]),
            x_messages=_rows(XMessage, state.get("x_messages", [])),
            facebook=_rows(FbItem, state["facebook"]),
            instagram=_rows(IgItem, state.get("instagram", [])),
            conversations=_rows(Conversation, state.get("conversations", [])),
            messages=_rows(MetaMessage, state.get("messages", [])),
            script=dict(state["script"]),
            time=dict(state.get("time", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxError(f"the state file {path} is damaged ({error}); move it away to start afresh") from error


def _rows(kind: type[Row], rows: Iterable[dict[str, Any]]) -> list[Row]:
    return [kind(**{name: _value(name, value) for name, value in row.items()}) for row in rows]


def _value(name: str, value: Any) -> Any:
    if name.endswith("_at") and value is not None:
        return datetime.fromisoformat(value)
    if name in _SETS:
        return set(value)
    if name in _TUPLES:
        return tuple(value)
    if name in _PAIRS:
        return tuple((one, other) for one, other in value)
    return value
