"""``rammevagt watch`` as operators run it: it starts beside a mailbox that is wrong, ends cleanly, and says nothing of any mail."""

import time
import urllib.request

import pytest
from fakes.dovecot import Dovecot, mail
from fakes.watch_process import WatchProcess
from fakes.watching import box

pytestmark = pytest.mark.needs("dovecot-imapd")


def test_law_9_it_watches_and_names_nobody(tmp_path):
    with Dovecot("bf") as dovecot:
        watch = WatchProcess(tmp_path, [box(dovecot.port), box(dovecot.port, "findes-ikke")])
        dovecot.append("bf", mail(1), mail(2))
        before = dovecot.kept("bf")
        watch.start()
        try:
            while watch.figures().get("rammevagt_mailbox_messages_total", 0) < 2 or "login_refused" not in watch.log():
                assert watch.process.poll() is None, watch.log()
                time.sleep(0.05)  # a process of its own gives no other sign
            with urllib.request.urlopen(f"http://127.0.0.1:{watch.health}/metrics") as answer:
                figures = answer.read().decode()
        finally:
            ended = watch.end()
        assert ended == 0 and dovecot.kept("bf") == before
        said = watch.log() + figures + str(watch.rows("SELECT * FROM outbox"))
        for word in ("@", "Brev", "Borger", "bf-kontakt", "findes-ikke", "hemmelig", "127.0.0.1:" + str(dovecot.port)):
            assert word not in said, word
        assert watch.rows("SELECT count(*) FROM recipient") == [(0,)]
        assert watch.rows("SELECT state FROM mailbox ORDER BY address") == [("watching",), ("login_refused",)]
