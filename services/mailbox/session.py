"""One IMAP connection to one folder: bounded in time and memory, and by default without any right to change it.

``open`` uses EXAMINE, so that the server itself refuses every change; what is fetched is fetched with BODY.PEEK.
A call either answers or raises ``Trouble``, and after that the connection is of no more use.
"""

import ssl
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from imapclient import IMAPClient, SocketTimeout

from services.hosts import split_host_port
from services.mailbox.trouble import Trouble, trouble_of
from services.mailbox.values import Bounds, Folder, Line, Login, line_of, set_of, under
from services.mailbox.wire import Place, Wire
from services.settings import Mailbox
from workflows.mailbox_state import Trouble as Code

CHUNK = 2 << 20  # octets of a mail that are fetched at once
FIELDS = 65_536
BATCH = 500  # messages that are asked about at once
PROMISES = ("EXISTS", "EXPUNGE", "FETCH")  # what a server tells by itself


class _Client(IMAPClient):  # type: ignore[misc]  # the library tells no types
    """The library's client over our own wire."""

    def __init__(self, place: Place, until: float) -> None:
        self._place, self._until = place, until
        super().__init__(place.host, place.port, ssl=place.tls == "implicit", timeout=SocketTimeout(None, None))
        self._imap.debug = 0  # else it writes out everything that is said, for a log that nobody reads
        self.normalise_times = False

    def _create_IMAP4(self) -> Wire:
        return Wire(self._place, self._until)


class Session:
    """A connection to the server of ``box``. ``tls`` verifies it; None: by the authorities that this machine trusts."""

    def __init__(self, box: Mailbox, tls: ssl.SSLContext | None = None, bounds: Bounds | None = None) -> None:
        host, port = split_host_port(box.host)
        verifying = None if box.tls == "none" else tls or ssl.create_default_context()
        self._place = Place(host, port, box.tls, verifying)
        self._box = box
        self.bounds = bounds or Bounds()
        self._client: Any = None
        self._cut = False

    # -- the connection

    def open(self, login: Login, *, writable: bool = False) -> Folder:
        """Connect, log in and open the mailbox's folder."""
        self.connect()
        self.login(login)
        return self.select(self._box.folder, writable=writable)

    def connect(self) -> None:
        """TCP and TLS."""
        with self._mending(), _refused_as("unavailable"):
            self._client = _Client(self._place, time.monotonic() + self.bounds.connect)
            if self._place.tls == "starttls":
                self._wire.secure()

    def login(self, login: Login) -> None:
        """Say who we are. A password goes by AUTHENTICATE PLAIN where the server knows it: LOGIN takes ASCII alone."""
        refused: Code = "token_refused" if login.token else "login_refused"
        with self.within(self.bounds.login) as client, _refused_as(refused):
            if login.token:
                client.sasl_login("XOAUTH2", _once(f"user={login.user}\1auth=Bearer {login.secret}\1\1"))
            elif client.has_capability("AUTH=PLAIN"):
                client.plain_login(login.user, login.secret)
            else:
                client.login(login.user, login.secret)
        with self.within(self.bounds.call) as client:
            client.capabilities()
            if client.has_capability("ENABLE") and client.has_capability("CONDSTORE"):
                client.enable("CONDSTORE")

    def select(self, folder: str, *, writable: bool = False) -> Folder:
        """Open a folder of the mailbox, for reading alone unless ``writable``."""
        with self.within(self.bounds.call) as client, _refused_as("folder_missing"):
            told = client.select_folder(folder, readonly=not writable)
            modseq = told.get(b"HIGHESTMODSEQ")
            return Folder(told[b"UIDVALIDITY"], told.get(b"UIDNEXT") or self._next_uid(), told[b"EXISTS"], modseq)

    def _next_uid(self) -> int:
        """Of a server that does not say UIDNEXT."""
        found = self._client.search(["ALL"])
        return max(found, default=0) + 1

    def close(self) -> None:
        """Log out where the server answers soon, and end the connection either way."""
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(Exception):
            client._imap.allow(self.bounds.leave)
            if not self._cut:
                client.logout()
        with suppress(OSError):
            client._imap.shutdown()

    def cut(self) -> None:
        """From another thread: what is under way here ends at once, with ``Trouble``."""
        self._cut = True
        if self._client is not None:
            self._wire.cut()

    @contextmanager
    def within(self, seconds: float) -> Iterator[Any]:
        """The library's client, for calls that may take so long together. Whatever goes wrong is ``Trouble``."""
        with self._mending():
            if self._client is None or self._cut:
                raise Trouble("closed")
            self._wire.allow(seconds)
            yield self._client

    @contextmanager
    def _mending(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise trouble_of(error) from error

    @property
    def _wire(self) -> Wire:
        wire: Wire = self._client._imap
        return wire

    # -- looking

    def uids_from(self, first: int) -> list[int]:
        """Every message from ``first`` on, in order. (``n:*`` names the last message too where there is none from n on.)"""
        return [uid for uid in self._search(["UID", f"{first}:*"]) if uid >= first]

    def unseen_since(self, day: date) -> list[int]:
        """Unread messages that came on ``day`` or later, by the server's own dates."""
        return self._search(["UNSEEN", "SINCE", day])

    def since(self, day: date) -> list[int]:
        """Messages that came on ``day`` or later, by the server's own dates."""
        return self._search(["SINCE", day])

    def there(self, uids: Collection[int]) -> set[int]:
        """Which of these messages the folder still has."""
        return {uid for part in _parts(sorted(uids)) for uid in self._search(["UID", set_of(part)])} & set(uids)

    def _search(self, criteria: Sequence[object]) -> list[int]:
        with self.within(self.bounds.call) as client:
            return sorted(set(client.search(criteria)))

    def lines(self, uids: Sequence[int]) -> dict[int, Line]:
        """Flags, date and size. A message that is gone is left out."""
        return self._lines(uids, ["FLAGS", "INTERNALDATE", "RFC822.SIZE"])

    def flags(self, uids: Sequence[int], since: int | None = None) -> dict[int, Line]:
        """Flags alone; with ``since``, of those that changed after that ``modseq``."""
        if since is None:
            return self._lines(uids, ["FLAGS"])
        return self._lines(uids, ["FLAGS"], [f"CHANGEDSINCE {since}"])

    def _lines(self, uids: Sequence[int], what: list[str], modifiers: list[str] | None = None) -> dict[int, Line]:
        found: dict[int, Line] = {}
        for part in _parts(uids):
            with self.within(self.bounds.call) as client:
                told = client.fetch(part, what, modifiers)
                found |= {uid: line_of(uid, said) for uid, said in told.items() if b"FLAGS" in said}
        return found

    def fields(self, uids: Sequence[int], names: Sequence[str]) -> dict[int, bytes]:
        """The header fields of these names as they stand in the mail, ``FIELDS`` octets at most; nothing else of it is fetched."""
        what = f"BODY.PEEK[HEADER.FIELDS ({' '.join(name.upper() for name in names)})]<0.{FIELDS}>"
        found: dict[int, bytes] = {}
        for part in _parts(uids, BATCH // 10):
            with self.within(self.bounds.call) as client:
                told = client.fetch(part, [what])
            found |= {uid: value for uid, said in told.items() if (value := under(said, b"BODY[HEADER.FIELDS")) is not None}
        return found

    def whole(self, uid: int, write: Callable[[bytes], object]) -> int | None:
        """Write the octets of one mail, a part at a time; their number, or None where it is gone."""
        size = 0
        while True:
            with self.within(self.bounds.chunk) as client:
                said = client.fetch([uid], [f"BODY.PEEK[]<{size}.{CHUNK}>"]).get(uid)
                part = None if said is None else said.get(b"BODY[]<%d>" % size)
            if part is None:
                return None if size == 0 or not self.there([uid]) else _garbled()
            write(part)
            size += len(part)
            if len(part) < CHUNK:
                return size

    # -- waiting

    @property
    def idles(self) -> bool:
        """Whether the server can say by itself that something came."""
        return self._client is not None and bool(self._client.has_capability("IDLE"))

    def begin_look(self) -> None:
        """What the server told until now will be seen by the look that begins."""
        for name in PROMISES:
            self._wire.untagged_responses.pop(name, None)

    def wait(self, seconds: float, wake: int) -> None:
        """Until the server tells of something (IDLE), ``wake`` can be read, or ``seconds`` are over.

        What it told during the look before counts: it is the only word about it (RFC 3501 7).
        """
        ends = time.monotonic() + seconds
        if self._has_news():
            return
        with self.within(self.bounds.call):
            tag = self._wire.begin_idle()
        with self._mending():
            self._listen(ends, wake)
        with self.within(self.bounds.call):
            self._wire.end_idle(tag)

    def _listen(self, ends: float, wake: int) -> None:
        while not self._has_news() and (left := ends - time.monotonic()) > 0:
            self._wire.allow(self.bounds.call + left)
            if self._wire.hear(left, wake):
                return

    def _has_news(self) -> bool:
        return any(name in self._wire.untagged_responses for name in PROMISES)

    def still_there(self) -> None:
        """NOOP: the server tells what it has to tell."""
        with self.within(self.bounds.call):
            self._wire.noop()


def _once(words: str) -> Callable[[bytes], bytes]:
    """A client's first words; to a server that then explains why not, nothing more is said (RFC 7628 3.2.3)."""
    said = iter((words.encode(),))
    return lambda _challenge: next(said, b"")


def _garbled() -> int:
    raise Trouble("garbled")


@contextmanager
def _refused_as(code: Code) -> Iterator[None]:
    """A server's NO without a reason of its own means this here."""
    try:
        yield
    except IMAPClient.AbortError:
        raise
    except (IMAPClient.Error, UnicodeEncodeError) as error:
        found = trouble_of(error)
        raise (Trouble(code) if found.code == "refused" or isinstance(error, UnicodeError) else found) from error


def _parts(uids: Sequence[int], size: int = BATCH) -> Iterator[Sequence[int]]:
    return (uids[start : start + size] for start in range(0, len(uids), size))
