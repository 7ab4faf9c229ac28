"""What the settings of watched mailboxes must hold together."""

import re
from collections.abc import Iterator

from services.hosts import is_loopback, with_port
from services.settings import Settings
from workflows.addresses import own_key
from workflows.faults import Fault


def logins(settings: Settings) -> Iterator[Fault]:
    """One way in for each mailbox, each once, and no secret on an open line."""
    seen: set[str] = set()
    for place, one in enumerate(settings.mailboxes):
        here = ("mailboxes", place)
        if own_key(one.address) in seen:
            yield Fault((*here, "address"), "is watched already by another [[mailboxes]]; keep one of them")
        seen.add(own_key(one.address))
        if one.oauth2 and one.password_file:
            yield Fault((*here, "password_file"), "and oauth2 are two ways in; keep one of them")
        url = one.oauth2.token_url if one.oauth2 else ""
        if url.startswith("http:") and is_loopback(with_port(url)):
            continue
        if one.oauth2 and not re.match(r"https://[^/]", url):
            yield Fault((*here, "oauth2", "token_url"), "must begin with https://: the client's secret travels on it")
