"""What a console's visitors have to do with: the sample municipality, in which they lead, head, advise and have cases."""

from datetime import timedelta
from typing import Any

from fakes.console import visitor_as
from fakes.dossiers import GROUND, record
from fakes.guard import Running

from services.demo.samples import sample_register
from services.lifecycle import Doer, Lifecycle, Submission
from services.settings import ZONE
from services.store.dossiers import Kept, Letter
from workflows.audit import AuditRecord
from workflows.dossier import Ground
from workflows.framework import ContactFramework
from workflows.people import Employee
from workflows.register import Register

WORDS: dict[str, Any] = {
    "scope": {"cases": ["s-90"]},
    "measures": [{"kind": "functional_mailbox"}],
    "reason": "Mange mails om natten.",
    "legal_basis": "God forvaltningsskik",
    "milder_means": [{"what": "Samtale", "why_not": "Hjalp ikke."}],
}


async def lived_in(running: Running) -> dict[str, str]:
    """Something for the leader, the head and the lawyer each: ids of frameworks by what they are."""
    guard, today = running.guard, running.clock.now().astimezone(ZONE).date()
    register = _with_visitors(sample_register(today))
    await guard.store.load_register(register, AuditRecord(running.clock.now(), "test", "register.loaded", "test"))
    await guard.store.refresh()
    lifecycle = Lifecycle(guard.settings, guard.store, running.clock)
    await lifecycle.adopt()
    leader = Doer(lifecycle.actor(visitor_as("leader").address), "a-leader")
    days = {"starts": today, "review": today + timedelta(days=60), "ends": today + timedelta(days=90)}
    draft = await _written(lifecycle, leader, "c-1010", WORDS | days)
    long = days | {"ends": today + timedelta(days=250)}
    asked = await _written(lifecycle, leader, "c-1005", WORDS | long | {"scope": {"cases": ["s-83"]}}, visitor_as("lawyer").address)
    waits = await _written(lifecycle, leader, "c-1001", WORDS | long | {"scope": {"cases": ["s-77"]}})
    said = {"no_warning_because": "Det haster.", "lawyer": "jette@eksempel.dk", "lawyer_says": "Det kan I godt."}
    found = await lifecycle.move(waits, record("decided", **said, letter="l-waits"), leader, (_letter(waits, "l-waits"),))
    assert isinstance(found, Submission), found
    told = await _written(lifecycle, leader, "c-1011", WORDS | days | {"scope": {"cases": ["s-93"]}})
    told_next = await lifecycle.move(told, record("decided", letter="l-told"), leader, (_letter(told, "l-told"),))
    assert isinstance(told_next, Kept), told_next
    answered = asked.dossier.ground.model_copy(update={"lawyer_says": "Det kan I godt."})
    drawn = await _written(lifecycle, leader, "c-1004", WORDS | long | {"scope": {"cases": ["s-82"]}}, visitor_as("lawyer").address)
    kept = await lifecycle.save_writing(drawn, answered, drawn.dossier.framework, leader)
    assert isinstance(kept, Kept), kept
    return {"answered": _id(drawn), "told": _id(told), "draft": _id(draft), "asked": _id(asked), "waits": _id(waits)}


def _letter(kept: Kept, id: str) -> Letter:
    return Letter(id, _id(kept), "decision", kept.at, "00" * 32, "{}", b"%PDF-")


def _id(kept: Kept) -> str:
    return kept.dossier.framework.id


async def _written(lifecycle: Lifecycle, by: Doer, citizen: str, fields: dict[str, Any], lawyer: str | None = None) -> Kept:
    begun = await lifecycle.move(lifecycle.begin(citizen), record("drafted"), by)
    assert isinstance(begun, Kept), begun
    one = begun.dossier.framework
    framework = ContactFramework.model_validate({"id": one.id, "citizen": citizen, "state": one.state} | fields)
    ground = Ground.model_validate(GROUND.model_dump() | {"lawyer": lawyer})
    kept = await lifecycle.save_writing(begun, ground, framework, by)
    assert isinstance(kept, Kept), kept
    return kept


def _with_visitors(register: Register) -> Register:
    """The test's visitors lead and head the unit of children and families, and have its cases."""
    leader, head, caseworker = (visitor_as(role).address for role in ("leader", "head", "caseworker"))
    units = [
        one.model_copy(update={"leader": leader, "head": head}) if one.id == "boern-familie" else one for one in register.units
    ]
    cases = [one.model_copy(update={"caseworker": caseworker}) if one.id in ("s-77", "s-90") else one for one in register.cases]
    added = [
        Employee(address=visitor_as(role).address, name=visitor_as(role).name, unit="boern-familie", role=role)  # type: ignore[arg-type]
        for role in ("leader", "head", "caseworker", "lawyer")
    ]
    changes = {"units": tuple(units), "cases": tuple(cases), "employees": (*register.employees, *added)}
    return register.model_copy(update=changes)
