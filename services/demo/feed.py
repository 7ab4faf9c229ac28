"""Hands the sample mails to the guard as an upstream mail server would: real SMTP, one connection, every byte as it is."""

import asyncio
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.demo.samples import SampleMail

TIMEOUT = 60  # seconds for each answer
Told = Callable[["Fed"], None]


@dataclass(frozen=True, slots=True)
class Fed:
    """What the guard answered to one sample mail: 250, or its refusal. ``refused`` names recipients that were not taken."""

    name: str
    code: int
    answer: str
    refused: tuple[str, ...] = ()

    @property
    def taken(self) -> bool:
        """Whether the guard took the mail for every recipient."""
        return self.code == 250 and not self.refused


async def feed(address: str, mails: Sequence[SampleMail], told: Told | None = None) -> tuple[Fed, ...]:
    """Sends ``mails`` to ``address`` (HOST:PORT) in their order; ``told`` hears of each in the event loop.

    Raises ``OSError`` or ``smtplib.SMTPException`` when the connection itself fails.
    """
    host, _, port = address.rpartition(":")
    client = await asyncio.to_thread(_connected, host.strip("[]"), int(port))
    done = []
    try:
        for mail in mails:
            done.append(await asyncio.to_thread(_send, client, mail))
            if told:
                told(done[-1])
    finally:
        await asyncio.to_thread(_goodbye, client)
    return tuple(done)


def _connected(host: str, port: int) -> smtplib.SMTP:
    client = smtplib.SMTP(host, port, local_hostname="mx.eksempel.dk", timeout=TIMEOUT)
    client.ehlo_or_helo_if_needed()
    return client


def _goodbye(client: smtplib.SMTP) -> None:
    try:
        client.quit()
    except (smtplib.SMTPException, OSError):
        client.close()


def _send(client: smtplib.SMTP, mail: SampleMail) -> Fed:
    """One transaction. ``sendmail`` leaves bytes alone but for the dots that SMTP itself asks for (RFC 5321 4.5.2)."""
    try:
        refused = client.sendmail(mail.envelope_from, mail.recipients, mail.content, _options(client, mail))
    except smtplib.SMTPRecipientsRefused as refusal:
        code, answer = next(iter(refusal.recipients.values()))
        return Fed(mail.name, code, answer.decode("utf-8", "replace"), tuple(refusal.recipients))
    except smtplib.SMTPResponseException as refusal:
        error = refusal.smtp_error
        return Fed(
            mail.name, refusal.smtp_code, error.decode("utf-8", "replace") if isinstance(error, bytes) else error, mail.recipients
        )
    return Fed(mail.name, 250, "", tuple(refused))


def _options(client: smtplib.SMTP, mail: SampleMail) -> list[str]:
    if mail.content.isascii() or not client.has_extn("8bitmime"):
        return []
    return ["BODY=8BITMIME"]
