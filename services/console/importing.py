"""A register file that somebody hands in: checked whole, shown as what it would change, and only then done.

Only the municipality's own side is changed here. Citizens and cases are the caseworkers', and frameworks are decided on their own
pages by a named person; a file that names any is refused.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from services.aside import done_aside
from services.bad_input import BadInput
from services.console.context import Console
from services.register_file import register_of, too_many, write_register
from services.settings import Settings
from services.store.own_side import CITIZENS
from services.store.register_tables import BY_NAME, OWN
from services.yaml_lines import Table, read_yaml
from workflows.faults import MOST, Fault
from workflows.register import Register
from workflows.register_rules import faults_of

KEPT = timedelta(minutes=30)
MOST_KEPT = 8  # files that wait for their yes, one an account
ABOUT = (
    "# Units, employees, open addresses and authorities. Citizens, cases and frameworks are not in this file:\n"
    "# hand it in on the console's page Register. `rammevagt load` would remove every citizen.\n"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a file does to one list: names of entries, sorted."""

    kind: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Handed:
    """A file that waits for somebody's yes, and what it was shown to change."""

    name: str
    content: bytes
    changes: tuple[Change, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a file that was read asks for: what it changes, and the own side that it gives. Or what is wrong with it."""

    changes: tuple[Change, ...] = ()
    own_side: Register = field(default_factory=Register)
    faults: tuple[str, ...] = ()


PROPOSAL = TypeAdapter(Proposal)


async def proposed(console: Console, name: str, content: bytes) -> Proposal:
    """The file, read by a process of its own. Raises ``BadInput``, ``StoreUnavailable`` and ``services.aside.Undone``."""
    asked = {"name": name}
    answer = await done_aside("services.console.importing_child", console.settings, console.clock.now(), asked, content)
    found = PROPOSAL.validate_json(answer)
    if found.faults:
        raise BadInput(found.faults)
    return found


class Waiting:
    """The files that wait, in this process alone: whoever comes back to another one hands theirs in again."""

    def __init__(self) -> None:
        self._handed: dict[str, Handed] = {}

    def keep(self, account: str, handed: Handed) -> None:
        """One an account; the oldest goes where there are too many."""
        self._handed.pop(account, None)
        self._handed[account] = handed
        while len(self._handed) > MOST_KEPT:
            del self._handed[next(iter(self._handed))]

    def of(self, account: str, now: datetime) -> Handed | None:
        """What this account handed in lately."""
        handed = self._handed.get(account)
        return handed if handed and now - handed.at < KEPT else None

    def forget(self, account: str) -> None:
        """It is done, or given up."""
        self._handed.pop(account, None)


def read_own_side(name: str, content: bytes, settings: Settings) -> Register:
    """The own side as ``content`` says, sound by itself. Raises ``BadInput`` with every fault: file, place and mend."""
    data = read_yaml(name, content)
    given = register_of(name, data, settings.municipality.domains)
    if data is None:
        raise BadInput(f"{name}: is empty, and would remove every unit and employee; write {{}} in it if you mean that")
    if found := [one for one in CITIZENS if isinstance(data, Table) and one in data]:
        lines = data.lines if isinstance(data, Table) else {}
        raise BadInput(f"{name}:{lines[one]}: {one}: are not changed here; take this section out" for one in found)
    return given


def check_own_side(name: str, given: Register, settings: Settings, stored: Register) -> None:
    """Raises ``BadInput`` where something of ``stored`` could not stand with the own side that was ``given``."""
    whole = stored.model_copy(update={one: getattr(given, one) for one in OWN})
    found = faults_of(whole, settings.municipality.domains)
    if faults := [one for one in found if one.path[-1:] != ("decided_by",)]:  # who decided was a leader then
        raise BadInput([*too_many(name, len(faults)), *(_told(name, whole, fault) for fault in faults[:MOST])])


def _told(name: str, whole: Register, fault: Fault) -> str:
    """A fault that only shows together with what is stored: an entry is named by its id, since it has no line in the file."""
    section, place, *inside = fault.path
    entry = getattr(whole, str(section))[place]
    named = getattr(entry, "id", None) or getattr(entry, "address", entry)
    return f"{name}: {'.'.join(str(one) for one in (section, named, *inside))}: {fault.message}"


def changes(stored: Register, wanted: Register) -> tuple[Change, ...]:
    """What would become of the own side, list by list; lists that stay the same are left out."""
    return tuple(found for kind in OWN if (found := _change(kind, stored, wanted)))


def _change(name: str, stored: Register, wanted: Register) -> Change:
    kind = BY_NAME[name]
    before = {kind.id(one): one for one in kind.entries(stored)}
    after = {kind.id(one): one for one in kind.entries(wanted)}
    return Change(
        name,
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(id for id in after.keys() & before.keys() if after[id] != before[id])),
        tuple(sorted(before.keys() - after.keys())),
    )


def exported(own_side: Register) -> str:
    """The own side as a file that can be handed in again."""
    return ABOUT + write_register(own_side)
