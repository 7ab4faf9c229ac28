"""Python's collector of cycles, in a process that makes hardly any."""

import gc


def spare() -> None:
    """Looking for cycles among what lives on takes a twentieth of a busy guard's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
