"""The columns a view of `views.py` is made of, in the order it takes them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from webcare.store.tables import AccountRow, AgentRow, ThreadRow

#: The people of a delivery, who may be two.
Author, Approver = aliased(AgentRow), aliased(AgentRow)

#: Fields of views that are not columns of the row they are made from.
_ELSEWHERE: dict[str, Any] = {
    "account_key": col(AccountRow.key),
    "assignee_name": func.coalesce(col(AgentRow.name), ""),
    "thread_external_id": col(ThreadRow.external_id),
    "thread_url": col(ThreadRow.url),
    "resting_until": col(AccountRow.rates),
    "author_name": col(Author.name),
    "approver_name": col(Approver.name),
}


def select_view(view: type[Any], row: type[Any]) -> Select[Any]:
    """The columns of `row` that `view` takes, in the order it takes them."""
    names = [part.name for part in fields(view)]
    columns = [getattr(row, name) if hasattr(row, name) else _ELSEWHERE[name].label(name) for name in names]
    return select(*columns).select_from(row)
