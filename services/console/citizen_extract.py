"""What is registered about one citizen, as it is handed over when they ask for access (GDPR art. 15): ids, dates and texts as they
are kept, without the content of mails. As a page to print, or as a file.
"""

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pydantic import TypeAdapter
from starlette.requests import Request

from services.aside import done_aside
from services.console.assist import may_see_relief
from services.console.auth.visitor import Visitor
from services.console.citizens import LOOKS, Names, Opened
from services.console.context import console_of
from services.console.framework_words import ANSWERS, CHANNELS, CODES, HISTORY, STATES, WAYS
from services.console.incidents import may_see
from services.console.link_words import STATES as LINK_STATES
from services.console.navigation import Waits
from services.console.recipients import may_know_why
from services.console.signals import SITUATIONS
from services.console.web import page, words_of
from services.identity_words import load
from services.store.dossiers import Kept
from services.store.looked_up import FrameworkVersion, MailLine
from services.store.signals import Answered
from services.store.sql_store import SqlStore
from workflows.incident import Incident
from workflows.link_answers import Link
from workflows.post import Post
from workflows.relief import Relief
from workflows.rights import Action

Shape = Literal["page", "file"]
FEW = 100  # mails, or looks, of which it is made here in some hundredths of a second; a process of its own takes one to begin
AT_ONCE = 1000
MOST_MAILS = 10_000
MOST_LOOKS = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """An extract that somebody asked for, with what a page needs besides: its address, its language, and the number in the menu."""

    who: Visitor
    citizen: str
    shape: Shape
    path: str
    query: str
    language: str
    waits: Waits
    unseen: int


WANTED = TypeAdapter(Wanted)


async def extracted(request: Request, who: Visitor, found: Opened, shape: Shape) -> bytes:
    """In HTML or JSON; of much by a process of its own. Raises ``services.aside.Undone``."""
    console = console_of(request)
    if not await _is_much(console.store, found.id):
        return await made(request, who, found, shape)
    url, language, waits = request.url, words_of(request).language, getattr(request.state, "waits", Waits())
    unseen = getattr(request.state, "unseen", 0)
    wanted = WANTED.dump_python(Wanted(who, found.id, shape, url.path, url.query, language, waits, unseen), mode="json")
    return await done_aside("services.console.citizen_extract_child", console.settings, console.clock.now(), wanted)


async def _is_much(store: SqlStore, citizen: str) -> bool:
    mails = await store.views.mails(citizens=[citizen], limit=FEW)
    return mails.after is not None or (await store.views.seen(citizen, limit=FEW)).after is not None


async def made(request: Request, who: Visitor, found: Opened, shape: Shape) -> bytes:
    """The same in this process."""
    one = await extract(request, who, found)
    if shape == "file":
        return (await asyncio.to_thread(json.dumps, one, ensure_ascii=False, indent=2)).encode("utf-8", "replace")
    names = Names(request)
    shown = await asyncio.to_thread(
        page,
        request,
        "citizen_extract.html",
        one=one,
        scopes=names.scopes(found, words_of(request)),
        names=names,
        states=STATES,
        history=HISTORY,
        answers=ANSWERS,
        codes=CODES,
        ways=WAYS,
        channels=CHANNELS,
        evidence={kind: one.sentence for kind, one in load().evidence.items()},
        link_states=LINK_STATES,
        situations=SITUATIONS,
        looks=LOOKS | {f"framework.{move}": title for move, title in HISTORY.items() if move},
        instant=datetime.fromisoformat,
        date=date.fromisoformat,
    )
    return bytes(shown.body)


async def extract(request: Request, who: Visitor, found: Opened) -> dict[str, Any]:
    """As JSON takes it. ``whole`` is false where the visitor may not see all of it, or there is more than fits."""
    console = console_of(request)
    mails, all_mails = await _mails(console.store, who, found)
    reported = [one.incident for one in await console.store.incidents.of_citizen(found.id)]
    incidents = [one for one in reported if may_see(who.rights, one)]
    asked = [one.matter for one in await console.store.desk.of_citizen(found.id) if isinstance(one.matter, Relief)]
    reliefs = [one for one in asked if may_see_relief(who.rights, one)]
    kept = [*(one.id for one in incidents), *(one.id for one in reliefs)]
    looks, all_looks = await _looks(console.store, found, Names(request), kept)
    versions = await console.store.views.versions([found.id])
    frameworks = [await _framework(console.store, one, versions.get(one.dossier.framework.id, [])) for one in found.dossiers]
    return {
        "made_at": console.clock.now().isoformat(),
        "made_by": who.address,
        "municipality": console.settings.municipality.name,
        "whole": found.whole and all_mails and all_looks and incidents == reported and reliefs == asked,
        "citizen": found.file.citizen.model_dump(mode="json", exclude={"addresses", "cpr", "cpr_hash"}),
        "cpr_kept_as_code": found.file.citizen.cpr_hash is not None,
        "addresses": [
            {
                "address": one.registered.address,
                "grade": one.registered.grade.value,
                "person": one.person.name if one.person else None,
                "mails": one.mails,
                "authenticated": one.authenticated,
                "last": one.last.isoformat() if one.last else None,
            }
            for one in found.file.addresses
        ],
        "cases": [one.model_dump(mode="json") for one in found.cases],
        "frameworks": frameworks,
        "mails": mails,
        "incidents": await _incidents(console.store, incidents),
        "links": [_link(one) for one in await console.store.identity.of_citizen(found.id)],
        "situations": await _situations(console.store, found),
        "reliefs": [one.model_dump(mode="json", include={"id", "at", "wish", "case", "why"}) for one in reliefs],
        "receipts_undelivered": await _undelivered(console.store, found, {one["id"] for one in mails}),
        "looked": looks,
    }


async def _framework(store: SqlStore, kept: Kept, versions: list[FrameworkVersion]) -> dict[str, Any]:
    dossier = kept.dossier.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    documents = [(one.version, one.since, one.framework.model_dump(mode="json", by_alias=True)) for one in versions]
    return dossier | {
        "framework": kept.dossier.framework.model_dump(mode="json", by_alias=True),
        "versions": [{"version": number, "since": since.isoformat(), "framework": one} for number, since, one in documents],
        "letters": [{"id": id, "kind": kind} for id, kind in (await store.dossiers.letters(kept.dossier.framework.id)).items()],
    }


async def _mails(store: SqlStore, who: Visitor, found: Opened) -> tuple[list[dict[str, Any]], bool]:
    """Those that the visitor may see, and whether that is all of them."""
    lines: list[MailLine] = []
    after, hidden = None, False
    while len(lines) < MOST_MAILS:
        page = await store.views.mails(citizens=[found.id], limit=AT_ONCE, after=after)
        await found.about.know_lines(page.items)
        seen = [one for one in page.items if (await found.about.line(one)).opens_to(who.rights, Action.SEE_MAIL)]
        lines += seen
        hidden, after = hidden or len(seen) < len(page.items), page.after
        if after is None:
            break
    ids = [one.id for one in lines]
    posts, answers = await store.posts.of_mails(ids), await store.signals.answers(ids)
    told = [_mail(who, found, one, posts.get(one.id, ()), answers.get(one.id, ())) for one in lines]
    return told, after is None and not hidden


def _mail(who: Visitor, found: Opened, one: MailLine, posts: Sequence[Post], answers: Sequence[Answered]) -> dict[str, Any]:
    return {
        "id": one.id,
        "received_at": one.received_at.isoformat(),
        "outcome": one.outcome,
        "sender": {"role": one.person_role, "grade": one.grade},
        "recipients": [
            {
                "address": to.address,
                "delivered_to": to.to,
                "reason": to.reason,
                "explanation": dict(to.explanation) if may_know_why(who, found.cases, to) else {},
                "state": to.state,
            }
            for to in one.recipients
        ],
        "rights": list(one.rights),
        "signals": [{"kind": kind, "level": level, "answers": _answers(kind, answers)} for kind, level in one.signals],
        "posts": [_post(post) for post in posts],
    }


def _answers(kind: str, answers: Sequence[Answered]) -> list[dict[str, str]]:
    """What staff said of a signal; not who did: it is about the pattern that found it."""
    return [{"answer": one.answer, "at": one.at.isoformat()} for one in answers if one.kind == kind]


def _post(one: Post) -> dict[str, Any]:
    """What was owed of it in a functional mailbox, and what was done; not by whom: that is the mailbox's own matter."""
    instants = ("due_read", "due_answer", "read_at", "answered_at", "done_at")
    return {
        "mailbox": one.mailbox,
        **{name: at.isoformat() if (at := getattr(one, name)) else None for name in instants},
        "deadlines": [{"right": right, "due": due.isoformat()} for right, due, _ in one.clocks],
        "no_reply_owed": one.no_reply_owed,
        "answered": one.answered_how,
        "done": one.done_how,
        "note": one.note,
    }


async def _incidents(store: SqlStore, kept: Sequence[Incident]) -> list[dict[str, Any]]:
    """What employees have reported about the citizen. What is done for the employee is the employee's own matter."""
    told = ("on", "at", "channel", "what", "kinds", "near_miss", "case", "mail")
    proofs = {one.id: await store.incidents.evidence(one.id) for one in kept}
    return [
        {"id": one.id, "reported_at": one.reported_at.isoformat()}
        | {name: value for name, value in one.report.model_dump(mode="json").items() if name in told}
        | {"police": police.outcome if (police := one.last("police")) else None}
        | {"evidence": [{"mail": line.mail, "at": line.at.isoformat(), "sha256": line.sha256} for line in proofs[one.id]]}
        for one in kept
    ]


def _link(one: Link) -> dict[str, Any]:
    """A question of who wrote, with its answer; of the mail's own words only the kinds of evidence."""
    return {
        "mail": one.mail,
        "about": one.about,
        "person": one.person,
        "asked_at": one.asked_at.isoformat(),
        "state": one.state,
        "answered_at": one.answered_at.isoformat() if one.answered_at else None,
        "answered_by": one.answered_by,
        "evidence": [hint.kind for hint in one.hints],
    }


async def _situations(store: SqlStore, found: Opened) -> list[dict[str, Any]]:
    """What was noted on the cases that are shown, also what was taken away again."""
    cases = {one.id for one in found.cases}
    return [
        {
            "case": one.case,
            "code": one.code,
            "on": one.on.isoformat(),
            "noted_at": one.noted_at.isoformat(),
            "noted_by": one.noted_by,
            "removed_at": one.removed_at.isoformat() if one.removed_at else None,
            "removed_by": one.removed_by,
        }
        for one in await store.situations.of_citizen(found.id)
        if one.case in cases
    ]


async def _undelivered(store: SqlStore, found: Opened, mails: Collection[str]) -> list[dict[str, Any]]:
    """The receipts for ``mails`` that did not arrive, and how the citizen was told instead."""
    of_citizen = [one for one in await store.receipts.of_citizen(found.id) if one.mail in mails]
    return [
        {
            "mail": one.mail,
            "at": one.at.isoformat(),
            "why": one.why,
            "told_at": one.told_at.isoformat() if one.told_at else None,
            "told_by": one.told_by,
            "how": one.how,
        }
        for one in of_citizen
    ]


async def _looks(store: SqlStore, found: Opened, names: Names, more: Sequence[str]) -> tuple[list[dict[str, Any]], bool]:
    """Who has looked, and done what, and whether that is all of it."""
    ids = (found.id, *(one.dossier.framework.id for one in found.dossiers), *more)
    looks: list[dict[str, Any]] = []
    after = None
    while len(looks) < MOST_LOOKS:
        page = await store.views.seen(*ids, limit=AT_ONCE, after=after)
        for one in page.items:
            told = {"at": one.at.isoformat(), "by": await names.actor(one.actor), "action": one.action, "subject": one.subject}
            looks.append(told | {"why": one.data.get("why")})
        after = page.after
        if after is None:
            break
    return looks, after is None
