"""With CI set, a test that does not run has failed: a missing browser or database must not look like a pass."""
from __future__ import annotations

import os

import pytest


def _skipped(report) -> bool:
    return report.skipped and not hasattr(report, "wasxfail")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    _fail_when_skipped(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    outcome = yield
    _fail_when_skipped(outcome.get_result())


def _fail_when_skipped(report) -> None:
    if os.environ.get("CI") and _skipped(report):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI: {report.longrepr}"
