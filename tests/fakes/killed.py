"""Ways to die: a process kills itself when a function has done its work."""

import functools
import inspect
import os
import signal
from collections.abc import Callable
from typing import Any


def after(owner: Any, name: str, times: int = 1, counts: Callable[..., bool] = lambda *_: True) -> None:
    """Die when ``owner.name`` has done its work so many times, of those whose arguments ``counts`` says yes to."""
    real = getattr(owner, name)
    left = times

    def come_by() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(real)
    def plain(*args: Any, **more: Any) -> Any:
        matters = counts(*args)
        result = real(*args, **more)
        if matters:
            come_by()
        return result

    @functools.wraps(real)
    async def waiting(*args: Any, **more: Any) -> Any:
        matters = counts(*args)
        result = await real(*args, **more)
        if matters:
            come_by()
        return result

    setattr(owner, name, waiting if inspect.iscoroutinefunction(real) else plain)
