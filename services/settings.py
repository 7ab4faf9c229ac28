"""Every setting of the guard: one frozen, strict object (see config/rammevagt.toml for the documented list).

Precedence: command-line option, environment (``RAMMEVAGT_SECTION__KEY``), file, default.
"""

from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from workflows.addresses import ascii_domain
from workflows.deadlines import WorkingCalendar
from workflows.facts import Told
from workflows.people import Address, Id
from workflows.rights import UserRole
from workflows.signals.rules import AS_GIVEN, Kind, Tuning

ZONE = ZoneInfo("Europe/Copenhagen")  # business rules run here


def _host_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        raise ValueError("write HOST:PORT, such as 127.0.0.1:2525 or [::1]:2525")
    return value


def _no_or_host_port(value: str) -> str:
    return _host_port(value) if value else value


def _network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value)
    except ValueError as error:
        raise ValueError("write a network, such as 10.0.0.0/8 or 192.0.2.25/32") from error


HostPort = Annotated[str, AfterValidator(_host_port)]
NoOrHostPort = Annotated[str, AfterValidator(_no_or_host_port)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Domain = Annotated[str, Field(pattern=r"^[^@\s]+\.[^@\s.]+$"), AfterValidator(ascii_domain)]
NoOrDomain = Annotated[str, Field(pattern=r"^([^@\s]+\.[^@\s.]+)?$"), AfterValidator(ascii_domain)]
Tls = Literal["auto", "verify", "implicit", "none"]
HourMinute = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Section(BaseModel):
    """A strict, frozen part of the settings: an unknown key is a mistake, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Municipality(Section):
    """Whose guard this is. Recipients in ``domains`` are ours."""

    name: str = "Eksempel Kommune"
    domains: tuple[Domain, ...] = Field(default=("eksempel.dk",), min_length=1)


class Gateway(Section):
    """Where mail comes in (SMTP, RFC 5321; LMTP, RFC 2033)."""

    listen: HostPort = "127.0.0.1:2525"
    lmtp_listen: NoOrHostPort = ""  # an LMTP listener beside it; empty: none
    hostname: str = ""  # what the guard calls itself; empty: this machine's name
    trusted_clients: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    max_message_bytes: int = Field(default=157_286_400, ge=1024)
    max_connections: int = Field(default=1000, ge=1)
    authserv_id: str = "mx.eksempel.dk"  # or "m365"
    authentication: Literal["if_present", "required"] = "if_present"
    tls_certificate: str = ""
    tls_key: str = ""
    require_tls: bool = False
    proxy_protocol: bool = False  # the client's address comes in a PROXY header (HAProxy, v1 and v2)


class Delivery(Section):
    """Where mail goes."""

    next_hop: HostPort = "127.0.0.1:2500"
    tls: Tls = "auto"
    internet_hop: HostPort = "127.0.0.1:2500"
    internet_tls: Tls = "auto"
    bounce_domain: Domain = "rammevagt.eksempel.dk"
    connections: int = Field(default=20, ge=1, le=500)  # to each hop, at most


class StoreSettings(Section):
    """Where everything is kept. ``url`` empty: SQLite under the data folder."""

    url: str = ""
    key_file: str = ""  # the guard's secret key; empty: secret.key under the data folder, made at first start


class Events(Section):
    """The broker. ``url`` empty: an own NATS server under the data folder."""

    url: str = ""
    token_file: str = ""


class Listen(Section):
    """An HTTP listener."""

    listen: HostPort


class Oidc(Section):
    """Single sign-on (OpenID Connect): who somebody is comes from the municipality's own identity provider."""

    issuer: str
    client_id: str
    client_secret_file: str = ""  # none: a public client, held by PKCE alone
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    address_claim: str = "email"
    role_claim: str = "roles"
    roles: dict[str, UserRole] = Field(min_length=1)  # a value of the claim -> the role here; the first that fits counts


class ConsoleSettings(Section):
    """The pages for people, and who gets in."""

    listen: HostPort = "127.0.0.1:8080"
    public_url: str = ""  # as people write it; empty: on this machine alone
    trusted_proxies: tuple[Network, ...] = ()  # whose X-Forwarded-For is believed
    local_login: bool = True
    oidc: Oidc | None = None


class Retention(Section):
    """How long things are kept, in days."""

    bodies: int = Field(default=7, ge=1)
    facts: int = Field(default=90, ge=1)
    frameworks: int = Field(default=183, ge=1)
    incidents: int = Field(default=1096, ge=1)


class Hours(Section):
    """Working hours of people who have none of their own."""

    days: tuple[Weekday, ...] = Field(default=("mon", "tue", "wed", "thu", "fri"), min_length=1)
    from_: HourMinute = Field(default="08:00", alias="from")
    to: HourMinute = "16:00"


class Receipts(Section):
    """How receipts, and reports to senders, are signed (DKIM, RFC 6376). Empty: not at all."""

    dkim_domain: NoOrDomain = ""
    dkim_selector: Annotated[str, Field(pattern=r"^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)?$")] = ""
    dkim_key_file: str = ""


class Letters(Section):
    """What letters to citizens say of the municipality; a letter that needs what is empty can't be finished."""

    folder: str = ""  # the municipality's own texts; a file there goes before the installed one
    address: tuple[str, ...] = ()
    phone: str = ""
    phone_hours: tuple[Hours, ...] = ()
    urgent_phone: str = ""
    dpo: str = ""
    citizen_adviser: str = ""


class PlaybookSettings(Section):
    """Where the municipality's own playbooks lie, and the numbers that they name. An empty number is left out."""

    folder: str = ""  # a file there goes before the installed one
    police_phone: str = "114"
    crisis_line: str = "Livslinien, 70 201 201"
    staff_help: str = ""


class NoticeChannel(Section):
    """A way to tell people beside mail, as Apprise names it (https://appriseit.com/services): a chat, or SMS.

    The file holds one address, in which ``{to}`` stands for who somebody is there.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    title: str = Field(min_length=1, max_length=60)  # as people see it
    url_file: str
    handle: Annotated[str, Field(max_length=200)] = r"[A-Za-z0-9+@._-]{1,100}"  # what ``{to}`` may be: a regular expression


class Notifications(Section):
    """How people are told."""

    sender: Address = "rammevagt@eksempel.dk"
    working_hours: Hours = Hours()
    closing_days: tuple[Annotated[str, Field(pattern=r"^[0-1][0-9]-[0-3][0-9]$")], ...] = ("06-05", "12-24", "12-31")
    channels: tuple[NoticeChannel, ...] = ()


class Signals(Section):
    """From where on signals are found, and how leaders hear of the yellow ones. Red is always told at once."""

    yellow: dict[Kind, Told] = Field(default_factory=dict)  # a kind that is not named: at once
    off: tuple[str, ...] = ()  # patterns of config/signals.da.toml, by their ids
    volume_a_day: int = Field(default=AS_GIVEN.volume_a_day, ge=2)
    volume_at_night: int = Field(default=AS_GIVEN.volume_at_night, ge=2)
    mass_copy_recipients: int = Field(default=AS_GIVEN.mass_copy_recipients, ge=2)

    def tuning(self) -> Tuning:
        """As the signal words are made by."""
        return Tuning(frozenset(self.off), self.volume_a_day, self.volume_at_night, self.mass_copy_recipients)


class OAuth2(Section):
    """Client credentials for a mailbox (RFC 6749 4.4)."""

    token_url: str
    client_id: str
    client_secret_file: str
    scope: str

    @property
    def client(self) -> tuple[str, str]:
        """Whose the secret is, whatever is asked for with it."""
        return self.token_url, self.client_id


class Mailbox(Section):
    """A functional mailbox that is watched over IMAP."""

    address: Address
    host: HostPort
    user: str
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    password_file: str = ""
    oauth2: OAuth2 | None = None
    folder: str = "INBOX"
    mode: Literal["observe", "route"] = "observe"
    poll_seconds: int = Field(default=60, ge=5, le=3600)  # between looks, where the server can't say that something came
    idle_renew_seconds: int = Field(default=240, ge=5, le=1500)  # between looks, where it can
    staff_informed: date | None = None  # route mode alone: when the employees were told
    moved_folder: str = Field(default="Omdirigeret", min_length=1)  # route mode alone: where moved mail lies
    unread_after_hours: int = Field(default=4, ge=1)
    answer_within_days: int = Field(default=5, ge=1)
    unit: Id | None = None  # whose it is; none: the unit that the register gives it
    canary: bool = False  # send it a small mail every hour, and tell when that does not arrive; a functional mailbox alone


class Webhook(Section):
    """Another system that is sent events by HTTP (docs/events.md)."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]  # for ever: by it the broker knows how far it has come
    url: str
    secret_file: str
    events: tuple[str, ...] = Field(min_length=1)  # kinds such as mail.decided, framework.* or *
    unit: Id | None = None  # only what says that it is about this unit


class Log(Section):
    """``auto``: for people on a terminal, else JSON."""

    format: Literal["auto", "json", "console"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """All of them. ``data`` comes from ``--data`` alone (or ``RAMMEVAGT_DATA``)."""

    data: Path = Path("data")
    municipality: Municipality = Municipality()
    gateway: Gateway = Gateway()
    delivery: Delivery = Delivery()
    store: StoreSettings = StoreSettings()
    events: Events = Events()
    console: ConsoleSettings = ConsoleSettings()
    health: Listen = Listen(listen="127.0.0.1:0")
    retention: Retention = Retention()
    receipts: Receipts = Receipts()
    letters: Letters = Letters()
    playbooks: PlaybookSettings = PlaybookSettings()
    notifications: Notifications = Notifications()
    signals: Signals = Signals()
    mailboxes: tuple[Mailbox, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    log: Log = Log()

    def calendar(self) -> WorkingCalendar:
        """The municipality's working days."""
        return WorkingCalendar(frozenset(self.notifications.closing_days), frozenset(self.notifications.working_hours.days))
