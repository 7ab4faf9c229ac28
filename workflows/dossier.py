"""A framework's dossier (*sagsmappe*): what it rests on, every move made with it, and what each move recorded.

Everything is append-only: a past state is the moves up to then (``domain.md`` (a) R3, R9, (b)). Texts here are written to be read
by the citizen, who has a right of access to them; what is needed of somebody is told, never a diagnosis.
"""

from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, Field

from workflows.framework import ContactFramework, State
from workflows.happening import Happening, Text
from workflows.hearing import About
from workflows.people import Address, Day, Entry, Id
from workflows.proofs import Delivery, Proof

Category = Literal[
    "threats", "offensive_tone", "volume", "outside_working_hours", "private_contact", "public_shaming", "physical_insecurity"
]
Consideration = Literal["reading_aloud", "interpreter", "exempt_from_digital_post", "guardian", "cannot_write"]
Trigger = Literal["date", "new_incident", "citizens_request", "case_closed"]


class Ground(Entry):
    """What the leader has answered on the way to a decision: the law's questions (``domain.md`` (b), (c))."""

    wider_because: Text | None = None  # why it covers more than single cases
    happenings: tuple[Happening, ...] = ()
    categories: tuple[Category, ...] = ()
    burden: Text | None = None  # what it does to the work and to those who do it
    needs: tuple[Consideration, ...] = ()  # *skånehensyn*
    needs_asked: bool = False  # somebody has thought about it; none is an answer
    representatives_asked: bool = False
    way_back: Text | None = None  # *normalisering*: what makes the framework loosen
    lawyer: Address | None = None  # who was asked for advice, and may read it
    lawyer_says: Text | None = None


class Reported(Entry):
    """Any employee reports what happened."""

    move: Literal["reported"]
    happenings: tuple[Happening, ...]
    wants_support: bool


class Drafted(Entry):
    """A leader takes it up: a framework may be needed."""

    move: Literal["drafted"]


class Warned(Entry):
    """The citizen was told which acts are not accepted, what is expected, and what follows otherwise."""

    move: Literal["warned"]
    expects: Text
    consequence: Text
    talk: Text  # which adjustments or meeting were considered or offered
    letter: Id


class Heard(Entry):
    """The facts were sent to the citizen for remarks (*partshøring*, forvaltningsloven § 19)."""

    move: Literal["heard"]
    answer_by: Day
    letter: Id
    lawyer: Address | None = None  # who was informed
    about: About | None = None  # what stood there as it was sent: the move notes it, whatever its author gives


class Decided(Entry):
    """The decision and its reasons."""

    move: Literal["decided"]
    answered: bool | None = None  # whether the citizen answered the hearing
    objections: Text | None = None  # what they said, and why it does not change the outcome
    no_warning_because: Text | None = None
    no_hearing_because: Text | None = None
    lawyer: Address | None = None
    lawyer_says: Text | None = None
    letter: Id | None = None  # that tells of it, and by whose proof it comes into force; none where an older version decided


class Activated(Entry):
    """The citizen has been told; what was decided comes into force."""

    move: Literal["activated"]
    proof: Proof
    staff_informed: bool


class ActivatedUrgently(Entry):
    """In force at once, because of a serious threat; the letter goes the same day, and it lapses after 5 working days."""

    move: Literal["activated_urgently"]
    threat: Text
    letter: Id
    no_hearing_because: Text | None = None


class DueForReview(Entry):
    """Somebody has to look at it again."""

    move: Literal["due_for_review"]
    trigger: Trigger


class Extended(Entry):
    """It goes on, by a new decision with new dates; the old version stays until the citizen has been told, or it ends."""

    move: Literal["extended"]
    happenings: tuple[Happening, ...] = ()  # inside the period that ends
    without_incident_because: Text | None = None  # a head's own reason to extend all the same
    milder_not_enough: Text
    starts: Day
    review: Day
    ends: Day
    lawyer: Address | None = None
    lawyer_says: Text | None = None
    letter: Id | None = None  # as with ``Decided``


class Eased(Entry):
    """It asks less of the citizen from now on."""

    move: Literal["eased"]
    because: Text
    framework: ContactFramework  # its scope, measures, review and end; the rest stays as it is
    staff_informed: bool
    letter: Id


class ObserveBegun(Entry):
    """It is on trial from now on (*på prøve*): it decides and records, and moves no mail."""

    move: Literal["observe_begun"]
    because: Text
    staff_informed: bool


class ObserveEnded(Entry):
    """The trial is over: it moves mail from now on."""

    move: Literal["observe_ended"]
    because: Text
    staff_informed: bool


class Lifted(Entry):
    """It ends before its time."""

    move: Literal["lifted"]
    because: Text
    staff_informed: bool
    letter: Id | None = None  # none where the citizen was never told of anything


class Expired(Entry):
    """Its last day has passed: the one thing that happens by itself."""

    move: Literal["expired"]


class ReconsiderationAsked(Entry):
    """The citizen, or somebody for them, asks that it be looked at again (*genovervejelse*)."""

    move: Literal["reconsideration_asked"]
    asked_by: Literal["citizen", "representative"]
    text: Text
    suspended: bool = False


class Upheld(Entry):
    """It was looked at again and stays."""

    move: Literal["upheld"]
    because: Text
    letter: Id


class Rejected(Entry):
    """No framework comes of it."""

    move: Literal["rejected"]
    because: Text


class RegisteredInError(Entry):
    """It should never have been there: lifted at once, with an apology."""

    move: Literal["registered_in_error"]
    cause: Text
    apology: Id | None = None  # the letter, where the citizen had been told
    breach: Text  # what was found on whether personal data was breached (GDPR art. 33)


Record = Annotated[
    Reported
    | Drafted
    | Warned
    | Heard
    | Decided
    | Activated
    | ActivatedUrgently
    | DueForReview
    | Extended
    | Eased
    | ObserveBegun
    | ObserveEnded
    | Lifted
    | Expired
    | ReconsiderationAsked
    | Upheld
    | Rejected
    | RegisteredInError,
    Field(discriminator="move"),
]


RECORDS: dict[str, type[Entry]] = {get_args(one.model_fields["move"].annotation)[0]: one for one in get_args(get_args(Record)[0])}
"""The kinds of record by the name of their move."""


def letter_of(record: Record) -> str | None:
    """The letter to the citizen that it tells of; a decision's is told of by ``activated``, with its proof."""
    if isinstance(record, Decided | Extended):
        return None
    proof = record.proof.letter if isinstance(record, Activated) else None
    return proof or getattr(record, "letter", None) or getattr(record, "apology", None)


class Step(Entry):
    """A move that was made: what it recorded, by whom (None: by the guard itself), who approved it, and when."""

    record: Record
    by: Address | None
    approved_by: Address | None = None
    at: AwareDatetime


class Proposal(Entry):
    """A move that waits for a head's approval (*indstilling*), or that a head has sent back."""

    record: Record
    by: Address
    at: AwareDatetime
    sent_back: Text | None = None  # why, and what is to be mended
    sent_back_by: Address | None = None


class Dossier(Entry):
    """One framework from its report to its end. ``framework`` is what routes, or will.

    ``successor`` takes its place when the citizen has been told: an extension, or what follows upon an urgent framework. Its state
    is ``draft`` while it is being written, and ``decided`` from then on. ``began`` is the first day in force. ``delivered`` are the
    proofs of letters but those of decisions, which stand in the step that brought them into force.
    """

    framework: ContactFramework
    ground: Ground = Ground()
    successor: ContactFramework | None = None
    submitted: Proposal | None = None
    steps: tuple[Step, ...] = ()
    began: Day | None = None
    delivered: tuple[Delivery, ...] = ()

    def last(self, *moves: str) -> Step | None:
        """The latest step of one of these kinds."""
        return next((one for one in reversed(self.steps) if one.record.move in moves), None)

    @property
    def proofs(self) -> dict[str, Proof]:
        """By letter, the proof that it reached the citizen, as it was written down last."""
        told = [step.record.proof for step in self.steps if isinstance(step.record, Activated)]
        return {one.letter: one for one in (*told, *(each.proof for each in self.delivered))}

    @property
    def written(self) -> ContactFramework:
        """What is written on while it is not decided: beside an urgent one, what is to follow upon it."""
        return (self.successor or self.framework) if self.framework.state is State.URGENT else self.framework

    @property
    def waiting(self) -> Proposal | None:
        """What waits for a head."""
        return self.submitted if self.submitted and self.submitted.sent_back is None else None

    @property
    def decided(self) -> ContactFramework | None:
        """What is decided, and the citizen has yet to be told of."""
        found = self.successor or self.framework
        return found if found.state is State.DECIDED else None

    @property
    def asked(self) -> Step | None:
        """The request for reconsideration that nobody has answered yet."""
        last = self.last("reconsideration_asked", "upheld", "eased", "lifted")
        return last if last and last.record.move == "reconsideration_asked" else None
