"""What a framework needs next, as its page shows it: one thing, by whom, by when, and at most one button that leads there."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.console.auth.visitor import Visitor
from services.console.frameworks import Opened, may_do
from services.console.move_forms import FORMS
from services.console.move_records import blank
from services.console.words import N_
from workflows import lifecycle
from workflows.decision import Sentence
from workflows.dossier import Dossier
from workflows.framework import State
from workflows.lifecycle_letters import may_not_deliver, steps_with_letters
from workflows.lifecycle_needs import Need, due_on
from workflows.rights import Action

SOON = timedelta(days=30)
WRITES = "write/scope"
_WAYS: dict[str, tuple[tuple[str, str], ...]] = {  # what is needed: where it is done, and the words of the button
    "approve": (("move/approve", N_("Læs og godkend")),),
    "advise": (("advice", N_("Skriv din vurdering")),),
    "tell": (("move/activated", N_("Hent brevet, og skriv, hvornår det nåede frem")),),
    "take_up": (("take_up", N_("Tag den op")),),
    "write": ((WRITES, N_("Skriv videre")),),
    "see": (("write/letter", N_("Gå videre med rammen")),),
    "decide": (("move/decided", N_("Beslut rammen")),),
    "decide_urgent": ((WRITES, N_("Skriv det, der skal følge")),),
    # Nobody is nudged towards the one that restricts most.
    "end": (("move/lifted", N_("Ophæv")), ("move/eased", N_("Lemp")), ("move/extended", N_("Forlæng"))),
    "reconsider": (("move/lifted", N_("Ophæv")), ("move/eased", N_("Lemp")), ("move/upheld", N_("Fasthold"))),
}
_QUIET = (
    "heard",
    "observe_ended",
    "observe_begun",
    "eased",
    "lifted",
    "reconsideration_asked",
    "due_for_review",
    "activated_urgently",
    "rejected",
    "registered_in_error",
)


_QUIET_WORDS = {"heard": N_("Hør borgeren igen")}


@dataclass(frozen=True, slots=True)
class Way:
    """Something to press: where it leads, and its words. ``posts``: it is done at once."""

    path: str
    words: str
    posts: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """What is to be done. ``mine``: by whoever looks; ``waits``: nothing has to be done yet."""

    sentence: Sentence
    by: date | None
    who: str
    ways: tuple[Way, ...]
    late: bool
    waits: bool = False


def next_of(found: Opened, visitor: Visitor) -> Next | None:
    """What comes next; None where it has ended."""
    need = due_on(found.dossier, found.around, found.today)
    if need is None:
        return None
    waits = need.what == "review" and need.by > found.today
    ways = () if waits else tuple([way for way in _ways_of(found, need) if _open_to(found, visitor, way)])
    by = need.by if need.by not in (date.min, date.max) else None
    return Next(need.sentence, by, need.who, ways, bool(by and by < found.today), waits)


def quiet_ways(found: Opened, visitor: Visitor) -> tuple[Way, ...]:
    """Everything else that the visitor may do with it."""
    there = {*lifecycle.moves_from(found.dossier)} & {*lifecycle.moves_from(found.as_today)}
    moves = [one for one in _QUIET if one in there and _fits(one, found.as_today)]
    named = next_of(found, visitor)
    taken = {way.path for way in named.ways} if named else set()
    ways = [Way(f"{found.path}/move/{one}", _QUIET_WORDS.get(one, FORMS[one].title)) for one in moves]
    return tuple([way for way in ways if way.path not in taken and _open_to(found, visitor, way)])


def _fits(move: str, one: Dossier) -> bool:
    """Whether there is a reason to offer it here: hearings and urgent measures otherwise begin on the page of the letter."""
    state, observe = one.framework.state, one.framework.observe
    match move:
        case "heard":
            return state is State.HEARING
        case "lifted":
            return state is not State.EXPIRED or one.decided is not None
        case "observe_begun" | "observe_ended":
            return observe == (move == "observe_ended")
        case "registered_in_error":
            return state not in (State.DRAFT, State.WARNING, State.HEARING)
        case _:
            return True


def way_to(move: str, found: Opened) -> Way | None:
    """The page of a move; None where there is no such move from here, or whoever looks can't make it."""
    try:
        forbidden = why_not(move, found)
    except lifecycle.IllegalTransition:
        return None
    return None if forbidden else Way(f"{found.path}/move/{move}", FORMS[move].title if move in FORMS else "")


def _ways_of(found: Opened, need: Need) -> list[Way]:
    if need.what == "deliver":
        pairs: tuple[tuple[str, str], ...] = (
            (f"letters/{need.letter}/delivered", N_("Hent brevet, og skriv, hvornår det nåede frem")),
        )
    elif need.what == "mend" and found.dossier.submitted:
        move = found.dossier.submitted.record.move
        pairs = ((f"move/{move}", N_("Ret og indstil igen")),)
    elif need.what == "review":
        pairs = (("move/due_for_review", N_("Begynd evalueringen")),)
    else:
        pairs = _WAYS.get(need.what, ())
    return [Way(f"{found.path}/{path}", words, posts=path == "take_up") for path, words in pairs]


def _open_to(found: Opened, visitor: Visitor, way: Way) -> bool:
    place, _, move = way.path.removeprefix(found.path + "/").partition("/")
    if place == "letters":
        return not why_not_deliver(move.partition("/")[0], found)
    if place == "advice":
        return found.doer.actor.is_one_of(found.dossier.ground.lawyer)
    if place == "take_up":
        return way_to("drafted", found) is not None
    if place == "write":
        return may_do(visitor, found, Action.WRITE_FRAMEWORK)
    if move == "approve":
        return not why_not_approve(found)
    return way_to(move, found) is not None


def why_not(move: str, found: Opened) -> tuple[Sentence, ...]:
    """Why whoever looks may not make this move. Raises ``IllegalTransition``."""
    return lifecycle.forbidden(found.dossier, blank(move, found), found.doer.actor, found.now, found.around)


def why_not_approve(found: Opened) -> tuple[Sentence, ...]:
    """The same of what waits for a head. Raises ``IllegalTransition``."""
    return lifecycle.may_not_approve(found.dossier, found.doer.actor, found.now, found.around)


def why_not_deliver(letter: str, found: Opened) -> tuple[Sentence, ...]:
    """Why whoever looks may not write down that a letter reached the citizen."""
    return may_not_deliver(found.dossier, letter, found.doer.actor, found.now, found.around)


def provable(found: Opened) -> frozenset[str]:
    """The letters of which whoever looks may write down that they reached the citizen."""
    return frozenset(one for one in steps_with_letters(found.dossier) if not why_not_deliver(one, found))


def is_over(one: Dossier) -> bool:
    """Whether nothing more comes."""
    return one.framework.state in lifecycle.ENDED
