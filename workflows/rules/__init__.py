"""The routing rules, one a file, and their order: policy as data.

Each rule looks at a ``Question`` and returns ``Ruled`` or ``Passed``; it changes nothing. The first that rules decides the
recipient. The order is the law's: what can never be closed comes first, doubt about who wrote comes before any framework, and
a framework acts only when nothing before it spoke.
"""

from workflows.rules import (
    authority,
    framework_applies,
    internal_sender,
    moves_no_mail,
    no_framework,
    not_in_force,
    observe_only,
    open_address,
    other_case_open,
    outside_scope,
    relative,
    representative,
    return_address,
    sender_not_verified,
    sender_unknown,
)
from workflows.rules.question import Rule

RULES: tuple[Rule, ...] = (
    # The guard's own return address is nobody's mailbox: what comes there is a report about a mail of ours.
    return_address.RULE,
    # Mail between employees and mail from authorities is nobody's business but theirs, whoever is named in it.
    internal_sender.RULE,
    authority.RULE,
    sender_unknown.RULE,
    # Before the grade: a representative's mail is free even when we are not sure that it is the representative's.
    representative.RULE,
    relative.RULE,
    sender_not_verified.RULE,
    # Before any framework is looked at: no scope, however wide, reaches these.
    open_address.RULE,
    no_framework.RULE,
    not_in_force.RULE,
    outside_scope.RULE,
    # The winner is chosen now. What it must not touch comes before what it does.
    other_case_open.RULE,
    moves_no_mail.RULE,
    observe_only.RULE,
    framework_applies.RULE,
)

__all__ = ["RULES"]
