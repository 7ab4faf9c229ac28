"""A throwaway Dovecot 2.3 of our own: its own folder, ports, users and processes; nothing of the machine's is touched."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

from fakes.certificate import self_signed
from fakes.ports import free_port
from imapclient import IMAPClient

DOVECOT = "/usr/sbin/dovecot"
OWNER = 65534  # nobody, whose processes read and write the mail
MANY = 100  # users of one owner: the kernel lets each watch 128 folders (fs.inotify.max_user_instances)

CONFIG = """\
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
default_client_limit = 4000
first_valid_uid = 0
auth_failure_delay = 0
auth_username_format = %n
mail_max_userip_connections = 0
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
mail_location = maildir:{home}/mail/%u
ssl = {ssl}
{tls}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2.conf
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {home}/users
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service imap {{
  process_limit = 2000
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
protocol imap {{
  {protocol}
}}
"""

TLS = """\
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
"""

OAUTH = """\
introspection_mode = post
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""


class Kept(NamedTuple):
    """One message as it lies on the disk."""

    sha256: str
    flags: str  # Maildir's letters: S seen, R answered, T deleted, ...
    bytes: int


class Tokens:
    """Introspects access tokens (RFC 7662) for Dovecot, and issues them by client credentials (RFC 6749 4.4) for the guard."""

    def __init__(self) -> None:
        self.active: dict[str, str] = {}  # token -> user
        self.client = ("rammevagt", "hemmelig")
        self.lifetime: object = 3600
        self.user = ""  # whom issued tokens are for
        self.asked: list[dict[str, str]] = []  # what the guard sent for tokens
        self.refuse: tuple[int, dict[str, str]] | None = None
        self._issued = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/introspect"
        self.token_url = f"http://127.0.0.1:{self._server.server_port}/token"

    def _handler(self):
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                status, told = tokens.answer(self.path.partition("?")[0], form)
                data = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        return Handler

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if path.startswith("/introspect"):
            user = self.active.get(form.get("token", ""))
            return 200, {"active": user is not None, "username": user or ""}
        self.asked.append(form)
        if self.refuse:
            return self.refuse
        if (form.get("client_id"), form.get("client_secret")) != self.client or form.get("grant_type") != "client_credentials":
            return 401, {"error": "invalid_client"}
        self._issued += 1
        token = f"token-{self._issued}"
        self.active[token] = self.user
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Dovecot:
    """IMAP on ``port`` (STARTTLS where ``tls``), IMAPS on ``tls_port``, LMTP on ``lmtp_port``. ``idle=False``: without IDLE.

    ``certificate`` is (PEM, key); one for 127.0.0.1 is made where ``tls`` and none is given.
    """

    def __init__(self, *users: str, tls: bool = False, idle: bool = True, condstore: bool = True, certificate=None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))  # short: sockets lie below it
        self.home.chmod(0o755)
        self.port, self.tls_port, self.lmtp_port = free_port(), free_port() if tls else 0, free_port()
        self.tokens = Tokens()
        self.certificate = certificate or (self_signed(self.home, "imap") if tls else None)
        self.process: subprocess.Popen | None = None
        for name in ("run", "mail"):
            (self.home / name).mkdir()
        (self.home / "mail").chmod(0o1777)
        self._started, self._changes = int(time.time()), 0
        self._users = {user: "hemmelig" for user in users}
        self._write_users()
        self._configure(tls, idle, condstore)

    def _configure(self, tls: bool, idle: bool, condstore: bool) -> None:
        shown = ["IMAP4rev1", "LITERAL+", "ENABLE", "UIDPLUS", "MOVE", "UNSELECT", "NAMESPACE"]
        shown += ["IDLE"] if idle else []
        shown += ["CONDSTORE"] if condstore else []
        protocol = "" if idle and condstore else f"imap_capability = {' '.join(shown)}"
        lines = TLS.format(certificate=self.certificate[0], key=self.certificate[1]) if tls else ""
        (self.home / "oauth2.conf").write_text(OAUTH.format(url=self.tokens.url))
        (self.home / "c.conf").write_text(
            CONFIG.format(
                home=self.home,
                ssl="yes" if tls else "no",
                tls=lines,
                port=self.port,
                tls_port=self.tls_port,
                lmtp_port=self.lmtp_port,
                protocol=protocol,
            )
        )

    def __enter__(self) -> "Dovecot":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def start(self) -> None:
        """Start it, and return when it greets."""
        command = [DOVECOT, "-F", "-c", str(self.home / "c.conf")]
        with (self.home / "stderr").open("ab") as errors:
            self.process = subprocess.Popen(command, stderr=errors, start_new_session=True)
        ends = time.monotonic() + 30
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.settimeout(5)
                    if connection.recv(512).startswith(b"* OK"):
                        return
            except OSError:
                pass
            time.sleep(0.02)  # a foreign process gives no other sign
        raise RuntimeError(f"no Dovecot came up: {self.log()[-2000:]}")

    def stop(self) -> None:
        """Stop it with all its processes; its mail stays."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        self._kill()

    def _kill(self) -> None:
        """What is left of it: sessions would linger for half a minute."""
        process, self.process = self.process, None
        if process:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def remove(self) -> None:
        """Stop it, and remove its folder."""
        self._kill()
        self.tokens.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self) -> str:
        """What it logged, for a failed test."""
        return "\n".join(path.read_text("utf-8", "replace") for path in (self.home / "log", self.home / "stderr") if path.exists())

    def password(self, user: str, password: str | None) -> None:
        """Set a user's password from now on; None: nobody gets in by one."""
        if password is None:
            self._users.pop(user, None)
        else:
            self._users[user] = password
        self._write_users()

    def _line(self, user: str, owner: int) -> str:
        return f"{user}:{self._users[user]}:{OWNER - owner}:{OWNER}::{self.home}/mail/{user}\n"

    def _write_users(self) -> None:
        lines = "".join(self._line(user, number // MANY) for number, user in enumerate(self._users))
        whole = self.home / "users.new"
        whole.write_text(lines)
        self._changes += 1
        os.utime(whole, (self._started + self._changes,) * 2)  # it reads the file again when its whole seconds or size differ
        whole.replace(self.home / "users")

    @contextmanager
    def client(self, user: str, password: str = "hemmelig", folder: str | None = "INBOX"):
        """A colleague's mail program, logged in, in ``folder``."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=60)
        client.normalise_times = False
        try:
            client.login(user, password)
            if folder:
                client.select_folder(folder)
            yield client
        finally:
            client.logout()

    def append(self, user: str, *mails: bytes, flags=(), at: datetime | None = None, folder: str = "INBOX") -> None:
        """Put mails into a mailbox over IMAP."""
        with self.client(user, self._users.get(user, "hemmelig"), folder=None) as client:
            for mail in mails:
                client.append(folder, mail, flags, at)

    def fill(self, user: str, mails, flags: str = "", at: datetime | None = None, folder: str = "INBOX") -> None:
        """Put mails into a mailbox by writing its Maildir, which is cheap for thousands. ``flags``: Maildir's letters.

        The same bytes again share one file on the disk.
        """
        place = self.maildir(user, folder) / "cur"
        for one in ("new", "tmp", "cur"):
            (place.parent / one).mkdir(parents=True, exist_ok=True)
            self._own(user, place.parent / one)
        stamp = (at or datetime.now(UTC)).timestamp()
        start = len(list(place.iterdir()))
        written: dict[bytes, Path] = {}
        for number, mail in enumerate(mails, start):
            path = place / f"{int(stamp)}.M{number:06}P1.test,S={len(mail)}:2,{''.join(sorted(flags))}"
            if first := written.get(mail):
                path.hardlink_to(first)
                continue
            path.write_bytes(mail)
            written[mail] = path
            os.chown(path, OWNER, OWNER)
            os.utime(path, (stamp, stamp))

    def _own(self, user: str, path: Path) -> None:
        top = self.home / "mail"
        while path != top:
            os.chown(path, OWNER, OWNER)
            path = path.parent

    def maildir(self, user: str, folder: str = "INBOX") -> Path:
        """Where a folder's mail lies."""
        return self.home / "mail" / user / ("" if folder == "INBOX" else f".{folder}")

    def kept(self, user: str, folder: str = "INBOX") -> dict[str, Kept]:
        """Every message of a folder as it lies on the disk, by the part of its file's name that never changes."""
        found, read, place = {}, {}, self.maildir(user, folder)
        for entry in (one for part in (*place.glob("cur"), *place.glob("new")) for one in os.scandir(part)):
            base, _, flags = entry.name.partition(":2,")
            if (file := entry.inode()) not in read:
                data = Path(entry).read_bytes()
                read[file] = hashlib.sha256(data).hexdigest(), len(data)
            digest, size = read[file]
            found[base] = Kept(digest, flags, size)
        return found

    def forget(self, user: str) -> None:
        """Remove a mailbox with all its mail, as an administrator would: the next one there has another UIDVALIDITY."""
        shutil.rmtree(self.maildir(user))


def mail(number: int, *, body: str = "Hej", fields: str = "", sender: str = "borger@example.net") -> bytes:
    """A small mail of its own."""
    return (
        f"Return-Path: <{sender}>\r\n{fields}From: Borger <{sender}>\r\nTo: bf-kontakt@eksempel.dk\r\nSubject: Brev {number}\r\n"
        f"Message-ID: <{number}@example.net>\r\nDate: {formatdate(1_790_000_000 + number)}\r\n\r\n{body} {number}\r\n"
    ).encode()
