"""``python -m soak.mailboxes --minutes 60``: mailboxes watched while everything around them fails at random; judged at the end."""

import argparse
import random
import signal
import smtplib
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

from fakes.dovecot import Dovecot, mail
from fakes.line import Line
from fakes.watch_process import WatchProcess
from fakes.watching import box

BOXES = 10
RATE = 5.0  # mails a second
EVERY = (2.0, 12.0)  # seconds between troubles
DRAIN = 240.0  # seconds that the last mails may take: a lease that ends, a silent line that is noticed
RECORDED = "SELECT m.message_id FROM sighting s JOIN mail m ON m.id = s.mail"


class Soak:
    """The servers, the watch process and what was sent."""

    def __init__(self, folder: Path, stack: ExitStack, chance: random.Random) -> None:
        self.chance = chance
        self.users = [f"box{number}" for number in range(BOXES)]
        self.dovecot = stack.enter_context(Dovecot(*self.users))
        self.lines = [stack.enter_context(Line(self.dovecot.port)) for _ in self.users]
        boxes = [box(line.port, user, idle_renew_seconds=10) for line, user in zip(self.lines, self.users, strict=True)]
        self.watch = WatchProcess(folder, boxes)
        self.sent: set[str] = set()
        self.troubles: Counter[str] = Counter()
        self._number = 0

    def send(self) -> None:
        """One mail; a server that is away gets it later."""
        number = self._number = self._number + 1
        while True:
            with suppress(OSError, smtplib.SMTPException), smtplib.LMTP("127.0.0.1", self.dovecot.lmtp_port) as client:
                client.sendmail("borger@example.net", [f"{self.chance.choice(self.users)}@eksempel.dk"], mail(number))
                self.sent.add(f"<{number}@example.net>")
                return
            time.sleep(0.1)

    def trouble(self) -> None:
        """Something goes wrong."""
        what = self.chance.choice([self.cut, self.cut, self.silence, self.restart, self.kill, self.stop])
        self.troubles[what.__name__] += 1
        what()

    def cut(self) -> None:
        self.chance.choice(self.lines).cut()

    def silence(self) -> None:
        """What is said on a line is lost; who connects anew is heard."""
        line = self.chance.choice(self.lines)
        line.silence()
        self.send()
        line.cut() if self.chance.random() < 0.5 else time.sleep(1)
        line.speak()

    def restart(self) -> None:
        self.dovecot.stop()
        self.dovecot.start()

    def kill(self) -> None:
        self.watch.end(signal.SIGKILL)
        self.watch.start()

    def stop(self) -> None:
        self.watch.ready()
        if self.watch.end() != 0:
            raise RuntimeError("a SIGTERM did not end cleanly")
        self.watch.start()

    def recorded(self) -> Counter[str]:
        """How often each mail is in the store, by Message-ID."""
        return Counter(message_id for (message_id,) in self.watch.rows(RECORDED))

    def run(self, seconds: float) -> None:
        """Load and troubles, and then time to come to rest."""
        began = time.monotonic()
        next_trouble = began + self.chance.uniform(*EVERY)
        while (now := time.monotonic()) < began + seconds:
            self.send()
            if now >= next_trouble:
                self.trouble()
                next_trouble = time.monotonic() + self.chance.uniform(*EVERY)
            time.sleep(1 / RATE)
        ends = time.monotonic() + DRAIN
        while time.monotonic() < ends and not self.sent <= self.recorded().keys():
            time.sleep(1)

    def faults(self) -> list[str]:
        """What is wrong at the end."""
        found, kept = self.recorded(), [one for user in self.users for one in self.dovecot.kept(user).values()]
        every = self.watch.rows("SELECT message_id FROM mail")
        return [
            *(f"missed: {one}" for one in sorted(self.sent - found.keys())),
            *(f"recorded {count} times: {one}" for one, count in Counter(one for (one,) in every).items() if count > 1),
            *(f"marked: {one.flags}" for one in kept if one.flags),
            *([f"lost: {len(self.sent) - len(kept)} messages"] if len(kept) < len(self.sent) else []),
        ]


def main() -> int:
    """Exit status 1 when a mail is missed, seen twice, marked or lost."""
    parser = argparse.ArgumentParser(prog="soak.mailboxes", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="of the troubles; printed, to have the same again")
    wanted = parser.parse_args()
    seed = wanted.seed if wanted.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, ExitStack() as stack:
        soak = Soak(Path(folder), stack, random.Random(seed))
        soak.watch.start()
        try:
            soak.run(wanted.minutes * 60)
            faults = soak.faults()
        finally:
            with suppress(RuntimeError):
                soak.watch.end(signal.SIGTERM)
    print(f"{len(soak.sent)} mails in {BOXES} mailboxes; {dict(soak.troubles)}")
    print("\n".join(faults[:20]) or "nothing missed, nothing seen twice, nothing marked, nothing lost")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
