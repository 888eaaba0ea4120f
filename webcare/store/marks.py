"""Messages that are nothing but a customer's mark for our help: nobody has to answer them, no figure counts them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists
from sqlmodel import col

from webcare.store.tables import MentionRow
from webcare.store.tables_quality import SurveyAnswerRow


def only_a_mark() -> Any:
    """The condition for a mention of the statement around it to be one."""
    return (
        exists()
        .where(col(SurveyAnswerRow.mention_id) == col(MentionRow.id), col(SurveyAnswerRow.only))
        .correlate(MentionRow)
    )
