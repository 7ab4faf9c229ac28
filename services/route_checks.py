"""What route mode asks of the settings: it looks into an employee's own mailbox, so people come first."""

from collections.abc import Iterator
from datetime import date

from services.settings import Settings
from workflows.addresses import own_key
from workflows.faults import Fault
from workflows.register import Register

_TOLD_FIRST = (
    'mode = "route" looks into an employee\'s own mailbox; first tell the employees what is looked at, why and for how long, '
    "six weeks ahead and after the MED committee was heard, then write the day on which they were told"
)


def route_faults(settings: Settings) -> Iterator[Fault]:
    """What can be told from the settings alone."""
    for place, mailbox in enumerate(settings.mailboxes):
        if mailbox.mode != "route":
            continue
        if mailbox.staff_informed is None:
            yield Fault(("mailboxes", place, "staff_informed"), f"is missing: {_TOLD_FIRST}")
        if mailbox.canary:
            yield Fault(("mailboxes", place, "canary"), "is for functional mailboxes alone, never for an employee's; remove it")
        if mailbox.moved_folder == mailbox.folder:
            yield Fault(("mailboxes", place, "moved_folder"), "is the folder that is watched; name another one")


def not_yet_informed(settings: Settings, today: date) -> Iterator[Fault]:
    """A day to come, by the Danish date ``today``, on which the employees will have been told."""
    for place, mailbox in enumerate(settings.mailboxes):
        if mailbox.mode == "route" and mailbox.staff_informed and mailbox.staff_informed > today:
            yield Fault(("mailboxes", place, "staff_informed"), f"lies in the future: {_TOLD_FIRST}")


def unwatched(settings: Settings, register: Register) -> Iterator[str]:
    """The functional mailboxes where route mode could put nothing, one line each."""
    if all(one.mode != "route" for one in settings.mailboxes):
        return
    watched = {own_key(one.address) for one in settings.mailboxes}
    for unit in register.units:
        if unit.functional_mailbox and own_key(unit.functional_mailbox) not in watched:
            yield f"unit {unit.id}: functional_mailbox is in no [[mailboxes]]: route mode leaves its mail in the employees' INBOX"
