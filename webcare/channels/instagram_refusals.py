"""Which of the Graph API's refusals an Instagram account meets, with the permissions it needs. Pure."""

from __future__ import annotations

from webcare.channels.graph_refusals import tables

#: What an Instagram desk needs, by Meta's names; `health` says which of them the token lacks.
READS = ("instagram_basic", "pages_read_engagement")
WRITES = ("instagram_manage_comments",)
MESSAGES = ("instagram_manage_messages", "pages_manage_metadata")
TABLES = tables(reads=" and ".join(READS), writes=WRITES[0], messages=MESSAGES[0])
READING, SENDING, ACTING = TABLES.reading, TABLES.sending, TABLES.acting
