"""The municipality's own side of a register, indexed for look-up."""

from collections.abc import Iterable

from workflows.addresses import ascii_domain, normalise, own_key
from workflows.facts import Authorities, Organisation
from workflows.people import Employee, OpenAddress, Unit


def organisation(
    units: Iterable[Unit], employees: Iterable[Employee], open_addresses: Iterable[OpenAddress], authorities: Iterable[str]
) -> Organisation:
    """Everything by normalised address. An employee's own address beats another's alias."""
    everyone = tuple(employees)
    named = tuple(authorities)
    return Organisation(
        units={unit.id: unit for unit in units},
        employees={own_key(alias): one for one in everyone for alias in one.aliases}
        | {own_key(one.address): one for one in everyone},
        open_addresses={own_key(one.address): one.kind for one in open_addresses},
        authorities=Authorities(
            domains=frozenset(ascii_domain(one) for one in named if "@" not in one),
            addresses=frozenset(normalise(one) for one in named if "@" in one),
        ),
    )
