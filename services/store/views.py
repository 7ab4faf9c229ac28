"""Read models: what pages look up, each in one or a few queries by an index, and paged by key.

Nothing here asks who looks: the caller says within which units, and has recorded that somebody looks.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from services.settings import ZONE
from services.store import view_books, view_citizens, view_counts, view_mails, view_notices, view_posts
from services.store.about import EVERYWHERE
from services.store.looked_up import (
    About,
    CitizenFound,
    CitizenLine,
    FrameworkVersion,
    MailFound,
    MailLine,
    Notice,
    Page,
    PostMail,
    QueueSummary,
    Seen,
    Wanted,
    Week,
    Within,
)
from services.store.readers import Readers
from workflows.backtest import Handled
from workflows.framework import ContactFramework
from workflows.people import Case, Citizen

PAGE = 50


class Views:
    """``store.views``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, readers: Readers, key: bytes) -> None:
        self._readers = readers
        self._key = key

    # -- the register
    async def citizens(
        self, text: str = "", within: Within | None = None, *, limit: int = PAGE, after: str | None = None
    ) -> Page[CitizenLine]:
        """Citizens by an address (whole), or by how a name, an id or a case's id begins; all of them for no text.

        ``within`` None: whoever they are.
        """
        return await self._readers.run(view_citizens.citizens, self._key, text, within, limit=limit, after=after)

    async def citizen(self, id: str) -> CitizenFound | None:
        """One citizen's file."""
        return await self._readers.run(view_citizens.one_citizen, id)

    async def named(self, ids: Collection[str]) -> dict[str, Citizen]:
        """These citizens by id; those that there are."""
        return await self._readers.run(view_citizens.named, ids) if ids else {}

    async def case(self, id: str) -> Case | None:
        """One case."""
        return await self._readers.run(view_citizens.one_case, id)

    async def framework(self, id: str) -> ContactFramework | None:
        """One framework as it is now."""
        return await self._readers.run(view_citizens.one_framework, id)

    async def versions(self, citizens: Collection[str]) -> dict[str, list[FrameworkVersion]]:
        """Every version of these citizens' frameworks, by id, the oldest first."""
        return await self._readers.run(view_citizens.versions, citizens)

    # -- mails
    async def mails(
        self,
        *,
        citizens: Collection[str] | None = None,
        units: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        wanted: Wanted | None = None,
        limit: int = PAGE,
        after: str | None = None,
    ) -> Page[MailLine]:
        """Mails, the newest first, of these citizens, or that concern these units, received before ``until``.

        Where neither is given, those of everybody in the register, and those that nobody could decide.
        """
        keys = citizens if citizens is not None else (EVERYWHERE,) if units is None else [one for one in units if one != EVERYWHERE]
        asked = view_mails.Asked("unit" if citizens is None else "citizen", list(keys), since, until, wanted)
        return await self._readers.run(view_mails.mails, asked, limit, after)

    async def mail(self, id: str) -> MailFound | None:
        """One mail with its way."""
        return await self._readers.run(view_mails.one_mail, id, ZONE)

    async def post_mails(self, ids: Collection[str]) -> dict[str, PostMail]:
        """These mails by id, as far as the posts that they have in functional mailboxes tell of them; those that there are."""
        return await self._readers.run(view_posts.mails, ids) if ids else {}

    async def about(self, mail: str) -> About:
        """Whom a mail concerns."""
        return await self._readers.run(view_mails.about_mail, mail)

    async def volume(self, citizen: str, since: date, until: date) -> list[Week]:
        """A citizen's mails by week; both days' weeks are whole."""
        return await self._readers.run(view_mails.volume, citizen, since, until, ZONE)

    async def received_of(self, citizens: Collection[str], since: datetime) -> dict[str, list[datetime]]:
        """When mail of each of these citizens was received from ``since`` on, the newest 1,000 of each, in no order."""
        return await self._readers.run(view_mails.received_of, citizens, since) if citizens else {}

    async def handled(self, citizen: str, since: datetime, most: int) -> list[Handled]:
        """The ``most`` newest mails of a citizen that can be decided again, the oldest first."""
        return await self._readers.run(view_mails.handled, citizen, since, most)

    async def notices(self, mails: Sequence[str]) -> list[Notice]:
        """Who was told of these mails, in their order."""
        return await self._readers.run(view_notices.notices, mails) if mails else []

    async def notices_to(self, addresses: Collection[str], *, limit: int, after: str | None = None) -> Page[Notice]:
        """What was told to these addresses (normalised), the newest first."""
        return await self._readers.run(view_notices.notices_to, addresses, limit, after)

    # -- statistics
    async def mail_counts(self, begins: datetime, ends: datetime) -> dict[str, dict[str, int]]:
        """Mails received between these instants, by unit and what was decided."""
        return await self._readers.run(view_counts.mails, begins, ends)

    async def move_counts(self, begins: datetime, ends: datetime) -> dict[str, dict[str, int]]:
        """What was done with frameworks between these instants, by unit and move."""
        return await self._readers.run(view_counts.moves, begins, ends)

    async def state_counts(self) -> dict[str, dict[str, int]]:
        """Frameworks as they are now, by unit and state."""
        return await self._readers.run(view_counts.states)

    # -- operations
    async def queue(self) -> list[QueueSummary]:
        """What waits, a row a hop."""
        return await self._readers.run(view_books.queue)

    async def given_by(self, posts: Collection[str]) -> dict[str, str]:
        """Which account handed these posts over to whoever has them now, by post; of those that nobody has taken since."""
        return await self._readers.run(view_posts.given_by, posts)

    async def seen(self, *subjects: str, limit: int = PAGE, after: str | None = None) -> Page[Seen]:
        """Who has looked at, or done something about, these subjects; the newest first."""
        subjects_asked: Sequence[str] = subjects
        return await self._readers.run(view_books.seen, subjects_asked, limit, after)
