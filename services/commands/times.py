"""Instants and spans as people give them to commands."""

import re
from datetime import date, datetime, timedelta

import click

from services.clock import SystemClock
from services.settings import ZONE


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant with its offset; without one it would mean another instant on another machine."""

    name = "TIME"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Fails with one line."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r}: write an instant, such as 2026-11-02T10:00:00+01:00", param, ctx)
        if found.tzinfo is None:
            self.fail(f"{value!r} is without an offset; write it, such as {value}+01:00 or {value}Z", param, ctx)
        return found


class Since(click.ParamType[date]):
    """A date, or a number of days back from today, such as ``90d``; in Danish time."""

    name = "SINCE"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Fails with one line."""
        if isinstance(value, date):
            return value
        today = SystemClock().now().astimezone(ZONE).date()
        try:
            if days := re.fullmatch(r"([0-9]{1,6})d", value):
                return today - timedelta(days=int(days[1]))
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                return date.fromisoformat(value)
        except (ValueError, OverflowError):
            pass
        self.fail(f"{value!r}: write a number of days, such as 90d, or a date, such as 2026-11-02", param, ctx)
