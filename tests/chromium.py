"""One Chromium for the tests of a module; without it they fail in CI, and say aloud elsewhere that they did not run."""
from __future__ import annotations

import os
import shutil

import pytest

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def chromium():
    found = shutil.which("chromium")
    if not found:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing, and nothing may be skipped in CI")
        pytest.skip("NOT RUN: Chromium is missing")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()
