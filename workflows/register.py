"""The register: who is who, and the frameworks. Its file form is fixed by the contract."""

from workflows.framework import ContactFramework
from workflows.people import Case, Citizen, Employee, Entry, OpenAddress, Unit


class Register(Entry):
    """A whole register file."""

    units: tuple[Unit, ...] = ()
    employees: tuple[Employee, ...] = ()
    open_addresses: tuple[OpenAddress, ...] = ()
    authorities: tuple[str, ...] = ()
    citizens: tuple[Citizen, ...] = ()
    cases: tuple[Case, ...] = ()
    frameworks: tuple[ContactFramework, ...] = ()
