"""Something that happened (*hændelse*), as a framework and its letters tell of it."""

from typing import Annotated, Literal

from pydantic import Field

from workflows.framework import ClockTime
from workflows.people import Day, Entry, Id

Text = Annotated[str, Field(max_length=20_000)]
Channel = Literal["mail", "phone", "meeting", "digital_post", "social_media", "private", "other"]


class Happening(Entry):
    """What happened (*hændelse*), factual and dated: never what somebody is, always what was done."""

    on: Day
    at: ClockTime | None = None
    channel: Channel
    what: Text
    incident: Id | None = None  # the registered incident that it is
