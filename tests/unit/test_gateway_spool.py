"""The file side of a mail while it comes in."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.gateway.spool import Kept, Spool, TooBig, Unwritable, _SpoolFile


def test_a_write_that_comes_after_the_removal_leaves_nothing(tmp_path: Path) -> None:
    file = _SpoolFile(tmp_path / "a.eml")
    file.write([b"a"])
    file.remove()
    file.write([b"b"])
    assert not list(tmp_path.iterdir())


def test_a_file_of_somebody_else_is_neither_overwritten_nor_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(b"theirs")
    file = _SpoolFile(path)
    try:
        file.write([b"a"])
    except FileExistsError:
        file.remove()
    assert path.read_bytes() == b"theirs"


async def test_the_border_between_memory_and_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        for size, kind in [(65_536, bytes), (65_537, type(tmp_path))]:
            spool = Spool(tmp_path, f"m{size}", 1_000_000, pool)
            assert not spool.add(b"a" * size)
            kept = await spool.keep()
            assert isinstance(kept, Kept)
            assert isinstance(kept.content, kind)


async def test_after_a_failure_pieces_are_dropped(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        too_big = Spool(tmp_path, "a", 10, pool)
        assert not too_big.add(b"a" * 11)
        assert not too_big.add(b"a" * 1_000_000)
        assert await too_big.keep() == TooBig()
        unwritable = Spool(tmp_path / "absent", "a", 10_000_000, pool)
        assert unwritable.add(b"a" * 1_000_000)
        await unwritable.flush()
        assert not unwritable.add(b"a" * 1_000_000)
        assert await unwritable.keep() == Unwritable("FileNotFoundError 2")
        await unwritable.discard()
