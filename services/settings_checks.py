"""What settings must hold together, and what the machine must have for them."""

import os
import re
import ssl
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path

from services.broker_address import parse_address
from services.channel_checks import channel_address_faults, channel_faults
from services.dkim_checks import dkim_faults, dkim_key_faults
from services.hosts import is_loopback, split_host_port, with_port
from services.mailbox_settings import logins
from services.route_checks import not_yet_informed, route_faults
from services.settings import Settings
from services.signal_checks import signal_faults
from services.webhook_checks import webhook_faults, webhook_secret_faults
from workflows.addresses import domain_of
from workflows.faults import Fault
from workflows.faults import Path as Place


@dataclass(frozen=True, slots=True)
class Check:
    """A look at settings that must fit together: which ones, and what is wrong with them."""

    looks_at: tuple[str, ...]  # sections or section.key
    find: Callable[[Settings], Iterator[Fault]]

    def knows(self, broken: Collection[Place]) -> bool:
        """Whether all it looks at could be read."""
        seen = [tuple(one.split(".")) for one in self.looks_at]
        return not any(place[: len(one)] == one[: len(place)] for place in broken for one in seen)


_ANYWHERE = ("0.0.0.0", "[::]", "::", "*")  # noqa: S104 - compared with, not bound to
_ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?")
_ISSUER = re.compile(rf"{_ORIGIN.pattern}(/[!-~]*)?")
_DATABASE = re.compile(r"postgres(ql)?://[^/]*/[^/?]")


def faults_of(settings: Settings, broken: Collection[Place] = ()) -> tuple[Fault, ...]:
    """Every contradiction in the settings. Looks at nothing but them; ``broken`` are those that could not be read."""
    return tuple(fault for check in CHECKS if check.knows(broken) for fault in check.find(settings))


def _gateway_tls(settings: Settings) -> Iterator[Fault]:
    gateway = settings.gateway
    if bool(gateway.tls_certificate) != bool(gateway.tls_key):
        missing = "tls_key" if gateway.tls_certificate else "tls_certificate"
        yield Fault(("gateway", missing), "is missing; a certificate and its key go together")
    if gateway.require_tls and not gateway.tls_certificate:
        yield Fault(("gateway", "require_tls"), "needs gateway.tls_certificate and gateway.tls_key")


def _plain_only_on_loopback(settings: Settings) -> Iterator[Fault]:
    delivery = settings.delivery
    mend = 'is for hops on this machine alone; use "auto", "verify" or "implicit"'
    if delivery.tls == "none" and not is_loopback(delivery.next_hop):
        yield Fault(("delivery", "tls"), f'"none" {mend}')
    if delivery.internet_tls == "none" and not is_loopback(delivery.internet_hop):
        yield Fault(("delivery", "internet_tls"), f'"none" {mend}')
    for place, mailbox in enumerate(settings.mailboxes):
        if mailbox.tls == "none" and not is_loopback(mailbox.host):
            yield Fault(("mailboxes", place, "tls"), '"none" is for servers on this machine alone; use "implicit" or "starttls"')


def _no_mail_loop(settings: Settings) -> Iterator[Fault]:
    own = [one for one in (settings.gateway.listen, settings.gateway.lmtp_listen) if one]
    for name in ("next_hop", "internet_hop"):
        hop = getattr(settings.delivery, name)
        if any(reaches(hop, one) for one in own):
            yield Fault(
                ("delivery", name), "is the guard's own listener: mail would go in a circle; name the server behind the guard"
            )


def reaches(target: str, listener: str) -> bool:
    """Whether connecting to ``target`` ends at ``listener`` on this machine. Port 0 means any free one, which nobody can name."""
    (host, port), (own, own_port) = split_host_port(target), split_host_port(listener)
    if port == 0 or port != own_port:
        return False
    return host == own or (is_loopback(target) and (is_loopback(listener) or own in _ANYWHERE))


def _one_listener_per_port(settings: Settings) -> Iterator[Fault]:
    listeners: list[tuple[Place, str]] = [
        (("gateway", "listen"), settings.gateway.listen),
        (("gateway", "lmtp_listen"), settings.gateway.lmtp_listen),
        (("console", "listen"), settings.console.listen),
        (("health", "listen"), settings.health.listen),
    ]
    for (first, one), (second, other) in combinations(((place, value) for place, value in listeners if value), 2):
        if reaches(other, one):
            yield Fault(second, f"is taken by {'.'.join(map(str, first))}; give it a port of its own")


def _own_domains(settings: Settings) -> Iterator[Fault]:
    domains = settings.municipality.domains
    if settings.delivery.bounce_domain in domains:
        yield Fault(
            ("delivery", "bounce_domain"),
            "is a domain of the municipality's own mail; give the guard one of its own, such as rammevagt.eksempel.dk",
        )
    if domain_of(settings.notifications.sender) not in domains:
        yield Fault(("notifications", "sender"), f"is not in municipality.domains ({', '.join(domains)})")


def _working_hours(settings: Settings) -> Iterator[Fault]:
    hours = settings.notifications.working_hours
    if hours.from_ >= hours.to:
        yield Fault(("notifications", "working_hours", "to"), "must be later than from")
    for place, one in enumerate(settings.letters.phone_hours):
        if one.from_ >= one.to:
            yield Fault(("letters", "phone_hours", place, "to"), "must be later than from")
    for place, day in enumerate(settings.notifications.closing_days):
        try:
            date.fromisoformat(f"2028-{day}")  # a leap year: 02-29 can be named
        except ValueError:
            yield Fault(("notifications", "closing_days", place), 'is no day of the year; write MM-DD, such as "12-24"')


def _broker(settings: Settings) -> Iterator[Fault]:
    events = settings.events
    if not events.url:
        return
    try:
        address = parse_address(events.url)
    except ValueError as error:
        yield Fault(("events", "url"), f"{error}; or leave it empty")
        return
    if events.token_file and (address.user or address.token):
        yield Fault(("events", "token_file"), "events.url names a user or token already; keep one of the two")


def _database(settings: Settings) -> Iterator[Fault]:
    if settings.store.url and not _DATABASE.match(settings.store.url):
        yield Fault(("store", "url"), "write postgresql://USER@HOST:PORT/DATABASE, or leave it empty for SQLite in the data folder")


def _public_url(settings: Settings) -> Iterator[Fault]:
    console = settings.console
    if console.public_url and not _ORIGIN.fullmatch(console.public_url):
        yield Fault(("console", "public_url"), "write scheme and host alone, such as https://rammevagt.eksempel.dk")
    elif console.public_url.startswith("http:") and not is_loopback(with_port(console.public_url)):
        yield Fault(("console", "public_url"), "must begin with https://: passwords and people's data travel on it")


def _single_sign_on(settings: Settings) -> Iterator[Fault]:
    oidc = settings.console.oidc
    if oidc is None:
        if not settings.console.local_login:
            yield Fault(("console", "local_login"), "without [console.oidc] nobody could log in; give one, or leave it true")
        return
    if not _ISSUER.fullmatch(oidc.issuer):
        yield Fault(("console", "oidc", "issuer"), "write the address that the provider names, such as https://login.eksempel.dk")
    elif oidc.issuer.startswith("http:") and not is_loopback(with_port(oidc.issuer)):
        yield Fault(("console", "oidc", "issuer"), "must begin with https://")
    if "openid" not in oidc.scopes:
        yield Fault(("console", "oidc", "scopes"), 'must hold "openid"')


CHECKS: tuple[Check, ...] = (
    Check(("gateway.tls_certificate", "gateway.tls_key", "gateway.require_tls"), _gateway_tls),
    Check(("delivery", "mailboxes"), _plain_only_on_loopback),
    Check(("delivery.next_hop", "delivery.internet_hop", "gateway.listen", "gateway.lmtp_listen"), _no_mail_loop),
    Check(("gateway.listen", "gateway.lmtp_listen", "console.listen", "health.listen"), _one_listener_per_port),
    Check(("municipality.domains", "delivery.bounce_domain", "notifications.sender"), _own_domains),
    Check(("notifications.working_hours", "notifications.closing_days", "letters.phone_hours"), _working_hours),
    Check(("mailboxes",), logins),
    Check(("events",), _broker),
    Check(("store.url",), _database),
    Check(("console.public_url",), _public_url),
    Check(("console",), _single_sign_on),
    Check(("receipts", "municipality.domains"), dkim_faults),
    Check(("mailboxes",), route_faults),
    Check(("webhooks",), webhook_faults),
    Check(("notifications.channels",), channel_faults),
    Check(("signals",), signal_faults),
)


def machine_faults(settings: Settings, today: date) -> tuple[Fault, ...]:
    """What this machine lacks for these settings: files that are named and can't be read; and what has not come yet by the Danish
    date ``today``. A service asks this before it starts.
    """
    named = list(not_yet_informed(settings, today))
    named += [fault for place, name in _files(settings) if (fault := _unreadable(place, name))]
    named += [Fault(place, f"there is no folder {name}") for place, name in _folders(settings) if name and not Path(name).is_dir()]
    in_files = (_certificate, _token, dkim_key_faults, webhook_secret_faults, channel_address_faults)
    return (*named, *(() if named else (fault for look in in_files for fault in look(settings))))


def _files(settings: Settings) -> Iterator[tuple[Place, str]]:
    yield ("gateway", "tls_certificate"), settings.gateway.tls_certificate
    yield ("gateway", "tls_key"), settings.gateway.tls_key
    yield ("store", "key_file"), settings.store.key_file
    yield ("events", "token_file"), settings.events.token_file
    yield ("receipts", "dkim_key_file"), settings.receipts.dkim_key_file
    if settings.console.oidc:
        yield ("console", "oidc", "client_secret_file"), settings.console.oidc.client_secret_file
    for place, mailbox in enumerate(settings.mailboxes):
        yield ("mailboxes", place, "password_file"), mailbox.password_file
        yield ("mailboxes", place, "oauth2", "client_secret_file"), mailbox.oauth2.client_secret_file if mailbox.oauth2 else ""
    for place, webhook in enumerate(settings.webhooks):
        yield ("webhooks", place, "secret_file"), webhook.secret_file
    for place, channel in enumerate(settings.notifications.channels):
        yield ("notifications", "channels", place, "url_file"), channel.url_file


def _folders(settings: Settings) -> Iterator[tuple[Place, str]]:
    yield ("letters", "folder"), settings.letters.folder
    yield ("playbooks", "folder"), settings.playbooks.folder


def _unreadable(place: Place, name: str) -> Fault | None:
    if not name:
        return None
    if not Path(name).is_file():
        return Fault(place, f"there is no file {name}")
    return None if os.access(name, os.R_OK) else Fault(place, f"{name} can't be read by this user")


def _certificate(settings: Settings) -> Iterator[Fault]:
    gateway = settings.gateway
    if not (gateway.tls_certificate and gateway.tls_key):
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            gateway.tls_certificate, gateway.tls_key, password=_none
        )
    except (ssl.SSLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or "no certificate and key in PEM are found"
        yield Fault(
            ("gateway", "tls_certificate"), f"does not work with gateway.tls_key: {reason}; give the chain and its key in PEM"
        )


def _token(settings: Settings) -> Iterator[Fault]:
    """NATS's other kind of secret, a signed one, needs a library that the guard does without."""
    if not (name := settings.events.token_file):
        return
    text = Path(name).read_bytes().strip()
    if b"BEGIN NATS" in text:
        yield Fault(("events", "token_file"), "is a file of credentials (JWT); give a token, or user and password in events.url")
    elif not text or len(text.splitlines()) > 1:
        yield Fault(("events", "token_file"), f"{name} must hold the token alone, on one line")


def _none() -> str:
    return ""  # never asks at a terminal for the password of an encrypted key


def notes_on(settings: Settings) -> tuple[Fault, ...]:
    """What is no fault, but may be a slip."""
    return tuple(
        note
        for look in (_example_names, _open_to_all, _unreached_pages, _mailboxes_without_password, _letters_unfinished)
        for note in look(settings)
    )


def _example_names(settings: Settings) -> Iterator[Fault]:
    if settings.gateway.authserv_id == "mx.eksempel.dk" and "eksempel.dk" not in settings.municipality.domains:
        yield Fault(
            ("gateway", "authserv_id"), "is still the example's; name your own mail gateway, whose results the guard believes"
        )


def _open_to_all(settings: Settings) -> Iterator[Fault]:
    for place, network in enumerate(settings.gateway.trusted_clients):
        if network.prefixlen == 0:
            yield Fault(("gateway", "trusted_clients", place), "lets every machine that reaches the guard send it mail")


def _unreached_pages(settings: Settings) -> Iterator[Fault]:
    if not settings.console.public_url and not is_loopback(settings.console.listen):
        yield Fault(("console", "public_url"), "is empty, so the pages answer to 127.0.0.1 and localhost alone")


def _mailboxes_without_password(settings: Settings) -> Iterator[Fault]:
    for place, mailbox in enumerate(settings.mailboxes):
        if not mailbox.password_file and mailbox.oauth2 is None:
            yield Fault(("mailboxes", place), "has neither password_file nor oauth2, so it can't be watched")


def _letters_unfinished(settings: Settings) -> Iterator[Fault]:
    """The example's municipality writes to nobody; one with its own domain will."""
    if "eksempel.dk" in settings.municipality.domains:
        return
    empty = [name for name in ("phone", "phone_hours", "urgent_phone", "dpo") if not getattr(settings.letters, name)]
    if empty:
        yield Fault(("letters",), f"letters to citizens can't be finished without {', '.join(empty)}")
