"""Numbers for managers, each with its definition written beside it."""

from webcare.reports.overview import Overview, RecentReply, ResponseTimes, overview

__all__ = ["Overview", "RecentReply", "ResponseTimes", "overview"]
