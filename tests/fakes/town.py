"""A small municipality for tests of decisions: terse builders, no hidden rules."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.gather import facts_from_register
from workflows.decide import decide
from workflows.decision import Decision, Outcome
from workflows.facts import Facts, Policy
from workflows.mail import Envelope, Headers, Mail
from workflows.register import Register

CPH = ZoneInfo("Europe/Copenhagen")
POLICY = Policy(
    frozenset({"eksempel.dk"}), "mx.eksempel.dk", CPH, bounce_domain="rammevagt.eksempel.dk", municipality="Eksempel Kommune"
)
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=CPH)
BO, KAREN, PER, IDA, MIA = "bo@example.net", "karen@eksempel.dk", "per@eksempel.dk", "ida@eksempel.dk", "mia@eksempel.dk"
BOX, MAIN = "bf-kontakt@eksempel.dk", "bf@eksempel.dk"
PASS = "mx.eksempel.dk; dmarc=pass header.from=example.net"
MAILBOX = {"kind": "functional_mailbox"}


def framework(**changes: Any) -> dict[str, Any]:
    """A framework in force on NOW for c-1's case s-1; ``changes`` replace fields."""
    base = {
        "id": "f-1",
        "citizen": "c-1",
        "state": "active",
        "scope": {"cases": ["s-1"]},
        "measures": [MAILBOX],
        "reason": "r",
        "legal_basis": "l",
        "milder_means": [{"what": "w", "why_not": "n"}],
        "decided_by": "lene@eksempel.dk",
        "citizen_informed": "2026-11-02",
        "starts": "2026-11-02",
        "review": "2027-01-15",
        "ends": "2027-02-02",
    }
    return base | changes


def town(*frameworks: dict[str, Any], **changes: Any) -> Register:
    """Two units, five employees, citizen c-1 with case s-1 at Karen; ``changes`` replace whole lists."""
    employees = [(KAREN, "bf"), (PER, "bf"), (IDA, "bf"), (MIA, "tek"), ("lene@eksempel.dk", "bf")]
    base: dict[str, Any] = {
        "units": [
            {"id": "bf", "name": "Børn og Familie", "leader": "lene@eksempel.dk", "functional_mailbox": BOX, "main_mailbox": MAIN},
            {"id": "tek", "name": "Teknik", "leader": "mia@eksempel.dk", "functional_mailbox": "tek-kontakt@eksempel.dk"},
        ],
        "employees": [{"address": a, "name": a, "unit": u} for a, u in employees],
        "open_addresses": [{"address": "dpo@eksempel.dk", "kind": "dpo"}],
        "authorities": ["ombudsmanden.dk", "sagen@region.example"],
        "citizens": [
            {
                "id": "c-1",
                "name": "Bo Borger",
                "addresses": [BO, {"address": "bo.b@example.org", "grade": "probable"}],
                "people": [
                    {"name": "Ada", "role": "representative", "addresses": ["ada@advokat.example"]},
                    {"name": "Eva", "role": "relative", "addresses": ["eva@example.net"]},
                ],
            }
        ],
        "cases": [{"id": "s-1", "citizen": "c-1", "unit": "bf", "caseworker": KAREN}],
        "frameworks": list(frameworks),
    }
    return Register.model_validate(base | changes)


def mail(*to: str, sender: str = BO, **headers: Any) -> Mail:
    """A mail from ``sender`` (header and envelope) to ``to``; ``headers`` replace fields of ``Headers``."""
    fields = {"from_fields": 1, "from_addresses": (sender,), "to": to, "message_id": "<m@example.net>"}
    return Mail("0" * 64, Envelope(headers.pop("envelope", sender), to), Headers(**fields | headers))


def facts(register: Register, one: Mail, policy: Policy = POLICY) -> Facts:
    """The facts for ``one`` straight from the register."""
    return facts_from_register(register, policy, (), one)


def decided(register: Register, one: Mail, now: datetime = NOW, policy: Policy = POLICY) -> Decision:
    """The decision."""
    return decide(one, facts(register, one, policy), now)


def outcome(register: Register, *to: str, now: datetime = NOW, policy: Policy = POLICY, **kw: Any) -> Outcome:
    """The first recipient's outcome for a mail to ``to``."""
    return decided(register, mail(*to, **kw), now, policy).recipients[0]


def says(one: Outcome) -> tuple[str, str]:
    """Where it goes and why."""
    return one.deliver_to[0], one.reason.value
