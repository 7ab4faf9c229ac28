"""Builders of posts and of what is seen in a mailbox; every test says only what matters to it."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fakes.arrivals import NOW, arrival

from services.store.interface import Arrival, Assessed
from services.store.mailboxes import Cursor, Sighting
from services.store.sql_store import SqlStore
from workflows.deadlines import WorkingHours
from workflows.facts import Policy
from workflows.notices import House
from workflows.organisation import organisation
from workflows.people import Unit
from workflows.post import Clock, Post, Terms

BOX = "bf-kontakt@eksempel.dk"
CODE = "m-bf"
ZONE = ZoneInfo("Europe/Copenhagen")
UNIT = Unit(
    id="boern-familie",
    name="Børn og Familie",
    leader="lene@eksempel.dk",
    functional_mailbox=BOX,
    head="heidi@eksempel.dk",
    deputy="dorte@eksempel.dk",
    mailbox_owner="olga@eksempel.dk",
)
TERMS = {BOX: Terms(CODE, UNIT.id)}


def house(unit: Unit = UNIT, hours: WorkingHours | None = None, *others: Unit) -> House:
    policy = Policy(domains=frozenset({"eksempel.dk"}), authserv_id="mx.eksempel.dk", zone=ZONE, main_domain="eksempel.dk")
    return House(organisation((unit, *others), (), (), ()), policy, hours or WorkingHours())


def post(mail: str = "m1", **more: object) -> Post:
    """An ordinary one: read within four hours, answered within the week."""
    plain = Post(
        id=f"{mail}.{CODE}",
        mail=mail,
        mailbox=BOX,
        code=CODE,
        unit=UNIT.id,
        citizen="c-1001",
        level=None,
        rights=(),
        clocks=(),
        arrived_at=NOW,
        due_read=NOW + timedelta(hours=4),
        due_answer=NOW + timedelta(days=7),
        next_at=NOW + timedelta(hours=4),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def complaint(mail: str = "m1", **more: object) -> Post:
    """One with a right that runs on after the answer."""
    return post(mail, rights=("complaint",), clocks=(Clock("complaint", NOW + timedelta(weeks=4)),), **more)


def assessed(mail: str, *posts: Post) -> Assessed:
    return Assessed(mail, {"signals": [], "rights": [], "notify": []}, posts=posts)


async def put(store: SqlStore, *posts: Post, **more: object) -> None:
    """Mails that were redirected to the mailbox, assessed, with these posts."""
    for one in posts:
        await store.commit(arrival(one.mail, redirected_to=BOX, received_at=one.arrived_at, **more))
        await store.save_assessments([assessed(one.mail, one)])


def sighting(uid: int = 1, mail: str | None = "m1", at: datetime = NOW, **more: object) -> Sighting:
    return replace(Sighting(7, uid, mail, at), **more)  # type: ignore[arg-type]


def cursor(uid: int = 1, uidvalidity: int = 7, at: datetime = NOW) -> Cursor:
    return Cursor(uidvalidity, uid, None, at)


def straight(id: str = "m9", **more: object) -> Arrival:
    """A mail that came straight to the mailbox."""
    return replace(arrival(id, (BOX,), **more), deliveries=(), client="imap")
