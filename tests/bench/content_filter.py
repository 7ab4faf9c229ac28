"""Today's Python way: an after-queue content filter on aiosmtpd, with the guard's routing task and nothing else.

A fair one: no threads made per mail, kept connections for re-injection, headers read with the standard library, one dictionary
look-up. It keeps nothing on disk: Postfix has the mail until the filter's 250, which is said after Postfix has taken it back.
"""

import argparse
import asyncio
import email
import email.policy
import email.utils
import queue
import smtplib
from concurrent.futures import ThreadPoolExecutor

import uvloop
from aiosmtpd.smtp import SMTP

from bench import sample


class Filter:
    """Redirects mail from registered citizens to the functional mailbox, and re-injects everything."""

    def __init__(self, return_port: int, citizens: int) -> None:
        self._return_port = return_port
        self._mailbox_of = {sample.citizen(number): f"bf-kontakt@{sample.DOMAIN}" for number in range(citizens)}
        self._kept: queue.SimpleQueue[smtplib.SMTP] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(50)

    async def handle_DATA(self, server, session, envelope) -> str:
        headers = email.message_from_bytes(envelope.content.partition(b"\r\n\r\n")[0], policy=email.policy.SMTP)
        sender = email.utils.parseaddr(str(headers["From"]))[1].lower()
        passed = "dmarc=pass" in str(headers["Authentication-Results"])
        mailbox = self._mailbox_of.get(sender) if passed else None
        recipients = [mailbox] if mailbox else envelope.rcpt_tos
        await asyncio.get_running_loop().run_in_executor(
            self._threads, self._reinject, envelope.mail_from, recipients, envelope.original_content
        )
        return "250 2.0.0 passed on"

    def _reinject(self, sender: str, recipients: list[str], content: bytes) -> None:
        try:
            client = self._kept.get_nowait()
        except queue.Empty:
            client = smtplib.SMTP("127.0.0.1", self._return_port)
        try:
            client.sendmail(sender, recipients, content)
        except smtplib.SMTPServerDisconnected:  # Postfix ends a session after some time or number of mails
            client = smtplib.SMTP("127.0.0.1", self._return_port)
            client.sendmail(sender, recipients, content)
        self._kept.put(client)


async def serve(port: int, handler: Filter) -> None:
    """Listen for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="filter.test", loop=loop, data_size_limit=200_000_000), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("return_port", type=int)
    parser.add_argument("citizens", type=int)
    wanted = parser.parse_args()
    uvloop.run(serve(wanted.port, Filter(wanted.return_port, wanted.citizens)))
