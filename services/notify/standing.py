"""What the sender asks of notices: which go together, what may not be overtaken, and who has heard of an alarm."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from services.store.notice_values import KeptNotice
from workflows.notice_rules import is_alarm, is_red
from workflows.notices import Notice


def said_again(notice: Notice, to: str, why: str, due: datetime) -> Notice:
    """``notice`` once more, to ``to``: ``why`` is "reminder" or "escalated"."""
    about = replace(notice.about, again="escalated" if why == "escalated" else "reminder")
    return replace(notice, to=to, due=due, dedupe=f"{why}:{notice.about.mail}:{to}", about=about)


def heard(others: Sequence[KeptNotice]) -> set[str]:
    """Who was told of the alarm, or is spared it. A caseworker's notice, or a question about who wrote, asks nobody to open the
    mail."""
    alarms = [one.notice for one in others if is_alarm(one.notice)]
    return {one.to for one in alarms} | {person for one in alarms for person in one.about.spared}


def is_opened(others: Sequence[KeptNotice]) -> bool:
    """Whether somebody who was alarmed has opened what they are about. Whoever the mail was moved away from may look, and it still
    waits for the leader."""
    return any(one.opened_at for one in others if is_alarm(one.notice))


def is_passed_on(one: KeptNotice, other: KeptNotice) -> bool:
    """Whether the next in line was told since ``one`` was: of two who were told at once, one passes it on."""
    later = one.told_at is not None and other.at >= one.told_at and other.id != one.id
    return later and other.notice.about.again == "escalated" and other.notice.about.unit_id == one.notice.about.unit_id


def by_person(due: Iterable[KeptNotice]) -> dict[str, list[KeptNotice]]:
    """Whose they are."""
    people: dict[str, list[KeptNotice]] = {}
    for one in due:
        people.setdefault(one.notice.to, []).append(one)
    return people


def waits_before(one: KeptNotice, group: Sequence[KeptNotice]) -> bool:
    """Whether a channel is asked, or will be asked again, to take ``one``, and ``group`` must not overtake it: nobody hears of a
    case out of its order. What is red waits for nothing that isn't."""
    if one.state != "waiting" or one.id in {each.id for each in group} or one.at > group[0].at:
        return False
    return one.batch == group[0].batch if is_red(one.notice) else not is_red(group[0].notice)


def groups(due: Sequence[KeptNotice]) -> list[list[KeptNotice]]:
    """What is told to a person together: all that is not red. What a channel was asked to take is asked for again as it was."""

    def place(one: KeptNotice) -> tuple[str, tuple[str, ...], str]:
        again = f"{one.next_at}:{one.tries}" if one.tries else ""
        return one.id if is_red(one.notice) else "", one.failed, again

    found = [list(group) for _, group in groupby(sorted(due, key=place), key=place)]
    return sorted(found, key=lambda group: (group[0].at, group[0].id))


def hearing_too(one: KeptNotice, others: Sequence[KeptNotice]) -> list[str]:
    """Who was told of the same red mail for the same reason, or is being told beside ``one``; of a reminder, who was told because
    nobody had opened it. Whoever is next in line, or called for help, can rely on nobody, and nobody on operations."""
    again = one.notice.about.again
    if again == "escalated" or one.notice.kind == "assist_called":
        return []
    wanted = None if again is None else "escalated"
    return [
        other.notice.to
        for other in others
        if (other.state == "told" or is_to_come(other)) and is_red(other.notice)
        if other.notice.to != one.notice.to and other.notice.about.again == wanted and other.notice.role != "it"
    ]


def is_to_come(one: KeptNotice) -> bool:
    """Whether its person is still to be told, and nothing has failed so far."""
    return one.state == "waiting" and not one.tries and not one.failed
