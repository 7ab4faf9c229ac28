"""What the guard may have died of while sending it: tried one at a time, and after three crashes set aside.

Twenty copies are under way at once, so a crash leaves twenty suspects. Each is then sent with no other suspect beside it: the
innocent come through, and the next crash leaves one.
"""

from collections.abc import Awaitable, Callable

from services.delivery.outcomes import SetAside
from services.delivery.ready import Batch
from services.marks import Marks


class Suspects:
    """Stands before every attempt of a hop."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._one_in_hand = False
        self._turned_away = False

    def may_come_again(self) -> bool:
        """Whether some were turned away and the one that they waited for has been tried. True once."""
        if self._one_in_hand or not self._turned_away:
            return False
        self._turned_away = False
        return True

    async def attempt(self, batch: Batch, send: Callable[[Batch], Awaitable[bool]]) -> bool | SetAside | None:
        """What ``send`` gave (False: no hop was reached), or why it wasn't called: set aside, or None while another is tried."""
        name = batch.leases[0].delivery.content
        crashes = self._marks.crashes(name)
        if not crashes:
            return await self._marked(name, batch, send)
        if not self._marks.may_try(name, aside=batch.leases[0].stuck):
            self._marks.set_aside(name)
            return SetAside(crashes)
        if self._one_in_hand:
            self._turned_away = True
            return None
        return await self._alone(name, batch, send)

    async def _alone(self, name: str, batch: Batch, send: Callable[[Batch], Awaitable[bool]]) -> bool:
        self._one_in_hand = True
        try:
            reached = await self._marked(name, batch, send)
        finally:
            self._one_in_hand = False
        if reached:
            self._marks.forget(name)
        return reached

    async def _marked(self, name: str, batch: Batch, send: Callable[[Batch], Awaitable[bool]]) -> bool:
        slot = self._marks.begin(name)
        try:
            return await send(batch)
        finally:
            self._marks.end(slot)
