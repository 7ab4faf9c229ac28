"""What the settings of webhooks must hold together, and what this machine must have for them."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from services.hosts import is_loopback, with_port
from services.settings import Settings, Webhook
from workflows.faults import Fault
from workflows.faults import Path as Place
from workflows.webhooks import kinds_of, names_unit, secrets_in

_URL = re.compile(r"https?://[^/\s@?#]+(/[!-~]*)?")
_MAKE = 'make one: echo "whsec_$(openssl rand -base64 32)"'


def webhook_faults(settings: Settings) -> Iterator[Fault]:
    """Each by a name of its own, to an address that nobody can listen in on, for kinds of events that there are."""
    seen: set[str] = set()
    for place, one in enumerate(settings.webhooks):
        here = ("webhooks", place)
        if one.name in seen:
            yield Fault((*here, "name"), f"{one.name!r} is another webhook's already; give each a name of its own")
        seen.add(one.name)
        yield from _address((*here, "url"), one.url)
        if not one.secret_file:
            yield Fault((*here, "secret_file"), f"names no file; the signature needs a secret: {_MAKE}")
        for n, kind in enumerate(one.events):
            yield from _kind((*here, "events", n), kind, one)


def _address(place: Place, url: str) -> Iterator[Fault]:
    if not _URL.fullmatch(url) or not _has_host(url):
        yield Fault(place, "write the address without user, password and #, such as https://journal.eksempel.dk/events")
    elif url.startswith("http:") and not is_loopback(with_port(url)):
        yield Fault(place, "must begin with https://: http:// is for this machine alone")


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        return False


def _kind(place: Place, kind: str, one: Webhook) -> Iterator[Fault]:
    kinds = kinds_of(kind)
    if not kinds:
        yield Fault(
            place, f"there is no kind of event {kind!r}; write one of docs/asyncapi.yaml, an area such as framework.*, or *"
        )
    elif one.unit and not any(map(names_unit, kinds)):
        yield Fault(place, f"{kind} does not say which unit it is about; leave it out, or leave out unit")


def webhook_secret_faults(settings: Settings) -> Iterator[Fault]:
    """What is wrong with the files of secrets; they are there and can be read. No word of them is told."""
    for place, one in enumerate(settings.webhooks):
        try:
            secrets_in(Path(one.secret_file).read_text("ascii"))
        except ValueError as error:
            why = "holds other letters than those of base64" if isinstance(error, UnicodeDecodeError) else error
            yield Fault(("webhooks", place, "secret_file"), f"{one.secret_file} {why}; {_MAKE}")
