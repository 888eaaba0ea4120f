"""Numbers for managers, each with its definition written beside it."""

from webcare.reports.collection import AccountHealth, Advice, ListLimit, collection, money
from webcare.reports.guard import CheckMarks, GuardReport, ReportedSlip, ShownFinding, guard_report
from webcare.reports.recent import RecentReply, recent_replies
from webcare.reports.retractions import Retraction, retractions
from webcare.store.gaps import GapView, gaps_within

__all__ = [
    "AccountHealth",
    "Advice",
    "CheckMarks",
    "GapView",
    "GuardReport",
    "ListLimit",
    "RecentReply",
    "ReportedSlip",
    "Retraction",
    "ShownFinding",
    "collection",
    "gaps_within",
    "guard_report",
    "money",
    "recent_replies",
    "retractions",
]
