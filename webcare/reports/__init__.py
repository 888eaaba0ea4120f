"""Numbers for managers, each with its definition written beside it."""

from webcare.reports.guard import CheckMarks, GuardReport, ReportedSlip, ShownFinding, guard_report
from webcare.reports.overview import Overview, RecentReply, ResponseTimes, overview

__all__ = [
    "CheckMarks",
    "GuardReport",
    "Overview",
    "RecentReply",
    "ReportedSlip",
    "ResponseTimes",
    "ShownFinding",
    "guard_report",
    "overview",
]
