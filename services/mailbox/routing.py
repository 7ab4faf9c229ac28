"""Route mode: mail under a framework leaves an employee's INBOX for the functional mailbox, in the thread that watches the INBOX.

``look`` notes which new messages are to go; of all others nothing is kept. ``work`` takes them there one by one (``errand.py``),
and tries again later what something stands in the way of. Nothing is done that a restart would not go on with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from services.clock import new_id
from services.mailbox.desk import Desk
from services.mailbox.errand import Errand, Hindered, Lost
from services.mailbox.looking import Overtaken
from services.mailbox.metrics import MESSAGES
from services.mailbox.moving import can_move
from services.mailbox.office import Office
from services.mailbox.session import Session
from services.mailbox.stumbles import Stumbles
from services.mailbox.trouble import Trouble
from services.mailbox.values import Folder, Line
from services.settings import Mailbox
from services.store.interface import StoreUnavailable
from services.store.routing import Routed
from services.store.sightings import Cursor
from workflows.audit import AuditRecord
from workflows.events import route_hindered
from workflows.mailbox_state import State
from workflows.reading import read_headers
from workflows.route import FIELDS, FINAL, Fault, Found, Move, may_be_moved, retry_at

log = structlog.get_logger()
SHOWN = timedelta(days=7)  # for so long IT is shown what only a person can finish
A_DAY = timedelta(days=1)  # a server searches by the days of its own time zone
BATCH = 100  # messages whose headers are read at once


class Router:
    """One employee's mailbox."""

    def __init__(self, box: Mailbox, office: Office) -> None:
        self._box = box
        self._office = office
        self.code = office.code(box)

    def look(self, session: Session, folder: Folder, uids: Sequence[int], watched_since: datetime) -> int:
        """Note which of these new messages are to go; gives how many. ``session`` has the folder open.

        Only the fields that ``decide`` reads are fetched, and of those that it would move the date.
        """
        told = session.fields(uids, FIELDS)
        wanted = self._to_go({uid: Found(self._box.address, read_headers(fields)) for uid, fields in told.items()})
        lines = session.lines(sorted(wanted)) if wanted else {}
        new = {uid: line for uid, line in lines.items() if uid in wanted and _is_new(line, watched_since)}
        going = self._to_go({uid: replace(wanted[uid], came_at=line.internal_date) for uid, line in new.items()})
        return sum(self._note(folder, new[uid], one) for uid, one in sorted(going.items()))

    def _to_go(self, found: Mapping[int, Found]) -> dict[int, Found]:
        planned = self._office.plan([*found.values()])
        return {uid: one for (uid, one), what in zip(found.items(), planned, strict=True) if isinstance(what, Move)}

    def _note(self, folder: Folder, line: Line, found: Found) -> bool:
        now = self._office.clock.now()
        one = Routed(
            mail=new_id(now),
            mailbox=self.code,
            uidvalidity=folder.uidvalidity,
            uid=line.uid,
            target="",
            sha256="",
            mended="",
            size=0,
            message_id=found.headers.message_id,
            arrived_at=line.internal_date or now,
            planned_at=now,
            next_at=now,
        )
        return self._office.ask(self._office.store.routing.plan(one)) is not None

    def work(self) -> None:
        """Take what is due where it belongs. Raises ``Trouble`` when the employee's own mailbox can't be worked in."""
        for one in self._office.ask(self._office.store.routing.take(self.code, self._office.clock.now())):
            self._run(Errand(self._office, self._box, one))

    def _run(self, errand: Errand) -> None:
        """What goes wrong with one message keeps no other waiting, here or at the next try."""
        try:
            errand.run()
            MESSAGES.labels(self.code, errand.one.stage).inc()
        except Lost:
            log.warning("route_overtaken", mailbox=self.code)
        except Hindered as error:
            self._hindered(errand.one, error.why)
        except Trouble:
            self._later(errand.one)
            raise
        except StoreUnavailable:
            raise
        except Exception as error:
            log.error("route_failed", mailbox=self.code, error=type(error).__name__)
            self._later(errand.one)

    def _later(self, one: Routed) -> None:
        next_at = retry_at(one.tries, self._office.clock.now())
        self._office.ask(self._office.store.routing.save(one, replace(one, tries=one.tries + 1, next_at=next_at)))

    def _hindered(self, one: Routed, why: Fault) -> None:
        """People are told once a day of one cause in one mailbox, before it is noted that they were."""
        now = self._office.clock.now()
        log.warning("route_hindered", mailbox=self.code, why=why)
        event = route_hindered(self.code, why, now)
        self._office.tell(event, AuditRecord(now, "guard", event.what, self.code, {"why": why}))
        if why in FINAL:
            after = replace(one, why=why, stage="left", next_at=None)
        else:
            after = replace(one, why=why, tries=one.tries + 1, next_at=retry_at(one.tries, now))
        self._office.ask(self._office.store.routing.save(one, after))


class RouteLook:
    """Looks of an employee's mailbox over one connection; ``holder`` is the process that watches it."""

    def __init__(self, box: Mailbox, office: Office, session: Session, holder: str | None = None) -> None:
        self._box = box
        self._office = office
        self._session = session
        self._holder = holder
        self._router = Router(box, office)
        self._state: State = "watching"
        self.unsettled = False

    def look(self) -> None:
        """Once. Raises ``Trouble``; ``Overtaken`` where another process watches the mailbox by now."""
        folder = self._session.select(self._box.folder)
        self._session.begin_look()  # opening the folder tells how many messages there are, and that is no news
        cursor = self._office.ask(self._office.store.mailboxes.cursor(self._router.code))
        now = self._office.clock.now()
        if cursor is None:  # what lies there already is left alone
            self._reached(Cursor(folder.uidvalidity, folder.uidnext - 1, None, now))
        elif cursor.uidvalidity == folder.uidvalidity:
            self._new(folder, cursor, self._session.uids_from(cursor.last_uid + 1))
        else:
            afresh = Cursor(folder.uidvalidity, folder.uidnext - 1, None, cursor.baseline_at)
            self._new(folder, afresh, self._session.since((cursor.baseline_at - A_DAY).date()))
        before = self._state
        self._router.work()
        if self._hindrance() != before:
            self._office.ask(self._office.store.mailboxes.state(self._router.code, self._hindrance(), holder=self._holder))

    def _hindrance(self) -> State:
        """For the screen: well, or what stands in the way; of a server that can't move mail, before the first mail comes."""
        if not can_move(self._session):
            return "cannot_move"
        obstacles = self._office.ask(self._office.store.routing.obstacles(self._office.clock.now() - SHOWN))
        return next((one.why for one in obstacles if one.mailbox == self._router.code), "watching")

    def _new(self, folder: Folder, cursor: Cursor, uids: Sequence[int]) -> None:
        """Where UIDs were given anew, all are new that came since the watch began, by the server's dates."""
        for start in range(0, len(uids), BATCH):
            self._router.look(self._session, folder, uids[start : start + BATCH], cursor.baseline_at)
        self._reached(replace(cursor, last_uid=max([cursor.last_uid, *uids])))

    def _reached(self, cursor: Cursor) -> None:
        """The one thing that is kept of every message: how far the mailbox is read."""
        self._state = self._hindrance()
        books, code = self._office.store.mailboxes, self._router.code
        if not self._office.ask(books.saw(code, (), cursor, holder=self._holder, state=self._state)):
            raise Overtaken


def looks(box: Mailbox, code: str, desk: Desk, session: Session, stumbles: Stumbles) -> RouteLook:
    """For ``Mailboxes``. ``code`` and ``stumbles`` are its own affair: the journal counts what each message failed at."""
    del code, stumbles
    return RouteLook(box, Office.of(desk), session, desk.holder)


def _is_new(line: Line, watched_since: datetime) -> bool:
    return line.internal_date is not None and may_be_moved(line.internal_date, watched_since)
