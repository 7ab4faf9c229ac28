"""When people work who have no hours of their own, from the settings."""

from datetime import time

from services.settings import Settings
from workflows.deadlines import WorkingHours

END_OF_DAY = "24:00"


def working_hours(settings: Settings) -> WorkingHours:
    """The municipality's."""
    hours = settings.notifications.working_hours
    return WorkingHours(_time(hours.from_), _time(hours.to), settings.calendar())


def _time(text: str) -> time:
    return time.max if text == END_OF_DAY else time.fromisoformat(text)
