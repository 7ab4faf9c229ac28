"""The part of the store that events and notices use, in memory. tests/contract proves the real ones."""

import dataclasses
import json
from datetime import datetime

from services.store.interface import Pending, StoredMail, StoreUnavailable, Unassessed
from workflows.facts import Organisation

RECEIVED = datetime.fromisoformat("2026-11-23T09:00:00+01:00")


class EventStore:
    """Outbox, handled mails and own mails. ``away`` makes every call fail as a store that can't promise durability."""

    def __init__(self, organisation=None, files=()):
        self.pending = {}
        self.mails = {}
        self.outgoing = []
        self.dedupes = set()
        self.events = []
        self.audit = []
        self.away = 0
        self._organisation = organisation or Organisation()
        self._files = files
        self._seq = 0

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

    async def outbox(self, limit):
        self._check()
        return [Pending(seq, self.pending[seq]) for seq in sorted(self.pending)[:limit]]

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
        waiting = [one for one in found if not one.decision.get("assessed")]
        return [Unassessed(one.id, one.received_at, json.dumps(one.decision), one.content) for one in waiting]

    async def save_assessment(self, mail, assessment, notices, events, audit):
        self._check()
        stored = self.mails[mail]
        if stored.decision.get("assessed"):
            return False
        self.mails[mail] = dataclasses.replace(stored, decision={**stored.decision, **assessment, "assessed": True})
        await self.enqueue(notices, events, audit)
        return True

    async def enqueue(self, outgoing, events, audit):
        self._check()
        new = [one for one in outgoing if one.dedupe is None or one.dedupe not in self.dedupes]
        self.dedupes |= {one.dedupe for one in new}
        self.outgoing += new
        self.born(*events)
        self.audit += audit
        return len(new)
