"""Incidents and evidence: kept whole, changed by one at a time, and out of reach of what removes mails."""

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.arrivals import CONTENT, NOW, arrival, attempt

from services.evidence import Differs, secured
from services.store.incidents import Evidence, EvidenceLine, Save, Which
from workflows.audit import AuditRecord
from workflows.events import incident_reported
from workflows.incident import Incident, Report

KAREN = "Karen@Eksempel.dk"
CODES = {"unit": "bf", "channel": "phone", "grave": False, "near_miss": False, "outside_hours": False}
HOUR = timedelta(hours=1)


def incident(id="i-1", unit="bf", at=NOW, **changes):
    report = {"concerns": KAREN, "on": at.date(), "channel": "phone", "what": "Råbte i telefonen, igen og igen."} | changes
    return Incident(id=id, report=Report.model_validate(report), unit=unit, reported_by=KAREN, reported_at=at, outside_hours=False)


def piece(mail="m1", incident="i-1", id="e-1", content=b"From: a\r\n\r\nx\0y"):
    return Evidence(EvidenceLine(id, incident, mail, "ab" * 32, len(content), NOW, KAREN, {"mail": {"id": mail}}), content)


def save(one, since=0, **more):
    return Save(one, since, more.pop("next_at", NOW + HOUR), audit=(AuditRecord(NOW, "a-1", "incident.point", one.id),), **more)


async def test_it_is_kept_with_its_event_and_found_by_unit_and_by_whom_it_concerns(store):
    one = incident(citizen="c-1", mail="m1")
    kept = await store.incidents.keep(save(one, events=(incident_reported("i-1", NOW, CODES),)))
    assert kept.revision == 1 and await store.incidents.get("i-1") == kept and kept.incident == one
    assert await store.incidents.get("i-2") is None
    for which, found in (
        (Which(), (kept,)),
        (Which(("bf",)), (kept,)),
        (Which(("tek",)), ()),
        (Which((), "karen@eksempel.dk"), (kept,)),
        (Which(("tek",), "per@eksempel.dk"), ()),
        (Which(citizen="c-1"), (kept,)),
        (Which(citizen="c-2"), ()),
        (Which(open=True), (kept,)),
        (Which(open=False), ()),
    ):
        assert (await store.incidents.listed(which)).items == found, which
    assert await store.incidents.of_citizen("c-1") == await store.incidents.of_mail("m1") == (kept,)
    [told] = [json.loads(one.body)["data"] for one in await store.outbox(10)]
    assert told == {"incident": "i-1", **CODES}


async def test_of_two_who_change_it_one_is_told(store):
    one = incident()
    await store.incidents.keep(save(one))
    changed = [one.model_copy(update={"reminded": (point,)}) for point in ("talk", "police")]
    found = await asyncio.gather(*(store.incidents.keep(save(each, 1)) for each in changed))
    assert sorted(each is None for each in found) == [False, True]
    assert (await store.incidents.get("i-1")).revision == 2
    assert (await store.verify_audit()).broken_at is None


async def test_pages_are_by_time_the_newest_first(store):
    for n in range(5):
        await store.incidents.keep(save(incident(f"i-{n}", at=NOW + n * HOUR)))
    first = await store.incidents.listed(Which(("bf",)), limit=3)
    rest = await store.incidents.listed(Which(("bf",)), limit=3, after=first.after)
    assert [one.incident.id for one in (*first.items, *rest.items)] == ["i-4", "i-3", "i-2", "i-1", "i-0"] and not rest.after
    between = await store.incidents.between(NOW + HOUR, NOW + 3 * HOUR)
    assert [one.incident.id for one in between] == ["i-2", "i-1"]


async def test_what_somebody_must_be_reminded_of(store):
    await store.incidents.keep(save(incident("i-1"), next_at=NOW + HOUR))
    await store.incidents.keep(save(incident("i-2"), next_at=None))
    assert await store.incidents.waiting(NOW) == ()
    assert [one.incident.id for one in await store.incidents.waiting(NOW + HOUR)] == ["i-1"]


async def test_evidence_is_secured_once_and_stays_as_it_was(store):
    one = incident()
    await store.incidents.keep(save(one, evidence=(piece(),)))
    await store.incidents.keep(save(one, 1, evidence=(piece(id="e-2", content=b"other"), piece("m2", id="e-3"))))
    assert [line.id for line in await store.incidents.evidence("i-1")] == ["e-1", "e-3"]
    assert await store.incidents.evidence_file("e-1") == piece() and await store.incidents.evidence_file("e-2") is None
    assert await store.incidents.evidence("i-2") == ()


def received(content=CONTENT):
    made = arrival("m1", content=content)
    whole = made.decision.mail._replace(sha256=hashlib.sha256(CONTENT).hexdigest())
    return replace(made, decision=made.decision._replace(mail=whole))


async def test_r21_retention_of_mails_never_reaches_evidence(store):
    await store.commit(received())
    [waiting] = await store.lease("next", NOW, NOW + HOUR, 10)
    await store.record([attempt(waiting)])
    proof = await secured(store, "i-1", "m1", KAREN, NOW)
    assert proof.content == CONTENT and proof.line.facts["recipients"][0]["address"] == "karen@eksempel.dk"
    await store.incidents.keep(save(incident(mail="m1"), evidence=(proof,)))
    removed = await store.purge(NOW + timedelta(days=900), 7, 90, 183)
    assert (removed.contents, removed.mails) == (1, 1) and await store.mail("m1") is None
    [line] = await store.incidents.evidence("i-1")
    assert await store.incidents.evidence_file(line.id) == proof
    assert await secured(store, "i-1", "m1", KAREN, NOW) is None  # there is nothing left to secure


async def test_bytes_that_are_not_those_that_came_are_no_evidence(store):
    await store.commit(received(CONTENT + b"more"))
    with pytest.raises(Differs):
        await secured(store, "i-1", "m1", KAREN, NOW)


async def test_an_incident_goes_with_its_evidence_when_nobody_has_written_on_it_for_its_term(store, clock):
    await store.incidents.keep(save(incident("i-1"), evidence=(piece(),)))
    assert await store.incidents.remove(NOW - HOUR) == 0
    later = clock.now() + timedelta(days=400)
    assert await store.incidents.remove(later) == 1
    assert await store.incidents.get("i-1") is None and await store.incidents.evidence("i-1") == ()
    assert await store.incidents.evidence_file("e-1") is None
    assert (await store.verify_audit()).broken_at is None
