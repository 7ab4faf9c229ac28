"""The services, together or one by one."""

from collections.abc import Callable

import click

from services import app, logs
from services.bad_input import BadInput
from services.commands.common import today
from services.options import common, given
from services.settings import Settings
from services.settings_checks import machine_faults
from services.settings_loading import written


def _settings() -> Settings:
    """The settings, with everything that this machine must have for them."""
    settings = given().settings()
    if faults := machine_faults(settings, today()):
        raise BadInput(f"settings: {written(fault)}" for fault in faults)
    return settings


def _serve(roles: frozenset[str]) -> int:
    settings = _settings()
    logs.configure(settings.log)
    return app.run(settings, roles)


@click.command()
@common
def up() -> int:
    """Run every service in one process tree.

    For a small municipality in production. Stops cleanly on Ctrl-C or SIGTERM: what is under way is finished or kept.
    """
    return _serve(app.ROLES)


@click.command()
@click.option("--once", is_flag=True, help="End when the summary has been shown.")
@common
def demo(once: bool) -> int:
    """Run a sample municipality with sample mails, to look at.

    Starts the whole guard on embedded defaults with a built-in receiving mail server, sends some forty sample mails over
    real SMTP, and shows what came, where it went, why, and who was told. A second run keeps its data.
    """
    from services.demo.run import run  # noqa: PLC0415 - only the demo needs its sample municipality

    return run(_settings(), once=once)


def _service(role: str, text: str) -> click.Command:
    def serve() -> int:
        return _serve(frozenset({role}))

    command: Callable[[], int] = common(serve)
    return click.command(role, help=f"{text}\n\nFor several machines or processes; they meet in the store and the broker.")(command)


gateway = _service("gateway", "Run the service that takes mail in.")
deliver = _service("deliver", "Run the service that sends mail on.")
relay = _service("relay", "Run the service that publishes and sends events.")
notify = _service("notify", "Run the service that tells people.")
watch = _service("watch", "Run the service that watches functional mailboxes.")
console = _service("console", "Run the console and its health page.")
