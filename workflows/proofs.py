"""Proofs (*leveringsbeviser*) that letters reached the citizen: nobody is held to what they were not told (``domain.md`` (b))."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from workflows.people import Address, Entry, Id


def _possible(instant: datetime) -> datetime:
    """``instant``, where it has a day everywhere on earth."""
    try:
        instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error
    return instant


Way = Literal["digital_post", "paper", "handed_over"]
Instant = Annotated[AwareDatetime, AfterValidator(_possible)]
Reference = Annotated[str, Field(max_length=200)]


class Proof(Entry):
    """That a letter reached the citizen: by what way, and when it could be read there.

    ``reference`` is what the way itself calls it: the number of a message or of a registered letter.
    """

    letter: Id
    way: Way
    delivered: Instant
    reference: Reference | None = None


class Delivery(Entry):
    """That somebody wrote a proof down: who, and when. A later one about the same letter mends an earlier one; both are kept."""

    proof: Proof
    by: Address
    at: AwareDatetime
