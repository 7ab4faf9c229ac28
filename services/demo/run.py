"""The demo: the whole guard on embedded defaults, a receiving mail server, and sample mails over real SMTP."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services import logs
from services.app import Guard
from services.bad_input import BadInput
from services.commands.common import console, record
from services.demo.accounts import show_accounts
from services.demo.feed import feed
from services.demo.posts import deal_with_some
from services.demo.receiver import Receiver
from services.demo.samples import SampleMail, sample_mails, sample_register
from services.demo.summary import Row, show
from services.lifecycle import Lifecycle
from services.settings import ZONE, Letters, Settings
from services.store.keys import FILE
from workflows.reading import MAX_BLOCK, read_headers

OWN = "demo"  # the folder inside the data folder that makes it the demo's
FIRST_FREE = 1024  # the first port that is no well-known one
LETTERS = Letters.model_validate(  # what the sample municipality's letters say of it; all invented
    {
        "address": ["Rådhuspladsen 1", "8600 Eksempelby"],
        "phone": "87 65 43 21",
        "phone_hours": [
            {"days": ["mon", "tue", "wed", "thu"], "from": "09:00", "to": "15:00"},
            {"days": ["fri"], "from": "09:00", "to": "12:30"},
        ],
        "urgent_phone": "87 65 43 00",
        "dpo": "dpo@eksempel.dk",
        "citizen_adviser": "borgerraadgiver@eksempel.dk",
    }
)
SECONDS = 60.0  # until every sample mail has found its way


def run(settings: Settings, *, once: bool = False) -> int:
    """Run until Ctrl-C; with ``once`` until the summary is shown. A second run keeps its data and sends nothing again."""
    _refuse_a_store_in_use(settings.data)
    logs.configure(settings.log.model_copy(update={"level": "error"}))
    return asyncio.run(_run(settings, once))


def _refuse_a_store_in_use(data: Path) -> None:
    """The demo loads its sample register, which would replace a real one, and its mail server would take the mail that waits."""
    if (data / FILE).exists() and not (data / OWN).is_dir():
        raise BadInput(
            f"{data}: holds a store that is not the demo's, and the demo would replace its register; give --data another folder"
        )


async def _run(settings: Settings, once: bool) -> int:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    receiver = Receiver(settings.data / OWN / "mailboxes", port=_free(settings.delivery.next_hop))
    await receiver.start()
    guard = Guard(_embedded(settings, receiver.address))
    try:
        await guard.start()
        await _show(guard, receiver)
        await show_accounts(guard.store, guard.clock)
        if not once:
            _invite(guard, receiver)
            await stopping.wait()
            click.echo("\nStopping. What is under way is finished or kept.")
    finally:
        await guard.stop()
        await receiver.stop()
    return 0


def _embedded(settings: Settings, receiver: str) -> Settings:
    """The defaults, for which the sample mails are made, with the demo's own mail server as both hops.

    Of ``settings`` count the data folder, the log and the ports, or free ones where those are taken.
    """
    usual = Settings(data=settings.data, log=settings.log)
    gateway = usual.gateway.model_copy(
        update={"listen": f"127.0.0.1:{_free(settings.gateway.listen)}", "hostname": "rammevagt.eksempel.dk"}
    )
    console_ = usual.console.model_copy(update={"listen": f"127.0.0.1:{_free(settings.console.listen)}"})
    delivery = usual.delivery.model_copy(update={"next_hop": receiver, "internet_hop": receiver})
    return usual.model_copy(update={"gateway": gateway, "delivery": delivery, "console": console_, "letters": LETTERS})


def _free(listen: str) -> int:
    """The port of ``listen``, or 0 (any) where it is taken or one of the system's own."""
    port = int(listen.rpartition(":")[2])
    if port < FIRST_FREE:
        return 0
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


async def _show(guard: Guard, receiver: Receiver) -> None:
    """The summary: of mails sent now, or of those of the first run."""
    now = guard.clock.now()
    mails = sample_mails(now)
    missing = [one for one in mails if not await guard.store.ids_by_message_id(_message_id(one))]
    if len(missing) < len(mails):
        click.echo("The sample municipality is there from an earlier run; what it has handled is not sent again.\n")
    else:
        await guard.store.load_register(sample_register(now.astimezone(ZONE).date()), record("register.loaded", "demo"))
        await guard.store.refresh()
        await Lifecycle(guard.settings, guard.store, guard.clock).adopt()
    if missing:
        await _send(guard, missing)
        await deal_with_some(guard.store, guard.clock)
    show(console(), await _rows(guard, mails), await guard.store.ledger(), await guard.store.queue())


async def _send(guard: Guard, mails: Sequence[SampleMail]) -> None:
    assert guard.gateway is not None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=True, console=console(), disable=not console().is_terminal) as progress:
        task = progress.add_task("Sample mails over SMTP", total=len(mails))
        await feed(guard.gateway.addresses[0], mails, lambda _: progress.advance(task))
        task = progress.add_task("Delivered, assessed, told", total=len(mails))
        async with asyncio.timeout(SECONDS):
            while (done := sum(row.settled for row in await _rows(guard, mails))) < len(mails):
                progress.update(task, completed=done)
                await asyncio.sleep(0.1)


async def _rows(guard: Guard, mails: Sequence[SampleMail]) -> list[Row]:
    rows = []
    for mail in mails:
        for id_ in await guard.store.ids_by_message_id(_message_id(mail)):
            if stored := await guard.store.mail(id_):
                rows.append(Row(mail.title_da, stored))
    return rows


def _message_id(mail: SampleMail) -> str:
    return read_headers(mail.content[:MAX_BLOCK]).message_id or ""


def _invite(guard: Guard, receiver: Receiver) -> None:
    """What to open, and what to try."""
    assert guard.gateway is not None
    data = guard.settings.data
    example = _message_id(sample_mails(guard.clock.now())[0])
    gateway = guard.gateway.addresses[0]
    host, _, port = gateway.rpartition(":")
    click.echo(
        f"""
The guard is running. Try it:

  console              http://{guard.http.address}/
  mail in (SMTP)       {gateway}
  health and metrics   http://{guard.http.address}/health/ready   http://{guard.http.address}/metrics
  what was delivered   {receiver.folder}/   (one folder a mailbox)

  .venv/bin/rammevagt explain '{example}' --data {data}
                                            why a mail went where it went, rule by rule
  .venv/bin/rammevagt ledger --data {data}                            the books: nothing is lost
  .venv/bin/rammevagt audit verify --data {data}                      the audit chain holds
  .venv/bin/rammevagt queue list --data {data}                        what waits (notices wait for working hours)

  python3 -c 'import smtplib
  smtplib.SMTP("{host}", {port}).sendmail("en@example.com", "karen.karlsen@eksempel.dk", "Subject: hej\\n\\nHej")'

Ctrl-C stops it; the next start keeps everything.
"""
    )
