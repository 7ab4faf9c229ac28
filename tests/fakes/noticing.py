"""A small municipality's notices: a real store, a clock that is moved by hand, and what tells people, run when a test says so."""

import email
import email.policy
from datetime import UTC, datetime, timedelta

from fakes.arrivals import SetClock, arrival, entry
from fakes.town import KAREN, NOW, POLICY, facts, framework, mail, town

from services.notify.service import Notifier
from services.settings import Settings
from services.store.notices import Change
from services.store.open import open_store
from workflows.decide import decide
from workflows.events import mail_decided
from workflows.mail import Mail
from workflows.notice_rules import Preferences
from workflows.notices import About, Notice

LENE, MIA, IDA = "lene@eksempel.dk", "mia@eksempel.dk", "ida@eksempel.dk"
BOX = "bf-kontakt@eksempel.dk"
UNITS = [
    {"id": "bf", "name": "Børn og Familie", "leader": LENE, "deputy": MIA, "head": IDA, "functional_mailbox": BOX},
    {"id": "tek", "name": "Teknik", "leader": MIA, "functional_mailbox": "tek-kontakt@eksempel.dk"},
]
BODY = b"From: Bo <bo@example.net>\r\nTo: karen@eksempel.dk\r\nSubject: sag\r\n\r\n"


class Noticing:
    """``async with Noticing(tmp_path, channels) as one``."""

    def __init__(self, data, channels=(), units=UNITS, now=NOW, **settings):
        self.settings = Settings(
            data=data, notifications={"channels": channels}, console={"public_url": "https://rv.eksempel.dk"}, **settings
        )
        self.register = town(framework(), units=units)
        self.clock = SetClock(now.astimezone(UTC))
        self.woken = 0
        self.events = []  # of the mails that came

    async def __aenter__(self):
        self.store = await open_store(self.settings, self.clock)
        await self.store.load_register(self.register, entry("register.loaded", "r"))
        await self.store.refresh()
        self.notifier = Notifier(self.settings, self.store, self.clock, self._wake)
        self.sender = self.notifier.sender
        return self

    async def __aexit__(self, *_):
        await self.notifier.stop()
        await self.store.close()

    def _wake(self, hops):
        self.woken += 1

    async def prefer(self, person, **wants):
        await self.store.notices.prefer(person, Preferences(**wants), entry("notice.preferences", person))

    async def came(self, count, text="Hej", first=0, to=KAREN):
        """So many mails come in from Bo, one after the other, and are assessed."""
        for n in range(first, first + count):
            now = self.clock.now()
            one = mail(to)
            found = decide(Mail(f"{n:064x}", one.envelope, one.headers, id=f"m{n:03}"), facts(self.register, one, POLICY), now)
            told = mail_decided(found, now)
            body = BODY + text.encode() + b"\r\n"
            await self.store.commit(arrival(f"m{n:03}", (to,), BOX, decision=found, events=(told,), content=body, received_at=now))
            self.events.append(told)
            await self.notifier.mail_decided([told])

    async def alarm(self, *people, mail="m1", level="red", **more):
        """Red or yellow mail that these leaders hear of together."""
        now = self.clock.now()
        about = About(mail, now, people=(KAREN,), cases=("s-1",), unit="Børn og Familie", unit_id="bf", level=level, **more)
        urgency = "now" if level == "red" else "same_day"
        await self.tell(*(Notice(to, "leader", urgency, "signal_leader", now, f"notice:{mail}:{to}", about) for to in people))

    async def tell(self, *planned):
        desk = self.notifier._desk
        kept = desk.kept(planned, await desk.known(planned), self.clock.now())
        await self.store.notices.make(Change(new=kept))

    async def after(self, **span):
        """Time passes, and what is due then is told; gives the mails."""
        self.clock.move(**span)
        await self.sender.turn()
        return await self.mails()

    async def mails(self):
        """Notices by mail that have not been looked at here: to whom and what their subjects say."""
        now = self.clock.now()
        found = await self.store.lease("next", now, now + timedelta(days=99), 10_000)
        self.leased = [one for one in found if one.delivery.kind == "notice"]
        return [(one.delivery.address, parsed(one.content)["Subject"]) for one in self.leased]

    async def states(self, mail="m1"):
        return [(one.notice.to, one.notice.about.again, one.state, one.channel) for one in await self.store.notices.about(mail)]


def parsed(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def local(text):
    """A Copenhagen time of "2026-11-23 10:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=NOW.tzinfo)
