"""A fuzzing run: ``python -m fuzz GROUP [options of libFuzzer]``, such as ``reading -max_total_time=600``.

The group's targets share one run: the first byte chooses. A finding is kept in ``tests/fuzz/corpus/<target>`` and its
place printed; mend the guard, and leave the file, which is tried from then on with every run of the tests.
"""

import hashlib
import logging
import sys
import tempfile
from pathlib import Path

import atheris
import structlog

with atheris.instrument_imports(include=["workflows", "services.gateway", "services.yaml_lines", "services.toml_lines"]):
    from fuzz.targets import GROUPS, TARGETS

CORPUS = Path(__file__).parent / "corpus"
WORDS = Path(__file__).parent / "words.dict"


def main() -> None:
    """Run until the time is up, or something is found."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    names = [target.__name__ for target in GROUPS[sys.argv[1]]]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        _seed(Path(folder), names)
        options = [
            "-timeout=20",
            f"-dict={WORDS}",
            "-rss_limit_mb=1500",
            "-max_len=6000",
            f"-artifact_prefix={folder}/",
            *sys.argv[2:],
            folder,
        ]
        atheris.Setup([sys.argv[0], *options], lambda data: _try(names, data))
        atheris.Fuzz()


def _seed(folder: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        for file in (CORPUS / name).glob("*"):
            (folder / f"{name}-{file.name}").write_bytes(bytes([number]) + file.read_bytes())


def _try(names: list[str], data: bytes) -> None:
    if not data:
        return
    name = names[data[0] % len(names)]
    try:
        TARGETS[name](data[1:])
    except BaseException:
        kept = CORPUS / name / f"found-{hashlib.sha256(data[1:]).hexdigest()[:12]}"
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(data[1:])
        print(f"found by {name}: {kept}", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
