"""The dependency rule of the core: an allowlist, because a blocklist forgets."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = sorted((ROOT / "workflows").rglob("*.py"))

# The standard library's value modules: what goes in decides what comes out.
# fmt: off
VALUES = {
    "__future__", "abc", "base64", "binascii", "bisect", "calendar", "codecs", "collections", "contextlib", "copy",
    "dataclasses", "datetime", "decimal", "difflib", "email", "encodings", "enum", "fractions", "functools", "hashlib",
    "heapq", "hmac", "html", "itertools", "json", "math", "operator", "quopri", "re", "statistics",
    "string", "struct", "textwrap", "tomllib", "types", "typing", "unicodedata", "urllib.parse",
}
# fmt: on
LIBRARIES = {"pydantic", "pydantic_core", "holidays", "rapidfuzz", "selectolax", "phonenumbers", "stdnum", "publicsuffixlist"}
BANNED_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
CLOCK = {"now", "utcnow", "today"}


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "workflows" if node.level else node.module


def allowed(name):
    own = name.split(".")[0]
    return name in VALUES or own in VALUES | LIBRARIES | {"workflows"}


def test_the_core_imports_nothing_but_values_and_named_libraries():
    offenders = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in CORE
        for line, name in imports(ast.parse(path.read_bytes()))
        if not allowed(name)
    ]
    assert not offenders, "\n".join(offenders)


def test_the_core_calls_nothing_that_reads_or_writes_the_world():
    offenders = []
    for path in CORE:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
                offenders.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.func.id}()")
            if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK and not node.args:
                offenders.append(f"{path.relative_to(ROOT)}:{node.lineno}: .{node.func.attr}()")
    assert not offenders, "\n".join(offenders)


def test_the_allowlist_itself_lets_no_shell_through():
    for name in (
        "asyncio",
        "os",
        "socket",
        "time",
        "random",
        "logging",
        "sqlite3",
        "sqlalchemy",
        "nats",
        "structlog",
        "urllib.request",
    ):
        assert not allowed(name), name
