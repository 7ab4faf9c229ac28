"""A data folder that nothing can be written into: a copy on read-only media, or a disk that the system has made read-only.

SQLite reads a database with a write-ahead log only with its ``-shm`` file, which it can't make there. Without a log the one file is
all there is and nobody writes, so it may be taken as immutable; with a log and no ``-shm`` what the log holds can't be read.
"""

import os
from pathlib import Path

from sqlalchemy import Engine

from services.settings import Settings
from services.store import database
from services.store.errors import BadStore
from services.store.keys import FILE


def is_read_only(settings: Settings) -> bool:
    """Whether there is a store that this process can't write."""
    file = settings.data / FILE
    return file.exists() and not (os.access(settings.data, os.W_OK) and os.access(file, os.W_OK))


def engines(path: Path) -> tuple[Engine, Engine]:
    """In the places of writer and reader, also where the folder could be written and must not be.

    Raises ``BadStore`` where a person has to help.
    """
    log, memory = path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
    waits = log.exists() and log.stat().st_size > 0
    writable = os.access(path.parent, os.W_OK)
    if waits and not memory.exists() and not writable:
        raise BadStore(
            f"{path.parent}: is read-only, and what {log.name} holds can't be read there;"
            " copy the folder to where you can write, and name the copy with --data"
        )
    engine = database.sqlite_read_only(path, immutable=not (writable or memory.exists()))
    try:
        if database.revision(engine) != database.HEAD:
            raise BadStore(
                f"{path.parent}: is of another version and can't be changed;"
                " copy the folder to where you can write, and name the copy with --data"
            )
    except BaseException:
        engine.dispose()
        raise
    return engine, engine
