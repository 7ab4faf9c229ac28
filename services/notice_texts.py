"""The municipality's words for notices, read once from config/notices."""

import tomllib
from functools import cache

from services.gather import CONFIG
from services.settings import Settings
from workflows.notice_mail import Letterhead, NoticeText


@cache
def words(language: str) -> NoticeText:
    """The words of ``da`` or ``en``. Raises ``OSError`` or ``tomllib.TOMLDecodeError``."""
    with (CONFIG / "notices" / f"{language}.toml").open("rb") as file:
        return NoticeText(tomllib.load(file))


def letterhead(settings: Settings) -> Letterhead:
    """Who writes, and in which words."""
    return Letterhead(settings.notifications.sender, settings.municipality.name, words("da"), words("en"))
