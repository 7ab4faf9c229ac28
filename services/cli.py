"""``rammevagt COMMAND``: names, order and one-line help of the commands; what they do is in ``services.commands``.

Exit status: 0 fine, 1 the answer is "no", 2 wrong use, bad input or a thing that could not be done. A fault is one clear line
on stderr; a traceback is shown only with ``--debug``.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

from services.bad_input import BadInput
from services.options import common

FINE, NO, BAD = 0, 1, 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it

# name -> (module of services.commands, its command, one-line help); in the order of the help
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("run", "demo", "Run a sample municipality with sample mails, to look at."),
    "up": ("run", "up", "Run every service in one process tree."),
    "gateway": ("run", "gateway", "Run the service that takes mail in."),
    "deliver": ("run", "deliver", "Run the service that sends mail on."),
    "relay": ("run", "relay", "Run the service that publishes and sends events."),
    "notify": ("run", "notify", "Run the service that tells people."),
    "watch": ("run", "watch", "Run the service that watches functional mailboxes."),
    "console": ("run", "console", "Run the console and its health page."),
    "check-config": ("check_config", "check_config", "Say all that is wrong with settings, register and texts."),
    "load": ("register", "load", "Make the register be what a file says."),
    "export": ("register", "export", "Write the register to a file."),
    "decide": ("decide", "decide", "Show the decision for one mail, without side effects."),
    "explain": ("explain", "explain", "Show the recorded decision of a handled mail."),
    "who": ("who", "who", "Show who may have written a mail, and what speaks for it."),
    "backtest": ("backtest", "backtest", "Show what a drafted framework would have done to past mail."),
    "queue": ("queue", "queue", "Show what waits, and try it again."),
    "events": ("events", "events", "Show how webhooks take events, go on, and send again."),
    "ledger": ("books", "ledger", "Balance the books: what came in against what became of it."),
    "user": ("user", "user", "Say who may log in to the console."),
    "token": ("token", "token", "Make and revoke tokens for programs that use the API."),
    "audit": ("books", "audit", "Check that the audit chain holds."),
}


class Commands(click.Group):
    """Loads a command's module when the command is called; the help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself."""
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        found = getattr(import_module(f"services.commands.{module}"), name)
        return found if isinstance(found, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, without loading every module to guess what was meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = _close(args[0])
            raise click.UsageError(f"there is no command {args[0]}{close}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Straight from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


def _close(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - wanted only when something is misspelt

    found = get_close_matches(name, COMMANDS, n=1)
    return f"; did you mean {found[0]}?" if found else ""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="rammevagt", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback when something unexpected happens.")
@common
def cli(debug: bool) -> None:
    """Applies a municipality's contact frameworks to incoming citizen mail: nothing lost, held or hidden.

    Settings come from options, the environment (RAMMEVAGT_SECTION__KEY), a file (--config) and defaults, in that order;
    config/rammevagt.toml explains each. Exit status: 0 fine, 1 the answer is "no", 2 wrong use or bad input.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; the console script's entry."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = cli.main(args=given, prog_name="rammevagt", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_went_away()
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except (BadInput, click.ClickException) as error:
        _say(error)
        return BAD
    except OSError as error:
        return _refused(error, debug="--debug" in given)
    except Exception as error:
        return _unexpected(error, debug="--debug" in given)
    return status if isinstance(status, int) else FINE


def _say(error: BadInput | click.ClickException) -> None:
    if isinstance(error, BadInput):
        lines: Sequence[str] = error.lines
    elif isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    else:
        context = getattr(error, "ctx", None)
        more = f" (see {context.command_path} --help)" if context else ""
        lines = [f"{error.format_message().rstrip('.')}{more}".replace("\n", " ")]
    for line in lines:
        click.echo(f"rammevagt: {line}", err=True)


def _refused(error: OSError, debug: bool) -> int:
    """What the system refuses, such as a full disk behind standard output."""
    if debug:
        traceback.print_exception(error)
    click.echo(f"rammevagt: {error.filename or 'input or output'}: {error.strerror or type(error).__name__}", err=True)
    return BAD


def _unexpected(error: Exception, debug: bool) -> int:
    """A fault of ours: one line without the exception's words, which may quote what they choked on."""
    if debug:
        traceback.print_exception(error)
    else:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {place.name}"
        click.echo(f"rammevagt: an unexpected fault ({where}); run again with --debug before the command for more", err=True)
    return BAD


def _reader_went_away() -> int:
    """``rammevagt … | head``: what is left to write goes nowhere, and that is fine."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FINE


if __name__ == "__main__":
    sys.exit(main())
