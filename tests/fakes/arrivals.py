"""Builders of what goes into a store, with believable defaults; every test says only what matters to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256 as digest
from pathlib import Path
from typing import Any

from services.store.interface import Arrival, Attempt, Deferred, Delivered, DeliveryOutcome, Leased, NewDelivery, OutgoingMail
from services.store.notice_values import KeptNotice
from workflows.audit import AuditRecord
from workflows.decision import Decision, Outcome, Reason, Receipt, Sender, Sentence, Step
from workflows.events import Event
from workflows.mail import Envelope, Headers, Mail
from workflows.notices import About, Notice
from workflows.people import Case, Citizen, Employee, Person, RegisteredAddress, Role, Unit
from workflows.register import Register

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DAY = date(2026, 11, 23)
CONTENT = b"Subject: Hej\r\n\r\nHvordan g\xc3\xa5r det?\r\n"


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def move(self, **span: float) -> datetime:
        self.time += timedelta(**span)
        return self.time


def event(what: str, subject: str, *, id: str | None = None, at: datetime = NOW) -> Event:
    return Event(id or f"{what}-{subject}", what, subject, at, {"mail": subject})


def entry(action: str, subject: str, *, at: datetime = NOW, **data: object) -> AuditRecord:
    return AuditRecord(at, "guard", action, subject, dict(data))


def outcome(address: str, to: str | None = None) -> Outcome:
    """The mail of ``address`` goes to ``to``, or as addressed."""
    if to is None:
        return Outcome(address, "deliver", (address,), Reason.NO_FRAMEWORK, Sentence("Ingen ramme.", "No framework."))
    because = Sentence("Rammen gælder.", "The framework applies.")
    return Outcome(
        address,
        "redirect",
        (to,),
        Reason.FRAMEWORK_APPLIES,
        because,
        "f-1",
        "functional_mailbox",
        unit="boern-familie",
        case="s-77",
    )


def decision(
    id: str,
    outcomes: Sequence[Outcome],
    *,
    sender: str = "bo@example.net",
    message_id: str | None = None,
    content: bytes | None = CONTENT,
    sha256: str = "00" * 32,
) -> Decision:
    mail = Mail(
        sha256=sha256,
        envelope=Envelope(sender, tuple(one.address for one in outcomes)),
        headers=Headers(1, (sender,), message_id=message_id),
        id=id,
        size=len(content or b""),
    )
    step = Step("representative", "no", Sentence("Afsenderen er ikke partsrepræsentant.", "The sender is no representative."))
    return Decision(mail, Sender(), tuple(outcomes), Receipt(), (step,) * 6)


def delivery(mail: str, address: str, serves: tuple[int, ...] = (0,), **more: object) -> NewDelivery:
    plain = NewDelivery(
        id=f"d-{mail}-{address}",
        mail=mail,
        content=mail,
        kind="mail",
        hop="next",
        envelope_from="bo@example.net",
        address=address,
        prepend=b"X-Rammevagt-Id: " + mail.encode() + b"\r\n",
        due=NOW,
        serves=serves,
        unit="boern-familie",
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def arrival(
    id: str = "m1", recipients: Sequence[str] = ("karen@eksempel.dk",), redirected_to: str | None = None, **more: object
) -> Arrival:
    """A mail to ``recipients``, all as addressed or all to ``redirected_to`` in one copy."""
    content = more.pop("content", CONTENT)
    outcomes = [outcome(address, redirected_to) for address in recipients]
    made = decision(
        id,
        outcomes,
        sender=str(more.pop("sender", "bo@example.net")),
        message_id=more.pop("message_id", None),  # type: ignore[arg-type]
        content=content if isinstance(content, bytes) else None,
        sha256=digest(content.read_bytes()).hexdigest() if isinstance(content, Path) and content.exists() else "00" * 32,
    )
    at = more.pop("received_at", NOW)
    assert isinstance(at, datetime)
    plain = Arrival(
        decision=made,
        received_at=at,
        day=at.date(),
        client="127.0.0.1",
        content=content,  # type: ignore[arg-type]
        deliveries=_copies(id, recipients, redirected_to, at),
        events=(event("mail.received", id, at=at), event("mail.decided", id, at=at)),
        audit=(entry("mail.accepted", id, at=at, recipients=len(recipients)),),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def _copies(id: str, recipients: Sequence[str], redirected_to: str | None, due: datetime) -> tuple[NewDelivery, ...]:
    if redirected_to is None:
        return tuple(delivery(id, address, (n,), due=due) for n, address in enumerate(recipients))
    return (
        delivery(
            id,
            redirected_to,
            tuple(range(len(recipients))),
            redirected=True,
            envelope_from="bounce+x@rammevagt.eksempel.dk",
            due=due,
        ),
    )


def own_mail(id: str, *, about: str | None = None, dedupe: str | None = None, due: datetime = NOW) -> OutgoingMail:
    """A receipt of our own."""
    made = delivery(about or id, "bo@example.net", (), id=id, content=id, kind="receipt", hop="internet", envelope_from="", due=due)
    return OutgoingMail(b"Subject: Kvittering\r\n\r\nTak.\r\n", made, dedupe)


def attempt(leased: Leased, what: DeliveryOutcome | None = None, **more: object) -> Attempt:
    """What came of a leased delivery; without ``what`` it was delivered."""
    plain = Attempt(
        leased.delivery.id, leased.lease, what or Delivered(NOW), events=(event("mail.delivered", leased.delivery.mail),)
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def deferred(due: datetime, **more: object) -> Deferred:
    return replace(Deferred(due, "450 4.2.1"), **more)  # type: ignore[arg-type]


def framework(id: str, citizen: str, case: str, **more: object) -> dict[str, object]:
    """A framework in force, as the register file writes it."""
    plain: dict[str, object] = {
        "id": id,
        "citizen": citizen,
        "scope": {"cases": [case]},
        "state": "active",
        "measures": [
            {"kind": "functional_mailbox", "mailbox": "bf-kontakt@eksempel.dk"},
            {"kind": "contact_window", "days": ["tue"], "from": "10:00", "to": "12:00"},
        ],
        "reason": "Mange mails.",
        "legal_basis": "Forvaltningsloven.",
        "milder_means": [{"what": "Samtale", "why_not": "Hjalp ikke."}],
        "decided_by": "lene@eksempel.dk",
        "citizen_informed": "2026-11-02",
        "starts": "2026-11-02",
        "review": "2027-01-15",
        "ends": "2027-02-02",
    }
    return plain | more


def register(citizens: int = 2) -> Register:
    """A small municipality with so many citizens, each with two addresses, a lawyer, a case and a framework."""
    numbers = range(1001, 1001 + citizens)
    return Register(
        units=(Unit(id="boern-familie", name="Børn og Familie", leader="lene@eksempel.dk"),),
        employees=(
            Employee(
                address="karen@eksempel.dk", name="Karen Karlsen", unit="boern-familie", aliases=("Karen.Karlsen@eksempel.dk",)
            ),
            Employee(address="lene@eksempel.dk", name="Lene Leder", unit="boern-familie", role="leader"),
        ),
        open_addresses=({"address": "dpo@eksempel.dk", "kind": "dpo"},),  # type: ignore[arg-type]
        authorities=("ombudsmanden.dk", "Klage@ankestyrelsen.dk"),
        citizens=tuple(citizen(n) for n in numbers),
        cases=tuple(Case(id=f"s-{n}", citizen=f"c-{n}", unit="boern-familie", caseworker="karen@eksempel.dk") for n in numbers),
        frameworks=tuple(framework(f"f-{n}", f"c-{n}", f"s-{n}") for n in numbers),  # type: ignore[arg-type]
    )


def citizen(n: int) -> Citizen:
    lawyer = Person(name="Ada Advokat", role=Role.REPRESENTATIVE, addresses=(RegisteredAddress(address=f"ada{n}@advokat.example"),))
    own = (RegisteredAddress(address=f"Bo{n}@example.net"), RegisteredAddress(address=f"bo.{n}@example.org", grade="probable"))
    return Citizen(id=f"c-{n}", name="Bo Borger", addresses=own, people=(lawyer,))


def spooled(data: Path, name: str, content: bytes) -> Path:
    """A large mail as the gateway leaves it."""
    folder = data / "spool"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def is_known(error: BaseException) -> bool:
    """Whether a database refused a row because its key is there already; each driver has a class of its own."""
    return "IntegrityError" in {one.__name__ for one in type(error).__mro__}


def bytes_of(content: bytes | Path | None) -> bytes | None:
    """A content wherever it lies."""
    return content.read_bytes() if isinstance(content, Path) else content


def receipted(id: str, at: datetime = NOW) -> Arrival:
    """A mail whose sender gets a receipt, if none in the week before."""
    outgoing = (own_mail(f"r-{id}", about=id),)
    made = arrival(id, received_at=at, receipt_sender="abc", outgoing=outgoing)
    return replace(made, receipt_not_since=at - timedelta(days=7))


def notice(
    id: str, *, about: str = "m1", to: str = "lene@eksempel.dk", mail: OutgoingMail | None = None, **more: Any
) -> KeptNotice:
    """A notice to a leader, as it is made: told by ``mail`` where one is given."""
    told = Notice(to, "leader", "same_day", "redirected_leader", NOW, id, About(mail=about, at=NOW))
    made = KeptNotice(id, told, "redirected_leader", NOW, next_at=NOW)
    if mail:
        made = replace(made, mail=mail, delivery=mail.delivery.id, state="told", channel="mail", told_at=NOW, next_at=None)
    return replace(made, **more)
