"""What has happened in a case that can set off hard mails (``domain.md`` (f)): it prompts a leader, and never labels a citizen."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from workflows.decision import Sentence

Code = Literal["refusal", "sanction", "repayment", "child_placement", "caseworker_change", "missed_deadline"]
CODES: tuple[Code, ...] = get_args(Code)
OLDEST = timedelta(days=3653)  # what is older is a slip
AHEAD = Sentence("Dagen er ikke kommet endnu. Skriv, hvornår det skete.", "That day has not come yet. Write when it happened.")
LONG_AGO = Sentence("Det er over ti år siden. Se, om årstallet er rigtigt.", "That is over ten years ago. Check the year.")


@dataclass(frozen=True, slots=True)
class Situation:
    """One situation on a case, of the day ``on``. People are addresses; one that was taken away says when, and by whom."""

    id: str
    citizen: str
    case: str
    code: Code
    on: date
    noted_at: datetime
    noted_by: str
    removed_at: datetime | None = None
    removed_by: str | None = None


def impossible(on: date, today: date) -> Sentence | None:
    """Why something can't have happened on that day, as far as a calendar tells."""
    if on > today:
        return AHEAD
    return LONG_AGO if today - on > OLDEST else None
