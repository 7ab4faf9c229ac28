"""What waits in functional mailboxes, as far as it comes with a mail: the posts that are born, and the answers that are seen."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from services.post_terms import MailboxTerms
from services.store.interface import Store, Unassessed
from services.store.posts import Change
from workflows.addresses import recipient_key
from workflows.audit import AuditRecord
from workflows.facts import CitizenFile
from workflows.notices import House
from workflows.post import Post, replied
from workflows.post_birth import posts_of, settled
from workflows.reading import MAX_BLOCK, read_headers
from workflows.replying import is_internal, reaches, thread_of

ACTOR = "guard"
Wire = Mapping[str, Any]


class Posting:
    """``terms`` tells the functional mailboxes; without them no post is born."""

    def __init__(self, store: Store, terms: MailboxTerms | None, house: Callable[[], House]) -> None:
        self._store = store
        self._terms = terms
        self._house = house

    def waits(self, mail: Unassessed) -> bool:
        """Whether it ends in a functional mailbox. Almost no mail does."""
        if self._terms is None:
            return False
        house = self._house()
        mailboxes = self._terms.of(house.organisation)
        return any(recipient_key(one, house.policy.domains) in mailboxes for one in mail.ends)

    def posts(
        self, mail: Unassessed, decision: Wire | None, assessment: Wire, files: Sequence[CitizenFile], now: datetime
    ) -> tuple[Post, ...]:
        """Those of a mail that was just assessed; ``files`` are those of its sender's addresses."""
        if self._terms is None or decision is None:
            return ()
        house = self._house()
        born = posts_of(decision, assessment, house, self._terms.of(house.organisation), mail.came_at, files=files)
        return tuple(settled(one, now) for one in born)

    async def unassessed(self, after: datetime, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Mails found in mailboxes between these instants that nobody has assessed, oldest first."""
        return await self._store.mailboxes.unassessed(after, before, limit) if self._terms else []

    def mailbox(self, code: str) -> str:
        """The address of a mailbox; its code where nobody knows it any more."""
        return (self._terms and self._terms.address(self._store.organisation(), code)) or code

    async def answered(self, mails: Sequence[Unassessed], told: Mapping[str, Wire], now: datetime) -> None:
        """Note which posts these mails answer. Of mail that no colleague wrote nothing is read."""
        for mail in mails if self._terms else ():
            if is_internal(told[mail.id]) and mail.content is not None:
                await self._answered(mail, now)

    async def _answered(self, mail: Unassessed, now: datetime) -> None:
        content = mail.content or b""
        headers = read_headers(await asyncio.to_thread(_beginning, content) if isinstance(content, Path) else content)
        posts = await self._store.posts.answerable(thread_of(headers, self._house().policy))
        decisions = await self._store.decisions(sorted({one.mail for one in posts})) if posts else {}
        changes = [
            Change(replied(one, now), one.revision, audit=(_seen(one, mail.id, now),))
            for one in posts
            if one.mail in decisions and reaches(decisions[one.mail]["mail"]["header_from"], headers)
            if one.read_at or await self._is_named(decisions[one.mail]["mail"]["message_id"])
        ]
        await self._store.posts.change(changes)

    async def _is_named(self, message_id: str) -> bool:
        """Whether one mail alone has it. Of several nobody can tell which was answered, and what nobody has read stays open."""
        return len(await self._store.ids_by_message_id(message_id)) == 1


def _beginning(content: Path) -> bytes:
    try:
        with content.open("rb") as file:
            return file.read(MAX_BLOCK)
    except OSError:  # it was removed meanwhile: an answer that nobody sees is asked after, and that is all
        return b""


def _seen(post: Post, mail: str, now: datetime) -> AuditRecord:
    return AuditRecord(now, ACTOR, "post.answered", post.id, {"how": "outgoing", "mail": mail})
