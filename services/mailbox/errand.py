"""One message's way from an employee's INBOX to the functional mailbox, step by step; each is noted before the next is done.

1. *planned*: noted, and nothing done.
2. *aimed*: noted what its bytes are, and from which place on a copy of them can lie in the functional mailbox. Then APPEND.
3. *copied*: the copy was fetched back and is the same, byte by byte. The mail is in the books, in the same transaction.
4. *moved*: by MOVE to the folder of moved mail, and found there, the same byte by byte.

After a crash between two steps, what the last one did is looked for first: a copy that is there is not made again.
"""

import hashlib
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

from services.mailbox import moving
from services.mailbox.arriving import routed
from services.mailbox.moving import sha256
from services.mailbox.office import Office
from services.mailbox.session import Session
from services.mailbox.trouble import Trouble
from services.mailbox.values import Folder
from services.settings import Mailbox
from services.store.interface import Arrival
from services.store.routing import Routed
from workflows.mends import header_block, mend
from workflows.reading import MAX_BLOCK, read_headers
from workflows.route import FIELDS, Fault, Found, Leave, Move
from workflows.sighting import Message, mark_of, which

_REFUSED: dict[str, Fault] = {"full": "mailbox_full", "refused": "mailbox_refuses", "folder_missing": "mailbox_refuses"}


class Hindered(Exception):
    """Something stands in the way; the message lies where it lay."""

    def __init__(self, why: Fault) -> None:
        super().__init__(why)
        self.why: Fault = why


class Lost(Exception):
    """Another process has the message in hand."""


class _Target(NamedTuple):
    """The functional mailbox, open for reading."""

    box: Mailbox
    session: Session
    folder: Folder


class _Content(NamedTuple):
    """The message, as the server gives it and as it is kept."""

    raw: bytes
    kept: bytes  # after the two mends
    found: Found


class Errand:
    """One message of ``box``, an employee's mailbox; ``one`` is how far it has come."""

    def __init__(self, office: Office, box: Mailbox, one: Routed) -> None:
        self.one = one
        self._office = office
        self._journal = office.store.routing
        self._box = box
        self._session: Session
        self._folder: Folder

    def run(self) -> None:
        """As far as it goes. Raises ``Hindered``, ``Lost``, or ``Trouble`` of the employee's mailbox."""
        with ExitStack() as stack:
            self._session, self._folder = stack.enter_context(self._office.open(self._box))
            if not moving.can_move(self._session):
                raise Hindered("cannot_move")
            if self.one.stage == "planned":
                self._copy(stack)
            if self.one.stage == "copied":
                self._move()

    # -- the copy

    def _copy(self, stack: ExitStack) -> None:
        aimed = self.one.target_next is not None
        target = self._open(self._office.box_of(self.one.target), stack) if aimed else None
        copy = self._find_copy(target) if target else None
        content = self._content(target, copy)
        if content is None or (copy is None and self._is_known(content)):
            return self._drop()
        [planned] = self._office.plan([content.found])
        if target and copy:
            return self._record(target, copy, content, planned)
        if isinstance(planned, Leave):
            return self._drop()
        target = self._open(self._office.box(planned.to), stack)
        self._record(target, self._put(target, content), content, planned)

    def _content(self, target: _Target | None, copy: int | None) -> _Content | None:
        """From the INBOX; where the employee has taken it from there meanwhile, from the copy."""
        uid = self._place()
        raw = None if uid is None else moving.whole(self._session, uid)
        if raw is None and target and copy:
            raw = moving.whole(target.session, copy)
        if raw is None:
            return None
        kept = mend(raw)
        headers, digest = read_headers(header_block(kept)), hashlib.sha256(kept).hexdigest()
        return _Content(raw, kept, Found(self._box.address, headers, self.one.mail, digest, len(kept), self.one.arrived_at))

    def _place(self) -> int | None:
        """Its UID in the INBOX; None where it is there no more. Where UIDs were given anew, its bytes tell which it is."""
        one = self.one
        if one.uidvalidity == self._folder.uidvalidity:
            return one.uid if self._is_there(one.uid) else None
        uid = self._renumbered() if one.sha256 else None
        if uid is not None:
            self._save(replace(one, uidvalidity=self._folder.uidvalidity, uid=uid))
        return uid

    def _renumbered(self) -> int | None:
        """Of an INBOX no more is fetched than by a look: of nobody the bytes who is not verified and under a framework."""
        one, office = self.one, self._office
        told = self._session.fields(moving.named(self._session, one.message_id, one.size), FIELDS)
        found = {uid: Found(self._box.address, read_headers(fields), came_at=one.arrived_at) for uid, fields in told.items()}
        same = {uid: it for uid, it in found.items() if it.headers.message_id == one.message_id}
        planned = office.plan([*same.values()])
        framed = [uid for uid, what in zip(same, planned, strict=True) if isinstance(what, Move)]
        return next((uid for uid in sorted(framed) if sha256(moving.whole(self._session, uid)) == one.sha256), None)

    def _is_there(self, uid: int) -> bool:
        """As of now: what others have done since the folder was opened is told when the server is asked for news."""
        self._session.still_there()
        return bool(self._session.there([uid]))

    def _same(self, session: Session, first: int, but: frozenset[int] = frozenset()) -> int | None:
        """The message of the open folder, from ``first`` on, that is this one byte by byte; the newest where there are several."""
        for uid in moving.candidates(session, self.one.message_id, self.one.size, first):
            if uid not in but and sha256(moving.whole(session, uid)) == self.one.sha256:
                return uid
        return None

    def _is_known(self, content: _Content) -> bool:
        """It passed the gateway, and was decided there; or it was moved before, and somebody has put it back where they want it.

        Only its bytes tell: id and Message-ID of a mail come to outsiders, and would let them write round a framework. What a
        server has changed is decided again, by the same evaluator.
        """
        office, raw, found = self._office, content.raw, content.found
        if office.ask(self._journal.others(replace(self.one, sha256=sha256(raw) or ""))):
            return True
        mark = mark_of(raw[:MAX_BLOCK])
        known = {"guard_ids": mark.ids, "hashes": [found.sha256]}
        handled = office.ask(office.store.mailboxes.match(self.one.mailbox, self._box.address, **known))
        below = None if mark.begins is None else sha256(raw[mark.begins :])
        return which(Message(mark.ids, found.sha256, below, message_id=None), handled, ()) is not None

    def _open(self, box: Mailbox | None, stack: ExitStack) -> _Target:
        if box is None:
            raise Hindered("mailbox_unwatched")
        try:
            return _Target(box, *stack.enter_context(self._office.open(box)))
        except Trouble as error:
            raise Hindered("mailbox_unreachable") from error

    def _find_copy(self, target: _Target) -> int | None:
        """What an APPEND has put there, if it got so far: after the place that was noted before, and no other mail's copy."""
        one, here = self.one, target.folder.uidvalidity
        first = one.target_next if one.target_uidvalidity == here else None
        others = self._office.ask(self._journal.claimed(one.target, here))
        try:
            return self._same(target.session, first or 1, frozenset(others))
        except Trouble as error:
            raise Hindered("mailbox_unreachable") from error

    def _put(self, target: _Target, content: _Content) -> int:
        self._aim(target, content)
        try:
            moving.append(target.session, target.box.folder, content.raw, self.one.arrived_at)
        except Trouble as error:
            raise Hindered(_REFUSED.get(error.code, "mailbox_unreachable")) from error
        try:
            target.session.select(target.box.folder)  # a server may show what is new only then
        except Trouble as error:
            raise Hindered("mailbox_unreachable") from error
        copy = self._find_copy(target)
        if copy is None:
            raise Hindered("copy_unproven")
        return copy

    def _aim(self, target: _Target, content: _Content) -> None:
        self._save(
            replace(
                self.one,
                target=self._office.code(target.box),
                sha256=sha256(content.raw) or "",
                mended=content.found.sha256,
                size=len(content.raw),
                message_id=content.found.headers.message_id,
                target_uidvalidity=target.folder.uidvalidity,
                target_next=target.folder.uidnext,
            )
        )

    def _record(self, target: _Target, copy: int, content: _Content, planned: Leave | Move) -> None:
        """From here on the mail is in the books. What no framework moves any more is a mail like any other that lies there."""
        key, box, came = self._office.store.key, target.box, self.one.arrived_at
        there = replace(self.one, target_uid=copy, target_uidvalidity=target.folder.uidvalidity, why=None, tries=0)
        if isinstance(planned, Move) and self._office.box(planned.to) == box:
            return self._save(replace(there, stage="copied"), routed(planned, content.kept, key, came, placed=True))
        found = self._office.as_it_lies(content.found, box.address)
        left = replace(there, stage="left", why="framework_changed", next_at=None)
        self._save(left, routed(found, content.kept, key, came, placed=False))
        raise Hindered("framework_changed")

    # -- the original

    def _move(self) -> None:
        uid = self._place()
        if uid is not None:
            self._move_away(uid)
        if self._lies_in_folder():
            return self._save(replace(self.one, stage="moved", why=None, next_at=None))
        if uid is not None or self.one.uidvalidity != self._folder.uidvalidity:
            raise Hindered("move_unproven")
        self._save(replace(self.one, stage="gone", why=None, next_at=None))  # the employee was faster

    def _move_away(self, uid: int) -> None:
        try:
            moving.ensure_folder(self._session, self._box.moved_folder)
            now = self._session.select(self._box.folder, writable=True)
            if now.uidvalidity == self._folder.uidvalidity:
                moving.move(self._session, uid, self._box.moved_folder)
                still_there = self._is_there(uid)
            else:
                still_there = True
        except Trouble as error:
            if error.code in _REFUSED:
                raise Hindered("move_refused") from error
            raise
        if still_there:
            raise Hindered("move_refused")

    def _lies_in_folder(self) -> bool:
        try:
            self._session.select(self._box.moved_folder)
        except Trouble as error:
            if error.code == "folder_missing":
                return False
            raise
        return self._same(self._session, 1) is not None

    # -- the journal

    def _save(self, after: Routed, mail: Arrival | None = None) -> None:
        saved = self._office.record(self.one, after, mail) if mail else self._office.ask(self._journal.save(self.one, after))
        if saved is None:
            raise Lost
        self.one = saved

    def _drop(self) -> None:
        """None of ours any more, and nothing was done: nothing is kept of it."""
        self._office.ask(self._journal.drop(self.one))
