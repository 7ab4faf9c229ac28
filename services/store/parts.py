"""The parts of the store that the mail path does not write to, each with its own module."""

from collections.abc import Callable

from services.store.accounts import Accounts
from services.store.begun_moves import BegunMoves
from services.store.desk import Desk
from services.store.dossiers import Dossiers
from services.store.identity import Identity
from services.store.incidents import Incidents
from services.store.notices import Notices
from services.store.posts import Posts
from services.store.readers import Readers
from services.store.receipts import Receipts
from services.store.signals import Signals
from services.store.situations import Situations
from services.store.views import Views
from services.store.webhooks import Webhooks
from services.store.writer import Writer


class Parts:
    """What ``SqlStore`` is beside the mail path."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int], key: bytes) -> None:
        """``now``: microseconds since 1970."""
        self.views = Views(readers, key)
        self.users = Accounts(writer, readers)
        self.begun_moves = BegunMoves(writer, readers)
        self.dossiers = Dossiers(writer, readers, now)
        self.receipts = Receipts(writer, readers, now)
        self.identity = Identity(writer, readers, now, key)
        self.incidents = Incidents(writer, readers, now)
        self.desk = Desk(writer, readers, now)
        self.posts = Posts(writer, readers, now)
        self.webhooks = Webhooks(writer, readers)
        self.signals = Signals(writer, readers, now)
        self.situations = Situations(writer, readers, now)
        self.notices = Notices(writer, readers, now)
