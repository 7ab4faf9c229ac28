"""*Beskeder*: what one visitor was told, what it is about as far as they may see that, and what they have looked at."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request

from services.console.assist import AssistSeen
from services.console.auth.visitor import Visitor
from services.console.concern import Concerns, Touched, concerns
from services.console.context import console_of
from services.console.incidents import may_see
from services.console.web import words_of
from services.gather import policy_of
from services.notice_texts import letterhead, words
from services.store.looked_up import Page, PostMail
from services.store.notice_values import KeptNotice
from workflows.addresses import normalise
from workflows.assistance import Assistance
from workflows.notice_mail import subject, to_do
from workflows.notice_seen import id_of
from workflows.rights import Action, Reach, reach

MOST = 100  # unseen ones are counted so far, and no further
AT_ONCE = 20
_MATTERS = frozenset({"assist_called", "relief_asked", "relief_answered", "case_given"})
_OF_MAILS = frozenset({"redirected", "redirected_leader", "signal_leader", "meeting_asked"})
_POSTS = ("post_", "posts_")
_OPERATIONS = frozenset({"mailbox_unreachable", "mailbox_not_watched", "canary_missing", "mail_not_moved", "mail_unaccounted"})


class Ways(NamedTuple):
    """The next step from a notice of a citizen's mail: to report what happened, and to ask for relief; empty where it is none."""

    report: str = ""
    relief: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One notice. ``title``: its heading in the page's language; ``path``: what it is about, where the visitor may see that."""

    kept: KeptNotice
    title: str
    path: str | None
    ways: Ways

    @property
    def urgent(self) -> bool:
        """Whether it was told at once."""
        return self.kept.notice.urgency == "now"


def addresses_of(request: Request, who: Visitor) -> tuple[str, ...]:
    """Theirs, by which notices name them; first the one that the register gives, under which their wishes are kept."""
    console = console_of(request)
    found = console.store.organisation().employee(who.address, policy_of(console.settings))
    named = (normalise(found.address) if found else None, normalise(who.address))
    return tuple(dict.fromkeys(one for one in named if one))


async def count_unseen(request: Request) -> None:
    """Note for the page's head how many notices its visitor has not seen. Streams and programs show no page."""
    who = getattr(request.state, "visitor", None)
    if isinstance(who, Visitor) and not who.token and request.url.path != "/live":
        people = addresses_of(request, who)
        request.state.unseen = await console_of(request).store.notices.unseen(people, MOST)


async def looked_at(request: Request, who: Visitor, subject: str, *, opened: bool = False) -> None:
    """The visitor looks at what their notices are about; ``opened``: at the mail itself, so that nobody else is asked to.

    A page that renews itself tells nothing about whoever left it open.
    """
    if who.token or "hx-request" in request.headers:
        return
    notices, people = console_of(request).store.notices, addresses_of(request, who)
    mine = [one for one in await notices.about(subject) if one.notice.to in people]
    if opened and any(one.opened_at is None for one in mine):
        await notices.opened(people, subject)
    elif any(one.seen_at is None for one in mine):
        await notices.seen(people, subject=subject)
    if any(one.seen_at is None for one in mine):
        await count_unseen(request)


def wanted(request: Request, one: KeptNotice) -> str | None:
    """The one thing to do, in the page's language, where that can be said to whoever has its link."""
    return to_do(one.notice, words(words_of(request).language))


def ways_from(one: KeptNotice, link: str = "") -> Ways:
    """The forms, filled in with the notice's mail and case; the page of its ``link`` is nobody's own, and names neither."""
    notice, cases = one.notice, one.notice.about.cases
    if notice.kind not in _OF_MAILS:
        return Ways()
    report = urlencode({"notice": link} if link else {"mail": notice.about.mail})
    case = f"?{urlencode({'case': cases[0]})}" if len(cases) == 1 and not link else ""
    return Ways(f"/report?{report}", f"/relief{case}" if notice.role == "caseworker" else "")


async def mail_of(request: Request, link: str) -> str:
    """The id of the mail that the notice of this link is about; empty where it was told with others, and which one is not known."""
    store = console_of(request).store
    id = id_of(store.key, link)
    found = await store.notices.get(id) if id else None
    return found.notice.about.mail if found and found.notice.kind in _OF_MAILS and await store.notices.is_alone(found) else ""


async def listed(request: Request, who: Visitor, after: str | None) -> Page[Shown]:
    """Their notices, the newest first."""
    console = console_of(request)
    found = await console.store.notices.of_people(addresses_of(request, who), limit=AT_ONCE, after=after)
    paths = await _Paths(concerns(request), who, AssistSeen(request, who)).of([one for one in found.items])
    head, language = letterhead(console.settings), "en" if words_of(request).language == "en" else "da"
    return Page(
        tuple(
            Shown(one, subject(one.notice, head, language), paths.get(one.id), ways_from(one))  # type: ignore[arg-type]
            for one in found.items
        ),
        found.after,
    )


@dataclass(frozen=True, slots=True)
class _Paths:
    """Where the pages are that one visitor may see. All of a kind are looked up together."""

    concerned: Concerns
    who: Visitor
    desk: AssistSeen

    async def of(self, found: Collection[KeptNotice]) -> dict[str, str]:
        """By the notice's id."""
        subjects = {one.notice.about.mail for one in found}
        there = await self._mails(subjects) | await self._frameworks(subjects)
        there |= await self._incidents({one.notice.about.mail for one in found if one.notice.kind.startswith("incident_")})
        there |= await self._matters({one.notice.about.mail for one in found if one.notice.kind in _MATTERS})
        each = ((one.id, there.get(one.notice.about.mail) or self._place(one.notice.kind)) for one in found)
        return {id: path for id, path in each if path}

    async def _mails(self, ids: Collection[str]) -> dict[str, str]:
        mails = await self.concerned.store.views.post_mails(ids)
        citizens = {one for mail in mails.values() for one in _writers(mail)}
        await self.concerned.know(citizens, {one.framework for mail in mails.values() for one in _touched(mail) if one.framework})
        return {id: f"/mails/{id}" for id, mail in mails.items() if await self._opens(mail)}

    async def _opens(self, mail: PostMail) -> bool:
        units = {one["unit"] for one in mail.decision["recipients"] if one["unit"]}
        matter = await self.concerned.mail(_writers(mail), units, _touched(mail))
        return matter.opens_to(self.who.rights, Action.SEE_MAIL)

    async def _frameworks(self, ids: Collection[str]) -> dict[str, str]:
        found = await self.concerned.store.dossiers.named(ids)
        await self.concerned.know({one.dossier.framework.citizen for one in found.values()})
        matters = {id: await self.concerned.framework(one) for id, one in found.items()}
        return {id: f"/frameworks/{id}" for id, one in matters.items() if one.opens_to(self.who.rights, Action.SEE_FRAMEWORK)}

    async def _incidents(self, ids: Collection[str]) -> dict[str, str]:
        found = await self.concerned.store.incidents.named(ids)
        return {id: f"/incidents/{id}" for id, one in found.items() if may_see(self.who.rights, one.incident)}

    async def _matters(self, ids: Collection[str]) -> dict[str, str]:
        found = [await self.desk.desk.matters.get(id) for id in ids]
        seen = [one.matter for one in found if one and self.desk.sees(one)]
        return {one.id: f"/{'assist' if isinstance(one, Assistance) else 'relief'}/{one.id}" for one in seen}

    def _place(self, kind: str) -> str | None:
        """The page of all of its kind, where it is about none of them alone."""
        if kind.startswith(_POSTS) and reach(self.who.rights, Action.SEE_POST) is not Reach.NONE:
            return "/posts"
        if kind in _OPERATIONS and reach(self.who.rights, Action.SEE_OPERATIONS) is not Reach.NONE:
            return "/operations"
        return None


def _writers(mail: PostMail) -> tuple[str, ...]:
    sender: Mapping[str, object] = mail.decision["sender"]
    citizen, candidates = sender["citizen"], sender["candidates"]
    return (str(citizen),) if citizen else tuple(map(str, candidates if isinstance(candidates, Iterable) else ()))


def _touched(mail: PostMail) -> list[Touched]:
    return [Touched(one["address"], one["case"], one["framework"]) for one in mail.decision["recipients"]]
