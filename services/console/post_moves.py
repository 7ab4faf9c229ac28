"""What people do with posts, by the buttons of a page or by a program: each is one function of the pure core."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request

from services.console.context import console_of
from services.console.post_words import FOUND
from services.console.posts import Posts, Seen
from services.post_terms import MailboxTerms
from services.settings import ZONE
from services.store.posts import Change, Overtaken
from services.working_hours import working_hours
from workflows import post as core
from workflows.addresses import own_key
from workflows.audit import AuditRecord
from workflows.deadlines import WorkingHours
from workflows.decision import Sentence
from workflows.events import mailbox_handed_over
from workflows.post import MOST_NOTE, Post, Refused, Terms

RIGHTS = frozenset(  # what can be found that is a right of the citizen, by the same name
    {"application", "complaint", "child_concern", "urgent_help", "file_access", "data_access", "deletion_request"}
)
NOBODY = Refused(Sentence("Vælg, hvem der skal have den.", "Choose who is to have it."))
NOTHING = Refused(Sentence("Sæt kryds ved det, du fandt, eller ved „Ikke noget nyt“.", "Tick what you found, or “Nothing new”."))
BOTH = Refused(
    Sentence("„Ikke noget nyt“ passer ikke sammen med de andre krydser.", "“Nothing new” does not go with the other ticks.")
)


Move = Literal["take", "give", "read", "answered", "no_reply", "done"]
Found = Literal[
    "new_facts", "application", "complaint", "child_concern", "urgent_help", "file_access", "data_access", "deletion_request",
    "nothing_new",
]  # fmt: skip


class Filled(BaseModel):
    """A form of one of the moves. ``revision`` is the one that its writer saw; ``to`` an employee's address."""

    csrf: str = ""
    revision: int = Field(ge=0)
    note: str = Field(default="", max_length=2 * MOST_NOTE)
    to: str = Field(default="", max_length=320)
    found: list[Found] = Field(default=[], max_length=20)


@dataclass(frozen=True, slots=True)
class Asked:
    """One move that somebody asks for."""

    posts: Posts
    seen: Seen
    filled: Filled
    hours: WorkingHours
    terms: Terms

    def note(self, beginning: str) -> str:
        """The note as it is kept: what it was written about, and what was written; nothing where nothing was."""
        text = self.filled.note.replace("\r\n", "\n").strip()
        return f"{beginning}: {text}" if text else ""


def _take(asked: Asked) -> Post | Refused:
    return core.take(asked.seen.post, asked.posts.who.rights.address, asked.posts.now)


def _give(asked: Asked) -> Post | Refused:
    to = own_key(asked.filled.to)
    if to not in {own_key(one.address) for one in asked.posts.takers(asked.seen)}:
        return NOBODY
    return core.hand_over(asked.seen.post, to, asked.posts.now, asked.note("Givet videre"))


def _read(asked: Asked) -> Post | Refused:
    found = [one for one in FOUND if one in asked.filled.found]
    if not found:
        return NOTHING
    if "nothing_new" in found and len(found) > 1:
        return BOTH
    rights = [one for one in found if one in RIGHTS]
    marked = core.marked(asked.seen.post, rights, asked.hours, ZONE, asked.terms.answer_within_days)
    text = asked.note("Note")
    told = f"Læst. Fundet: {_listed(found)}." + (f"\n{text}" if text else "")
    return core.read(marked, asked.posts.now, told)


def _listed(found: Sequence[str]) -> str:
    return ", ".join(FOUND[one][:1].lower() + FOUND[one][1:] for one in found)


def _answered(asked: Asked) -> Post | Refused:
    return core.answered(asked.seen.post, asked.posts.now, asked.note("Besvaret"))


def _no_reply(asked: Asked) -> Post | Refused:
    return core.no_reply(asked.seen.post, asked.posts.now, asked.note("Skal ikke besvares"))


def _done(asked: Asked) -> Post | Refused:
    return core.done(asked.seen.post, asked.posts.now, asked.note("Færdig"))


MOVES: Mapping[Move, tuple[str, Callable[[Asked], Post | Refused]]] = {  # by name: the audit entry's action
    "take": ("post.taken", _take),
    "give": ("post.handed_over", _give),
    "read": ("post.read", _read),
    "answered": ("post.answered", _answered),
    "no_reply": ("post.no_reply", _no_reply),
    "done": ("post.done", _done),
}


async def move(request: Request, posts: Posts, seen: Seen, name: Move, filled: Filled) -> Post | Refused | Overtaken:
    """Do it, with its audit entry; nothing is written where it is refused, or somebody else was faster."""
    console, who = console_of(request), posts.who
    if filled.revision != seen.post.revision:
        return Overtaken(seen.post)
    action, doing = MOVES[name]
    terms = MailboxTerms(console.settings, console.store.key).of(console.store.organisation())
    promised = terms.get(seen.post.mailbox) or Terms(seen.post.code)
    made = doing(Asked(posts, seen, filled, working_hours(console.settings), promised))
    if isinstance(made, Refused):
        return made
    data: dict[str, Any] = {"how": "hand"} | ({"found": sorted(set(filled.found))} if name == "read" else {})
    data |= {"reopened": True} if seen.post.done_at and not made.done_at else {}
    data |= {"token": who.token} if who.token else {}
    record = AuditRecord(posts.now, who.account, action, seen.post.id, data)
    given = name == "give" and made.taken_by != who.rights.address
    events = (mailbox_handed_over(made, posts.now),) if given else ()
    [saved] = await console.store.posts.change([Change(made, seen.post.revision, events, (record,))])
    return saved or Overtaken(await console.store.posts.get(made.id))
