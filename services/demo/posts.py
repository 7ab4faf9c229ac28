"""What the sample municipality's people have done already with the mails that wait in their functional mailboxes."""

from collections.abc import Callable
from functools import partial

from services.clock import Clock
from services.store.sql_store import SqlStore
from workflows.audit import AuditRecord
from workflows.post import Post, Refused, answered, read, take

BY = "demo"
HOW = "Besvaret: Borgeren har fået svar i Digital Post."
FOUND = "Læst. Fundet: nye oplysninger, som er noteret på sagen."


async def deal_with_some(store: SqlStore, clock: Clock) -> None:
    """In each unit one mail is taken, one read, and one answered, of those that carry nothing special."""
    now = clock.now()
    for unit in store.organisation().units.values():
        moves: tuple[tuple[str, Callable[[Post], Post | Refused]], ...] = (
            ("post.taken", partial(take, who=unit.mailbox_owner or unit.leader, now=now)),
            ("post.read", partial(read, now=now, note=FOUND)),
            ("post.answered", partial(answered, now=now, note=HOW)),
        )
        waiting = (await store.posts.open([unit.id])).items
        plain = [one for one in waiting if not one.rights and one.level is None]
        for one, (action, move) in zip(plain, moves, strict=False):
            made = move(one)
            if isinstance(made, Post):
                await store.posts.save(made, one.revision, AuditRecord(now, BY, action, one.id, {"how": "hand"}))
