"""Who may see and do what: one table of actions and roles.

Whoever needs nothing of a matter sees nothing of it: a register that all can read is a secret register (``domain.md`` R17 and
(i) 11; GDPR art. 5(1)(c)). What somebody may not see does not exist for them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from workflows.addresses import own_key
from workflows.facts import Organisation
from workflows.people import Unit

INTRUSIVE = 3  # the degree of intervention from which every lawyer sees a framework


class UserRole(StrEnum):
    """What somebody is employed as."""

    CASEWORKER = "caseworker"
    LEADER = "leader"
    HEAD = "head"
    LAWYER = "lawyer"
    WORK_ENVIRONMENT = "work_environment"
    DPO = "dpo"
    IT = "it"


class Action(StrEnum):
    """What can be seen or done."""

    SEE_CITIZEN = "citizen.see"
    LINK_ADDRESS = "citizen.link"  # confirm that an address is the citizen's
    SEE_FRAMEWORK = "framework.see"
    WRITE_FRAMEWORK = "framework.write"  # draft, decide, review, ease, lift
    APPROVE_FRAMEWORK = "framework.approve"
    ADVISE_FRAMEWORK = "framework.advise"
    REGISTER_ERROR = "framework.register_error"
    REPORT_INCIDENT = "incident.report"
    SEE_INCIDENT = "incident.see"
    HANDLE_INCIDENT = "incident.handle"  # the checklist, evidence, a framework from it
    CALL_ASSISTANCE = "assist.call"
    ANSWER_ASSISTANCE = "assist.answer"  # come, also without having been called
    ASK_RELIEF = "relief.ask"
    SEE_RELIEF = "relief.see"
    ANSWER_RELIEF = "relief.answer"
    SEE_MAIL = "mail.see"
    SEE_ORIGINAL = "mail.original"  # what the citizen wrote, behind a reason
    TELL_CITIZEN = "citizen.tell"  # see to it that somebody whom a receipt did not reach is told
    SEE_POST = "post.see"  # what waits in a unit's functional mailbox
    HANDLE_POST = "post.handle"  # take it, hand it over, tell that it is read, answered, done
    ANSWER_SIGNAL = "signal.answer"  # say whether it was useful to be told of it
    NOTE_SITUATION = "situation.note"  # what happened in a case
    SEE_PATTERNS = "patterns.see"  # how often each pattern was useful
    SEE_STATISTICS = "statistics.see"
    SEE_RECORDS = "records.see"  # who saw what
    SEE_OPERATIONS = "operations.see"
    RETRY_DELIVERY = "operations.retry"
    MEND_MAILBOX = "operations.mend_mailbox"  # the login of one that is watched
    SEE_REGISTER = "register.see"
    CHANGE_REGISTER = "register.change"


class Reach(StrEnum):
    """About whom."""

    NONE = "none"
    OWN_CASES = "own_cases"  # those where they are the caseworker
    OWN_UNITS = "own_units"  # the units they lead, head, deputise for or work in, and their own cases
    ASKED = "asked"  # what was sent to them, or intervenes most
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose rights. ``address`` is normalised; ``units`` are ids."""

    role: UserRole
    address: str
    units: frozenset[str] = frozenset()


_CASEWORKER, _LEADER, _HEAD = UserRole.CASEWORKER, UserRole.LEADER, UserRole.HEAD
_LAWYER, _HEALTH, _DPO, _IT = UserRole.LAWYER, UserRole.WORK_ENVIRONMENT, UserRole.DPO, UserRole.IT
_READ = {
    _CASEWORKER: Reach.OWN_CASES, _LEADER: Reach.OWN_UNITS, _HEAD: Reach.OWN_UNITS, _LAWYER: Reach.ASKED, _DPO: Reach.ALL,
}  # fmt: skip
_LEAD = {_LEADER: Reach.OWN_UNITS, _HEAD: Reach.OWN_UNITS}
_WORK = {_CASEWORKER: Reach.OWN_UNITS, **_LEAD}
_EXPOSED = {  # whoever it was done to (``caseworkers``), be they what they may; for the work environment without the citizen
    **dict.fromkeys((_CASEWORKER, _LAWYER, _IT), Reach.OWN_CASES), **_LEAD, _HEALTH: Reach.OWN_UNITS, _DPO: Reach.ALL,
}  # fmt: skip

TABLE: Mapping[Action, Mapping[UserRole, Reach]] = {  # who is not named may not
    Action.SEE_CITIZEN: _READ,
    Action.LINK_ADDRESS: _LEAD,
    Action.SEE_FRAMEWORK: _READ,
    Action.WRITE_FRAMEWORK: _LEAD,
    Action.APPROVE_FRAMEWORK: {_HEAD: Reach.OWN_UNITS},
    Action.ADVISE_FRAMEWORK: {_LAWYER: Reach.ASKED},
    Action.REGISTER_ERROR: {**_LEAD, _DPO: Reach.ALL},
    Action.REPORT_INCIDENT: dict.fromkeys(UserRole, Reach.ALL),  # any employee; it reads nothing
    Action.SEE_INCIDENT: _EXPOSED,
    Action.HANDLE_INCIDENT: _LEAD,
    Action.CALL_ASSISTANCE: dict.fromkeys(UserRole, Reach.ALL),  # any employee; it reads nothing
    Action.ANSWER_ASSISTANCE: _LEAD,  # and whoever was called, be they what they may
    Action.ASK_RELIEF: dict.fromkeys((_CASEWORKER, _LEADER, _HEAD), Reach.OWN_CASES),
    Action.SEE_RELIEF: {_CASEWORKER: Reach.OWN_CASES, **_LEAD, _DPO: Reach.ALL},  # own: whoever asked
    Action.ANSWER_RELIEF: _LEAD,
    Action.SEE_MAIL: _READ,
    Action.SEE_ORIGINAL: _READ,
    Action.TELL_CITIZEN: _LEAD,
    Action.SEE_POST: {**_WORK, _DPO: Reach.ALL},
    Action.HANDLE_POST: _WORK,
    Action.ANSWER_SIGNAL: {_CASEWORKER: Reach.OWN_CASES, **_LEAD},  # of a post: whoever handles it
    Action.NOTE_SITUATION: _LEAD,
    Action.SEE_PATTERNS: dict.fromkeys((_LEADER, _HEAD, _DPO, _IT), Reach.ALL),  # no mails and no people
    Action.SEE_STATISTICS: dict.fromkeys((_LEADER, _HEAD, _HEALTH, _DPO), Reach.ALL),
    Action.SEE_RECORDS: {**_LEAD, _DPO: Reach.ALL},
    Action.SEE_OPERATIONS: {_IT: Reach.ALL},
    Action.RETRY_DELIVERY: {_IT: Reach.ALL},
    Action.MEND_MAILBOX: {_IT: Reach.ALL},
    Action.SEE_REGISTER: dict.fromkeys((_LEADER, _HEAD, _DPO, _IT), Reach.ALL),  # units and employees; no citizens
    Action.CHANGE_REGISTER: {_IT: Reach.ALL},
}


def reach(rights: Rights, action: Action) -> Reach:
    """How far ``action`` goes for them: what a search is narrowed to."""
    return TABLE[action].get(rights.role, Reach.NONE)


def may(
    rights: Rights,
    action: Action,
    units: Collection[str] = (),
    *,
    caseworkers: Collection[str] = (),
    lawyers: Collection[str] = (),
    degree: int = 1,
) -> bool:
    """Whether they may do ``action`` with a matter of ``units``, of these caseworkers' cases, sent to these lawyers.

    Addresses are compared as mail addresses are. A matter of the whole municipality names the units of the citizen's cases.
    """
    far = reach(rights, action)
    own_case = rights.address in {own_key(one) for one in caseworkers}
    if far is Reach.OWN_CASES:
        return own_case
    if far is Reach.OWN_UNITS:
        return own_case or not rights.units.isdisjoint(units)
    if far is Reach.ASKED:
        return degree >= INTRUSIVE or rights.address in {own_key(one) for one in lawyers}
    return far is Reach.ALL


def mailboxes_of(organisation: Organisation, rights: Rights, action: Action = Action.SEE_POST) -> tuple[Unit, ...]:
    """The units with a functional mailbox of which they may see, or handle, posts, in the order of their names."""
    units = [one for one in organisation.units.values() if one.functional_mailbox and _at(rights, action, one)]
    return tuple(sorted(units, key=lambda one: (one.name, one.id)))


def answers_for(address: str, unit: Unit) -> bool:
    """Whether the unit's functional mailbox is theirs to answer for: its owner, and who leads or stands in."""
    named = (unit.mailbox_owner, unit.deputy, unit.leader, unit.head, unit.duty_officer)
    return own_key(address) in {own_key(one) for one in named if one}


def may_with_post(rights: Rights, action: Action, unit: Unit | None, shielded: Collection[str] = ()) -> bool:
    """Whether they may do ``action`` with a post of a unit's functional mailbox; of no unit that is there, only who sees all.

    ``shielded`` are those whom the mail was moved away from (``workflows.shielding``): they are not led to it, unless the mailbox
    is theirs to answer for.
    """
    if reach(rights, action) is Reach.ALL:
        return True
    if unit is None or not _at(rights, action, unit):
        return False
    return answers_for(rights.address, unit) or rights.address not in shielded


def _at(rights: Rights, action: Action, unit: Unit) -> bool:
    far = reach(rights, action)
    return far is Reach.ALL or (far is Reach.OWN_UNITS and (unit.id in rights.units or answers_for(rights.address, unit)))


def units_of(organisation: Organisation, address: str) -> frozenset[str]:
    """The units that the register gives somebody: those they lead, head, deputise or are on duty for, and where they work."""
    own = own_key(address)
    found = {
        unit.id
        for unit in organisation.units.values()
        if any(one and own_key(one) == own for one in (unit.leader, unit.head, unit.deputy, unit.duty_officer))
    }
    employee = organisation.employees.get(own)
    return frozenset(found | ({employee.unit} if employee else set()))
