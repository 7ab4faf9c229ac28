"""One IMAP connection, against a real Dovecot: what it sees, what it never changes, and how it ends when things go wrong."""

import hashlib
import os
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from fakes.certificate import self_signed
from fakes.dovecot import Dovecot, mail
from fakes.line import Line

from services.mailbox.session import CHUNK, Session
from services.mailbox.trouble import Trouble
from services.mailbox.values import Bounds, Login, set_of
from services.settings import Mailbox

pytestmark = pytest.mark.needs("dovecot-imapd")
LOGIN = Login("bf", "hemmelig")
DAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def dovecot():
    with Dovecot("bf", "bf2", tls=True) as server:
        server.password("bf2", "blåbær")
        yield server


@pytest.fixture
def empty(dovecot):
    """The mailbox with nothing in it."""
    if dovecot.maildir("bf").exists():
        dovecot.forget("bf")
    return dovecot


def box(port, tls="none", **more):
    return Mailbox.model_validate({"address": "bf@eksempel.dk", "host": f"127.0.0.1:{port}", "user": "bf", "tls": tls, **more})


@pytest.fixture
def opened():
    """Sessions that are closed afterwards."""
    made = []

    def make(*args, **kwargs):
        made.append(Session(*args, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def wake():
    number = os.eventfd(0, os.EFD_NONBLOCK)
    yield number
    os.close(number)


def trouble(call, *args, **kwargs):
    with pytest.raises(Trouble) as found:
        call(*args, **kwargs)
    return found.value.code


def test_it_sees_what_is_there_and_changes_nothing(empty, opened):
    big = b"From: a@example.net\r\n\r\n" + os.urandom(CHUNK + 1000).hex().encode() + b"\r\n"
    exact = mail(3, body="x" * (2 * CHUNK - len(mail(3, body=""))))
    assert len(exact) == 2 * CHUNK
    empty.append("bf", mail(1), at=DAY)
    empty.append("bf", mail(2), flags=[rb"\Seen", rb"\Answered"], at=DAY)
    empty.append("bf", big, exact, at=DAY)
    before = empty.kept("bf")
    session = opened(box(empty.port))
    folder = session.open(LOGIN)
    assert (folder.exists, folder.uidnext) == (4, 5) and folder.modseq
    assert session.uids_from(2) == [2, 3, 4]
    assert session.uids_from(9) == []
    lines = session.lines([1, 2, 3, 9])
    assert [(one.seen, one.answered, one.internal_date) for one in lines.values()] == [
        (False, False, DAY),
        (True, True, DAY),
        (False, False, DAY),
    ]
    assert lines[1].size == len(mail(1)) and list(lines) == [1, 2, 3]
    for uid, wanted in ((1, mail(1)), (3, big), (4, exact)):
        written = bytearray()
        assert session.whole(uid, written.extend) == len(wanted)
        assert hashlib.sha256(written).digest() == hashlib.sha256(wanted).digest()
    assert session.whole(9, lambda _: None) is None
    assert session.fields([1, 9], ["Message-ID", "X-Rammevagt-Id"]) == {1: b"Message-ID: <1@example.net>\r\n\r\n"}
    assert session.unseen_since(DAY.date()) == [1, 3, 4]
    assert session.unseen_since(DAY.date() + timedelta(days=1)) == []
    assert session.there([1, 2, 7]) == {1, 2}
    session.close()
    assert empty.kept("bf") == before


def test_the_server_itself_refuses_to_let_it_write(empty, opened):
    empty.append("bf", mail(1))
    session = opened(box(empty.port))
    session.open(LOGIN)
    for write in (
        lambda client: client.add_flags([1], [rb"\Seen"]),
        lambda client: client.delete_messages([1]),
        lambda client: client.move([1], "INBOX"),
    ):
        with suppress(Trouble), session.within(5) as client:  # it may refuse, or say yes and do nothing
            write(client)
            client.expunge()
    assert [one.flags for one in empty.kept("bf").values()] == [""]


def test_flags_that_changed_since(empty, opened):
    empty.append("bf", mail(1), mail(2), mail(3))
    session = opened(box(empty.port))
    folder = session.open(LOGIN)
    with empty.client("bf") as colleague:
        colleague.add_flags([2], [rb"\Answered"])
    changed = session.flags([1, 2, 3], folder.modseq)
    assert [(one.uid, one.answered) for one in changed.values()] == [(2, True)]
    assert changed[2].modseq > folder.modseq
    assert [one.answered for one in session.flags([1, 2, 3]).values()] == [False, True, False]


def test_it_is_woken_by_a_mail_by_a_flag_and_by_us(empty, opened, wake):
    empty.append("bf", mail(1))
    session = opened(box(empty.port))
    session.open(LOGIN)
    for news in (
        lambda: empty.append("bf", mail(2)),
        lambda: _flag(empty),
        lambda: os.eventfd_write(wake, 1),
    ):
        session.begin_look()
        telling = threading.Thread(target=news)
        telling.start()
        session.wait(60, wake)  # the test's own time limit is the measure
        telling.join()
    assert session.uids_from(1) == [1, 2]


def _flag(dovecot):
    with dovecot.client("bf") as colleague:
        colleague.add_flags([1], [rb"\Seen"])


def test_what_was_told_during_a_look_is_not_waited_for(empty, opened, wake):
    """EXISTS may come with the answer to a search, and is never told again."""
    empty.append("bf", mail(1))
    session = opened(box(empty.port))
    session.open(LOGIN)
    session.begin_look()
    assert session.uids_from(1) == [1]
    empty.append("bf", mail(2))
    session.lines([1])  # the server tells of the second one here
    session.wait(60, wake)
    assert session.uids_from(1) == [1, 2]


def test_a_server_that_tells_news_before_it_waits(opened, wake):
    with Script(["* 7 EXISTS\r\n+ idling\r\n"]) as script:
        session = opened(box(script.port))
        session.open(LOGIN)
        session.begin_look()
        session.wait(60, wake)


class Script:
    """A server that says what a test wants: all goes well but for what it says ``instead``, and its answers to IDLE."""

    def __init__(self, idles=(), greeting=b"* OK hello\r\n", instead=None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.idles, self.greeting, self.instead = list(idles), greeting, instead or {}
        self.client = None
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self.listener, self.client):
            if one:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def _serve(self):
        try:
            while True:
                self.client, _ = self.listener.accept()
                with self.client as client, client.makefile("rwb", buffering=0) as file:
                    self._talk(file)
        except OSError:
            pass

    def _talk(self, file):
        file.write(self.greeting)
        waiting = b""
        try:
            for line in file:
                tag, _, rest = line.strip().partition(b" ")
                said = self._answer(rest.split(b" ")[0].upper(), rest)
                if said is None:
                    return
                waiting = tag if rest == b"IDLE" else waiting
                file.write(said.replace(b"TAG", waiting if tag == b"DONE" else tag))
        except OSError:
            return

    def _answer(self, command, rest):
        if command in self.instead:
            return self.instead[command]
        if command == b"CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n"
        if command == b"EXAMINE":
            return b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 2]\r\nTAG OK [READ-ONLY]\r\n"
        if command == b"IDLE":
            return self.idles.pop(0).encode()
        return b"TAG OK done\r\n" if command != b"LOGOUT" else b"* BYE\r\nTAG OK done\r\n"


NONSENSE = {
    "a web server": {"greeting": b"HTTP/1.1 400 Bad Request\r\n\r\n"},
    "an SMTP server": {"greeting": b"220 mx ESMTP\r\n"},
    "no IMAP": {"instead": {b"CAPABILITY": b"* CAPABILITY POP3\r\nTAG OK done\r\n"}},
    "a literal of a terabyte": {"instead": {b"UID": b"* 1 FETCH (UID 1 BODY[] {1099511627776}\r\nTAG OK done\r\n"}},
    "brackets without an end": {"instead": {b"UID": b"* 1 FETCH " + b"(" * 50_000 + b"\r\nTAG OK done\r\n"}},
    "numbers that are none": {"instead": {b"UID": b"* 1 FETCH (UID x FLAGS ())\r\nTAG OK done\r\n"}},
    "half an answer": {"instead": {b"UID": b"* 1 FETCH (UID\r\nTAG OK done\r\n"}},
    "a folder without its number": {"instead": {b"EXAMINE": b"* 1 EXISTS\r\nTAG OK done\r\n"}},
    "a line without an end": {"instead": {b"UID": b"* 1 FETCH (UID 1 FLAGS (" + b"x" * (9 << 20)}},
    "many lines": {"instead": {b"UID": b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n" * 600_000 + b"TAG OK done\r\n"}},
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_told_as_nonsense(what, opened):
    with Script(**NONSENSE[what]) as script:
        session = opened(box(script.port))
        with pytest.raises(Trouble) as found:
            session.open(LOGIN)
            session.lines([1])
        assert found.value.code == "garbled"


def test_a_server_that_is_full_up_is_tried_again(opened):
    with Script(greeting=b"* BYE too many connections\r\n") as script:
        assert trouble(opened(box(script.port)).open, LOGIN) == "unavailable"


@pytest.mark.parametrize("code", ["UNAVAILABLE", "INUSE"])
def test_a_login_that_is_not_possible_just_now_is_no_wrong_password(code, opened):
    with Script(instead={b"LOGIN": b"TAG NO [%s] later\r\n" % code.encode()}) as script:
        assert trouble(opened(box(script.port)).open, LOGIN) == "unavailable"


def test_passwords_tokens_and_folders_that_are_refused(dovecot, opened):
    assert trouble(opened(box(dovecot.port)).open, Login("bf", "forkert")) == "login_refused"
    assert trouble(opened(box(dovecot.port)).open, Login("bf", "nix", token=True)) == "token_refused"
    assert trouble(opened(box(dovecot.port, folder="Findes ikke")).open, LOGIN) == "folder_missing"
    dovecot.tokens.active["t1"] = "bf"
    opened(box(dovecot.port)).open(Login("bf", "t1", token=True))
    opened(box(dovecot.port)).open(Login("bf2", "blåbær"))


def test_folders_with_danish_names(dovecot, opened):
    with dovecot.client("bf") as colleague:
        colleague.create_folder("Børn & unge")
    assert opened(box(dovecot.port, folder="Børn & unge")).open(LOGIN).exists == 0


@pytest.mark.parametrize("how", ["implicit", "starttls"])
def test_a_certificate_is_verified(dovecot, opened, how):
    port = dovecot.tls_port if how == "implicit" else dovecot.port
    known = ssl.create_default_context(cafile=dovecot.certificate[0])
    assert opened(box(port, how), known).open(LOGIN).uidvalidity
    assert trouble(opened(box(port, how)).open, LOGIN) == "certificate"


def test_certificates_of_others_or_of_yesterday(tmp_path, opened):
    for name, more in (("other", {"address": "127.0.0.2"}), ("old", {"days": (-3, -1)})):
        pair = self_signed(tmp_path, name, **more)
        with Dovecot("bf", tls=True, certificate=pair) as server:
            context = ssl.create_default_context(cafile=pair[0])
            assert trouble(opened(box(server.tls_port, "implicit"), context).open, LOGIN) == "certificate"


def test_tls_where_there_is_none(opened):
    with Script() as script:
        session = opened(box(script.port, "starttls"))
        assert trouble(session.open, LOGIN) == "tls"
        session.close()
        assert trouble(opened(box(script.port, "implicit")).open, LOGIN) == "tls"


def test_what_is_said_before_tls_counts_for_nothing(opened):
    said = b"TAG OK go on\r\n* PREAUTH in the middle\r\n"
    able = b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n"
    with Script(instead={b"STARTTLS": said, b"CAPABILITY": able}) as script:
        assert trouble(opened(box(script.port, "starttls")).open, LOGIN) == "tls"


def test_names_and_ports_that_lead_nowhere(opened):
    nowhere = Mailbox.model_validate({"address": "bf@eksempel.dk", "host": "imap.invalid:993", "user": "bf"})
    assert trouble(opened(nowhere).open, LOGIN) == "name_not_found"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert trouble(opened(box(port)).open, LOGIN) == "unreachable"


def test_a_server_that_is_mute_is_left_in_time(opened, wake):
    bounds = Bounds(connect=0.3, login=0.3, call=0.3, chunk=0.3, leave=0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert trouble(opened(box(mute.getsockname()[1]), bounds=bounds).open, LOGIN) == "timeout"


def test_a_line_that_falls_silent_is_noticed_when_the_wait_is_over(empty, opened, wake):
    with Line(empty.port) as line:
        session = opened(box(line.port), bounds=Bounds(call=0.5, leave=0.1))
        session.open(LOGIN)
        session.begin_look()
        line.silence()
        assert trouble(session.wait, 0.2, wake) == "timeout"


def test_a_line_that_is_cut_is_noticed_at_once(empty, opened, wake):
    with Line(empty.port) as line:
        session = opened(box(line.port))
        session.open(LOGIN)
        session.begin_look()
        cutting = threading.Timer(0.1, line.cut)
        cutting.start()
        assert trouble(session.wait, 60, wake) == "closed"
        cutting.join()
        assert trouble(session.uids_from, 1) == "closed"


def test_another_thread_can_end_it(empty, opened, wake):
    session = opened(box(empty.port))
    session.open(LOGIN)
    session.begin_look()
    cutting = threading.Timer(0.1, session.cut)
    cutting.start()
    assert trouble(session.wait, 60, wake) == "closed"
    cutting.join()


def test_many_numbers_are_written_as_ranges():
    assert set_of([1, 2, 3, 5, 9, 10]) == "1:3,5,9:10"
    assert set_of([7]) == "7"
