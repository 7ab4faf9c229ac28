"""The part of the store that events and notices use, in memory. tests/contract proves the real ones."""

import asyncio
import dataclasses
from datetime import datetime

from services.store.interface import Pending, StoredMail, StoreUnavailable, Unassessed
from services.store.notice_values import Known
from services.store.notices import Made
from services.store.own import Saved
from workflows.facts import Organisation


def waiting(seq, event):
    """An event in the outbox, as the store keeps it."""
    return Pending(seq, event.id, event.topic(), event.subject, event.at, event.body().encode())


RECEIVED = datetime.fromisoformat("2026-11-23T09:00:00+01:00")


class Resembling:
    """``store.identity`` as far as the notifier asks it: ``people`` resemble whoever writes, and ``known`` were asked before."""

    key = b"k" * 32

    def __init__(self):
        self.people, self.known, self.clues = (), set(), []

    async def resembling(self, clues):
        self.clues += clues
        return [self.people] * len(clues)

    async def get(self, id):
        return id if id in self.known else None

    def address(self, address):
        return len(address)


class FakeNotices:
    """``store.notices`` as far as the notifier asks it: nobody has wishes of their own, and nobody was told before."""

    def __init__(self, store):
        self._store = store
        self.kept = []

    async def known(self, people, batches):
        self._store._check()
        return Known()

    async def not_taken(self, since, late):
        return []

    async def due(self, limit, *, without=()):
        return []

    async def make(self, change):
        self._store._check()
        new = self.add(change.new)
        self._store.born(*change.events)
        self._store.audit += change.audit
        return Made(new)

    def add(self, found):
        new = [one for one in found if one.notice.dedupe not in self._store.dedupes]
        self._store.dedupes |= {one.notice.dedupe for one in new}
        self._store.outgoing += [one.mail for one in new if one.mail]
        self.kept += new
        return new


class EventStore:
    """Outbox, handled mails and own mails. ``away`` makes every call fail as a store that can't promise durability."""

    def __init__(self, organisation=None, files=()):
        self.identity = Resembling()
        self.notices = FakeNotices(self)
        self.key = b"k" * 32
        self.pending = {}
        self.mails = {}
        self.outgoing = []
        self.dedupes = set()
        self.events = []
        self.audit = []
        self.away = 0
        self._organisation = organisation or Organisation()
        self._files = files
        self.views = self
        self._seq = 0
        self.at_hand = asyncio.Queue()

    def born(self, *events):
        for event in events:
            self._seq += 1
            self.pending[self._seq] = event
            self.events.append(event)

    def _check(self):
        if self.away:
            self.away -= 1
            raise StoreUnavailable

    def organisation(self):
        return self._organisation

    async def files_of(self, addresses):
        return self._files

    async def decided_here(self, most):
        return [await self.at_hand.get()]

    async def publishes(self):
        return True

    async def outbox(self, limit):
        self._check()
        return [waiting(seq, self.pending[seq]) for seq in sorted(self.pending)[:limit]]

    async def published(self, seqs):
        self._check()
        for seq in seqs:
            self.pending.pop(seq)

    def keep(self, id, decision, content, received_at=RECEIVED):
        self.mails[id] = StoredMail(id, received_at, decision, 0, content, ())

    async def mail(self, id):
        self._check()
        return self.mails.get(id)

    async def mails_to_assess(self, ids):
        self._check()
        found = [self.mails[id] for id in ids if id in self.mails]
        unassessed = [one for one in found if not one.decision.get("assessed")]
        return [Unassessed(one.id, one.received_at, one.content) for one in unassessed]

    async def unassessed(self, after, before, limit):
        self._check()
        waiting = [one for one in self.mails.values() if after < one.received_at < before and not one.decision.get("assessed")]
        return [(one.id, one.received_at) for one in sorted(waiting, key=lambda one: one.received_at)[:limit]]

    async def decisions(self, ids):
        self._check()
        return {id: self.mails[id].decision for id in ids if id in self.mails}

    async def received_of(self, citizens, since):
        self._check()
        kept = [(one.decision["sender"]["citizen"], one.received_at) for one in self.mails.values()]
        return {citizen: [at for who, at in kept if who == citizen and at >= since] for citizen in citizens}

    async def save_assessments(self, assessed, claim=None):
        self._check()
        new = [one for one in assessed if not self.mails[one.mail].decision.get("assessed")]
        notices = [each for one in new for each in self.notices.add(one.notices)]
        for one in new:
            stored = self.mails[one.mail]
            self.mails[one.mail] = dataclasses.replace(stored, decision={**stored.decision, **one.assessment, "assessed": True})
            await self.enqueue((), one.events, one.audit)
        return Saved({one.mail for one in new}, notices, [])

    async def enqueue(self, outgoing, events, audit):
        self._check()
        new = [one for one in outgoing if one.dedupe is None or one.dedupe not in self.dedupes]
        self.dedupes |= {one.dedupe for one in new}
        self.outgoing += new
        self.born(*events)
        self.audit += audit
        return len(new)
