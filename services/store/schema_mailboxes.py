"""The tables of functional mailboxes: how each is watched, which messages were seen in it, and what waits there for a person.

The mail path writes to none of them: a post is born with its mail's assessment, after 250. Conventions as in
``services.store.schema``.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, Table, text

from services.store.schema import Text, metadata


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


mailbox = Table(  # a mailbox that is watched: how far it is read, how it is, and which process watches it
    "mailbox",
    metadata,
    Column("code", Text, primary_key=True),
    Column("address", Text, nullable=False),  # normalised
    Column("uidvalidity", BigInteger),
    Column("last_uid", BigInteger),  # -1 - UID during the first look: of the messages up to UID some may still be dealt with
    Column("modseq", BigInteger),
    Column("baseline_at", BigInteger),  # when its first message was looked at: what is older counts as old
    Column("looked_at", BigInteger),  # the last look that succeeded
    Column("state", Text, nullable=False),
    Column("error", Text),  # a short code
    Column("since", BigInteger, nullable=False),  # of the state
    Column("token_until", BigInteger),
    Column("holder", Text),
    Column("held_until", BigInteger),
    Column("login", Text),  # sealed: a login that was mended on a page goes before the one in the settings
    Column("canary_sent_at", BigInteger),  # the first canary that was not found yet; none when none is waited for
    Column("canary_found_at", BigInteger),  # when the newest canary that was found had been sent
)

sighting = Table(  # one message in a mailbox; without a mail where nothing is kept of it but that it was seen
    "sighting",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("uidvalidity", BigInteger, primary_key=True, autoincrement=False),
    Column("uid", BigInteger, primary_key=True, autoincrement=False),
    Column("mail", Text),
    Column("sha256", Text),  # of the message's bytes, after the two mends
    Column("internal_date", BigInteger, nullable=False),
    Column("found_at", BigInteger, nullable=False),
    Column("seen", SmallInteger, nullable=False),
    Column("answered", SmallInteger, nullable=False),
    Column("gone_at", BigInteger),
    _partial("ix_sighting_mail", "mail", "mailbox", where="mail IS NOT NULL"),  # a mail may lie there in several copies
    _partial("ix_sighting_found_at", "found_at", where="mail IS NOT NULL"),
    sqlite_with_rowid=False,
)

post = Table(  # one mail that waits in a functional mailbox for a person
    "post",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mail", Text, nullable=False, index=True),
    Column("mailbox", Text, nullable=False),  # its address, normalised
    Column("code", Text, nullable=False),
    Column("unit", Text),
    Column("citizen", Text, index=True),
    Column("level", Text),
    Column("rights", Text, nullable=False),  # JSON: codes
    Column("clocks", Text, nullable=False),  # JSON: rights, by when they must be dealt with, and how far up it was told
    Column("arrived_at", BigInteger, nullable=False),
    Column("due_read", BigInteger, nullable=False),
    Column("due_answer", BigInteger),
    Column("spared", Text, nullable=False),  # JSON: addresses of those from whom it was moved
    Column("read_at", BigInteger),
    Column("read_how", Text),
    Column("taken_by", Text),  # while it is open
    Column("taken_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("answered_how", Text),
    Column("done_at", BigInteger),
    Column("done_how", Text),
    Column("note", Text),
    Column("no_reply_owed", SmallInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),  # the first of what is owed now, by which pages are sorted
    Column("next_at", BigInteger),  # when the timers must look at it; none when it is done
    Column("unread_stage", Integer, nullable=False),
    Column("answer_stage", Integer, nullable=False),
    Column("told_at", BigInteger),
    Column("summary", Text),  # JSON: figures of the mail, while it is open
    Column("revision", Integer, nullable=False),
    Index("ix_post_code", "code", "mail"),
    _partial("ix_post_next_at", "next_at", where="next_at IS NOT NULL"),
    _partial("ix_post_open", "unit", "due_at", where="done_at IS NULL"),
    _partial("ix_post_done", "unit", "done_at", where="done_at IS NOT NULL"),
)
