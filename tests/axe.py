"""Pages of ours as people meet them: opened in Debian's Chromium and read by axe-core, in light and in dark.

    with axe.browser() as browser:
        page = browser.new_page()
        page.goto(url)
        assert axe.violations(page) == []

The browser lives in a fixture of its module at most: while Playwright's synchronous driver runs, asyncio cannot start in the same thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_SCRIPT

from crawler.rendering import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCHEMES = ("light", "dark")
_FLAGS = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Start the installed Chromium (none is ever downloaded); missing, it fails with what to install."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium(), args=[*_FLAGS, "--no-sandbox"], chromium_sandbox=False
        )
        try:
            yield started
        finally:
            started.close()


def violations(page: Page, schemes: tuple[str, ...] = SCHEMES) -> list[str]:
    """Return what axe-core finds wrong with a page as it stands, every rule on: a line for each element, none if it is well.

    The colour scheme is left as the last of ``schemes`` set it. Contrast is measured, so the page must be at rest.
    """
    found = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        for frame in page.frames:
            frame.evaluate(AXE_SCRIPT)
        result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert result["passes"], "axe-core found nothing to check"
        for rule in result["violations"]:
            for node in rule["nodes"]:
                found.append(f"{scheme}: {rule['id']}: {rule['help']}: {node['target']}: {node['failureSummary']}")
    return found
