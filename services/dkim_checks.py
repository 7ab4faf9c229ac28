"""What is wrong with the settings for DKIM, and with the key that they name."""

from collections.abc import Iterator
from pathlib import Path

from services.settings import Settings
from workflows.authentication import organisational_domain
from workflows.faults import Fault

KEYS = ("dkim_domain", "dkim_selector", "dkim_key_file")


def dkim_faults(settings: Settings) -> Iterator[Fault]:
    """All three or none; and in the name of a domain that receipts come from, else DMARC does not count it (RFC 7489 3.1.1)."""
    receipts, domains = settings.receipts, settings.municipality.domains
    missing = [one for one in KEYS if not getattr(receipts, one)]
    if 0 < len(missing) < len(KEYS):
        yield Fault(("receipts", missing[0]), "is missing; dkim_domain, dkim_selector and dkim_key_file go together")
    ours = {organisational_domain(one) for one in domains}
    if receipts.dkim_domain and organisational_domain(receipts.dkim_domain) not in ours:
        yield Fault(("receipts", "dkim_domain"), f"is no domain that receipts come from ({', '.join(domains)}): it would not count")


def dkim_key_faults(settings: Settings) -> Iterator[Fault]:
    """Whether the key can sign. Only who names one needs the library."""
    if settings.receipts.dkim_key_file:
        from services.dkim import BadKey, read_key  # noqa: PLC0415

        try:
            read_key(Path(settings.receipts.dkim_key_file))
        except BadKey as error:
            yield Fault(("receipts", "dkim_key_file"), str(error))
