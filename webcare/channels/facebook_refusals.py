"""Which of the Graph API's refusals a Facebook page meets, with the permissions it needs. Pure."""

from __future__ import annotations

from webcare.channels.graph_refusals import tables

#: What a page's desk needs, by Meta's names; `health` says which of them the token lacks.
READS = ("pages_read_engagement", "pages_read_user_content")
WRITES = ("pages_manage_engagement",)
MESSAGES = ("pages_messaging", "pages_manage_metadata")
TABLES = tables(reads=" and ".join(READS), writes=WRITES[0], messages=MESSAGES[0])
READING, SENDING, ACTING = TABLES.reading, TABLES.sending, TABLES.acting
