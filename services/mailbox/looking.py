"""One look into a mailbox: what is new, what was read, answered or taken away; written down in the store, and nowhere else.

How far the mailbox is read moves on in the transaction that records the message, so a crash at any instant leaves nothing out; a
message that is seen again after one is recognised by its number or its bytes.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.clock import new_id
from services.mailbox.content import Content, Fetched
from services.mailbox.desk import Desk, Straight
from services.mailbox.metrics import MESSAGES
from services.mailbox.session import Session
from services.mailbox.stumbles import Stumbles
from services.mailbox.trouble import Trouble
from services.mailbox.values import Folder, Line
from services.settings import Mailbox
from services.store.sightings import Cursor, KnownMail, Sighting
from workflows import canary
from workflows.addresses import normalise
from workflows.mailbox_state import State
from workflows.reading import read_headers
from workflows.sighting import Message, which

FIRST_LOOK_BACK = timedelta(days=30)  # what is unread and no older counts as come, at the first look
HOMECOMING = timedelta(minutes=10)  # so long a mail that names us and that we do not know may still come home from an island
BATCH = 100  # messages that are asked about at once


class Overtaken(Exception):
    """Another process watches the mailbox by now."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A message of the open folder, and how far the mailbox is read when it is dealt with."""

    line: Line
    folder: Folder
    cursor: Cursor | None

    @property
    def message(self) -> tuple[int, int]:
        return self.folder.uidvalidity, self.line.uid

    def sighting(self, mail: str | None, fetched: Fetched | None, now: datetime) -> Sighting:
        line, sha256 = self.line, fetched.sha256 if fetched else None
        came = line.internal_date or now
        return Sighting(self.folder.uidvalidity, line.uid, mail, came, line.seen, line.answered, sha256=sha256)


class Look:
    """Looks of one mailbox over one connection. ``unsettled``: it saw a message that must be looked at again soon.

    ``stumbles`` outlives connections: how often one was lost over fetching a message.
    """

    def __init__(self, box: Mailbox, code: str, desk: Desk, session: Session, stumbles: Stumbles) -> None:
        self._box = box
        self._stumbles = stumbles
        self._code = code
        self._desk = desk
        self._session = session
        self._books = desk.store.mailboxes
        self._state: State = "watching"
        self.unsettled = False

    def look(self) -> None:
        """Once. Raises ``Trouble``; ``Overtaken``."""
        self.unsettled = False
        self._state = self._state_now()
        folder = self._session.select(self._box.folder)
        self._session.begin_look()  # opening the folder tells how many messages there are, and that is no news
        cursor = self._desk.ask(self._books.cursor(self._code)) or self._begun(folder)
        if cursor.uidvalidity != folder.uidvalidity:
            self._afresh(folder, self._again(cursor.baseline_at))
            return self._write((), Cursor(folder.uidvalidity, folder.uidnext - 1, folder.modseq, cursor.baseline_at))
        if cursor.first:
            self._afresh(folder, [uid for uid in self._first(cursor.baseline_at) if uid <= cursor.last_uid])
            cursor = replace(cursor, first=False)
        changed = self._followed(folder, cursor)
        reached = self._new(folder, cursor)
        self._write(changed, replace(reached, modseq=folder.modseq))

    def _begun(self, folder: Folder) -> Cursor:
        """Noted before the first message: a first look that is cut goes on here, and what came meanwhile is new, read or not."""
        cursor = Cursor(folder.uidvalidity, folder.uidnext - 1, None, self._desk.clock.now(), first=True)
        if not self._desk.ask(self._books.begin(self._code, cursor, holder=self._desk.holder)):
            raise Overtaken
        return cursor

    # -- which messages

    def _new(self, folder: Folder, cursor: Cursor) -> Cursor:
        for uids in _parts(self._session.uids_from(cursor.last_uid + 1)):
            lines = self._session.lines(uids)
            for uid in uids:
                cursor = replace(cursor, last_uid=uid)
                if uid in lines:
                    self._take(_Place(lines[uid], folder, cursor))
        return cursor

    def _first(self, now: datetime) -> list[int]:
        """Nobody has watched it before: what is unread and not too old counts as just come, and the rest as old."""
        return self._session.unseen_since((now - FIRST_LOOK_BACK).date())

    def _again(self, began: datetime) -> list[int]:
        """The numbers of all messages are new (UIDVALIDITY): what came since the watch began, as far back as mails are known."""
        known = timedelta(days=self._desk.settings.retention.facts) - timedelta(days=1)
        now = self._desk.clock.now()
        return sorted({*self._session.since(max(began, now - known).date()), *self._first(now)})

    def _afresh(self, folder: Folder, uids: Sequence[int]) -> None:
        """Messages up to the folder's next number; those that an interrupted look has dealt with are left out."""
        done = self._desk.ask(self._books.sighted(self._code, folder.uidvalidity))
        for part in _parts([uid for uid in uids if uid < folder.uidnext and uid not in done]):
            for line in self._session.lines(part).values():
                self._take(_Place(line, folder, None))

    # -- one message

    def _take(self, place: _Place) -> None:
        now = self._desk.clock.now()
        id = new_id(now)
        if self._stumbles.rests(place.message, now):
            return self._put_aside(place, now)
        fetched = self._fetched(id, place, now)
        if fetched is None:
            return
        if (sent_at := self._canary(fetched, place)) is not None:
            fetched.discard()
            return self._found_canary(sent_at, place)
        mail = self._known_as(fetched, place)
        if mail is not None or self._may_come_home(fetched, place, now):
            fetched.discard()
            self.unsettled = self.unsettled or mail is None
            self._count("known" if mail else "waiting")
            self._write((place.sighting(mail, fetched, now),), place.cursor)
        else:
            self._record(id, fetched, place, now)

    def _fetched(self, id: str, place: _Place, now: datetime) -> Fetched | None:
        """None where it is gone meanwhile."""
        content = Content(self._desk.settings.data / "spool", id)
        try:
            there = self._session.whole(place.line.uid, content.write) is not None
            if there:
                return content.finish()
        except Trouble as error:
            if error.code != "store":
                self._stumbles.add(place.message, now)
            raise
        finally:
            if not content.finished:
                content.discard()
        return None

    def _canary(self, fetched: Fetched, place: _Place) -> datetime | None:
        """When this canary was sent; None: it is none. Also where none is wanted any more, one that lies there is nobody's mail.

        Who has seen a token can write it into a mail of their own: what does not come in our name is a mail.
        """
        if fetched.mark.canary is None or not self._is_ours(fetched):
            return None
        came = place.line.internal_date or self._desk.clock.now()
        return canary.sent_at(fetched.mark.canary, self._desk.store.key, self._code, came)

    def _is_ours(self, fetched: Fetched) -> bool:
        written = read_headers(fetched.header_block).from_addresses
        return [normalise(one) for one in written] == [normalise(self._desk.settings.notifications.sender)]

    def _found_canary(self, sent_at: datetime, place: _Place) -> None:
        """It is kept of it that it arrived, and how far the mailbox is read."""
        self._desk.ask(self._books.found_canary(self._code, sent_at))
        self._count("canary")
        self._state = self._state_now()
        self._write((), place.cursor)

    def _state_now(self) -> State:
        """As it is told when the look succeeds: a canary that is missing (``canary.py``) is so until it is found."""
        if not self._box.canary:
            return "watching"
        state = next((one for one in self._desk.ask(self._books.all()) if one.code == self._code), None)
        return "canary_missing" if state and state.canary_sent_at and state.state == "canary_missing" else "watching"

    def _put_aside(self, place: _Place, now: datetime) -> None:
        """The server can't give it: no other mail may wait for that for ever. People are told, and it is tried again later."""
        self._count("unreadable")
        self._desk.ask(self._desk.unreadable(self._box, self._code, *place.message))
        self._write((place.sighting(None, None, now),), place.cursor)

    def _known_as(self, fetched: Fetched, place: _Place) -> str | None:
        headers = read_headers(fetched.header_block)
        found = self._desk.ask(self._books.match(self._code, self._box.address, fetched.mark.ids, [fetched.sha256]))
        message = Message(fetched.mark.ids, fetched.sha256, fetched.below, headers.message_id)
        taken = {one.id for one in found if not self._can_be(one, fetched, place)}
        return which(message, found, taken)

    def _can_be(self, mail: KnownMail, fetched: Fetched, place: _Place) -> bool:
        """Whether this message can be the mail, beside others that were seen to be it.

        Who files a mail and takes it back brings the very bytes that were seen, and a second copy that lies beside the first has
        the bytes of the mail; who writes anew in its name has neither. Two copies are one mail only where both have its bytes:
        what was known by its id alone hides no other.
        """
        others = [one for one in mail.seen_as if one.uidvalidity == place.folder.uidvalidity and one.uid != place.line.uid]
        if not others or any(one.sha256 == fetched.sha256 for one in others):
            return True
        if not _has_bytes_of(mail, fetched):
            return False
        there = self._session.there([one.uid for one in others if not one.gone])
        return any(self._copy(mail, _Place(Line(uid, seen=False, answered=False), place.folder, None)) for uid in sorted(there))

    def _copy(self, mail: KnownMail, place: _Place) -> bool:
        now = self._desk.clock.now()
        fetched = self._fetched(new_id(now), place, now)
        if fetched is None:
            return False
        fetched.discard()
        return _has_bytes_of(mail, fetched)

    def _may_come_home(self, fetched: Fetched, place: _Place, now: datetime) -> bool:
        """While the database was away, mail passed over a guard's island, and its record may still be on its way here."""
        fresh = abs(now - (place.line.internal_date or now)) < HOMECOMING
        if fetched.below is None or not fresh or not self._desk.settings.store.url:
            return False
        return not self._desk.ask(self._books.match(self._code, self._box.address, fetched.mark.ids, ()))

    def _record(self, id: str, fetched: Fetched, place: _Place, now: datetime) -> None:
        at = min(place.line.internal_date or now, now)
        straight = Straight(id, fetched, place.sighting(id, fetched, now), at, place.cursor)
        # where this raises, it may have been committed all the same: its file stays, and an orphan is removed at the next start
        if not self._desk.ask(self._desk.record(self._code, self._box.address, straight)):
            fetched.discard()
            raise Overtaken
        self._count("straight")

    # -- what was seen before

    def _followed(self, folder: Folder, cursor: Cursor) -> list[Sighting]:
        """What changed of messages whose mails wait for people; those that could not be settled are taken anew."""
        known = {one.uid: one for one in self._desk.ask(self._books.known(self._code, folder.uidvalidity))}
        since = cursor.modseq if folder.modseq is not None else None
        lines = self._session.flags(sorted(known), since)
        there = set(lines) if since is None else self._session.there(known)
        for line in self._session.lines(self._open(folder, known.values(), there)).values():
            self._take(_Place(line, folder, None))
        settled = {uid: one for uid, one in known.items() if one.mail is not None}
        gone = [replace(one, gone=True) for uid, one in settled.items() if uid not in there]
        return [*gone, *_flagged(settled, lines.values())]

    def _open(self, folder: Folder, known: Iterable[Sighting], there: Collection[int]) -> list[int]:
        """The messages of which it is not settled yet which mail they are, but for those that rest."""
        now = self._desk.clock.now()
        found = sorted(one.uid for one in known if one.mail is None and one.uid in there)
        return [uid for uid in found if not self._stumbles.rests((folder.uidvalidity, uid), now)]

    def _write(self, seen: Sequence[Sighting], cursor: Cursor | None) -> None:
        if not self._desk.ask(self._books.saw(self._code, seen, cursor, holder=self._desk.holder, state=self._state)):
            raise Overtaken

    def _count(self, kind: str) -> None:
        MESSAGES.labels(self._code, kind).inc()


def _has_bytes_of(mail: KnownMail, fetched: Fetched) -> bool:
    return mail.sha256 in {fetched.below, fetched.sha256}


def _flagged(known: dict[int, Sighting], lines: Iterable[Line]) -> list[Sighting]:
    now = [(known[one.uid], one) for one in lines if one.uid in known]
    return [
        replace(before, seen=one.seen, answered=one.answered)
        for before, one in now
        if (before.seen, before.answered) != (one.seen, one.answered)
    ]


def _parts(uids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (uids[start : start + BATCH] for start in range(0, len(uids), BATCH))
