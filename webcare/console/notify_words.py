"""The words for what people outside the console are told, and for what went wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from webcare.console.tongue import N_

KINDS: Mapping[str, str] = {
    "deadline_near": N_("Deadlines that are near"),
    "deadline_missed": N_("Deadlines missed"),
    "incident": N_("Incidents"),
    "digest": N_("Figures of the day or week"),
}
#: Why a message did not arrive.
ERRORS: Mapping[str, str] = {
    "no_address": N_("no address is set for it"),
    "bad_address": N_("its address cannot be used"),
    "not_delivered": N_("the other side did not take it"),
    "fault": N_("sending it failed"),
    "cut_off": N_("the process ended while it was leaving, so it may have arrived"),
}
#: How the audit log calls what people do about it.
EVENTS: Mapping[str, str] = {
    "exported": N_("Exported"),
    "notifications_chosen": N_("Notifications chosen"),
    "notification_sent_again": N_("Notification sent again"),
    "notification_dropped": N_("Notification let go"),
}
