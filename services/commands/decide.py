"""``decide``: what would happen to one mail, by the same evaluator as live mail (law 7), and nothing does."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from services import signal_words
from services.bad_input import BadInput
from services.clock import SystemClock
from services.commands.common import console, keep_record, opened, print_json, read_record, run
from services.commands.register import read_with_bar
from services.commands.showing import show
from services.commands.times import Instant
from services.gather import facts_from_register, gather, national_authorities, policy_of
from services.options import as_json, common, given, why
from services.register_file import read_bytes
from services.settings import Settings
from services.working_hours import working_hours
from workflows.assess import assess
from workflows.decide import decide as decided
from workflows.facts import Facts
from workflows.mail import Envelope, Mail
from workflows.mends import header_block, mend
from workflows.notices import House, plan
from workflows.reading import read_headers, read_mail


@click.command()
@click.argument("file", metavar="MAIL.eml")
@click.option("--from", "sender", required=True, metavar="ADDRESS", help="The envelope sender; '' is the null sender.")
@click.option("--to", "recipients", required=True, multiple=True, metavar="ADDRESS", help="An envelope recipient; repeatable.")
@click.option(
    "--register",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Decide by this register (- is standard input), without any store.",
)
@click.option("--at", type=Instant(), help="Decide as at this instant (with its offset). Default: now.")
@why
@as_json
@common
def decide(
    file: str,
    *,
    sender: str,
    recipients: tuple[str, ...],
    register: Path | None,
    at: datetime | None,
    why: str | None,
    as_json: bool,
) -> None:
    """Show the decision for one mail, without side effects.

    MAIL.eml is a file; - is standard input. Without --register the decision rests on the store's register, and that its
    data was read is kept in the audit chain. No guard needs to run.
    """
    settings = given().settings()
    content = carried(read_bytes(Path(file)))
    mail = mail_of(content, sender, recipients)
    facts = _from_file(settings, register, mail) if register else run(_from_store(settings, mail, why))
    wire = evaluated(mail, content, facts, at or SystemClock().now(), settings)
    if as_json:
        print_json(wire)
    else:
        show(console(), wire)


def carried(content: bytes) -> bytes:
    """A file's content as SMTP would have brought it: whole lines that end in CRLF, after the two mends."""
    mended = mend(content)
    return mended if mended.endswith(b"\r\n") else mended + b"\r\n"


def mail_of(content: bytes, sender: str, recipients: Sequence[str]) -> Mail:
    """The mail as the core sees it. Raises ``BadInput`` for an envelope that SMTP could not carry."""
    for name, address in (("--from", sender), *(("--to", one) for one in recipients)):
        if (name == "--to" and "@" not in address.strip("<>")) or any(one.isspace() or not one.isprintable() for one in address):
            raise BadInput(f"{name} {address!r}: write an address, such as karen@eksempel.dk")
    envelope = Envelope(_bare(sender), tuple(_bare(one) for one in recipients))
    return Mail(hashlib.sha256(content).hexdigest(), envelope, read_headers(header_block(content)), None, len(content))


def _bare(address: str) -> str:
    """Without the angle brackets of SMTP's syntax."""
    return address[1:-1] if address.startswith("<") and address.endswith(">") else address


def _from_file(settings: Settings, register: Path, mail: Mail) -> Facts:
    found = read_with_bar(str(register), read_bytes(register), settings)
    return facts_from_register(found, policy_of(settings), national_authorities(), mail)


async def _from_store(settings: Settings, mail: Mail, why: str | None) -> Facts:
    async with opened(settings) as store:
        await store.refresh()
        facts = await gather(store, store.key, policy_of(settings), mail)
        ids = [file.citizen.id for file in facts.files]
        await keep_record(store, read_record("decide", ids, why))
        return facts


def evaluated(mail: Mail, content: bytes, facts: Facts, now: datetime, settings: Settings) -> dict[str, Any]:
    """Both pure steps: the decision, and the assessment of the whole mail with who is told, as the contract's JSON."""
    decision = decided(mail, facts, now)
    assessed = assess(read_mail(content), signal_words.load(settings.signals.tuning())).wire()
    house = House(facts.organisation, facts.policy, working_hours(settings))
    told = plan(
        decision.wire(),
        signals=assessed["signals"],
        rights=assessed["rights"],
        house=house,
        now=now,
        files=facts.files,
        noted=assessed["noted"],
    )
    return decision.wire() | assessed | {"notify": [one.wire() for one in told], "assessed": True}
