"""What the settings of channels must hold together, and what this machine must have for them."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from services.settings import Settings
from workflows.faults import Fault
from workflows.notice_rules import CONSOLE, MAIL

_SUCH = "such as mattermosts://mattermost.eksempel.dk/TOKEN?to=@{to} (https://appriseit.com/services)"


def channel_faults(settings: Settings) -> Iterator[Fault]:
    """Each by a name of its own, with a file, and a rule for who somebody is there that can be read."""
    seen = {MAIL, CONSOLE}
    for place, one in enumerate(settings.notifications.channels):
        here = ("notifications", "channels", place)
        if one.name in seen:
            yield Fault((*here, "name"), f"{one.name!r} is another channel's already; give each a name of its own")
        seen.add(one.name)
        if not one.url_file:
            yield Fault((*here, "url_file"), f"names no file; it holds one address of Apprise, {_SUCH}")
        try:
            re.compile(one.handle)
        except re.error as error:
            yield Fault((*here, "handle"), f"is no regular expression: {error}")


def channel_address_faults(settings: Settings) -> Iterator[Fault]:
    """What is wrong with the addresses in the files; they are there and can be read. No word of them is told.

    Only who has a channel needs the library.
    """
    for place, one in enumerate(settings.notifications.channels):
        if not _is_address(Path(one.url_file)):
            here = ("notifications", "channels", place, "url_file")
            yield Fault(here, f"{one.url_file} holds no address of Apprise; write one, {_SUCH}")


def _is_address(file: Path) -> bool:
    from apprise import Apprise  # noqa: PLC0415

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it writes addresses, though not whole
    try:
        address = file.read_text(encoding="utf-8").strip()
    except ValueError:
        return False
    filled = address.replace("{to}", "navn").replace("{key}", "key")
    return len(address.split()) == 1 and bool(Apprise().add(filled))
