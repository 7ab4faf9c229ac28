"""Dossiers, letters, accounts, and what is looked up about citizens, cases and handled mail."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from workflows.addresses import normalise
from workflows.people import name_words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
BATCH = 2000
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables, new indices, and of a register that is there what it is looked up by."""
    _dossiers()
    _accounts()
    _about_mail()
    _cases()
    _names()
    op.create_index("ix_recipient_returned", "recipient", ["mail"], **_where("state = 'returned'"))
    op.create_index("ix_assessment_red", "assessment", ["mail"], **_where("""document LIKE '%"level":"red"%'"""))
    op.create_index("ix_audit_subject", "audit", ["subject", "seq"], **_where("actor <> 'guard'"))


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _dossiers() -> None:
    op.create_table(
        "dossier",
        sa.Column("framework", TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("current", sa.SmallInteger(), nullable=False),
        sa.Column("framework_version", sa.Integer(), nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("due", TEXT, nullable=True),
        sa.Column("lawyer", TEXT, nullable=True),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("move", TEXT, nullable=True),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("framework", "revision", name=op.f("pk_dossier")),
    )
    current = sa.text("current = 1")
    op.create_index("ix_dossier_citizen", "dossier", ["citizen", "current"])
    op.create_index("ix_dossier_due", "dossier", ["state", "due"], sqlite_where=current, postgresql_where=current)
    op.create_index("ix_dossier_lawyer", "dossier", ["lawyer"], sqlite_where=current, postgresql_where=current)
    op.create_table(
        "dossier_unit",
        sa.Column("unit", TEXT, nullable=False),
        sa.Column("framework", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("unit", "framework", name=op.f("pk_dossier_unit")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "letter",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("framework", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    op.create_index(op.f("ix_letter_framework"), "letter", ["framework"])


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("units", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("password", TEXT, nullable=True),
        sa.Column("temporary", sa.SmallInteger(), nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("totp", TEXT, nullable=True),
        sa.Column("totp_used", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("address", name=op.f("uq_account_address")),
        sa.UniqueConstraint("subject", name=op.f("uq_account_subject")),
    )
    op.create_table(
        "session",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("csrf", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_session_account"), "session", ["account"])
    op.create_index(op.f("ix_session_ends_at"), "session", ["ends_at"])
    op.create_table(
        "login_try",
        sa.Column("who", TEXT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("who", name=op.f("pk_login_try")),
    )
    op.create_index(op.f("ix_login_try_at"), "login_try", ["at"])
    op.create_table(
        "kept_form",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "path", name=op.f("pk_kept_form")),
    )
    op.create_table(
        "begun_move",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("framework", TEXT, nullable=False),
        sa.Column("move", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account", "framework", "move", name=op.f("pk_begun_move")),
    )
    op.create_index(op.f("ix_begun_move_framework"), "begun_move", ["framework"])
    op.create_index(op.f("ix_begun_move_at"), "begun_move", ["at"])
    op.create_table(
        "api_token",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_token_hash")),
    )
    op.create_index(op.f("ix_api_token_account"), "api_token", ["account"])


def _about_mail() -> None:
    op.create_table(
        "mail_about",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("received_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "received_at", "mail", name=op.f("pk_mail_about")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mail_about_mail", "mail_about", ["mail", "kind", "key", "outcome"])
    other = ["kind", "key", "outcome", "received_at", "mail"]
    op.create_index("ix_mail_about_other", "mail_about", other, **_where("outcome <> 'delivered'"))
    op.create_table(
        "replay",
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("mail", name=op.f("pk_replay")),
        sqlite_with_rowid=False,
    )


def _cases() -> None:
    for name in ("unit", "caseworker"):
        op.add_column("citizen_case", sa.Column(name, TEXT, nullable=False, server_default=""))
    table = sa.table("citizen_case", *(sa.column(name) for name in ("id", "unit", "caseworker", "document")))
    change = sa.update(table).where(table.c.id == sa.bindparam("of")).values(unit=sa.bindparam("by"), caseworker=sa.bindparam("to"))
    for rows in op.get_bind().execute(sa.select(table.c.id, table.c.document)).partitions(BATCH):
        read = [(id, json.loads(document)) for id, document in rows]
        given = [{"of": id, "by": one["unit"], "to": normalise(one["caseworker"])} for id, one in read]
        op.get_bind().execute(change, given)
    op.create_index("ix_citizen_case_unit", "citizen_case", ["unit", "citizen"])
    op.create_index("ix_citizen_case_caseworker", "citizen_case", ["caseworker", "citizen"])


def _names() -> None:
    words = op.create_table(
        "citizen_word",
        sa.Column("word", TEXT, nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("word", "citizen", name=op.f("pk_citizen_word")),
        sqlite_with_rowid=False,
    )
    table = sa.table("citizen", sa.column("id"), sa.column("document"))
    for rows in op.get_bind().execute(sa.select(table.c.id, table.c.document)).partitions(BATCH):
        read = [(id, name_words(json.loads(document)["name"])) for id, document in rows]
        if given := [{"word": word, "citizen": id, "name": " ".join(("", *named))} for id, named in read for word in named]:
            op.get_bind().execute(sa.insert(words), given)
