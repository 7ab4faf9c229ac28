"""A journal that takes Rammevagt's events by webhook: checks the signature, and writes each event down once. See docs/events.md.

It needs Python alone. Put a web server with TLS in front of it, and name that one's address in [[webhooks]] of the guard.

    python journal_webhook.py --secret-file journal.secret --database journal.db --listen 127.0.0.1:8090
"""

import argparse
import base64
import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LARGEST = 1 << 20  # octets; an event has some hundreds
LATE = 300  # seconds by which a request's timestamp may be off: an old one that is sent again by somebody else is refused
TABLE = "CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT, subject TEXT, body TEXT)"


def genuine(headers: Message, body: bytes, secrets: Sequence[bytes], now: float) -> bool:
    """Whether the guard has signed this (Standard Webhooks: HMAC-SHA256 over id, timestamp and the body as it came)."""
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp)) > LATE:
        return False
    signed = f"{id}.{timestamp}.".encode() + body
    wanted = ["v1," + base64.b64encode(hmac.new(one, signed, hashlib.sha256).digest()).decode() for one in secrets]
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in given)


def write_down(database: str, body: bytes) -> None:
    """Once, whole, and on disk when it returns: an event that comes again is known by its id, and changes nothing."""
    event = json.loads(body)
    with closing(sqlite3.connect(database, timeout=5)) as connection, connection:
        connection.execute(
            "INSERT INTO event (id, type, subject, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (event["id"], event["type"], event["subject"], body.decode()),
        )


class Journal(BaseHTTPRequestHandler):
    """Answers 204 when an event is written down. Whatever else it answers, the guard comes again with the same event."""

    protocol_version = "HTTP/1.1"  # the guard keeps its connection
    timeout = 60
    secrets: tuple[bytes, ...] = ()
    database = ""

    def do_POST(self) -> None:
        """One event."""
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LARGEST:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(int(length))
        if not genuine(self.headers, body, self.secrets, time.time()):
            return self.answer(401)
        try:
            write_down(self.database, body)
        except (ValueError, KeyError, TypeError):
            return self.answer(400)  # no event: after an hour of trying the guard sets it aside, and tells its people
        except sqlite3.Error:
            return self.answer(503)  # ours to mend: it comes again for three days
        return self.answer(204)

    def answer(self, status: int) -> None:
        """A status, and nothing more."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is logged of a request."""


def main() -> None:
    """Serve until stopped."""
    options = argparse.ArgumentParser()
    options.add_argument("--secret-file", required=True, help="the same as the guard's secret_file")
    options.add_argument("--database", default="journal.db")
    options.add_argument("--listen", default="127.0.0.1:8090")
    given = options.parse_args()
    with closing(sqlite3.connect(given.database)) as connection, connection:
        connection.execute(TABLE)
    lines = Path(given.secret_file).read_text("ascii").split()
    Journal.secrets = tuple(base64.b64decode(line.removeprefix("whsec_")) for line in lines)
    Journal.database = given.database
    host, _, port = given.listen.rpartition(":")
    with ThreadingHTTPServer((host, int(port)), Journal) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
