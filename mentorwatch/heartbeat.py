"""The heartbeat: a small JSON file written at the end of each run, for whoever watches without opening the record."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.exc import DatabaseError

from study.errors import UserError
from study.health import health
from study.record import Record, RecordError, directory_of
from study.runlock import RecordLocked

NAME = "heartbeat.json"  # beside the record


FAILED, UNUSABLE_RECORD, INTERRUPTED = 1, 2, 130  # exit codes


def exit_code(problem: BaseException) -> int:
    """Return the exit code that a command leaves with for what was raised in it."""
    if isinstance(problem, typer.Exit | UserError):
        return problem.exit_code
    if isinstance(problem, DatabaseError | OSError):
        return UNUSABLE_RECORD
    return INTERRUPTED if isinstance(problem, KeyboardInterrupt) else FAILED


@contextmanager
def heartbeat_after(url: str, path: Path | None) -> Iterator[None]:
    """Write the heartbeat at the end of what is done inside, however it ends: also where the record cannot be opened.

    ``path`` None is beside the record. Where another run is on the record, the heartbeat is that one's to write. Raises
    :class:`UserError` at once where it could not be written.
    """
    began = datetime.now(UTC)
    # Beside the record is for nobody else; elsewhere is for whoever watches.
    mode, path = (0o777, path) if path else (0o700, directory_of(url) / NAME)
    try:
        path.parent.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as problem:
        raise UserError(f"{path}: the heartbeat cannot be written there: {problem.strerror}") from problem
    code = 0
    try:
        yield
    except RecordLocked:
        path = None
        raise
    except BaseException as problem:
        code = exit_code(problem)
        raise
    finally:
        if path is not None:
            _write(url, path, code, began)


def _write(url: str, path: Path, code: int, began: datetime) -> None:
    stands = None
    with suppress(RecordError, DatabaseError, OSError), Record.open(url, create=False) as record:
        stands = health(record).to_json()  # none where it ended before there was a crawl, or the record is damaged
    said = {
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "began_at": began.isoformat(timespec="seconds"),
        "exit_code": code,
        "crawl": stands,
    }
    try:
        write_whole(path, said)
    except OSError as problem:  # which is not why we came to an end
        typer.echo(f"{path}: the heartbeat could not be written: {problem.strerror}", err=True)


def write_whole(path: Path, said: Mapping[str, Any]) -> None:
    """Write JSON that is on the disk when this returns, so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
