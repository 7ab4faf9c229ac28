"""A throwaway Postfix of our own: its own folder, ports, queue and processes, nothing of the machine's installation is touched."""

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from fakes.ports import free_port

MASTER = Path("/usr/lib/postfix/sbin/master")

MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/q
data_directory = {home}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
relayhost = [127.0.0.1]:{relay}
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_forbid_bare_newline = yes
maillog_file = {home}/maillog
maillog_file_prefixes = {home}
"""

SERVICES = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Listens on ``port`` and relays everything to ``relay``; ``filter_port`` puts an after-queue content filter in between.

    A filtered mail comes back in by ``return_port``. ``settings`` are more lines of main.cf; ``environment`` reaches its daemons.
    """

    def __init__(self, relay: int, *, folder=None, filter_port=None, settings=None, environment=None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="postfix-", dir=folder))
        self.port, self.return_port = free_port(), free_port()
        self._environment = environment or {}
        self._folders()
        self._configure(relay, filter_port, settings or {})
        self.process: subprocess.Popen | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    def _folders(self) -> None:
        owner, drop = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        self.home.chmod(0o755)  # its daemons are another user
        for name in ("etc", "q", "q/pid"):
            (self.home / name).mkdir()
        names = ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"]
        for name in ["data", *(f"q/{one}" for one in names)]:
            (self.home / name).mkdir(mode=0o700)
            os.chown(self.home / name, owner, -1)
        for name, mode in (("q/maildrop", 0o1730), ("q/public", 0o2710)):
            (self.home / name).mkdir()
            os.chown(self.home / name, owner, drop)
            (self.home / name).chmod(mode)  # after chown, which clears the set-gid bit

    def _configure(self, relay: int, filter_port: int | None, settings: dict[str, str]) -> None:
        lines = dict(settings)
        if filter_port:
            lines["content_filter"] = f"smtp:[127.0.0.1]:{filter_port}"
        if self._environment:  # master keeps nothing of its environment that is not named here
            named = " ".join(f"{name}={value}" for name, value in self._environment.items())
            lines["import_environment"] = f"MAIL_CONFIG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME {named}"
        main = MAIN.format(home=self.home, relay=relay) + "".join(f"{name} = {value}\n" for name, value in lines.items())
        listeners = f"127.0.0.1:{self.port} inet n - n - - smtpd\n"
        if filter_port:
            listeners += f"127.0.0.1:{self.return_port} inet n - n - - smtpd\n  -o content_filter=\n"
        (self.home / "etc/main.cf").write_text(main)
        (self.home / "etc/master.cf").write_text(listeners + SERVICES)

    def start(self) -> None:
        """Start it, and return when it answers."""
        command = [str(MASTER), "-c", str(self.home / "etc"), "-d"]
        with (self.home / "stderr").open("wb") as errors:
            self.process = subprocess.Popen(command, stderr=errors, start_new_session=True)
        wait_for_banner(self.port, self.process)

    def log(self) -> str:
        """What it logged, for a failed test."""
        path = self.home / "maillog"
        return path.read_text() if path.exists() else (self.home / "stderr").read_text()

    def queued(self) -> int:
        """How many mails it has in its queue."""
        folders = (self.home / "q" / name for name in ("incoming", "active", "deferred"))
        return sum(1 for folder in folders for path in folder.rglob("*") if path.is_file())

    def stop(self) -> None:
        """Stop it with all its daemons, and remove its folder."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def wait_for_banner(port: int, process: subprocess.Popen, patience: float = 30) -> None:
    """Return when an SMTP server greets on ``port``; raise when its process ends or nothing comes in ``patience`` seconds."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.settimeout(5)
                if connection.recv(512).startswith(b"220"):
                    return
        except OSError:
            pass
        time.sleep(0.02)  # a foreign process gives no other sign
    raise RuntimeError(f"no SMTP server came up on port {port} (exit code {process.poll()})")
