"""Work for ``services.aside`` that never ends by itself; asked for an error, it raises one."""

import asyncio

from services.aside_child import Asked, main


async def wait(asked: Asked) -> bytes:
    if "raise" in asked.asked:
        raise ValueError(asked.asked["raise"])
    if "says" in asked.asked:
        print("not an answer")
        return f"{asked.asked['says']} {asked.content.decode()} {asked.clock.now().isoformat()}".encode()
    await asyncio.Event().wait()
    raise AssertionError


if __name__ == "__main__":
    main(wait)
