"""Sizes: a file is read in one go, a function is seen at once."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / "services/store/migrations/versions"  # tables as data, written once and never changed
ROOMS = sorted(path for room in ("services", "workflows") for path in (ROOT / room).rglob("*.py") if MIGRATIONS not in path.parents)
FILE_LINES = 300
FUNCTION_LINES = 40


def functions(tree):
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_files_stay_under_300_lines():
    counted = ((path, len(path.read_text("utf-8").splitlines())) for path in ROOMS)
    offenders = [f"{path.relative_to(ROOT)}: {lines} lines" for path, lines in counted if lines >= FILE_LINES]
    assert not offenders, "\n".join(offenders)


def test_functions_stay_within_40_lines():
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in ROOMS
        for node in functions(ast.parse(path.read_bytes()))
        if node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not offenders, "\n".join(offenders)


def test_no_room_is_called_utils():
    assert [path for path in ROOMS if path.stem in {"utils", "helpers", "misc"}] == []
