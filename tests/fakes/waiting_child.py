"""Work for ``services.aside`` that never ends by itself; asked for an error, or for memory, it fails."""

import asyncio

from services.aside_child import Asked, main


async def wait(asked: Asked) -> bytes:
    if "raise" in asked.asked:
        raise ValueError(asked.asked["raise"])
    if "takes" in asked.asked:
        return bytes(asked.asked["takes"])
    if "says" in asked.asked:
        print("not an answer")
        return f"{asked.asked['says']} {asked.content.decode()} {asked.clock.now().isoformat()}".encode()
    await asyncio.Event().wait()
    raise AssertionError


if __name__ == "__main__":
    main(wait)
