"""Route mode against a real Dovecot: what lies where afterwards, what is kept of it, and that doubt leaves it where it was."""

import asyncio
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fakes.arrivals import SetClock, arrival
from fakes.dovecot import Dovecot
from fakes.routes import AT, FRAMED, MOVED, SINCE, Route, letter, logged_in, opened, settings
from fakes.town import BO, BOX, KAREN, framework, town
from fakes.watching import Watching, box

from services.mailbox import moving
from services.mailbox.routing import looks
from services.mailbox.session import Session
from services.mailbox.trouble import Trouble
from services.settings import Settings
from services.store.sql_store import SqlStore
from workflows.audit import AuditRecord
from workflows.mends import mend

pytestmark = pytest.mark.needs("dovecot-imapd")
NUMBERS = count()
STRANGER = "fremmed@example.com"
TOWNS = 60


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(*(f"{name}{number}" for name in ("karen", "box") for number in range(TOWNS))) as server:
        yield server


@pytest.fixture(scope="module")
async def framed(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a register in it, to be copied."""
    folder = tmp_path_factory.mktemp("framed") / "data"
    store = await opened(settings(folder, dovecot.port, "karen0", "box0"))
    await store.close()
    return folder


class Town:
    """Two users of the server of their own, and the store."""

    def __init__(self, dovecot: Dovecot, made: Settings, store: SqlStore, clock: SetClock) -> None:
        self.dovecot, self.settings, self.store, self.clock = dovecot, made, store, clock
        self.karen, self.box = (one.user for one in made.mailboxes)
        self.route = Route(made, store, clock)

    def put(self, *mails: bytes, at: Any = AT, flags: Any = ()) -> None:
        self.dovecot.append(self.karen, *mails, at=at, flags=flags)

    def lies(self) -> list[Counter[str]]:
        """SHA-256 of what lies in the INBOX, in the functional mailbox and in the folder of moved mail."""
        places = ((self.karen, "INBOX"), (self.box, "INBOX"), (self.karen, MOVED))
        return [Counter(one.sha256 for one in self.dovecot.kept(*place).values()) for place in places]

    async def stages(self) -> list[tuple[str, str | None]]:
        return await self.store.readers.run(
            lambda connection: [tuple(row) for row in connection.exec_driver_sql("SELECT stage, why FROM routing ORDER BY mail")]
        )

    async def balanced(self, redirected: int) -> None:
        books = await self.store.books()
        assert all(row.balances() for row in books.rows)
        assert books.unaccounted == ()
        assert (sum(row.accepted for row in books.rows), sum(row.redirected for row in books.rows)) == (redirected, redirected)
        assert (await self.store.verify_audit()).broken_at is None


@pytest.fixture
async def a_town(dovecot: Dovecot, framed: Path, tmp_path: Path) -> AsyncIterator[Town]:
    number = next(NUMBERS)
    shutil.copytree(framed, tmp_path / "data")
    made = settings(tmp_path / "data", dovecot.port, f"karen{number}", f"box{number}")
    store = await opened(made, None)
    town = Town(dovecot, made, store, SetClock())
    await town.route.begin()
    yield town
    await store.close()


def digest(content: bytes) -> str:
    """As Dovecot keeps it on the disk: with the line ends of the system."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


MINE = letter()
IN_BOTH = [Counter(), Counter([digest(MINE)]), Counter([digest(MINE)])]
UNTOUCHED = [Counter([digest(MINE)]), Counter(), Counter()]


async def test_a_citizens_mail_ends_in_the_functional_mailbox_and_in_the_folder(a_town: Town) -> None:
    a_town.put(MINE, flags=[rb"\Flagged"])
    await a_town.route.run()
    assert a_town.lies() == IN_BOTH
    assert await a_town.stages() == [("moved", None)]
    await a_town.balanced(1)
    with logged_in(a_town.settings.mailboxes[1]) as (session, _):
        [copy] = session.lines([1]).values()
        assert (copy.seen, copy.answered, copy.internal_date) == (False, False, AT)
    events = [one.subject for one in await a_town.store.outbox(9) if one.topic == "rammevagt.mail.decided"]
    assert [one.came_at for one in await a_town.store.mails_to_assess(events)] == [AT]
    with a_town.dovecot.client(a_town.karen, folder=MOVED) as client:
        [original] = client.fetch([1], ["FLAGS", "INTERNALDATE"]).values()
        assert rb"\Flagged" in original[b"FLAGS"] and rb"\Seen" not in original[b"FLAGS"]
        assert original[b"INTERNALDATE"] == AT
        assert MOVED in [name for *_, name in client.list_sub_folders()]
    await a_town.route.run()


async def test_law_7_it_is_recorded_as_any_other_mail(a_town: Town) -> None:
    a_town.put(MINE)
    await a_town.route.run()
    [(id, _)] = await a_town.store.unassessed(AT - timedelta(days=9), AT + timedelta(days=9), 9)
    kept = await a_town.store.mail(id)
    assert kept and kept.content == mend(MINE) == MINE
    [recipient] = kept.decision["recipients"]
    assert (recipient["action"], recipient["deliver_to"], recipient["framework"]) == ("redirect", [BOX], "f-1")
    nothing = {"send": False, "to": None, "answer_by": None}
    assert kept.decision["receipt"] == {**nothing, "reason": "framework_applies", "blocked_by": "seen_in_mailbox"}
    assert kept.decision["mail"]["sha256"] == hashlib.sha256(MINE).hexdigest()
    decided = [json.loads(one.body)["data"] for one in await a_town.store.outbox(9) if one.topic.endswith("mail.decided")]
    assert [(one["mail"], one["citizen"]) for one in decided] == [(id, "c-1")]


OTHERS = [
    letter(2, sender="fremmed@example.com", auth="mx.eksempel.dk; dmarc=pass header.from=example.com"),
    letter(3, sender="eva@example.net"),
    letter(4, auth="mx.eksempel.dk; dmarc=fail header.from=example.net"),
    letter(5, sender="ada@advokat.example", auth="mx.eksempel.dk; dmarc=pass header.from=advokat.example"),
    letter(6, sender="per@eksempel.dk"),
]


async def test_law_9_nothing_is_kept_of_anybody_elses_mail(a_town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    a_town.put(*OTHERS[:3])
    a_town.put(*OTHERS[3:], flags=[rb"\Seen", rb"\Answered"])
    before = a_town.dovecot.kept(a_town.karen)
    asked: list[str] = []
    with listening(asked):
        await a_town.route.run()
    assert not [one for one in asked if one.startswith(("whole", "lines", "flags"))]  # headers are all that was asked for
    a_town.put(MINE)
    await a_town.route.run()
    assert {name: one for name, one in a_town.dovecot.kept(a_town.karen).items() if name in before} == before
    folder = a_town.settings.data
    await a_town.store.close()
    said = "".join(capfd.readouterr()).encode()
    everything = said + b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    for number, words in ((2, "fremmed"), (3, "eva"), (4, "Ordet4"), (5, "advokat"), (6, "per@")):
        for word in (f"Ordet{number}", f"<{number}@example.net>"):
            assert word.encode() not in everything, word
        assert words.encode() not in said
    assert b"<1@example.net>" in everything  # of the one that was moved the database does tell
    for word in (b"Ordet1", b"<1@", b"bo@", b"karen@", b"Bo Borger", b"bf-kontakt"):
        assert word not in said, word


@contextmanager
def listening(asked: list[str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fields", "lines", "flags", "whole"):
            real = getattr(Session, name)

            def noted(self: Session, *args: Any, real: Any = real, name: str = name) -> Any:
                asked.append(f"{name} {args[:2]}")
                return real(self, *args)

            patch.setattr(Session, name, noted)
        yield


async def test_law_3_what_can_not_be_decided_stays(a_town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError(MINE)

    a_town.put(MINE)
    monkeypatch.setattr("services.mailbox.office.plan", broken)
    await a_town.route.run()
    assert a_town.lies() == UNTOUCHED


async def test_two_mails_that_claim_one_message_id_are_two_mails(a_town: Town) -> None:
    other, forged = letter(1, body="En anden\r\n"), letter(1, sender="fremmed@example.com")
    a_town.put(MINE, other, forged)
    await a_town.route.run()
    moved = Counter([digest(MINE), digest(other)])
    assert a_town.lies() == [Counter([digest(forged)]), moved, moved]
    await a_town.balanced(2)


ODD = [
    letter(1).replace(b"Message-ID: <1@example.net>\r\n", b""),
    letter(1).replace(b"<1@example.net>", b'<"a b\\"c(d"@example.net>'),
    letter(1).replace(b"<1@example.net>", "<blåbær@example.net>".encode()),
    letter(1).replace(b"<1@example.net>", b"<fol\r\n ded@example.net>"),
    letter(1).replace(b"<1@example.net>", b"<" + b"x" * 950 + b"@example.net>"),
    letter(1).replace(b"<1@example.net>", b"no brackets % * here"),
    letter(1, body="æøå 🙂\r\n" + "x" * 5000 + "\r\n.\r\n..\r\nFrom mig\r\n"),
    letter(1, body="\x80\xff".encode("latin-1").decode("latin-1") + "\n"),
    letter(1, body="no line end"),
    letter(1, fields="X-Rammevagt-Id: forged\r\n"),
]


async def test_odd_mails_are_found_again_by_their_bytes(a_town: Town) -> None:
    a_town.put(*ODD)
    before = Counter(one.sha256 for one in a_town.dovecot.kept(a_town.karen).values())
    await a_town.route.run()
    assert a_town.lies() == [Counter(), before, before]
    assert await a_town.stages() == [("moved", None)] * len(ODD)
    await a_town.balanced(len(ODD))


async def test_a_mail_of_fifty_megabytes(a_town: Town) -> None:
    big = letter(body="0123456789abcdef" * 4 + "\r\n") + (b"0123456789abcdef" * 4 + b"\r\n") * 794_375
    assert len(big) > 50 << 20
    a_town.put(big)
    await a_town.route.run()
    assert a_town.lies() == [Counter(), Counter([digest(big)]), Counter([digest(big)])]
    await a_town.balanced(1)


async def test_what_lay_there_before_the_watch_stays(a_town: Town) -> None:
    a_town.put(MINE, at=SINCE - timedelta(seconds=1))
    await a_town.route.run()
    assert a_town.lies() == UNTOUCHED
    assert await a_town.stages() == []


async def test_the_first_look_leaves_everything_alone(a_town: Town, dovecot: Dovecot, framed: Path, tmp_path: Path) -> None:
    a_town.put(MINE, at=a_town.clock.now())
    shutil.copytree(framed, tmp_path / "new")
    store = await opened(a_town.settings.model_copy(update={"data": tmp_path / "new"}), None)
    first = Route(a_town.settings, store, a_town.clock)
    await store.mailboxes.lease(first.router.code, "karen@eksempel.dk", "test", AT + timedelta(days=99))
    await first.run(2)
    assert a_town.lies() == UNTOUCHED
    cursor = await store.mailboxes.cursor(first.router.code)
    assert cursor and (cursor.last_uid, cursor.baseline_at) == (1, a_town.clock.now())
    later = letter(2)
    a_town.put(later, at=a_town.clock.now())
    await first.run()
    assert a_town.lies() == [Counter([digest(MINE)]), Counter([digest(later)]), Counter([digest(later)])]
    assert await store.mailboxes.known(first.router.code, cursor.uidvalidity) == ()  # no sighting of an employee's mail
    await store.close()


async def test_what_the_employee_puts_back_stays_there(a_town: Town) -> None:
    a_town.put(MINE)
    await a_town.route.run()
    with a_town.dovecot.client(a_town.karen, folder=MOVED) as client:
        client.move([1], "INBOX")
    await a_town.route.run(2)
    assert a_town.lies() == [Counter([digest(MINE)]), Counter([digest(MINE)]), Counter()]
    await a_town.balanced(1)


MARK = b"X-Rammevagt-Id: m1\r\nReceived: from x ([192.0.2.1])\r\n\tby guard (Rammevagt) with ESMTP\r\n\tid m1; a day\r\n"


async def test_what_passed_the_gateway_was_decided_there(a_town: Town) -> None:
    """Here before the framework; whoever forges the mark on another mail hides nothing."""
    passed = arrival("m1", content=MINE)
    mail = passed.decision.mail._replace(sha256=hashlib.sha256(MINE).hexdigest())
    await a_town.store.commit(replace(passed, decision=passed.decision._replace(mail=mail)))
    a_town.put(MARK + MINE, MARK + letter(2))
    await a_town.route.run()
    moved = Counter([digest(MARK + letter(2))])
    assert a_town.lies() == [Counter([digest(MARK + MINE)]), moved, moved]
    assert await a_town.stages() == [("moved", None)]


async def test_a_known_mark_and_message_id_keep_no_mail_in_the_inbox(a_town: Town) -> None:
    """Both come to outsiders: in reports, and in mails that somebody forwards."""
    await a_town.store.commit(arrival("m1", content=MINE, message_id="<1@example.net>"))
    forged = MARK + MINE + b"Noget nyt.\r\n"
    a_town.put(forged)
    await a_town.route.run()
    assert a_town.lies() == [Counter(), Counter([digest(forged)]), Counter([digest(forged)])]


async def test_one_mail_one_record_where_both_mailboxes_are_watched(dovecot: Dovecot, tmp_path: Path) -> None:
    number, clock = next(NUMBERS), SetClock()
    karen, other = f"karen{number}", f"box{number}"
    boxes = (
        box(dovecot.port, karen, address=KAREN, mode="route", staff_informed="2026-10-01"),
        box(dovecot.port, other, address=BOX),
    )
    async with Watching(tmp_path, *boxes, clock=clock, route=looks) as watching:
        await watching.store.load_register(FRAMED, AuditRecord(clock.now(), "test", "register.loaded", "test"))
        await watching.store.refresh()
        await watching.is_in("watching", "karen")
        await watching.is_in("watching", "bf-kontakt")
        dovecot.append(karen, *OTHERS, MINE, at=clock.now())
        [seen] = (await watching.sees(1, "bf-kontakt")).values()
        clock.move(seconds=1)
        await watching.looked("karen")  # so the look before this one is done
        [(id, _)] = await watching.store.unassessed(AT - timedelta(days=9), AT + timedelta(days=9), 9)
        assert seen.mail == id
        assert await watching.sightings("karen") == {}
        books = await watching.store.books()
        assert [(row.accepted, row.redirected, row.balances()) for row in books.rows] == [(1, 1, True)]
        assert watching.told
    assert [len(dovecot.kept(karen, place)) for place in ("INBOX", MOVED)] == [len(OTHERS), 1]


# -- what the employee does meanwhile


def at(owner: Any, name: str, does: Callable[[], object]) -> Any:
    """Patches ``owner.name`` so that ``does`` happens once, before it."""
    real, left = getattr(owner, name), [1]

    def meanwhile(*args: Any, **more: Any) -> Any:
        if left:
            left.pop()
            does()
        return real(*args, **more)

    return owner, name, meanwhile


GONE = [Counter(), Counter(), Counter()]
COPIED = [Counter(), Counter([digest(MINE)]), Counter()]


@pytest.mark.parametrize(
    ("point", "lies", "stages"),
    [
        ("whole", GONE, []),
        ("append", COPIED, [("gone", None)]),
        ("ensure_folder", COPIED, [("left", "move_unproven")]),  # it was there a moment ago: people look
        ("move", COPIED, [("gone", None)]),  # the server says that it is not there, and so it is at the next try
    ],
)
async def test_the_employee_deletes_it_meanwhile(
    a_town: Town, monkeypatch: pytest.MonkeyPatch, point: str, lies: list[Counter[str]], stages: list[tuple[str, str | None]]
) -> None:
    def delete() -> None:
        with a_town.dovecot.client(a_town.karen) as client:
            client.delete_messages([1])
            client.expunge()

    a_town.put(MINE)
    monkeypatch.setattr(*at(moving, point, delete))
    await a_town.route.run()
    await again(a_town, minutes=1)
    assert a_town.lies() == lies
    assert await a_town.stages() == stages
    await a_town.balanced(len(stages))


@pytest.mark.parametrize("point", ["whole", "append", "ensure_folder", "move"])
async def test_the_employee_reads_it_meanwhile(a_town: Town, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def read() -> None:
        with a_town.dovecot.client(a_town.karen) as client:
            client.add_flags([1], [rb"\Seen", rb"\Flagged"])

    a_town.put(MINE)
    monkeypatch.setattr(*at(moving, point, read))
    await a_town.route.run()
    assert a_town.lies() == IN_BOTH
    [original] = a_town.dovecot.kept(a_town.karen, MOVED).values()
    [copy] = a_town.dovecot.kept(a_town.box).values()
    assert (original.flags, copy.flags) == ("FS", "")


# -- what stands in the way


async def told(a_town: Town) -> list[tuple[str, str]]:
    events = [json.loads(one.body) for one in await a_town.store.outbox(99) if one.topic.endswith("mailbox.unreachable")]
    return [(one["data"]["mailbox"], one["data"]["why"]) for one in events]


async def again(a_town: Town, **later: float) -> None:
    a_town.clock.move(**later)
    await a_town.route.run()


async def test_a_functional_mailbox_that_nobody_watches(a_town: Town) -> None:
    a_town.put(MINE)
    alone = a_town.settings.model_copy(update={"mailboxes": a_town.settings.mailboxes[:1]})
    await Route(alone, a_town.store, a_town.clock).run()
    assert a_town.lies() == UNTOUCHED
    assert await a_town.stages() == [("planned", "mailbox_unwatched")]
    assert await told(a_town) == [(a_town.route.router.code, "mailbox_unwatched")]
    await a_town.balanced(0)
    await again(a_town, minutes=1)
    assert a_town.lies() == IN_BOTH


async def test_a_functional_mailbox_that_lets_nobody_in(a_town: Town) -> None:
    def refused(box: Any) -> Any:
        if box.user == a_town.box:
            raise Trouble("login_refused")
        return logged_in(box)

    a_town.put(MINE)
    hindered = Route(a_town.settings, a_town.store, a_town.clock, open=refused)
    for _ in range(3):
        await hindered.run()
        a_town.clock.move(hours=1)
    assert a_town.lies() == UNTOUCHED
    assert len(await told(a_town)) == 1  # once a day, not once a try
    assert [one.state for one in await a_town.store.mailboxes.all()] == ["mailbox_unreachable"]
    await a_town.route.run()
    assert a_town.lies() == IN_BOTH
    assert [one.state for one in await a_town.store.mailboxes.all()] == ["watching"]
    await a_town.balanced(1)


async def test_a_server_that_changes_what_it_is_given(a_town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    real = moving.append

    def rewriting(session: Session, folder: str, content: bytes, arrived_at: Any) -> None:
        real(session, folder, b"X-Server: yes\r\n" + content, arrived_at)

    a_town.put(MINE)
    monkeypatch.setattr(moving, "append", rewriting)
    await a_town.route.run()
    await again(a_town, hours=2)
    inbox, box, moved = a_town.lies()
    assert (inbox, box.total(), moved) == (Counter([digest(MINE)]), 1, Counter())  # copied once, and left alone from then on
    assert await a_town.stages() == [("left", "copy_unproven")]
    assert [why for _, why in await told(a_town)] == ["copy_unproven"]
    await a_town.balanced(0)


async def test_a_folder_that_can_not_be_made(a_town: Town) -> None:
    a_town.put(MINE)
    boxes = [a_town.settings.mailboxes[0].model_copy(update={"moved_folder": "a//b"}), a_town.settings.mailboxes[1]]
    await Route(a_town.settings.model_copy(update={"mailboxes": tuple(boxes)}), a_town.store, a_town.clock).run()
    assert a_town.lies() == [Counter([digest(MINE)]), Counter([digest(MINE)]), Counter()]
    assert await a_town.stages() == [("copied", "move_refused")]
    await a_town.balanced(1)  # the functional mailbox has it
    await again(a_town, minutes=1)
    assert a_town.lies() == IN_BOTH
    await a_town.balanced(1)


async def test_two_at_one_message(a_town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease was lost unnoticed: the second takes over while the first has the bytes in hand; the first writes nothing more."""
    other = Route(a_town.settings, a_town.store, a_town.clock)
    a_town.put(MINE)
    monkeypatch.setattr(*at(moving, "whole", lambda: other.router.work()))
    await a_town.route.run()
    assert a_town.lies() == IN_BOTH
    assert await a_town.stages() == [("moved", None)]
    await a_town.balanced(1)


def cut(*_: Any) -> None:
    raise Trouble("closed")


@pytest.mark.parametrize("point", ["append", "ensure_folder", "move"])
async def test_uids_are_given_anew_in_the_middle(a_town: Town, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """The mailbox was restored from a backup: the same messages under another UIDVALIDITY, and the connection is gone."""
    a_town.put(letter(7, sender="fremmed@example.com"), MINE)
    with monkeypatch.context() as patch:
        patch.setattr(moving, point, cut)
        with pytest.raises(Trouble) if point != "append" else contextmanager(lambda: iter([None]))():
            await a_town.route.run()
    numbered_anew(a_town)
    await again(a_town, hours=2)
    inbox, box, moved = a_town.lies()
    assert (inbox.total(), box, moved) == (1, Counter([digest(MINE)]), Counter([digest(MINE)]))
    await a_town.balanced(1)


@pytest.mark.parametrize("point", ["append", "move"])
async def test_law_9_of_other_peoples_mail_no_body_is_fetched_when_uids_are_given_anew(
    a_town: Town, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """A server finds a Message-ID also within a longer one: the citizen's is within every other, and all are of one size."""

    def named(message_id: bytes, sender: str) -> bytes:
        return letter(sender=sender).replace(b"<1@example.net>", message_id).ljust(500, b".")

    mine = named(b"@", BO)
    a_town.put(named(b"<1@example.net>", STRANGER), named(b"@", STRANGER), mine, named(b"<2@example.net>", BO))
    a_town.put(letter(9, sender=STRANGER))
    with monkeypatch.context() as patch:
        patch.setattr(moving, point, cut)
        with pytest.raises(Trouble) if point != "append" else contextmanager(lambda: iter([None]))():
            await a_town.route.run()
    numbered_anew(a_town)
    whole, read = moving.whole, set()

    def seen(session: Session, uid: int) -> bytes | None:
        content = whole(session, uid)
        read.add(content)
        return content

    monkeypatch.setattr(moving, "whole", seen)
    await again(a_town, hours=2)
    assert mine in read and not any(STRANGER.encode() in one for one in read if one)
    assert await a_town.stages() == [("moved", None)] * 2
    assert a_town.lies()[1][digest(mine)] == a_town.lies()[2][digest(mine)] == 1


async def test_an_original_that_can_not_be_found_when_uids_are_given_anew_is_told(
    a_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = MINE.replace(b"Message-ID: <1@example.net>\r\n", b"")
    a_town.put(mine)
    with monkeypatch.context() as patch:
        patch.setattr(moving, "move", cut)
        with pytest.raises(Trouble):
            await a_town.route.run()
    numbered_anew(a_town)
    await again(a_town, hours=2)
    assert await a_town.stages() == [("left", "move_unproven")]
    assert a_town.lies() == [Counter([digest(mine)]), Counter([digest(mine)]), Counter()]
    await a_town.balanced(1)


def numbered_anew(a_town: Town) -> None:
    place = a_town.dovecot.maildir(a_town.karen)
    for one in (place / "dovecot-uidlist", *place.glob("dovecot.index*")):
        one.unlink()


async def test_no_field_of_an_old_mail_is_fetched_when_numbers_are_given_anew(
    a_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_town.route.run()
    a_town.put(*[letter(number) for number in range(2, 9)], at=SINCE - timedelta(days=3))
    a_town.put(MINE)
    numbered_anew(a_town)
    fetched = []
    fields = Session.fields
    monkeypatch.setattr(Session, "fields", lambda self, uids, names: fetched.extend(uids) or fields(self, uids, names))
    await a_town.route.run()
    assert len(fetched) == 1
    assert a_town.lies() == [
        Counter(digest(letter(number)) for number in range(2, 9)),
        Counter([digest(MINE)]),
        Counter([digest(MINE)]),
    ]


async def begin_framework(a_town: Town, day: str) -> None:
    begun = town(framework(starts=day))
    await a_town.store.load_register(begun, AuditRecord(a_town.clock.now(), "test", "register.loaded", "test"))
    await a_town.store.refresh()


@pytest.mark.parametrize("anew", [False, True])
async def test_what_came_before_the_framework_stays_when_it_is_seen_again(a_town: Town, anew: bool) -> None:
    """The watch is older than the framework: an old mail is dragged back into the INBOX, or all numbers are given anew."""
    await a_town.route.run()
    await begin_framework(a_town, AT.date().isoformat())
    a_town.put(MINE, at=AT - timedelta(days=1))
    if anew:
        numbered_anew(a_town)
    await a_town.route.run(2)
    assert (a_town.lies(), await a_town.stages()) == (UNTOUCHED, [])


async def test_what_was_planned_and_came_before_the_framework_stays(a_town: Town) -> None:
    """The register changes between the look and the copy."""
    a_town.put(MINE)
    with logged_in(a_town.settings.mailboxes[0]) as (session, folder):
        assert await asyncio.to_thread(a_town.route.router.look, session, folder, [1], SINCE) == 1
    await begin_framework(a_town, (AT + timedelta(days=1)).date().isoformat())
    a_town.clock.move(days=2)
    await a_town.route.run()
    assert (a_town.lies(), await a_town.stages()) == (UNTOUCHED, [])


async def test_the_framework_is_lifted_before_anything_is_copied(a_town: Town) -> None:
    a_town.put(MINE)
    with logged_in(a_town.settings.mailboxes[0]) as (session, folder):
        assert await asyncio.to_thread(a_town.route.router.look, session, folder, [1], SINCE) == 1
    await lift(a_town)
    await a_town.route.run()
    assert a_town.lies() == UNTOUCHED
    assert await a_town.stages() == []


async def test_the_framework_is_lifted_after_a_crash_that_left_a_copy(a_town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> None:
        raise Trouble("closed")

    a_town.put(MINE)
    with monkeypatch.context() as patch:
        patch.setattr(a_town.route.router._office.store.routing, "record", crash)
        with pytest.raises(Trouble):
            await a_town.route.run()
    await lift(a_town)
    await again(a_town, hours=2)
    assert a_town.lies() == [Counter([digest(MINE)]), Counter([digest(MINE)]), Counter()]
    assert await a_town.stages() == [("left", "framework_changed")]
    await a_town.balanced(0)
    [(id, _)] = await a_town.store.unassessed(AT - timedelta(days=9), AT + timedelta(days=9), 9)
    kept = await a_town.store.mail(id)
    assert kept and [one["deliver_to"] for one in kept.decision["recipients"]] == [[BOX]]


async def lift(a_town: Town) -> None:
    lifted = town(framework(state="lifted"))
    await a_town.store.load_register(lifted, AuditRecord(a_town.clock.now(), "test", "register.loaded", "test"))
    await a_town.store.refresh()


class Limited(Dovecot):
    """A server with more in its configuration."""

    def __init__(self, *users: str, config: str) -> None:
        self._more = config
        super().__init__(*users)

    def _configure(self, *args: Any) -> None:
        super()._configure(*args)
        with (self.home / "c.conf").open("a") as file:
            file.write(self._more)


Limits = Callable[[str], Awaitable[Town]]


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Limits]:
    servers, stores = [], []

    async def make(config: str) -> Town:
        servers.append(Limited("karen", "box", config=config))
        servers[0].start()
        made = settings(tmp_path / "data", servers[0].port, "karen", "box")
        stores.append(await opened(made, FRAMED))
        found = Town(servers[0], made, stores[0], SetClock())
        await found.route.begin()
        return found

    yield make
    for store in stores:
        await store.close()
    for server in servers:
        server.remove()


async def test_a_server_that_can_not_move_is_asked_for_nothing(limited: Limits) -> None:
    a_town = await limited("protocol imap {\n  imap_capability = IMAP4rev1 LITERAL+ ENABLE\n}\n")
    await a_town.route.run()
    assert [one.state for one in await a_town.store.mailboxes.all()] == ["cannot_move"]  # said before the first mail comes
    a_town.put(MINE)
    await a_town.route.run()
    assert a_town.lies() == UNTOUCHED
    assert await a_town.stages() == [("planned", "cannot_move")]
    assert [one.why for one in await a_town.store.routing.obstacles(AT)] == ["cannot_move"]


QUOTA = """\
mail_plugins = quota
protocol imap {
  mail_plugins = quota
}
plugin {
  quota = maildir:User
  quota_rule = *:storage=1M
  quota_grace = 0
}
"""


async def test_a_functional_mailbox_that_is_full(limited: Limits) -> None:
    a_town = await limited(QUOTA)
    a_town.dovecot.append(a_town.box, letter(9, body="x" * 900_000))
    big = letter(body="y" * 300_000)
    a_town.put(big)
    await a_town.route.run()
    inbox, box, _ = a_town.lies()
    assert (inbox, box.total()) == (Counter([digest(big)]), 1)
    assert await a_town.stages() == [("planned", "mailbox_full")]
    with a_town.dovecot.client(a_town.box) as client:
        client.delete_messages([1])
        client.expunge()
    await again(a_town, minutes=1)
    assert a_town.lies() == [Counter(), Counter([digest(big)]), Counter([digest(big)])]
    await a_town.balanced(1)
