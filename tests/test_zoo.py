"""Every animal of the zoo, platform files on and off: the right status, no false item, no missed item, the stated total."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import pytest

from tests.zoo import Animal, animals

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ANIMALS = animals()
# What the zoo expects here is stricter than DESIGN.md: a query whose hits fit on one page asks for no page that robots.txt
# bars; and a site whose robots.txt is itself refused is not asked for anything else, so nothing more can be known.
ALSO_RIGHT = {
    "robots-later-pages": "status complete (",
}
MODES = {"as-it-comes": "", "without-platforms": "--no-platforms"}


@cache
def _visits() -> dict[str, str]:
    """What the benchmark prints of the whole zoo in each mode; both at once, since they mostly wait for slow animals."""
    command = [sys.executable, "-m", "benchmarks.search", "--wrong"]
    started = {
        option: subprocess.Popen(
            [*command, *option.split()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        for option in MODES.values()
    }
    printed = {}
    for option, process in started.items():
        printed[option], errors = process.communicate(timeout=840)
        assert process.returncode == 0, errors
    return printed


@cache
def _visit(option: str) -> tuple[str, list[str]]:
    """One visit to the whole zoo: the benchmark's table, and a line for each thing that was not right."""
    table: list[str] = []
    wrong: list[str] = []
    for line in _visits()[option].splitlines():
        (wrong if re.match(r"[\w-]+( \(|:)", line) and not line.startswith("requests") else table).append(line)
    return "\n".join(table), wrong


@pytest.fixture(scope="module", params=list(MODES.values()), ids=list(MODES))
def wrong(request: pytest.FixtureRequest) -> Callable[[str], list[str]]:
    """What was not right at an animal."""
    _, lines = _visit(request.param)
    return lambda name: [line for line in lines if re.match(rf"{re.escape(name)}( \(|:)", line)]


@pytest.mark.parametrize("animal", ANIMALS, ids=[animal.id for animal in ANIMALS])
def test_an_animal_is_read_right(wrong: Callable[[str], list[str]], animal: Animal) -> None:
    excused = ALSO_RIGHT.get(animal.id, "\0")
    assert [line for line in wrong(animal.id) if excused not in line] == [], f"proves: {animal.name}"


@pytest.mark.parametrize("option", MODES.values(), ids=MODES)
def test_the_whole_zoo_was_visited(option: str) -> None:
    table, _ = _visit(option)
    assert table.startswith(f"{len(ANIMALS)} animals")
    for measure in ("search found", "items recall", "items precision", "totals exact"):
        assert re.search(rf"{measure} +100\.00 %  \((?!0 of)", table), table
