"""*Mine sager*: what concerns a caseworker now, what others handle for them, and which playbooks fit."""

from collections.abc import Iterable

from starlette.requests import Request

from services.console.citizens import Names
from services.console.incidents import Seen
from services.console.playbooks import playbooks_of
from workflows.addresses import own_key
from workflows.facts import Organisation
from workflows.framework import ChangedCaseworker, ContactFramework, FixedContact, FunctionalMailbox
from workflows.playbooks import SITUATIONS, Playbook, Situation, for_incident

Shown = tuple[tuple[Situation, Playbook], ...]


def handled_by(request: Request, framework: ContactFramework, organisation: Organisation, own: str) -> tuple[str, ...]:
    """Who has what the citizen writes, under ``framework``: names of people, and of units with a functional mailbox."""
    if framework.observe:
        return ()
    names = Names(request)
    people = [one.to for one in framework.each(ChangedCaseworker)] + [one.contact for one in framework.each(FixedContact)]
    boxes = [_unit(one.mailbox, framework, organisation) for one in framework.each(FunctionalMailbox)]
    found = [names.employee(one) for one in people if own_key(one) != own] + [one for one in boxes if one]
    return tuple(dict.fromkeys(found))


def playbooks_for(request: Request, incidents: Iterable[Seen]) -> tuple[Shown, Shown]:
    """Those that fit what was done to the visitor; and all the others."""
    found = playbooks_of(request)
    reports = [one.incident.report for one in incidents if one.mine]
    fitting = {for_incident(one.kinds, one.channel) for one in reports}
    every = [(one, found.of(one)) for one in SITUATIONS]
    return tuple(one for one in every if one[0] in fitting), tuple(one for one in every if one[0] not in fitting)


def _unit(mailbox: str | None, framework: ContactFramework, organisation: Organisation) -> str | None:
    """What people call the mailbox: its unit's name, else its address."""
    units = organisation.units.values()
    if mailbox:
        key = own_key(mailbox)
        return next((one.name for one in units if one.functional_mailbox and own_key(one.functional_mailbox) == key), mailbox)
    named = framework.scope.units if framework.scope else ()
    return next((one.name for one in units if one.id in named), None)
