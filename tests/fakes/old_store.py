"""A store as an earlier version left it, with all that is in one of today."""

import json
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config

from services.store import database
from services.store.keys import FILE


def made_by(version: str, data: Path) -> None:
    """Bring the closed store in ``data`` to the tables of ``version``, row by row, as that version would have written them."""
    new, old = data / FILE, data / "old.db"
    tables(old, version)
    with sqlite3.connect(old) as connection:
        connection.execute("ATTACH ? AS new", (str(new),))
        for (table,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            if table not in ("alembic_version", "sqlite_sequence"):
                copied(connection, table)
    connection.close()
    for log in data.glob(f"{FILE}-*"):
        log.unlink()
    old.replace(new)


def tables(file: Path, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    engine = database.sqlite_writer(file)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}


def copied(connection: sqlite3.Connection, table: str) -> None:
    if table == "outbox" and "what" in columns(connection, "main", table):
        rows = connection.execute("SELECT seq, id, topic, subject, at, body FROM new.outbox").fetchall()
        told = [(*row[:2], row[2].removeprefix("rammevagt."), *row[3:5], json.dumps(json.loads(row[5])["data"])) for row in rows]
        connection.executemany("INSERT INTO main.outbox (seq, id, what, subject, at, data) VALUES (?, ?, ?, ?, ?, ?)", told)
        return
    shared = ", ".join(sorted(columns(connection, "main", table) & columns(connection, "new", table)))
    connection.execute(f"INSERT OR REPLACE INTO main.{table} ({shared}) SELECT {shared} FROM new.{table}")
    if table == "mail" and "assessment" in columns(connection, "main", table):
        assessed = "SELECT document FROM new.assessment AS a WHERE a.mail = main.mail.id"
        connection.execute(f"UPDATE main.mail SET assessment = ({assessed})")
