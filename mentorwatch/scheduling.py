"""What lets a run be made every month, week or day: systemd units, crontab lines, a GitHub workflow, with each one's own quoting.

Two things are scheduled: the run, and a daily check (`mentorwatch status`) that fails where the run failed or did not come.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from study.errors import UserError

Every = Literal["month", "week", "day"]
_ROOT = Path(__file__).parent.parent
# At an odd minute of the night, when council sites and their firewalls have little to do.
_ON_CALENDAR: dict[Every, str] = {"month": "*-*-01 03:17:00", "week": "Mon *-*-* 03:17:00", "day": "*-*-* 03:17:00"}
_CRON: dict[Every, str] = {"month": "17 3 1 * *", "week": "17 3 * * 1", "day": "17 3 * * *"}
_CHECK_CALENDAR, _CHECK_CRON = "*-*-* 09:43:00", "43 9 * * *"
MAX_AGE_DAYS: dict[Every, int] = {"month": 40, "week": 10, "day": 3}


class ScheduleError(UserError):
    """A schedule cannot be written as asked; the text says what to change."""


@dataclass(frozen=True)
class Schedule:
    """What is to be run how often: arguments of `mentorwatch run`, and of the `mentorwatch status` that checks on it."""

    every: Every
    run: tuple[str, ...]
    check: tuple[str, ...]

    def __post_init__(self) -> None:
        for argument in (*self.run, *self.check):
            if re.search(r"[\x00-\x1f\x7f]", argument):
                raise ScheduleError(f"{argument!r}: line breaks and control characters cannot be scheduled")


def systemd(schedule: Schedule) -> dict[str, str]:
    """Return the units by file name, for ~/.config/systemd/user or /etc/systemd/system."""
    jobs = [
        ("mentorwatch", "run", schedule.run, _ON_CALENDAR[schedule.every], f"Every {schedule.every}"),
        ("mentorwatch-check", "status", schedule.check, _CHECK_CALENDAR, "Every day"),
    ]
    units = {}
    for name, verb, arguments, calendar, often in jobs:
        words = [sys.executable, "-m", "mentorwatch", verb, *arguments]
        units[f"{name}.service"] = (
            f"[Unit]\nDescription=mentorwatch {verb}\nWants=network-online.target\nAfter=network-online.target\n\n"
            f"[Service]\nType=oneshot\nWorkingDirectory={_percent(str(_ROOT))}\n"
            f"ExecStart={' '.join(_systemd_word(word) for word in words)}\n"
            "TimeoutStartSec=infinity\nNice=10\n"
        )
        units[f"{name}.timer"] = (
            f"[Unit]\nDescription={often}: mentorwatch {verb}\n\n"
            f"[Timer]\nOnCalendar={calendar}\nRandomizedDelaySec=20min\nPersistent=true\n\n"
            "[Install]\nWantedBy=timers.target\n"
        )
    return units


def cron(schedule: Schedule) -> str:
    """Return two lines for a crontab: cron mails what they print, and the check prints where something is wrong."""
    lines = []
    for when, verb, arguments in (
        (_CRON[schedule.every], "run", schedule.run),
        (_CHECK_CRON, "status", schedule.check),
    ):
        command = shlex.join([sys.executable, "-m", "mentorwatch", verb, *arguments])
        whole = f"cd {shlex.quote(str(_ROOT))} && {_only_if_it_fails(command)}"
        lines.append(f"{when} {_cron_percent(whole)}")
    return "\n".join(lines) + "\n"


def _only_if_it_fails(command: str) -> str:
    """Keep quiet about what went well: mail that comes every time is not read."""
    return f'{{ out=$({command} 2>&1) || {{ code=$?; echo "$out"; echo "exit code $code"; exit $code; }}; }}'


def github(schedule: Schedule) -> str:
    """Return a workflow for .github/workflows of a private repository; the record travels as an artifact."""
    for argument in (*schedule.run, *schedule.check):
        if "${{" in argument:
            raise ScheduleError(f"{argument!r}: GitHub would take ${{{{ for an expression of its own")
    run, check = (
        shlex.join(["mentorwatch", verb, *words]) for verb, words in (("run", schedule.run), ("status", schedule.check))
    )
    return f"""\
# Written by `mentorwatch schedule --github`. For a PRIVATE repository: whoever may read it may download the record, and the record
# holds names of staff. A job ends after six hours: what is left of a run is done by the next one within 14 days; start that one by hand.
name: mentorwatch
on:
  schedule:
    - cron: "{_CRON[schedule.every]}"
  workflow_dispatch:
permissions:
  contents: read
  actions: read
concurrency:
  group: mentorwatch
  cancel-in-progress: false
jobs:
  run:
    runs-on: ubuntu-latest
    timeout-minutes: 350
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install --constraint constraints.txt --editable .
      - name: Fetch the record of the last run
        env:
          GH_TOKEN: ${{{{ github.token }}}}
        run: |
          last=$(gh run list --workflow "$GITHUB_WORKFLOW" --limit 50 --json databaseId --jq '.[].databaseId')
          for id in $last; do
            [ "$id" = "$GITHUB_RUN_ID" ] || ! gh run download "$id" --name record --dir data || break
          done
          ls data/mentorwatch.db || echo "no record yet: this run begins one"
      - name: Run
        run: |
          {run}
      - name: Check
        if: always()
        run: |
          {check}
      - name: Keep the record
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: record
          path: data
          retention-days: 90
"""


def _systemd_word(word: str) -> str:
    """One word of ExecStart, as systemd.syntax(7) and systemd.service(5) quote it."""
    kept = _percent(word.replace("\\", "\\\\").replace('"', '\\"')).replace("$", "$$")
    return kept if re.fullmatch(r"[\w@%+=:,./-]+", kept) else f'"{kept}"'


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _cron_percent(text: str) -> str:
    """Crontab takes a bare % for a line break (crontab(5))."""
    return text.replace("%", "\\%")


def run_arguments(options: Sequence[tuple[str, str | None]]) -> tuple[str, ...]:
    """Return --name=value for each option that has a value."""
    return tuple(f"--{name}={value}" for name, value in options if value)
