"""The whole guard on PostgreSQL: mail comes in, is delivered and told of, and the commands see it."""

import hashlib
import json
from pathlib import Path

import pytest
from fakes.guard import Running, guarding, mail
from fakes.postgres import PostgresServer
from fakes.process import Process
from fakes.town import BO, BOX, KAREN, PER, framework, town

from services.app import ROLES, Guard
from services.bad_input import BadInput
from services.settings import Settings, StoreSettings

# nats-py leaves a socket that it could not connect to the garbage collector, where a server was killed under it.
pytestmark = [
    pytest.mark.needs("postgresql"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LARGE = "x" * 70 + "\r\n"


def arrived(running: Running, address: str) -> list[bytes]:
    return [one.content for one in running.sink.mails if address in one.recipients]


async def test_mail_is_taken_in_delivered_told_of_and_accounted_for(tmp_path: Path, postgres_url: str) -> None:
    large = mail("<2@example.net>", body=LARGE * 3000)
    async with guarding(tmp_path / "data", town(framework()), store={"url": postgres_url}) as running:
        assert (await running.send(mail("<1@example.net>"), KAREN, PER)).startswith("250")
        assert (await running.send(large, PER)).startswith("250")
        for message_id in ("<1@example.net>", "<2@example.net>"):
            await running.explained(message_id)
        await running.settled()
        assert len(arrived(running, BOX)) == 1
        assert [one.endswith(large) for one in arrived(running, PER)] == [False, True]
        assert (len(arrived(running, BO)), len(arrived(running, KAREN)), len(arrived(running, "lene@eksempel.dk"))) == (1, 1, 1)
        assert not list((running.guard.settings.data / "spool").iterdir())
    command = Process(tmp_path / "data", running.sink.hop, 2525)
    command.environment["RAMMEVAGT_STORE__URL"] = postgres_url
    done = [
        command.command(*words) for words in (("ledger", "--json"), ("audit", "verify"), ("explain", "<2@example.net>", "--json"))
    ]
    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 3
    ledger, _, explained = done
    [row] = json.loads(ledger.stdout)
    assert (row["accepted"], row["delivered"], row["redirected"], row["queued"], row["returned"]) == (3, 2, 1, 0, 0)
    assert hashlib.sha256(large).hexdigest() in explained.stdout


async def test_a_server_that_is_away_is_told_in_one_line(tmp_path: Path, postgres: PostgresServer) -> None:
    url = f"postgresql://guard:hemmelig@/x?host={postgres.folder}/nowhere"
    guard = Guard(Settings(data=tmp_path, store=StoreSettings(url=url)), ROLES)
    with pytest.raises(BadInput) as caught:
        await guard.start()
    [line] = caught.value.lines
    assert line.startswith("store.url: ") and line.count("store.url") == 1
    assert "hemmelig" not in line and "\n" not in line


async def test_the_commands_tell_it_in_the_same_line(tmp_path: Path, postgres: PostgresServer) -> None:
    command = Process(tmp_path / "data", "127.0.0.1:1", 2525)
    command.environment["RAMMEVAGT_STORE__URL"] = f"postgresql://rammevagt:hemmelig@/nowhere?host={postgres.folder}"
    done = command.command("ledger")
    assert done.returncode == 2
    assert done.stderr.endswith('database "nowhere" does not exist; make it with: createdb\n')
    assert len(done.stderr.splitlines()) == 1
    assert "hemmelig" not in done.stderr
