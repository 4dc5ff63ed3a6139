"""The judge of our pages judges: it sees what is wrong, in dark as well as in light, and finds nothing where all is well."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import axe

pytestmark = pytest.mark.services

GOOD = """<!doctype html><html lang="en"><head><title>Mentoring</title><style>
:root { color-scheme: light dark } body { background: Canvas; color: CanvasText }
@media (prefers-color-scheme: dark) { p { color: DARK } }</style></head>
<body><main><h1>Mentoring</h1><p>Every new teacher is given a mentor.</p>MORE</main></body></html>"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with axe.browser() as browser:
        yield browser.new_page()


@pytest.mark.parametrize(
    ("dark", "more", "found"),
    [
        ("#eee", "", []),
        ("#333", "", ["dark: color-contrast"]),
        ("#eee", '<input type="text">', ["light: label", "dark: label"]),
    ],
    ids=["well", "too dark in the dark", "a box without a name"],
)
def test_what_is_wrong_is_named_with_the_scheme_it_is_wrong_in(
    page: Any, dark: str, more: str, found: list[str]
) -> None:
    page.set_content(GOOD.replace("DARK", dark).replace("MORE", more))
    assert [":".join(line.split(":")[:2]) for line in axe.violations(page)] == found
