"""By which day an answer can be expected: one plain date, which tells nothing of how it was found."""

from collections.abc import Collection
from datetime import date, timedelta

from workflows.deadlines import WEEKDAYS, WorkingCalendar

WITHIN = timedelta(days=21)  # Christmas can close a weekday twice; what lies further off is no deadline any more


def answer_by(received: date, working_days: int, window: Collection[str], calendar: WorkingCalendar) -> date:
    """The last day on which an answer to what came on ``received`` is to be expected.

    The mailbox answers within ``working_days``. Where a framework's contact window names weekdays for answers (``window``, as
    ``mon``), it is the first working day among them on or after that; where none comes within three weeks, the deadline itself.
    """
    deadline = calendar.working_day_after(received, working_days)
    latest = min(WITHIN, date.max - deadline)
    days = (deadline + timedelta(days=n) for n in range(latest.days + 1))
    return next((one for one in days if WEEKDAYS[one.weekday()] in window and calendar.is_working_day(one)), deadline)
