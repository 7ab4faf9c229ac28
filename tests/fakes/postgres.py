"""A PostgreSQL server of the tests' own: made, started and thrown away; on a Unix socket, so that nobody else can reach it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg

PROGRAMS = Path("/usr/lib/postgresql")
FAST = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=200", "logging_collector=off")


class PostgresServer:
    """``url(database)`` names a database on it. ``template`` of ``database`` is copied, which takes some hundredths of a second."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rammevagt-pg-"))
        self._bin = max(PROGRAMS.glob("*/bin/postgres")).parent
        self._as = _unprivileged()
        self._numbers = count(1)
        os.chown(self.folder, self._as.get("user", -1), self._as.get("group", -1))
        self._do("initdb", "-D", str(self.folder / "data"), "-U", "rammevagt", "-A", "trust", "--locale=C.UTF-8", "-N")
        self._ask_for_passwords()
        self.start()

    def start(self, *, standby: bool = False) -> None:
        """Returns once it answers. ``standby``: it only reads, until ``promote``."""
        if standby:
            (self.folder / "data" / "standby.signal").touch()
        options = [word for option in FAST for word in ("-c", option)]
        self._do("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"),
                 "-o", " ".join([*options, "-k", str(self.folder)]), "start")  # fmt: skip

    def stop(self, how: str = "immediate") -> None:
        """``immediate`` is a crash: connections end without a word."""
        self._do("pg_ctl", "-D", str(self.folder / "data"), "-m", how, "-w", "stop")

    def promote(self) -> None:
        """A standby takes over."""
        self.run("SELECT pg_promote()")

    def remove(self) -> None:
        """For good."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str, user: str = "rammevagt", password: str = "") -> str:
        who = f"{user}:{password}" if password else user
        return f"postgresql://{who}@/{database}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """A statement beside everything else; its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def answers(self) -> bool:
        """Whether it runs."""
        try:
            return bool(self.run("SELECT 1"))
        except psycopg.OperationalError:
            return False

    def database(self, template: str = "template0") -> str:
        """A new database; its name."""
        name = f"t{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def cut(self, name: str) -> int:
        """End every connection to a database; how many."""
        found = self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        return len(found)

    def _ask_for_passwords(self) -> None:
        """Of users called ``locked``; the others are let in."""
        file = self.folder / "data" / "pg_hba.conf"
        file.write_text("local all locked scram-sha-256\n" + file.read_text())

    def _do(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self._bin / program, *words], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60,
            check=False, **self._as,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()


def _unprivileged() -> dict[str, object]:
    """PostgreSQL refuses to run as root: it runs as the user that its package made."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
