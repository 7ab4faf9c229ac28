"""The demo's sample municipality and its mail, made for the day on which the demo is first started.

The register is the file ``content/register.yaml`` with its days filled in; the mails are those of ``content/mails.toml``
in the form that an upstream mail server would hand them to the guard.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from services.demo.forms import Written, composed
from services.register_file import parse_register
from workflows.register import Register

DOMAINS = ("eksempel.dk",)
CONTENT = Path(__file__).parent / "content"
_DAY = re.compile(r"\{day([+-]\d+)\}")
_APART = timedelta(minutes=7)  # between the sample mails, which were all written before now


@dataclass(frozen=True, slots=True)
class SampleMail:
    """One sample mail as it comes in: envelope, content with CRLF line ends, and what it is there to show.

    ``expect`` says per envelope recipient which action and which reason the guard is expected to give.
    """

    name: str
    title_da: str
    envelope_from: str
    recipients: tuple[str, ...]
    content: bytes
    shows: str
    expect: dict[str, tuple[str, str]]


def sample_register(today: date) -> Register:
    """The sample register with its frameworks in force, or not, as of ``today``; valid by all rules of the register file."""
    return parse_register("register.yaml", register_text(today).encode(), DOMAINS)


def register_text(today: date) -> str:
    """The sample register as a register file (YAML) for ``today``."""
    template = (CONTENT / "register.yaml").read_text(encoding="utf-8")
    return _DAY.sub(lambda found: (today + timedelta(days=int(found[1]))).isoformat(), template)


def sample_mails(now: datetime) -> tuple[SampleMail, ...]:
    """The sample mails in the order in which they are sent, dated just before ``now`` (aware)."""
    with (CONTENT / "mails.toml").open("rb") as file:
        entries = tomllib.load(file)["mail"]
    first = now - _APART * len(entries)
    return tuple(_sample(Written.from_entry(entry, first + _APART * place)) for place, entry in enumerate(entries))


def _sample(written: Written) -> SampleMail:
    return SampleMail(
        name=written.name,
        title_da=written.title,
        envelope_from=written.sender,
        recipients=written.recipients,
        content=composed(written),
        shows=written.shows,
        expect=written.expect,
    )
