"""The guard's secret key: 32 random bytes in a file of its own, never in the database."""

import os
import secrets
from pathlib import Path

from services.settings import Settings

KEY_BYTES = 32
FILE = "rammevagt.db"  # the SQLite store, in the data folder beside the key


class BadKey(Exception):
    """The key file can't be used; the message names the file and the mend."""


def key_of(settings: Settings, *, known: bool) -> bytes:
    """The key: from ``store.key_file`` where it is set, else from the data folder, where it is made at first start.

    ``known``: the store has a key already, so that none is made. Raises ``BadKey``.
    """
    if settings.store.key_file:
        return read_key(Path(settings.store.key_file))
    path = key_path(settings)
    if not path.exists():
        if known:
            raise BadKey(f"{path}: the key of this store is missing; put it back from a backup, or from another of its machines")
        make_key(path)
    return read_key(path)


def key_path(settings: Settings) -> Path:
    """The file that the key is in."""
    return Path(settings.store.key_file) if settings.store.key_file else settings.data / "secret.key"


def read_key(path: Path) -> bytes:
    """The key in ``path``. Raises ``BadKey``."""
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError as error:
        raise BadKey(f"{path}: there is no key file; make one with: openssl rand -hex {KEY_BYTES}") from error
    except (OSError, ValueError) as error:
        raise BadKey(f"{path}: the key can't be read; it must hold {KEY_BYTES} bytes in hex") from error
    if len(key) != KEY_BYTES:
        raise BadKey(f"{path}: the key must hold {KEY_BYTES} bytes in hex, it holds {len(key)}")
    return key


def make_key(path: Path) -> None:
    """Make a key in ``path``, whole and on disk or not at all; a key that another process made meanwhile stays."""
    _make(path, secrets.token_hex(KEY_BYTES))


def _make(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
        sync_folder(path.parent)
    finally:
        draft.unlink()


def sync_folder(folder: Path) -> None:
    """Put the folder's own entries on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
