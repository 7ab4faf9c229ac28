"""A matter to write letters about: a framework with every kind of answer, in the sample municipality."""

from datetime import UTC, date, datetime

from workflows.dossier import Dossier, Step
from workflows.framework import ContactFramework
from workflows.letters import KINDS, Hours, Letterhead, Matter
from workflows.people import Case, Citizen, Employee, Unit

TODAY = date(2026, 10, 30)
AT = datetime(2026, 10, 20, 9, tzinfo=UTC)
HEAD = Letterhead(
    name="Eksempel Kommune",
    address=("Rådhuspladsen 1", "8600 Eksempelby"),
    phone="87 65 43 21",
    phone_hours=(Hours(("mon", "tue", "wed", "thu"), "09:00", "15:00"), Hours(("fri",), "09:00", "12:30")),
    urgent_phone="87 65 43 00",
    dpo="dpo@eksempel.dk",
    citizen_adviser="Inge Iversen, 87 65 43 99",
)
BO = Citizen(id="c-1001", name="Bo Borger")
UNIT = Unit(
    id="boern-familie",
    name="Børn og Familie",
    leader="lene@eksempel.dk",
    functional_mailbox="bf-kontakt@eksempel.dk",
    main_mailbox="bf@eksempel.dk",
)
CASE = Case(id="s-77", citizen="c-1001", unit="boern-familie", caseworker="karen@eksempel.dk")
PEOPLE = (("lene", "Lene Lund", "leader"), ("karen", "Karen Karlsen", "caseworker"), ("per", "Per Poulsen", "caseworker"))
EMPLOYEES = {
    f"{one}@eksempel.dk": Employee(address=f"{one}@eksempel.dk", name=name, unit="boern-familie", role=role)
    for one, name, role in PEOPLE
}
MEASURES = [
    {"kind": "functional_mailbox"},
    {"kind": "written_only"},
    {"kind": "changed_caseworker", "from": "karen@eksempel.dk", "to": "per@eksempel.dk"},
    {"kind": "contact_window", "days": ["tue", "thu"], "from": "10:00", "to": "12:00"},
]
HAPPENINGS = [
    {"on": "2026-10-12", "at": "14:05", "channel": "mail", "what": "“Jeg ved godt, hvilken bil du kører i. Pas på dig selv.”"},
    {"on": "2026-10-14", "channel": "phone", "what": "Du ringede 14 gange på to timer og råbte hver gang."},
]
GROUND = {
    "happenings": HAPPENINGS,
    "categories": ["threats"],
    "burden": "Flere medarbejdere er utrygge ved at svare dig, og opkaldene har taget tid fra andre sager.",
    "needs": ["reading_aloud", "interpreter"],
    "needs_asked": True,
    "representatives_asked": True,
    "way_back": "Har der ikke været trusler i to måneder, lemper vi rammen.",
}
RECORDS = {
    "warning": {
        "move": "warned",
        "expects": "Skriv til os i en almindelig tone, og ring højst én gang om dagen.",
        "consequence": "Sker det igen, vil vi overveje at sætte en ramme for, hvordan du kontakter os.",
        "talk": "Lene Lund vil gerne mødes med dig. Du må gerne tage en bisidder med.",
        "letter": "l-1",
    },
    "hearing": {"move": "heard", "answer_by": "2026-11-13", "letter": "l-1"},
    "decision": {
        "move": "decided",
        "answered": True,
        "objections": "Du har oplyst, at du var presset. Det forstår vi godt, men det ændrer ikke, at medarbejderne er utrygge.",
    },
    "urgent": {
        "move": "activated_urgently",
        "threat": "Den 29. oktober 2026 skrev du, at du ville komme efter en medarbejder.",
        "letter": "l-1",
    },
    "extension": {
        "move": "extended",
        "happenings": [{"on": "2027-01-10", "channel": "mail", "what": "“I skal ikke tro, at jeg glemmer det.”"}],
        "milder_not_enough": "Den 10. januar 2027 skrev du igen truende, selv om vi havde holdt et møde.",
        "starts": "2027-02-03",
        "review": "2027-04-01",
        "ends": "2027-05-02",
    },
    "lifting": {"move": "lifted", "because": "Vi har haft en god dialog i to måneder.", "staff_informed": True, "letter": "l-1"},
    "upheld": {
        "move": "upheld",
        "because": "Vi har læst dit brev. Der er ikke kommet nyt frem, som ændrer vores vurdering.",
        "letter": "l-1",
    },
    "apology": {
        "move": "registered_in_error",
        "cause": "Vi forvekslede dig med en anden, der hedder det samme.",
        "breach": "En medarbejder har set dit navn uden at skulle. Vi har meldt det til Datatilsynet.",
    },
}


def framework(**changed):
    """The one of the contract's example, unless changed."""
    plain = {
        "id": "f-1",
        "citizen": "c-1001",
        "state": "draft",
        "scope": {"cases": ["s-77"]},
        "measures": MEASURES,
        "reason": "Medarbejderne skal kunne hjælpe dig uden at være bange.",
        "legal_basis": "kommunens ret til at bestemme, hvordan arbejdet foregår (anstaltsforhold).",
        "milder_means": [{"what": "Et møde om tonen", "why_not": "Vi holdt det den 16. oktober, og mailene fortsatte."}],
        "decided_by": "lene@eksempel.dk",
        "starts": "2026-11-02",
        "review": "2027-01-15",
        "ends": "2027-02-02",
    }
    return ContactFramework.model_validate({**plain, **changed})


def step(**record):
    return Step.model_validate({"record": record, "by": "lene@eksempel.dk", "at": AT})


def record_for(kind):
    if kind == "easing":
        eased = framework(state="active", measures=[{"kind": "functional_mailbox"}]).model_dump(mode="json", by_alias=True)
        return {"move": "eased", "because": "Det er gået godt.", "framework": eased, "staff_informed": True, "letter": "l-1"}
    return RECORDS[kind]


def matter(kind, *, ground=None, record=None, made=(), head=HEAD, changed=None, **more):
    """All that is needed for a whole letter of this kind."""
    steps = [step(**one) for one in made]
    if kind in ("extension", "easing", "lifting", "upheld") and not made:
        steps = [step(move="decided")]
    if kind == "decision" and not made:
        steps = [step(move="heard", answer_by="2026-10-28", letter="l-0")]
    written = {**record_for(kind), **(record or {})}
    dossier = Dossier(framework=framework(**(changed or {})), ground={**GROUND, **(ground or {})}, steps=tuple(steps))
    found = Matter(
        dossier=dossier,
        citizen=BO,
        head=head,
        today=TODAY,
        by="lene@eksempel.dk",
        record=step(**written).record,
        cases={"s-77": CASE},
        units={"boern-familie": UNIT},
        employees=EMPLOYEES,
        recipient=("Bo Borger", "Åvej 7, 2. th.", "8600 Eksempelby"),
    )
    return found if not more else type(found)(**{**{name: getattr(found, name) for name in found.__slots__}, **more})


__all__ = ["HEAD", "KINDS", "TODAY", "framework", "matter", "record_for", "step"]
