"""Unknown failures, told to the log: their kind and place, never their words, which may hold addresses or text."""

import traceback


def described(error: BaseException) -> dict[str, str]:
    """Log fields for ``error``: its class, and the innermost places it came through, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": " ".join(places)}
