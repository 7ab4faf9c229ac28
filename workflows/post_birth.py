"""Which posts a mail has when it is decided and assessed, and what is owed of each from then on."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from workflows.addresses import own_key, recipient_key
from workflows.deadlines import RIGHT_CLOCKS
from workflows.decision import Reason
from workflows.facts import CitizenFile
from workflows.notices import House
from workflows.post import LEVELS, Clock, Json, Post, Terms
from workflows.shielding import shielded
from workflows.summary import summary_of

QUARTER = timedelta(minutes=15)


def settled(post: Post, now: datetime) -> Post:
    """A new post as it is kept. One that is late when it is found (``now``) is looked at together with others, unless it is red.

    A mailbox that is watched for the first time may hold hundreds of those, found one after the other: at the next full quarter
    people hear of all of them in one notice, and from then on they are told as of any other mail.
    """
    late = post.due_read <= now and not post.red
    return replace(post, next_at=_next_quarter(now)) if late else post


def _next_quarter(now: datetime) -> datetime:
    """More than a minute ahead."""
    ends = now + QUARTER + timedelta(minutes=1)
    return ends.replace(minute=ends.minute - ends.minute % 15, second=0, microsecond=0)


def posts_of(
    decision: Json,
    assessment: Json,
    house: House,
    mailboxes: Mapping[str, Terms],
    received_at: datetime,
    *,
    files: Iterable[CitizenFile] = (),
) -> tuple[Post, ...]:
    """The posts of a decided and assessed mail: one for every final address that is one of ``mailboxes`` (by normalised address).

    ``decision`` is the contract's JSON; ``assessment`` holds its ``signals`` and ``rights``, and, of a mail that could be read,
    ``figures`` (``workflows.summary``). ``files`` are those of the sender's addresses: whom a framework keeps the writer away from
    is spared also what came straight to the mailbox.
    """
    spared = _spared(decision, house, files, received_at)
    born: dict[str, Post] = {}
    for one in decision["recipients"]:
        address = recipient_key(one["deliver_to"][0], house.policy.domains)
        if address in mailboxes and address not in born:
            terms = replace(mailboxes[address], unit=_unit(one, address, mailboxes[address], house))
            born[address] = replace(_born(decision, assessment, house, (address, terms), received_at), spared=spared)
    return tuple(born.values())


def post_found_in(
    mailbox: tuple[str, Terms],
    decision: Json,
    assessment: Json,
    house: House,
    came_at: datetime,
    *,
    files: Iterable[CitizenFile] = (),
) -> Post:
    """The post of a mail that was seen in ``mailbox`` (its normalised address), though it was decided for another address.

    ``files`` as of ``posts_of``.
    """
    address, terms = mailbox
    unit = _unit(decision["recipients"][0], address, terms, house)
    born = _born(decision, assessment, house, (address, replace(terms, unit=unit)), came_at)
    return replace(born, spared=_spared(decision, house, files, came_at))


def _born(decision: Json, assessment: Json, house: House, mailbox: tuple[str, Terms], at: datetime) -> Post:
    """Of a red signal, or with a right, it is read on the working day on which it comes (``domain.md`` (d))."""
    (address, terms), mail, zone = mailbox, decision["mail"]["id"], house.policy.zone
    rights, levels = tuple(assessment["rights"]), {one["level"] for one in assessment["signals"]}
    due_read = house.hours.after(at, timedelta(hours=terms.unread_after_hours), zone)
    if rights or "red" in levels:
        due_read = min(due_read, house.hours.end_of_day(at, zone))
    answer_by = house.hours.calendar.working_day_after(at.astimezone(zone).date(), terms.answer_within_days)
    if promised := _promised(decision, address, house):
        answer_by = min(answer_by, promised)
    nobody = not rights and _answers_nobody(decision)
    figures = assessment.get("figures")
    return Post(
        id=f"{mail}.{terms.code}",
        mail=mail,
        mailbox=address,
        code=terms.code,
        unit=terms.unit,
        citizen=decision["sender"]["citizen"],
        level=next((one for one in LEVELS if one in levels), None),
        rights=rights,
        clocks=tuple(Clock(one, RIGHT_CLOCKS[one](at, house.hours, zone)) for one in rights if one in RIGHT_CLOCKS),
        arrived_at=at,
        due_read=due_read,
        due_answer=None if nobody else house.hours.closing(answer_by, zone),
        no_reply_owed=nobody,
        next_at=at,
        summary=summary_of(figures, at.astimezone(zone).date()).wire() if figures else None,
    )


def _promised(decision: Json, address: str, house: House) -> date | None:
    """The day by which the citizen's receipt says that this mailbox answers; None where none was sent, or it names another.

    A receipt speaks for the mailbox to which the first copy was moved (``workflows.receipt``).
    """
    receipt = decision["receipt"]
    moved = (one for one in decision["recipients"] if one["action"] == "redirect" and one["measure"] == "functional_mailbox")
    speaks = next((recipient_key(one["deliver_to"][0], house.policy.domains) for one in moved), None)
    return date.fromisoformat(receipt["answer_by"]) if receipt["send"] and receipt["answer_by"] and speaks == address else None


def _unit(outcome: Json, address: str, terms: Terms, house: House) -> str | None:
    """Whose mailbox it is: of several units that share it the one that the mail concerns."""
    concerned: str | None = outcome["unit"]
    unit = house.organisation.units.get(concerned or "")
    theirs = unit and unit.functional_mailbox and own_key(unit.functional_mailbox) == address
    return concerned if theirs else terms.unit or concerned


def _spared(decision: Json, house: House, files: Iterable[CitizenFile], at: datetime) -> tuple[str, ...]:
    """The same people as the pages keep it from (``workflows.shielding``)."""
    sender = decision["sender"]
    writers = {sender["citizen"]} if sender["citizen"] else set(sender.get("candidates") or ())
    theirs = [one for one in files if one.citizen.id in writers]
    found = shielded(
        decision["recipients"],
        [framework for one in theirs for framework in one.frameworks],
        [case for one in theirs for case in one.cases],
        organisation=house.organisation,
        policy=house.policy,
        now=at,
    )
    return tuple(sorted({person for one in found if (person := house.person(one))}))


def _answers_nobody(decision: Json) -> bool:
    """Reports and automatic mail have the null sender (RFC 5321 4.5.5), and colleagues are not owed an answer by a deadline."""
    internal = any(one["reason"] == Reason.INTERNAL_SENDER.value for one in decision["recipients"])
    return internal or not decision["mail"]["envelope_from"]
