"""The whole guard in route mode: the same notices as of a mail that passes the gateway, and one post where it now lies."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fakes import guard as whole
from fakes.dovecot import Dovecot
from fakes.routes import FRAMED, MOVED, PASSWORD, letter, settings
from fakes.sink import Sink
from fakes.town import BOX, KAREN

from services.app import ROLES, Guard
from workflows.audit import AuditRecord
from workflows.post import code_of

pytestmark = pytest.mark.needs("dovecot-imapd")


async def test_law_9_the_same_people_hear_of_it_and_no_word_of_the_mail(tmp_path: Path) -> None:
    clock = whole.SetClock()
    (tmp_path / "password").write_text(PASSWORD)
    with Dovecot("karen", "box") as dovecot:
        boxes = settings(tmp_path, dovecot.port, "karen", "box").mailboxes
        given = tuple(one.model_copy(update={"password_file": str(tmp_path / "password")}) for one in boxes)
        async with Sink() as sink:
            guard = Guard(whole.settings(tmp_path / "data", sink.hop).model_copy(update={"mailboxes": given}), ROLES, clock)
            await guard.start()
            try:
                await guard.store.load_register(FRAMED, AuditRecord(clock.now(), "test", "register.loaded", "test"))
                await guard.store.refresh()
                await whole.until(watched(guard))
                dovecot.append("karen", letter(), at=clock.now())
                await sink.until(lambda: any(KAREN in one.recipients for one in sink.mails))
                await whole.until(moved(guard))
                [id] = await guard.store.ids_by_message_id("<1@example.net>")
                [post] = await guard.store.posts.of_mail(id)
                books = await guard.store.books()
            finally:
                await guard.stop()
        assert [len(dovecot.kept(*one)) for one in (("karen", "INBOX"), ("box", "INBOX"), ("karen", MOVED))] == [0, 1, 1]
    assert (post.code, post.unit, post.citizen) == (code_of(guard.store.key, BOX), "bf", "c-1")
    assert [(row.accepted, row.redirected, row.balances()) for row in books.rows] == [(1, 1, True)]
    assert not any(b"Ordet1" in notice.content or b"bo@example.net" in notice.content for notice in sink.mails)


def moved(guard: Guard) -> Callable[[], Awaitable[bool]]:
    async def one() -> bool:
        journal = "SELECT count(*) FROM routing WHERE stage = 'moved'"
        return await guard.store.readers.run(lambda connection: connection.exec_driver_sql(journal).scalar_one() == 1)

    return one


def watched(guard: Guard) -> Callable[[], Awaitable[bool]]:
    async def both() -> bool:
        return [one.state for one in await guard.store.mailboxes.all() if one.looked_at] == ["watching", "watching"]

    return both
