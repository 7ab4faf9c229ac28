"""The token server, which every mailbox of a client waits for: it may be slow, dripping or false, and holds nobody up for long."""

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes.arrivals import SetClock
from fakes.certificate import self_signed

from services.mailbox import oauth
from services.mailbox.oauth import Tokens
from services.mailbox.trouble import Trouble
from services.settings import OAuth2

DRIP = 0.02  # seconds between two octets


def client(port: int, scheme: str = "http") -> OAuth2:
    return OAuth2(token_url=f"{scheme}://127.0.0.1:{port}/token", client_id="g", client_secret_file="x", scope="s")


@contextmanager
def dripping(start: bytes, octet: bytes) -> Iterator[int]:
    """Says ``start``, and then one octet after the other for ever."""
    over = threading.Event()

    def serve() -> None:
        with closing(server.accept()[0]) as line:
            line.sendall(start)
            while not over.wait(DRIP):
                try:
                    line.sendall(octet)
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


@pytest.mark.parametrize(
    ("start", "octet"),
    [(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"), (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" "), (b"", b"")],
)
def test_a_server_that_drips_is_given_up(start: bytes, octet: bytes) -> None:
    with dripping(start, octet) as port, pytest.raises(Trouble) as told:
        Tokens(SetClock(), patience=10 * DRIP).token(client(port), "s")
    assert told.value.code == "token_unavailable"


def test_what_failed_has_failed_for_all_who_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two hundred mailboxes would wait for one another's tries, one after the other."""
    many, calls, told = 20, [], []
    all_wait, began, lock = threading.Event(), [0.0], threading.Lock()

    def monotonic() -> float:
        with lock:
            began[0] += 1
            if began[0] >= many:
                all_wait.set()
            return began[0]

    def fails(*_: object) -> None:
        calls.append(1)
        assert all_wait.wait(20)
        raise Trouble("token_unavailable")

    def asks(_: int) -> None:
        with pytest.raises(Trouble) as error:
            tokens.token(client(1), "s")
        told.append(error.value.code)

    tokens = Tokens(SetClock())
    monkeypatch.setattr(oauth, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(tokens, "_answered", fails)
    with ThreadPoolExecutor(many) as threads:
        list(threads.map(asks, range(many)))
    assert told == ["token_unavailable"] * many and len(calls) == 1
    asks(0)
    assert len(calls) == 2


def test_a_server_that_nobody_verifies_gets_no_secret(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "tokens")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []

    def serve() -> None:
        line = server.accept()[0]
        try:
            with context.wrap_socket(line, server_side=True) as secure:
                heard.append(secure.recv(1))
        except OSError:
            line.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(Trouble) as told:
            Tokens(SetClock()).token(client(server.getsockname()[1], "https"), "s")
        thread.join()
    assert told.value.code == "certificate" and heard in ([], [b""])
