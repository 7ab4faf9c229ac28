"""A small municipality whose leaders set frameworks: who is who, one record of each move, and the way to each state."""

from datetime import date, datetime, timedelta
from typing import Any

from fakes.town import POLICY, town
from pydantic import TypeAdapter

from workflows.dossier import Dossier, Ground, Record
from workflows.framework import ContactFramework
from workflows.happening import Happening
from workflows.lifecycle import Moved, Refused, Submitted, begin, move
from workflows.lifecycle_letters import deliver
from workflows.lifecycle_who import Actor, Around, actor_of
from workflows.lifecycle_writing import written
from workflows.organisation import organisation
from workflows.proofs import Proof

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=POLICY.zone)
TODAY = NOW.date()
LENE, HANS, KAREN, MIA, VERA, JURA, DPO = (
    f"{name}@eksempel.dk" for name in ("lene", "hans", "karen", "mia", "vera", "jura", "dpo.person")
)
LETTERS = {
    "l-w": "warning",
    "l-h": "hearing",
    "l-d": "decision",
    "l-x": "extension",
    "l-x2": "extension",
    "l-e": "easing",
    "l-l": "lifting",
    "l-r": "urgent",
    "l-u": "upheld",
    "l-s": "apology",
}
UNITS = [
    {
        "id": "bf",
        "name": "Børn og Familie",
        "leader": LENE,
        "head": HANS,
        "duty_officer": VERA,
        "functional_mailbox": "bf-kontakt@eksempel.dk",
    },
    {"id": "tek", "name": "Teknik", "leader": MIA, "head": HANS, "functional_mailbox": "tek-kontakt@eksempel.dk"},
]
EMPLOYEES = [
    {"address": LENE, "name": "Lene", "unit": "bf", "role": "leader", "aliases": ["lene.l@eksempel.dk"]},
    {"address": HANS, "name": "Hans", "unit": "bf", "role": "head"},
    {"address": KAREN, "name": "Karen", "unit": "bf"},
    {"address": MIA, "name": "Mia", "unit": "tek", "role": "leader"},
    {"address": VERA, "name": "Vera", "unit": "tek"},
    {"address": JURA, "name": "Jura", "unit": "tek", "role": "lawyer"},
    {"address": DPO, "name": "Dorte", "unit": "tek", "role": "dpo"},
    {"address": "ledertil@eksempel.dk", "name": "Lone", "unit": "bf", "role": "leader"},
]
CASES = [
    {"id": "s-1", "citizen": "c-1", "unit": "bf", "caseworker": KAREN},
    {"id": "s-2", "citizen": "c-1", "unit": "tek", "caseworker": "ulla@eksempel.dk"},
    {"id": "s-3", "citizen": "c-1", "unit": "bf", "caseworker": LENE, "open": False},
]
REGISTER = town(units=UNITS, employees=EMPLOYEES, cases=CASES)
ORGANISATION = organisation(REGISTER.units, REGISTER.employees, REGISTER.open_addresses, REGISTER.authorities)
AROUND = Around(ORGANISATION, POLICY, {one.id: one for one in REGISTER.cases}, LETTERS)
RECORD: TypeAdapter[Record] = TypeAdapter(Record)
PERIOD = {"starts": TODAY, "review": TODAY + timedelta(days=60), "ends": TODAY + timedelta(days=90)}
OTHER_LEADER = "ledertil@eksempel.dk"


def actor(address: str) -> Actor:
    """Whoever has this address."""
    return actor_of(address, ORGANISATION, POLICY)


def happening(on: date = TODAY - timedelta(days=3)) -> Happening:
    """Something that happened."""
    return Happening(on=on, channel="mail", what="Skrev 14 mails på én nat.")


GROUND = Ground(
    happenings=(happening(),),
    categories=("volume",),
    burden="Ingen når deres andre sager.",
    needs_asked=True,
    representatives_asked=True,
    way_back="En måned med én mail om ugen.",
    wider_because="Flere er ramt.",
)
WORDS: dict[str, Any] = {
    "reason": "Mange mails om natten.",
    "legal_basis": "Almindelige forvaltningsretlige grundsætninger.",
    "milder_means": [{"what": "Samtale", "why_not": "Hjalp ikke."}],
    "scope": {"cases": ["s-1"]},
    "measures": [{"kind": "functional_mailbox"}, {"kind": "written_only"}],
}


def framework(**changes: Any) -> ContactFramework:
    """A whole framework of citizen c-1, of degree 2; ``changes`` replace fields."""
    fields = {"id": "f-1", "citizen": "c-1", "state": "draft", **WORDS, **PERIOD}
    return ContactFramework.model_validate(fields | changes)


def record(move: str, **changes: Any) -> Record:
    """A whole record of this move; ``changes`` replace fields."""
    return RECORD.validate_python({"move": move} | WHOLE[move] | changes)


WHOLE: dict[str, dict[str, Any]] = {
    "reported": {"happenings": [happening()], "wants_support": False},
    "drafted": {},
    "warned": {"expects": "Én mail om ugen.", "consequence": "Ellers en ramme.", "talk": "Samtale tilbudt.", "letter": "l-w"},
    "heard": {"answer_by": TODAY + timedelta(days=14), "letter": "l-h", "lawyer": JURA},
    "decided": {"no_warning_because": "Det haster.", "letter": "l-d"},
    "activated": {"proof": {"letter": "l-d", "way": "digital_post", "delivered": NOW}, "staff_informed": True},
    "activated_urgently": {"threat": "Truede med at komme.", "letter": "l-r"},
    "due_for_review": {"trigger": "citizens_request"},
    "extended": {
        "happenings": [happening(TODAY)],
        "milder_not_enough": "Prøvet.",
        "starts": TODAY + timedelta(days=1),
        "review": TODAY + timedelta(days=60),
        "ends": TODAY + timedelta(days=90),
        "letter": "l-x",
    },
    "eased": {
        "because": "Det går bedre.",
        "staff_informed": True,
        "letter": "l-e",
        "framework": framework(measures=WORDS["measures"][:1]),
    },
    "observe_begun": {"because": "Vi vil se det an.", "staff_informed": True},
    "observe_ended": {"because": "Det fortsatte.", "staff_informed": True},
    "lifted": {"because": "Det går godt.", "staff_informed": True, "letter": "l-l"},
    "expired": {},
    "reconsideration_asked": {"asked_by": "citizen", "text": "Jeg er uenig."},
    "upheld": {"because": "Intet nyt.", "letter": "l-u"},
    "rejected": {"because": "Talt sammen."},
    "registered_in_error": {"cause": "Forkert borger.", "breach": "Nej.", "apology": "l-s"},
}


def try_(dossier: Dossier, name: str, by: Actor | str = LENE, at: datetime = NOW, around: Around = AROUND, **changes: Any):
    """Make a move."""
    who = actor(by) if isinstance(by, str) else by
    return move(dossier, record(name, **changes), who, at, around)


def done(dossier: Dossier, name: str, by: Actor | str = LENE, at: datetime = NOW, **changes: Any) -> Dossier:
    """The dossier after a move that must succeed."""
    found = try_(dossier, name, by, at, **changes)
    assert isinstance(found, Moved), found
    return found.dossier


def told(dossier: Dossier, letter: str, at: datetime = NOW, by: str = LENE, now: datetime | None = None) -> Dossier:
    """The dossier in which it is written down that ``letter`` reached the citizen ``at``."""
    found = deliver(dossier, Proof(letter=letter, way="paper", delivered=at), actor(by), now or at, AROUND)
    assert isinstance(found, Dossier), found
    return found


def refused(found: Moved | Submitted | Dossier | Refused) -> list[str]:
    """The Danish sentences of what must be a refusal."""
    assert isinstance(found, Refused), found
    assert all(one.da.endswith(".") and one.en.endswith(".") for one in found.because)
    return [one.da for one in found.because]


def draft(**changes: Any) -> Dossier:
    """A whole draft: everything but the decision."""
    begun = done(begin(changes.get("id", "f-1"), "c-1"), "drafted")
    found = written(begun, GROUND, framework(**changes), actor(LENE), AROUND)
    assert isinstance(found, Dossier), found
    return found


def decided(**changes: Any) -> Dossier:
    """Decided by Lene; nobody has been told."""
    return done(draft(**changes), "decided")


def active(**changes: Any) -> Dossier:
    """In force from today."""
    return done(decided(**changes), "activated")


def urgent(**changes: Any) -> Dossier:
    """In force at once."""
    return done(draft(**changes), "activated_urgently")
