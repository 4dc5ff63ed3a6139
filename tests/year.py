"""Twelve monthly runs, unattended, over the living replica: one record that several tests read. Nobody looks in between.

    def test_something(year):
        with Record.open(year.record_url) as record: ...

``year`` is a session fixture (tests/conftest.py); whoever reads the record must leave it as it is.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import replica
from replica.history import Event, events
from tests.running import ROOT, clean_environment, command, free_ports

SCALE = 0.02
FIRST = "2008-07"
RUNS = 12
# Every way in which the replica's sites fail in their first year, a redesign, an authority that is split, one that is renamed.
SITES = {
    "E10000032": "West Sussex: blocks for two months",
    "E10000008": "Devon: its search answers 500",
    "E10000029": "Suffolk: its search finds nothing",
    "E09000014": "Haringey: refuses connections",
    "E10000020": "Norfolk: its index is lost",
    "E08000024": "Sunderland: robots.txt bars its search",
    "E08000033": "Calderdale: another search on the same pages",
    "E06000022": "Bath and North East Somerset",
}
SPLIT = "E10000004"  # Cheshire, whose heirs begin in April 2009


@dataclass
class Run:
    """One of the twelve: what it was asked, and what it left."""

    month: str  # YYYY-MM
    as_of: date
    exit_code: int
    heartbeat: dict[str, Any]
    report: Path
    said: str  # what it printed, for whoever must find out what went wrong
    authorities: tuple[str, ...]  # those that it was to visit


@dataclass
class Year:
    """The record after twelve runs, and the replica's own log of what happened meanwhile."""

    directory: Path
    record_url: str
    runs: list[Run] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def live(directory: Path) -> Year:
    """Live the year; takes one to three minutes."""
    directory.mkdir(parents=True, exist_ok=True)
    only = [*SITES, SPLIT]
    year = Year(directory, f"sqlite:///{directory / 'record.db'}")
    with replica.running(FIRST, scale=SCALE, base_port=free_ports(40), only=only) as sites:
        for number in range(RUNS):
            if number:
                sites.advance()
            assert sites.month is not None
            year.runs.append(_run(year, sites.month, sites.homes))
    year.events = list(events(SCALE, year.runs[-1].month, only))
    return year


def _run(year: Year, month: str, homes: dict[str, str]) -> Run:
    homes_file = year.directory / f"homes-{month}.csv"
    homes_file.write_text("code,website\n" + "".join(f"{code},{home}\n" for code, home in homes.items()))
    as_of = date.fromisoformat(f"{month}-28")
    report, heartbeat = year.directory / f"report-{month}", year.directory / f"heartbeat-{month}.json"
    arguments = [
        f"--record={year.record_url}",
        f"--homes={homes_file}",
        f"--as-of={as_of}",
        "--delay=0",
        f"--output={report}",
        f"--heartbeat={heartbeat}",
        *(f"--authority={code}" for code in homes),
        *(f"--allow={urlsplit(home).netloc}" for home in homes.values()),
    ]
    done = subprocess.run(
        command("run", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
        timeout=600,
        check=False,
    )
    assert heartbeat.exists(), done.stdout
    said = json.loads(heartbeat.read_text(encoding="utf-8"))
    return Run(month, as_of, done.returncode, said, report, done.stdout, tuple(homes))
