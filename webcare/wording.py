"""What people call the queues, roles, networks and labels that the code names, in English, marked for the catalogues.

Words that only pages use stand with the console.
"""

from __future__ import annotations

from collections.abc import Mapping

from webcare.domain import N_, Role, Topic, Urgency

QUEUES: Mapping[str, str] = {
    "first_line": N_("First line"),
    "second_line": N_("Second line"),
    "unsorted": N_("Unsorted"),
}
ROLES: Mapping[str, str] = {
    Role.FIRST_LINE.value: N_("First line"),
    Role.SECOND_LINE.value: N_("Second line"),
    Role.TEAM_LEAD.value: N_("Team lead"),
    Role.MANAGER.value: N_("Manager"),
    Role.ADMIN.value: N_("Administrator"),
}
URGENCIES: Mapping[str, str] = {
    Urgency.CRITICAL.value: N_("Critical"),
    Urgency.HIGH.value: N_("High"),
    Urgency.NORMAL.value: N_("Normal"),
    Urgency.LOW.value: N_("Low"),
}
TOPICS: Mapping[str, str] = {
    Topic.DELIVERY.value: N_("Delivery"),
    Topic.ORDER.value: N_("Order"),
    Topic.PAYMENT.value: N_("Payment"),
    Topic.RETURN.value: N_("Return"),
    Topic.PRODUCT_FAULT.value: N_("Product fault"),
    Topic.PRODUCT_ADVICE.value: N_("Product advice"),
    Topic.AVAILABILITY.value: N_("Availability"),
    Topic.STORE.value: N_("Store"),
    Topic.WEBSITE_APP.value: N_("Website and app"),
    Topic.SAFETY_LEGAL.value: N_("Safety and legal"),
    Topic.BRAND.value: N_("Brand"),
    Topic.OTHER.value: N_("Other"),
}
CHANNELS: Mapping[str, str] = {
    "x": N_("X"),
    "facebook": N_("Facebook"),
    "instagram": N_("Instagram"),
    "mastodon": N_("Mastodon"),
    "bluesky": N_("Bluesky"),
}
#: Topics that are watched together for incidents.
GROUPS: Mapping[str, str] = {
    "checkout": N_("Payment, website and app"),
    "parcels": N_("Orders and delivery"),
    "goods": N_("Faults, returns and safety"),
}
