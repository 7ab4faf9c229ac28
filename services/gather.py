"""Gather: the facts for one mail, from the store or straight from a register file."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from operator import attrgetter
from pathlib import Path

from services.settings import ZONE, Settings
from services.store.interface import Store
from workflows.addresses import normalise
from workflows.audit import keyed
from workflows.facts import CitizenFile, Facts, Policy
from workflows.mail import Mail
from workflows.organisation import organisation
from workflows.people import Citizen
from workflows.receipt_mail import ReceiptText
from workflows.register import Register

CONFIG = Path(__file__).parent.parent / "config"


def policy_of(settings: Settings) -> Policy:
    """The settings that decisions read."""
    return Policy(
        domains=frozenset(settings.municipality.domains),
        authserv_id=settings.gateway.authserv_id,
        authentication=settings.gateway.authentication,
        zone=ZONE,
        bounce_domain=settings.delivery.bounce_domain,
        municipality=settings.municipality.name,
        main_domain=settings.municipality.domains[0],
        calendar=settings.calendar(),
        answer_within_days={normalise(one.address): one.answer_within_days for one in settings.mailboxes},
        yellow=settings.signals.yellow,
    )


@cache
def national_authorities() -> tuple[str, ...]:
    """The domains and addresses of config/authorities.toml."""
    with (CONFIG / "authorities.toml").open("rb") as file:
        return tuple(tomllib.load(file)["authorities"])


@cache
def receipt_text() -> ReceiptText:
    """The municipality's words for the receipt."""
    with (CONFIG / "letters" / "receipt.toml").open("rb") as file:
        found = tomllib.load(file)
    return ReceiptText(found["subject"], found["body"].lstrip("\n"))


async def gather(store: Store, key: bytes, policy: Policy, mail: Mail, returns: Mapping[str, str] | None = None) -> Facts:
    """The facts for ``mail``. Costs one look-up in memory when nobody registered wrote."""
    files = await store.files_of({normalise(one) for one in mail.headers.from_addresses})
    last = await store.last_receipt(receipt_key(key, mail.envelope.sender)) if files else None
    return Facts(policy, store.organisation(), files, last, returns or {})


def receipt_key(key: bytes, sender: str) -> str:
    """The keyed hash under which a receipt to ``sender`` is remembered."""
    return keyed(key, "receipt:" + normalise(sender))


def facts_from_register(register: Register, policy: Policy, extra_authorities: Iterable[str], mail: Mail) -> Facts:
    """The same facts from a register file, without any store."""
    written = {normalise(one) for one in mail.headers.from_addresses}
    named = (*register.authorities, *extra_authorities)
    everyone = organisation(register.units, register.employees, register.open_addresses, named)
    found = (_file(register, citizen) for citizen in register.citizens if written & _addresses(citizen))
    return Facts(policy, everyone, tuple(sorted(found, key=lambda one: one.citizen.id)))


def _addresses(citizen: Citizen) -> set[str]:
    own = (one.address for one in citizen.addresses)
    around = (one.address for person in citizen.people for one in person.addresses)
    return {normalise(one) for one in (*own, *around)}


def _file(register: Register, citizen: Citizen) -> CitizenFile:
    """Ordered by id, as the store keeps them: the order in the file never matters."""
    cases = (case for case in register.cases if case.citizen == citizen.id)
    frameworks = (framework for framework in register.frameworks if framework.citizen == citizen.id)
    by_id = attrgetter("id")
    return CitizenFile(citizen, tuple(sorted(cases, key=by_id)), tuple(sorted(frameworks, key=by_id)))
