"""The next hop's name can't be looked up, or leads to a dead address first: mail waits, no attempt is counted, and it goes on."""

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakes.guard import mail, taking_and_sending, until
from fakes.sink import Sink

from services.delivery.addresses import Addresses
from services.delivery.client import connect
from services.delivery.deliverer import Deliverer
from services.delivery.outcomes import ConnectionTrouble
from services.delivery.target import Target
from services.delivery.timeouts import Timeouts

NAME = "mail.eksempel.dk"
QUICK = Timeouts(connect=0.5)
Answers = Callable[[], list[str]]


class Names:
    """Stands in for the resolver: what ``answer`` gives is the address of NAME."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer: Answers = lambda: ["127.0.0.1"]
        self.asked = 0
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: str, port: object, *rest: Any, **more: Any) -> list[Any]:
        if host != NAME:
            return self._real(host, port, *rest, **more)  # type: ignore[arg-type]
        self.asked += 1
        return [one for address in self.answer() for one in self._real(address, port, *rest, **more)]  # type: ignore[arg-type]


def fails(code: int) -> list[str]:
    raise socket.gaierror(code, "told to")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (socket.EAI_AGAIN, "name look-up: no answer from the name servers"),
        (socket.EAI_NONAME, "name look-up: no such name"),
        (None, "name look-up: timeout"),
    ],
)
async def test_a_name_that_is_not_found_keeps_mail_waiting(
    code: int | None, cause: str, names: Names, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = threading.Event()
    names.answer = lambda: [str(hanging.wait(20))] if code is None else fails(code)
    quick = partial(Deliverer, timeouts=QUICK, probe_delay=lambda failures: timedelta(milliseconds=10))
    monkeypatch.setattr("services.app.Deliverer", quick)
    monkeypatch.setattr("services.delivery.target.is_loopback", lambda host: True)  # plain, as to loopback
    async with Sink() as sink:
        delivery = {"next_hop": f"{NAME}:{sink.port}"}
        async with taking_and_sending(tmp_path, sink, delivery=delivery) as running:
            for number in range(5):  # answered while a look-up hangs: the loop is free
                assert (await running.send(mail(f"<load-{number}>"), f"a{number}@eksempel.dk")).startswith("250")

            async def is_told() -> bool:
                waiting = await running.guard.store.queue()
                return [(one.error, one.attempts) for one in waiting] == [(cause, 0)] * 5

            await until(is_told)
            assert running.guard.deliverer.down == {"next"}
            assert names.asked == 1 or code is not None  # one look-up hangs, and the others wait for it
            names.answer = lambda: ["127.0.0.1"]
            hanging.set()
            await sink.arrived(5)
            await running.settled()
            [row] = await running.guard.store.ledger()
            assert row.balances() and row.delivered == 5
            assert (await running.guard.store.verify_audit()).broken_at is None


@pytest.mark.parametrize("dead", ["127.0.0.2", "::1"])
async def test_a_dead_address_is_passed_over_and_comes_last_the_next_time(dead: str, names: Names) -> None:
    names.answer = lambda: [dead, "127.0.0.1"]
    async with Sink() as sink:
        addresses = Addresses(NAME)
        assert await addresses.in_order(1) == [dead, "127.0.0.1"]
        connection = await connect(Target(NAME, sink.port, "guard.test"), QUICK, addresses)
        connection.close()
        assert await addresses.in_order(1) == ["127.0.0.1", dead]


async def test_an_address_that_takes_connections_and_greets_nobody_is_passed_over(names: Names) -> None:
    async with Sink() as sink:
        deaf = await Sink().start(host="127.0.0.2", port=sink.port)
        deaf.on("CONNECT", stall=True)
        names.answer = lambda: ["127.0.0.2", "127.0.0.1"]
        connection = await connect(Target(NAME, sink.port, "guard.test"), Timeouts(greeting=0.1))
        assert connection.is_usable and sink.connections == 1
        connection.close()
        await deaf.stop()


async def test_all_addresses_dead_is_trouble(names: Names) -> None:
    names.answer = lambda: ["127.0.0.2", "127.0.0.3"]
    async with Sink() as sink:
        with pytest.raises(ConnectionTrouble, match="ConnectionRefusedError"):
            await connect(Target(NAME, sink.port, "guard.test"), QUICK)
