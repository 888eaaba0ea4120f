"""An answer that is several posts: which deliveries belong together, and what of its text each of them is.

All parts are approved at once, on the verdict of the whole text. Each one answers the post of the part before, whose
id is known only once that one stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from webcare.store.tables import DeliveryRow

#: Beside the verdict of a part: the text it was cut from, and where.
WHOLE, SPAN = "whole", "span"
_BY_HAND = "by-hand-"


def beside_verdict(text: str, spans: Sequence[tuple[int, int]], number: int) -> dict[str, Any]:
    """What part `number` keeps beside its verdict; nothing where the answer is one post."""
    return {WHOLE: text, SPAN: list(spans[number])} if len(spans) > 1 else {}


def placeholder(before: DeliveryRow) -> str:
    """What stands for the id of a post that is not there yet; as unlike a network's id as it is unique."""
    return f"after delivery {before.id}"


def made_up_id(delivery: DeliveryRow) -> str:
    """The id of a post that a person says stands on the network, and whose number nobody knows."""
    return f"{_BY_HAND}{delivery.id}"


def is_made_up(external_id: str) -> bool:
    """Whether an id is one of those."""
    return external_id.startswith(_BY_HAND)


def whole_text(delivery: DeliveryRow) -> str:
    """The text that was checked."""
    return str(delivery.verdict.get(WHOLE, delivery.text))


def is_as_cut(delivery: DeliveryRow) -> bool:
    """Whether its text is the stretch of the whole text that it was approved as."""
    start, end = delivery.verdict.get(SPAN, (0, None))
    return whole_text(delivery)[start:end] == delivery.text


def text_from(delivery: DeliveryRow) -> str:
    """The text of this part and all after it."""
    start, _ = delivery.verdict.get(SPAN, (0, None))
    return whole_text(delivery)[start:]


def part_before(session: Session, delivery: DeliveryRow) -> DeliveryRow | None:
    """The part that this one answers; None for the first or only one."""
    return session.get(DeliveryRow, delivery.follows_id) if delivery.follows_id is not None else None


def first_part(session: Session, delivery: DeliveryRow) -> DeliveryRow:
    """The part that answers the customer."""
    while (before := part_before(session, delivery)) is not None:
        delivery = before
    return delivery


def parts_from(session: Session, delivery: DeliveryRow) -> list[DeliveryRow]:
    """This part and those after it, in order."""
    parts = [delivery]
    while True:
        query = select(DeliveryRow).where(DeliveryRow.follows_id == parts[-1].id).order_by(col(DeliveryRow.id))
        following = session.exec(query).first()
        if following is None:
            return parts
        parts.append(following)


def all_parts(session: Session, delivery: DeliveryRow) -> list[DeliveryRow]:
    """Every part of the answer that this one belongs to, in order."""
    return parts_from(session, first_part(session, delivery))
