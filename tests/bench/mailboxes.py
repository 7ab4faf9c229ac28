"""``python -m bench.mailboxes``: what it costs to watch many mailboxes on one Dovecot, idle and busy, and how soon it wakes."""

import argparse
import itertools
import smtplib
import statistics
import sys
import tempfile
import time
from pathlib import Path

from fakes.dovecot import Dovecot, mail
from fakes.watch_process import WatchProcess
from fakes.watching import box

from bench.machine import cpu_seconds, pss_bytes

RECORDED = "SELECT m.message_id, s.found_at FROM sighting s JOIN mail m ON m.id = s.mail"


def wait(process: WatchProcess, name: str, count: float) -> None:
    """Until its figure is as high; a process of its own gives no other sign."""
    while process.figures().get(name, 0) < count:
        if process.process.poll() is not None:
            raise RuntimeError(process.log()[-2000:])
        time.sleep(0.2)


def send(dovecot: Dovecot, users: list[str], rate: float, seconds: float) -> dict[str, float]:
    """By LMTP, evenly; gives when the server had taken each mail (Unix time), by Message-ID."""
    taken = {}
    with smtplib.LMTP("127.0.0.1", dovecot.lmtp_port) as client:
        began = time.monotonic()
        for number, user in zip(range(int(rate * seconds)), itertools.cycle(users), strict=False):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            client.sendmail("borger@example.net", [f"{user}@eksempel.dk"], mail(number))
            taken[f"<{number}@example.net>"] = time.time()
    return taken


def main() -> int:
    """Idle, load, print."""
    parser = argparse.ArgumentParser(prog="bench.mailboxes", description=__doc__)
    parser.add_argument("--mailboxes", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10.0, help="mails a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each measurement")
    wanted = parser.parse_args()
    users = [f"box{number}" for number in range(wanted.mailboxes)]
    with tempfile.TemporaryDirectory(prefix="watch-") as folder, Dovecot(*users) as dovecot:
        process = WatchProcess(Path(folder), [box(dovecot.port, user) for user in users])
        began = time.monotonic()
        process.start()
        wait(process, "rammevagt_mailbox_watched", len(users))
        print(f"{len(users)} mailboxes watched after {time.monotonic() - began:.1f} s")
        before = cpu_seconds([process.pid])
        time.sleep(wanted.seconds)
        idle = (cpu_seconds([process.pid]) - before) / wanted.seconds
        print(f"idle: {idle * 100:.2f} % of a core, {pss_bytes([process.pid]) / 2**20:.0f} MiB")
        before, began = cpu_seconds([process.pid]), time.monotonic()
        taken = send(dovecot, users, wanted.rate, wanted.seconds)
        wait(process, "rammevagt_mailbox_messages_total", len(taken))
        busy = (cpu_seconds([process.pid]) - before) / (time.monotonic() - began)
        print(f"{wanted.rate:.0f} mails/s: {busy * 100:.1f} % of a core, {pss_bytes([process.pid]) / 2**20:.0f} MiB")
        found = {message_id: at / 1e6 for message_id, at in process.rows(RECORDED)}
        late = sorted(found[one] - at for one, at in taken.items())
        slow = statistics.quantiles(late, n=100)
        print(f"recorded after the server took it: p50 {slow[49]:.3f} s, p99 {slow[98]:.3f} s, worst {late[-1]:.3f} s")
        process.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
