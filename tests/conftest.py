"""Shared by all tests: a test that needs a Debian package is skipped by name where it is missing, and fails with ``CI=true``."""

import os
import shutil
from pathlib import Path

import pytest

PACKAGES = dict(
    line.split() for line in (Path(__file__).parent / "packages.txt").read_text().splitlines() if line and not line.startswith("#")
)
_not_run: list[str] = []


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(*packages): Debian packages of tests/packages.txt without which the test can't run")


def pytest_runtest_setup(item):
    for marker in item.iter_markers("needs"):
        missing = [name for name in marker.args if not shutil.which(PACKAGES[name]) and not Path(PACKAGES[name]).exists()]
        if missing and os.environ.get("CI") == "true":
            pytest.fail(f"with CI=true nothing may be skipped for want of a package: {', '.join(missing)}", pytrace=False)
        if missing:
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
