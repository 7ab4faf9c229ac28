"""Posts as somebody may see them: what is due, who has it, and what it is about without a word of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import HTTPException
from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.citizens import Names
from services.console.concern import Concerns, Touched, concerns
from services.console.context import console_of
from services.console.post_words import Due, due, summed_up
from services.console.recorded import recorded
from services.console.web import words_of
from services.console.words import N_, Words
from services.store.looked_up import Page, PostMail
from workflows.addresses import own_key
from workflows.people import Employee, Grade, Unit
from workflows.post import Post
from workflows.rights import Action, Reach, answers_for, mailboxes_of, may_with_post, reach
from workflows.situation import Situation
from workflows.summary import summary_from

LATELY = timedelta(days=30)  # in which what is done is still shown
HANDLERS = frozenset({"caseworker", "leader", "head"})
UNKNOWN, ONE_OF_SEVERAL, PERHAPS = N_("en ukendt afsender"), N_("en af flere borgere"), N_("en, der måske er %(name)s")


@dataclass(frozen=True, slots=True)
class Seen:
    """One post. ``who`` wrote: a name or an id, as far as the visitor may know. ``shielded`` are addresses.

    ``giver`` is the name of whoever handed it over to the visitor.
    """

    post: Post
    unit: Unit | None
    mail: PostMail
    shielded: frozenset[str]
    who: str
    case: str | None
    taker: str | None
    mine: bool
    giver: str | None
    dues: tuple[Due, ...]
    summary: str

    @property
    def path(self) -> str:
        """Its page."""
        return f"/posts/{self.post.id}"

    @property
    def pressing(self) -> tuple[Due, ...]:
        """What is told of it among others: what falls due first, and the clock of each right."""
        return tuple(due for place, due in enumerate(self.dues) if place == 0 or due.right)

    @property
    def unclocked(self) -> tuple[str, ...]:
        """Its rights that have no clock of their own."""
        clocked = {one.right for one in self.post.clocks}
        return tuple(one for one in self.post.rights if self.post.done_at or one not in clocked)


class Posts:
    """What one visitor sees. One a request."""

    def __init__(self, request: Request, who: Visitor) -> None:
        console = console_of(request)
        self.who = who
        self.words: Words = words_of(request)
        self.now: datetime = console.clock.now()
        self.concerned: Concerns = concerns(request)
        self._store = console.store
        self._ours = console.store.organisation()
        self._people = Names(request)

    def units(self) -> tuple[Unit, ...]:
        """Those whose mailboxes the visitor may see."""
        return mailboxes_of(self._ours, self.who.rights)

    async def open(self, units: Collection[str] | None, *, limit: int = 50, after: str | None = None) -> Page[Seen]:
        """What waits in these units' mailboxes: red that nobody has read, then by what falls due. None: all that they may see."""
        found = await self._store.posts.open(self._within(units), limit=limit, after=after)
        return Page(_red_first(await self._seen(found.items)), found.after)

    async def taken(self, among: int) -> tuple[Seen, ...]:
        """What the visitor has taken, of the first ``among`` that wait; in the same order."""
        found = await self._store.posts.open(self._within(None), limit=among)
        return _red_first(await self._seen([one for one in found.items if one.taken_by == self.who.rights.address]))

    async def closed(self, units: Collection[str] | None, *, limit: int = 50, after: str | None = None) -> Page[Seen]:
        """What was done in the last 30 days, the last one first."""
        found = await self._store.posts.closed(self.now - LATELY, self._within(units), limit=limit, after=after)
        return Page(await self._seen(found.items), found.after)

    async def late_of(self, citizen: str, limit: int) -> tuple[Seen, ...]:
        """A citizen's posts that are owed something since before now, the longest overdue first; those that the visitor may see."""
        return await self._seen(await self._store.posts.late_of(citizen, limit))

    async def situations_of(self, citizen: str) -> tuple[Situation, ...]:
        """What is noted on a citizen's cases, whosever they are."""
        return await self._store.situations.of_citizen(citizen)

    async def one(self, id: str) -> Seen | None:
        """One, where there is such a post and the visitor may see it."""
        found = await self._store.posts.get(id)
        seen = await self._seen([found]) if found else ()
        return seen[0] if seen else None

    async def there_is(self, id: str) -> bool:
        """Whether there is such a post at all."""
        return await self._store.posts.get(id) is not None

    async def explains(self, seen: Seen) -> bool:
        """Whether the visitor may see the mail's own page, which tells why it came here."""
        recipients = seen.mail.decision["recipients"]
        touched = [Touched(one["address"], one["case"], one["framework"]) for one in recipients]
        units = {one["unit"] for one in recipients if one["unit"]}
        matter = await self.concerned.mail(_writers(seen.mail), units, touched)
        return matter.opens_to(self.who.rights, Action.SEE_MAIL)

    def takers(self, seen: Seen) -> list[Employee]:
        """To whom it can be handed over: who works in the unit or answers for the mailbox, but whoever it was moved away from."""
        unit = seen.unit
        if unit is None:
            return []
        every = {one.address: one for one in self._ours.employees.values()}.values()
        found = [one for one in every if one.role in HANDLERS and _may_take(one, unit, seen)]
        return sorted(found, key=lambda one: one.name)

    def _within(self, units: Collection[str] | None) -> Collection[str] | None:
        """Who sees all sees also what belongs to no unit any more."""
        if units is None and reach(self.who.rights, Action.SEE_POST) is Reach.ALL:
            return None
        mine = {one.id for one in self.units()}
        return mine if units is None else mine.intersection(units)

    async def _seen(self, posts: Sequence[Post]) -> tuple[Seen, ...]:
        mails = await self._store.views.post_mails([one.mail for one in posts])
        there = [(one, mails[one.mail]) for one in posts if one.mail in mails]
        await self.concerned.know_people({id for _, mail in there for id in _writers(mail)})
        kept = [(post, mail, shielded) for post, mail in there if (shielded := self._opens(post, mail)) is not None]
        names = await self.concerned.names(self.who.rights, {id for _, mail, _ in kept for id in _writers(mail)})
        givers = await self._givers([post for post, _, _ in kept])
        return tuple([await self._told(post, mail, shielded, names, givers) for post, mail, shielded in kept])

    async def _givers(self, posts: Collection[Post]) -> dict[str, str]:
        """Who handed these over to the visitor, by post; of those that somebody else did."""
        mine = [one.id for one in posts if one.taken_by == self.who.rights.address]
        found = await self._store.views.given_by(mine) if mine else {}
        return {id: await self._people.actor(account) for id, account in found.items() if account != self.who.account}

    def _opens(self, post: Post, mail: PostMail) -> frozenset[str] | None:
        """Whom it is kept away from; None where the visitor may not see it."""
        shielded = self.concerned.shielded(_writers(mail), mail.decision["recipients"], self.now)
        unit = self._ours.units.get(post.unit or "")
        return shielded if may_with_post(self.who.rights, Action.SEE_POST, unit, shielded) else None

    async def _told(
        self, post: Post, mail: PostMail, shielded: frozenset[str], names: dict[str, str], givers: dict[str, str]
    ) -> Seen:
        address = self.who.rights.address
        return Seen(
            post,
            self._ours.units.get(post.unit or ""),
            mail,
            shielded,
            who=self._writer(mail, names),
            case=await self._case(post, mail),
            taker=self._name(post.taken_by),
            mine=post.taken_by == address,
            giver=givers.get(post.id),
            dues=tuple(due(one, self.now, self.words) for one in post.owed()),
            summary=summed_up(summary_from(post.summary), self.words) if post.summary else "",
        )

    def _writer(self, mail: PostMail, names: dict[str, str]) -> str:
        sender = mail.decision["sender"]
        citizen: str | None = sender["citizen"]
        if citizen:
            name = names.get(citizen, citizen)
            return name if sender["grade"] == Grade.VERIFIED else self.words.gettext(PERHAPS) % {"name": name}
        unsure = ONE_OF_SEVERAL if sender["candidates"] else UNKNOWN
        return self.words.gettext(unsure)

    async def _case(self, post: Post, mail: PostMail) -> str | None:
        """The case that it was moved in, where that is a case of the mailbox's own unit."""
        named = {one["case"] for one in mail.decision["recipients"]}
        cases = [case for one in _writers(mail) for case in (await self.concerned.cases(one)).values()]
        return next((one.id for one in cases if one.id in named and one.unit == post.unit), None)

    def _name(self, address: str | None) -> str | None:
        found = self._ours.employees.get(address or "")
        return found.name if found else address


async def one_post(request: Request, who: Visitor, id: str, action: Action, noted: str) -> tuple[Posts, Seen]:
    """The post where ``who`` may do ``action`` with it, and that is recorded; else 404, and that is recorded too."""
    posts = Posts(request, who)
    seen = await posts.one(id)
    if seen is None or not may_with_post(who.rights, action, seen.unit, seen.shielded):
        if seen is not None or await posts.there_is(id):
            await recorded(request, who, "access.refused", id, action.value)
        raise HTTPException(404)
    await recorded(request, who, noted, id)
    return posts, seen


def _may_take(one: Employee, unit: Unit, seen: Seen) -> bool:
    key = own_key(one.address)
    if key == seen.post.taken_by:
        return False
    return answers_for(key, unit) or (one.unit == unit.id and key not in seen.shielded)


def _writers(mail: PostMail) -> tuple[str, ...]:
    sender = mail.decision["sender"]
    return (sender["citizen"],) if sender["citizen"] else tuple(sender["candidates"])


def _red_first(seen: Sequence[Seen]) -> tuple[Seen, ...]:
    return tuple(sorted(seen, key=lambda one: one.post.level != "red" or one.post.read_at is not None))
