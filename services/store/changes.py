"""What changed lately, as the audit chain tells it: an entry stands beside every change, whoever made it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from services.store import schema

MOST = 500  # entries that are told one by one
audit = schema.audit.c


@dataclass(frozen=True, slots=True)
class Changes:
    """What stands after an entry of the chain: ``last`` is the newest entry, ``subjects`` what each is about with its actions.

    ``many`` says that there were too many to tell them all.
    """

    last: int
    subjects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    many: bool = False


def changes(connection: Connection, after: int | None) -> Changes:
    """The entries after ``after``; None: none of them, only which is the newest."""
    if after is None:
        return Changes(connection.execute(select(func.max(audit.seq))).scalar() or 0)
    rows = connection.execute(
        select(audit.seq, audit.subject, audit.action).where(audit.seq > after).order_by(audit.seq).limit(MOST + 1)
    ).all()
    if len(rows) > MOST:
        return Changes(connection.execute(select(func.max(audit.seq))).scalar_one(), many=True)
    found: dict[str, set[str]] = {}
    for _, subject, action in rows:
        found.setdefault(subject, set()).add(action)
    return Changes(rows[-1].seq if rows else after, {subject: frozenset(actions) for subject, actions in found.items()})
