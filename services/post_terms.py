"""What each functional mailbox promises: those that are watched by their settings, the others of the register as is usual."""

from collections.abc import Mapping

from services.settings import Settings
from workflows.addresses import own_key
from workflows.facts import Organisation
from workflows.post import Terms, code_of


class MailboxTerms:
    """Terms by normalised address. An employee's own mailbox (``mode = "route"``) has none: nobody's reading is timed."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        self._settings = settings
        self._key = key
        self._known: tuple[Organisation | None, Mapping[str, Terms]] = None, {}

    def of(self, organisation: Organisation) -> Mapping[str, Terms]:
        """Made anew when the register has changed."""
        known, terms = self._known
        if known is not organisation:
            terms = self._made(organisation)
            self._known = organisation, terms
        return terms

    def address(self, organisation: Organisation, code: str) -> str | None:
        """The address of the mailbox with this code; None where there is none (any more)."""
        watched = (one.address for one in self._settings.mailboxes)
        return next((one for one in (*self.of(organisation), *map(own_key, watched)) if code_of(self._key, one) == code), None)

    def _made(self, organisation: Organisation) -> Mapping[str, Terms]:
        found: dict[str, Terms] = {}
        for unit in sorted(organisation.units.values(), key=lambda one: one.id):
            if unit.functional_mailbox:
                address = own_key(unit.functional_mailbox)
                found.setdefault(address, Terms(code_of(self._key, address), unit.id))
        for one in self._settings.mailboxes:
            address = own_key(one.address)
            unit_id = one.unit or (found[address].unit if address in found else None)
            if one.mode == "observe":
                found[address] = Terms(code_of(self._key, address), unit_id, one.unread_after_hours, one.answer_within_days)
        return found
