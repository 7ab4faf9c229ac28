"""*Postkasse*: what waits in the functional mailboxes that the visitor reads, and what they do with it."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console import signals
from services.console.allowed import only
from services.console.auth.visitor import Visitor
from services.console.live import POSTS
from services.console.mail_words import all_texts
from services.console.notices import looked_at
from services.console.opened_mail import LEAST, WHY, mail_file, original_page
from services.console.pages.live import topics
from services.console.post_moves import MOVES, Filled, Move, move
from services.console.post_words import DUTIES, FOUND
from services.console.posts import Posts, Seen, one_post
from services.console.recorded import recorded
from services.console.support import Opening, Unopened, fitting, opening, supported_page
from services.console.web import page, see, words_of
from services.store.posts import Overtaken
from services.store.signals import Answer
from workflows.people import Id
from workflows.post import MOST_NOTE, Refused
from workflows.rights import Action, may_with_post
from workflows.signals.rules import Kind

router = APIRouter(prefix="/posts")
Reader = Annotated[Visitor, Depends(only(Action.SEE_POST))]
Errors = tuple[tuple[str, str], ...]
SAID = frozenset(MOVES)
TEXTS: dict[str, Any] = dict(all_texts())


class Asked(BaseModel):
    """Which posts are shown: of one unit's mailbox or of all, those that wait or those that were done lately."""

    unit: Id | Literal[""] = ""
    show: Literal["", "done"] = ""
    after: str | None = Field(default=None, max_length=500)

    def url(self, **changes: str | None) -> str:
        """The address of this list with ``changes``."""
        values = self.model_dump(mode="json") | {"after": None} | changes
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/posts?{query}" if query else "/posts"


@router.get("")
async def listed(request: Request, who: Reader, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """What waits, the most urgent first."""
    posts = Posts(request, who)
    units = posts.units()
    chosen = [asked.unit] if asked.unit else None
    if asked.unit and asked.unit not in {one.id for one in units}:
        await recorded(request, who, "access.refused", asked.unit, Action.SEE_POST.value)
        raise HTTPException(404)
    look = posts.closed if asked.show else posts.open
    found = await look(chosen, after=asked.after)
    await recorded(request, who, "posts.read", asked.unit or "posts")
    return page(
        request,
        "posts.html",
        asked=asked,
        units=units,
        found=found,
        boxes=_by_mailbox(found.items),
        handles=[one.post.id for one in found.items if _handles(who, one)],
        topics=topics(request, who, POSTS),
        **TEXTS,
    )


@router.get("/{id}")
async def shown(request: Request, who: Reader, id: str, said: str = "") -> HTMLResponse:
    """One post."""
    posts, seen = await one_post(request, who, id, Action.SEE_POST, "post.seen")
    await looked_at(request, who, seen.post.mail, opened=True)
    return await _page(request, posts, seen, said=said if said in SAID else "")


@router.post("/{id}/original")
async def original(request: Request, who: Reader, id: str, why: Annotated[str, Form(max_length=500)] = "") -> Response:
    """What the citizen wrote, after a reason that is kept."""
    if len(why.strip()) < LEAST:
        posts, seen = await one_post(request, who, id, Action.SEE_POST, "post.seen")
        return await _page(request, posts, seen, why=why, errors=(("why", words_of(request).gettext(WHY) % {"least": LEAST}),))
    _, seen = await one_post(request, who, id, Action.SEE_POST, "post.seen")
    await recorded(request, who, "mail.original_read", seen.post.mail, why.strip())
    return await original_page(request, seen.post.mail, seen.post.arrived_at, why.strip(), seen.path)


@router.post("/{id}/support")
async def supported(
    request: Request,
    who: Reader,
    id: str,
    why: Annotated[str, Form(max_length=500)] = "",
    present: Annotated[str, Form(max_length=320)] = "",
) -> Response:
    """The same, read together with somebody, one paragraph at a time."""
    posts, seen = await one_post(request, who, id, Action.SEE_POST, "post.seen")
    one = _opening(request, who, seen)
    if wrong := one.lacks(why, present):
        errors = tuple((name, posts.words.gettext(sentence) % {"least": LEAST}) for name, sentence in wrong)
        return await _page(request, posts, seen, why=why, present=present, errors=errors)
    return await supported_page(request, who, one, why, present)


@router.post("/{id}/original.eml")
async def download(request: Request, who: Reader, id: str, why: Annotated[str, Form(max_length=500)] = "") -> Response:
    """The mail as it came, to be opened in a mail program."""
    if len(why.strip()) < LEAST:
        raise HTTPException(422)
    _, seen = await one_post(request, who, id, Action.SEE_POST, "post.seen")
    await recorded(request, who, "mail.file_read", seen.post.mail, why.strip())
    return await mail_file(request, seen.post.mail)


@router.post("/{id}/signals/{kind}")
async def answered(request: Request, who: Reader, id: str, kind: Kind, answer: Annotated[Answer, Form()]) -> Response:
    """Whether it was useful to be told of a signal."""
    _, seen = await one_post(request, who, id, Action.HANDLE_POST, "post.seen")
    await signals.answer(request, who, seen.post.mail, kind, answer)
    return see(f"{seen.path}#signal-{kind}")


@router.post("/{id}/{name}")
async def moved(request: Request, who: Reader, id: str, name: Move, filled: Annotated[Filled, Form()]) -> Response:
    """Take it, hand it over, tell that it is read, answered, done."""
    posts, seen = await one_post(request, who, id, Action.HANDLE_POST, "post.seen")
    made = await move(request, posts, seen, name, filled)
    if isinstance(made, Refused):
        because = made.because.en if posts.words.language == "en" else made.because.da
        return await _page(request, posts, seen, filled=(name, filled), errors=((f"{name}-form", because),))
    if isinstance(made, Overtaken):
        now = await posts.one(id)
        if now is None:
            raise HTTPException(404)
        return await _page(request, posts, now, filled=(name, filled), overtaken=True)
    return see(f"{seen.path}?said={name}")


async def _page(
    request: Request,
    posts: Posts,
    seen: Seen,
    *,
    filled: tuple[str, Filled] | None = None,
    why: str = "",
    present: str = "",
    said: str = "",
    errors: Errors = (),
    overtaken: bool = False,
) -> HTMLResponse:
    return page(
        request,
        "post.html",
        status=409 if overtaken else 422 if errors else 200,
        seen=seen,
        post=seen.post,
        mail=seen.mail,
        may_read=_handles(posts.who, seen),
        may_handle=_handles(posts.who, seen) and seen.post.done_at is None,
        explains=await posts.explains(seen),
        takers=[(one.address, one.name) for one in posts.takers(seen)],
        typed={filled[0]: filled[1]} if filled else {},
        opening=_opening(request, posts.who, seen),
        playbooks=fitting(request, seen.mail.signals),
        why=why,
        present=present,
        said=said,
        errors=errors,
        error=dict.fromkeys(("why", "present")) | dict(errors),
        overtaken=overtaken,
        duties=DUTIES,
        found_choices=[(code, posts.words.gettext(text), None) for code, text in FOUND.items()],
        most_note=MOST_NOTE,
        **await _signals(request, posts, seen),
        topics=topics(request, posts.who, seen.post.id, seen.post.mail),
        **TEXTS,
    )


async def _signals(request: Request, posts: Posts, seen: Seen) -> dict[str, object]:
    """What was found in it, with what people answered, and whether we are late ourselves."""
    return {
        "signals_told": await signals.signals_told(request, posts.who, seen.post.mail, seen.mail.signals),
        "may_answer": _handles(posts.who, seen),
        "answers": signals.ANSWERS,
        "situations": signals.SITUATIONS,
        "ourselves": await signals.ourselves(posts, seen.mail.signals, seen.mail.decision, but=seen.post.id),
    }


def _handles(who: Visitor, seen: Seen) -> bool:
    return may_with_post(who.rights, Action.HANDLE_POST, seen.unit, seen.shielded)


def _opening(request: Request, who: Visitor, seen: Seen) -> Opening:
    post, units = seen.post, {seen.unit.id} if seen.unit else ()
    told = Unopened(post.mail, post.arrived_at, seen.path, seen.mail.signals, post.rights)
    return opening(request, who, told, units, seen.shielded)


def _by_mailbox(found: tuple[Seen, ...]) -> list[tuple[str, list[Seen]]]:
    """Each mailbox with its posts, the one first where the most urgent is."""
    boxes: dict[str, list[Seen]] = {}
    for one in found:
        boxes.setdefault(one.post.mailbox, []).append(one)
    return list(boxes.items())
