"""The tables of what networks tell us by themselves, by webhook: which post to look up, and whether anything came.

Numbers of posts only, never a word of a customer. The same rules as in `tables`.
(No `from __future__ import annotations` here either.)
"""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class HookNoticeRow(SQLModel, table=True):
    """A post that names us, as the network told; it waits to be read until `done_at`."""

    __tablename__ = "hook_notice"
    __table_args__ = (
        # Networks deliver the same again and again until they hear that it arrived.
        UniqueConstraint("account_id", "kind", "item_id"),
        # What is due on one account.
        Index(
            "ix_hook_notice_waiting",
            "account_id",
            "not_before",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    kind: str  #: "comment" or "media"
    item_id: str  #: the network's number of the comment, or of the picture whose caption names us
    media_id: str = ""  #: the picture a comment stands under
    received_at: datetime
    not_before: datetime
    tries: int = 0
    error: str = ""  #: why it could not be read the last time
    done_at: datetime | None = None
    outcome: str = ""  #: "taken", "gone" or "unread"; empty while it waits


class HookAccountRow(SQLModel, table=True):
    """What the receiver heard about one account."""

    __tablename__ = "hook_account"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    heard_at: datetime  #: the last signed delivery about this account
    poll_at: datetime | None = None  #: something of ours changed then, so a poll is worth its requests
    full_at: datetime | None = None  #: a delivery was turned away because too much waits
