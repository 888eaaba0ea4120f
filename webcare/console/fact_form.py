"""What is asked when somebody marks a sentence as something the customer may be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TypedDict

import streamlit as st

from webcare.console.desk import now, zone
from webcare.console.tongue import N_, _, day_format
from webcare.domain import FactKind

KINDS: Mapping[str, str] = {
    FactKind.DATE.value: N_("A date"),
    FactKind.SLOT.value: N_("A time slot"),
    FactKind.POLICY.value: N_("A rule of ours"),
    FactKind.PRICE.value: N_("A price"),
    FactKind.OTHER.value: N_("Something else"),
}


class About(TypedDict):
    """What a mark says beside the sentence."""

    kind: FactKind
    source: str
    valid_until: datetime | None


def draw(name: str) -> None:
    """Ask what sort of fact it is, where it comes from and how long it holds; `name` tells several forms apart."""
    with st.container(horizontal=True, gap="small"):
        st.selectbox(_("What it is"), list(KINDS), format_func=lambda kind: _(KINDS[kind]), key=f"share_kind_{name}")
        st.text_input(
            _("Known from"), key=f"share_source_{name}", max_chars=200, placeholder=_("carrier, shop, terms …")
        )
        st.date_input(
            _("May be told until"), value=None, min_value=_today(), format=day_format(), key=f"share_until_{name}"
        )


def answers(name: str) -> About:
    """What was answered in the form of this name."""
    until: date | None = st.session_state.get(f"share_until_{name}")
    return {
        "kind": FactKind(st.session_state.get(f"share_kind_{name}", FactKind.OTHER.value)),
        "source": st.session_state.get(f"share_source_{name}", ""),
        "valid_until": _end_of(until) if until else None,
    }


def forget(name: str) -> None:
    """Empty the form of this name: the next fact has another source."""
    for part in ("kind", "source", "until"):
        st.session_state.pop(f"share_{part}_{name}", None)


def _today() -> date:
    return now().astimezone(zone()).date()


def _end_of(day: date) -> datetime:
    # The named day still counts whole.
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone())
