"""How a case stands with the question how we helped, in one sentence."""

from __future__ import annotations

from datetime import datetime

from webcare.cases.surveys import Heard, LeftOut
from webcare.console import words
from webcare.console.tongue import N_, _
from webcare.measures.definitions import REASONS


def standing(heard: Heard, moment: datetime) -> str:
    """What came of it; the reason where the customer is not asked."""
    if heard.score is not None and heard.at is not None:
        told = _("How we helped: the customer gave {score} of 5, {time}.")
        return told.format(score=heard.score, time=words.clock_time(heard.at, now=moment))
    if heard.left_out in list(LeftOut):
        return _("How we helped: {reason}.").format(reason=_(REASONS[heard.left_out]))
    if heard.asked_at is None:
        return _("How we helped: the question is on its way to the customer.")
    told = _("How we helped: the customer was asked {time} and gave no rating yet.")
    return told.format(time=words.clock_time(heard.asked_at, now=moment))


#: Whose cases are asked about.
ASKED = {
    "private": N_("Customers who wrote to us privately"),
    "conversation": N_("Those, and customers of public cases with an open private conversation"),
}
