"""What the last run owes: a small file beside the record, from a run's first moment until its report is written.

A run that is killed, even with kill -9 or by a power cut, leaves it behind. So the next one knows a crawl that is finished and was
neither judged nor reported, and `mentorwatch status` knows that the last run failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from crawler.opening import finished_crawls, goes_on, newly_finished
from crawler.planning import CrawlPlan
from mentorwatch.heartbeat import exit_code, write_whole
from study.record import Record
from study.runlock import is_held

NAME = "run.json"  # beside the record


@dataclass(frozen=True)
class LastRun:
    """A run that has not come to its end: ``finished_before`` are the crawls that it found finished, and so are owed nothing."""

    record: str
    began_at: str
    finished_before: tuple[int, ...]
    exit_code: int | None = None  # None: it is still on, or was killed

    def write(self, path: Path) -> None:
        """Keep it, for certain: it is on the disk when this returns."""
        write_whole(path, vars(self))


def last_run(record: Record) -> LastRun | None:
    """Return the last run of the record, if it has not come to its end."""
    try:
        said = json.loads(_path(record).read_text(encoding="utf-8"))
        found = LastRun(said["record"], said["began_at"], tuple(map(int, said["finished_before"])), said["exit_code"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.record == record.name else None


def failure(record: Record) -> str:
    """Return in words how the last run failed; '' where it came to its end, or is still on."""
    last = last_run(record)
    if last is None or is_held(record, "run"):
        return ""
    how = "was killed" if last.exit_code is None else f"ended with exit code {last.exit_code}"
    return f"The last run, begun {last.began_at}, {how} before its report was written: give the same command again."


@contextmanager
def begun(record: Record, *, fresh: bool) -> Iterator[LastRun]:
    """Keep, while inside, that a run has begun; after that how it failed, or nothing where all was done.

    What the run before owes is owed still, unless this one is to begin ``fresh``.
    """
    before = None if fresh else last_run(record)
    owed_nothing = before.finished_before if before else tuple(finished_crawls(record))
    this = LastRun(record.name, datetime.now(UTC).isoformat(timespec="seconds"), owed_nothing)
    this.write(_path(record))
    try:
        yield this
    except BaseException as problem:
        with suppress(OSError):  # a full disk, say: it reads as killed
            replace(this, exit_code=exit_code(problem)).write(_path(record))
        raise
    _path(record).unlink(missing_ok=True)


def owed(record: Record, run: LastRun, plan: CrawlPlan, given: date | None) -> int | None:
    """Return the crawl that asked the same, is finished, and was left by a run before its report was written.

    Only for the day ``given``, or for as long as an interrupted crawl would go on: the next month's run is to crawl.
    """
    found = newly_finished(record, plan.protocol, plan.sample, plan.targets, run.finished_before)
    return found[0] if found and goes_on(found[1], given) else None


def crawled(record: Record, run: LastRun, plan: CrawlPlan) -> int | None:
    """Return the crawl that the run has made, or gone on with to its end."""
    found = newly_finished(record, plan.protocol, plan.sample, plan.targets, run.finished_before)
    return found[0] if found else None


def _path(record: Record) -> Path:
    return record.directory / NAME
