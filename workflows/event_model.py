"""What the models of all events have in common: codes and ids of closed forms."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
EventId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,200}$")]
EventType = Annotated[str, Field(pattern=r"^dk\.rammevagt\.[a-z]+\.[a-z_]+\.v1$")]
Status = Annotated[str, Field(pattern=r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$")]  # RFC 3463


class EventData(BaseModel):
    """Data of one event. A reader ignores fields that a later version may add."""

    model_config = ConfigDict(frozen=True)
