"""The tables that people work with: dossiers of frameworks, letters, accounts, and what is looked up about handled mail.

The mail path writes to two of them alone (``mail_about``, ``replay``), and only for mail of somebody whom the register knows, and
for mail that nobody could decide; of other mail it is written whose leaders were alarmed by it.
Conventions as in ``services.store.schema``.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Table, text

from services.store.schema import Text, metadata

dossier = Table(  # what a framework rests on and every move made with it: a revision a move, and one while it is being written
    "dossier",
    metadata,
    Column("framework", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("current", SmallInteger, nullable=False),
    Column("framework_version", Integer, nullable=False),
    Column("citizen", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due", Text),  # the day on which somebody has to do something next
    Column("lawyer", Text),  # who is asked for advice; normalised
    Column("author", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("move", Text),  # none while it is being written; beside the moves: submitted, sent_back, loaded, removed
    Column("document", Text, nullable=False),
    Index("ix_dossier_citizen", "citizen", "current"),
    Index("ix_dossier_due", "state", "due", sqlite_where=text("current = 1"), postgresql_where=text("current = 1")),
    Index("ix_dossier_lawyer", "lawyer", sqlite_where=text("current = 1"), postgresql_where=text("current = 1")),
)

dossier_unit = Table(  # the units that a framework's scope names, itself or by its cases
    "dossier_unit",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("framework", Text, primary_key=True),
    sqlite_with_rowid=False,
)

letter = Table(  # letters as they were finished: the document that they were made of, and the file that was sent
    "letter",
    metadata,
    Column("id", Text, primary_key=True),
    Column("framework", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("pdf", LargeBinary, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("address", Text, nullable=False, unique=True),  # normalised
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("units", Text, nullable=False),  # JSON: units beside those that the register gives
    Column("language", Text, nullable=False),
    Column("password", Text),  # argon2id; none for those who come by single sign-on
    Column("temporary", SmallInteger, nullable=False),  # the password was given by somebody else, and has to be changed first
    Column("subject", Text, unique=True),  # who it is at the identity provider: issuer and sub
    Column("totp", Text),  # the secret, sealed with the guard's key
    Column("totp_used", BigInteger),  # the last counter that was taken: a code opens once
    Column("disabled_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True),  # SHA-256 of the cookie
    Column("account", Text, nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

login_try = Table(  # tries to log in without success, also with addresses that have no account: both look alike from outside
    "login_try",
    metadata,
    Column("who", Text, primary_key=True),  # keyed hash of the address
    Column("tries", Integer, nullable=False),
    Column("locked_until", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
)

kept_form = Table(  # what somebody was writing when their session had ended, until they are back: sealed, and for them alone
    "kept_form",
    metadata,
    Column("account", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("sealed", Text, nullable=False),
)

begun_move = Table(  # what somebody has written on the page of a move and has not sent yet: sealed, and for them alone
    "begun_move",
    metadata,
    Column("account", Text, primary_key=True),
    Column("framework", Text, primary_key=True, index=True),
    Column("move", Text, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("sealed", Text, nullable=False),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),  # SHA-256 of the token
    Column("account", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # JSON
    Column("created_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("used_at", BigInteger),
    Column("revoked_at", BigInteger),
)

mail_about = Table(  # which handled mail concerns a citizen, or a unit; all of it stands under the unit without a name
    "mail_about",
    metadata,
    Column("kind", Text, primary_key=True),  # "citizen" or "unit"
    Column("key", Text, primary_key=True),
    Column("received_at", BigInteger, primary_key=True, autoincrement=False),
    Column("mail", Text, primary_key=True),
    Column("outcome", Text, nullable=False),  # see workflows.replay
    Index("ix_mail_about_mail", "mail", "kind", "key", "outcome"),
    Index(
        "ix_mail_about_other",
        "kind",
        "key",
        "outcome",
        "received_at",
        "mail",
        sqlite_where=text("outcome <> 'delivered'"),
        postgresql_where=text("outcome <> 'delivered'"),
    ),
    sqlite_with_rowid=False,
)

citizen_word = Table(  # the words of citizens' names, folded, to find them by; each beside all of them
    "citizen_word",
    metadata,
    Column("word", Text, primary_key=True),
    Column("citizen", Text, primary_key=True),
    Column("name", Text, nullable=False),
    sqlite_with_rowid=False,
)

replay = Table(  # what a decision was made of beside the register, so that a drafted framework can be tried on it
    "replay",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("document", Text, nullable=False),
    sqlite_with_rowid=False,
)
