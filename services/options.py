"""What every command takes, before or after its name: ``--config`` and ``--data``; and how it finds its settings."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from services.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Given:
    """The options seen so far; one nearer to the command wins."""

    config: Path | None = None
    data: Path | None = None

    def settings(self) -> "Settings":
        """The settings, from every source. Raises ``BadInput``."""
        from services.settings_loading import load_settings  # noqa: PLC0415 - the help needs no settings

        return load_settings(self.config, os.environ, self.data)


def given() -> Given:
    """The options of the command that runs."""
    return click.get_current_context().ensure_object(Given)


def _remember(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None and parameter.name:
        setattr(context.ensure_object(Given), parameter.name, value)


def common(command: F) -> F:
    """Adds ``--config`` and ``--data``."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=_remember,
        help="Settings in TOML; see config/rammevagt.toml.",
    )
    data = click.option(
        "--data",
        type=click.Path(path_type=Path),
        metavar="DIR",
        expose_value=False,
        callback=_remember,
        help="The data folder (default: ./data, or RAMMEVAGT_DATA).",
    )
    return config(data(command))


def as_json(command: F) -> F:
    """Adds ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(command)


def why(command: F) -> F:
    """Adds ``--why``: the reason for which citizens' data is read, kept in the audit chain."""
    return click.option("--why", metavar="TEXT", help="Why you do this; kept in the audit chain beside your user name.")(command)
