"""Mail that reached a functional mailbox by another address: an alias, a distribution list, a rule of the mail server.

It was decided for that address, so no post was born for it here; and yet it lies here, and somebody must read it.
"""

from datetime import timedelta

import structlog

from services.clock import Clock
from services.gather import policy_of
from services.post_terms import MailboxTerms
from services.settings import Settings
from services.store.interface import Store
from services.store.missing_posts import Missing
from services.working_hours import working_hours
from workflows.addresses import normalise
from workflows.facts import CitizenFile
from workflows.notices import House
from workflows.post_birth import post_found_in, settled

log = structlog.get_logger()
LOOK_BACK = timedelta(days=2)  # for so long the notifier tries to assess what was found


class Byways:
    """Looks for what was seen in a functional mailbox and has no post there."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, terms: MailboxTerms) -> None:
        self._store = store
        self._clock = clock
        self._terms = terms
        self._policy = policy_of(settings)
        self._hours = working_hours(settings)

    async def look(self) -> int:
        """Give each of them the post that it lacks; returns how many."""
        house = House(self._store.organisation(), self._policy, self._hours)
        mailboxes = {terms.code: (address, terms) for address, terms in self._terms.of(house.organisation).items()}
        now = self._clock.now()
        found = await self._store.posts.missing(mailboxes, now - LOOK_BACK)
        posts = [
            post_found_in(mailboxes[one.code], one.decision, one.assessment, house, one.came_at, files=await self._files(one))
            for one in found
        ]
        if opened := await self._store.posts.open_missing([settled(one, now) for one in posts]):
            log.info("mailbox_byway", posts=opened)
        return opened

    async def _files(self, one: Missing) -> tuple[CitizenFile, ...]:
        """Those of its sender's addresses: whom a framework keeps the writer away from is not led to it here either."""
        return await self._store.files_of({normalise(each) for each in one.decision["mail"]["header_from"]})
