"""Route mode for one look, killed by itself at a named point: ``python -m fakes.route_crashing POINT DATA PORT USER BOX``."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from fakes.killed import after
from fakes.routes import Route, opened, settings

from services.mailbox import moving
from services.mailbox.errand import Errand
from services.store.routing import Routing

POINTS: dict[str, Callable[[], None]] = {
    "planned": lambda: after(Routing, "plan"),
    "fetched": lambda: after(moving, "whole"),
    "aimed": lambda: after(Routing, "save"),
    "appended": lambda: after(moving, "append"),
    "copy found": lambda: after(Errand, "_put"),
    "in the books": lambda: after(Routing, "record"),
    "folder made": lambda: after(moving, "ensure_folder"),
    "moved": lambda: after(moving, "move"),
    "found in the folder": lambda: after(Errand, "_lies_in_folder"),
    "noted": lambda: after(Routing, "save", 2),
}


async def main(point: str, data: Path, port: int, karen: str, box: str) -> None:
    made = settings(data, port, karen, box)
    store = await opened(made, None)
    route = Route(made, store)
    await route.begin()
    POINTS[point]()
    await route.run()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
