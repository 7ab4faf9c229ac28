"""Shared by all tests: one that needs a Debian package or a module is skipped by name without it, and fails with ``CI=true``."""

import glob
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from fakes.ports import free_port
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a slow machine is no fault
settings.load_profile("untimed")
HERE = Path(__file__).parent
PACKAGES = dict(line.split() for line in (HERE / "packages.txt").read_text().splitlines() if line and not line.startswith("#"))
SLOW = ("bench", "faults", "fuzz", "browser", "integration", "contract")  # folders whose files take longest, and so begin first
_not_run: list[str] = []


def pytest_configure(config):
    config.addinivalue_line("markers", "patient: with the time-outs of RFC 5321, where the others of a file have short ones")
    config.addinivalue_line("markers", "needs(*packages): Debian packages of tests/packages.txt without which the test can't run")
    config.addinivalue_line(
        "markers", "needs_module(*names): Python modules, not built for every machine, without which it can't run"
    )


def pytest_collection_modifyitems(items):
    """Those that take long first, so that the last minute has small ones for every worker."""
    items.sort(key=lambda item: next((n for n, name in enumerate(SLOW) if HERE / name in item.path.parents), len(SLOW)))


def pytest_runtest_setup(item):
    needed = [
        (name, shutil.which(PACKAGES[name]) or glob.glob(PACKAGES[name]))
        for marker in item.iter_markers("needs")
        for name in marker.args
    ]
    needed += [(name, find_spec(name)) for marker in item.iter_markers("needs_module") for name in marker.args]
    if missing := [name for name, there in needed if not there]:
        if os.environ.get("CI") == "true":
            pytest.fail(f"with CI=true nothing may be skipped for want of a package: {', '.join(missing)}", pytrace=False)
        pytest.skip(f"needs the package {', '.join(missing)}")


def pytest_runtest_logreport(report):
    if report.skipped and isinstance(report.longrepr, tuple):
        _not_run.append(f"{report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}")


def pytest_unconfigure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and _not_run:  # the last lines: what was not run, by name
        reporter.write_line(f"not run: {len(_not_run)}")
        for line in _not_run:
            reporter.write_line(f"  {line}")


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    """A command that a test runs in this process configures it."""
    from fakes.log_state import kept_logging

    with kept_logging():
        yield


@pytest.fixture(scope="session")
def postgres():
    """A server of the tests' own. Whoever wants it is marked ``needs("postgresql")``."""
    from fakes.postgres import PostgresServer

    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres):
    """A database with the tables, and nothing else."""
    from services.store import database
    from services.store import postgres as dialect

    name = postgres.database()
    engine = dialect.writer(dialect.address_of(postgres.url(name)))
    database.migrate(engine)
    engine.dispose()
    return name


@pytest.fixture
def postgres_url(postgres, postgres_template):
    """``store.url`` of a new store, for one test."""
    name = postgres.database(postgres_template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def unused_tcp_port():
    """As of pytest-asyncio, from a street where the kernel gives no ports away."""
    return free_port()
