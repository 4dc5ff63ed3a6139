"""One run a record, one crawl, one judging: locks that end with their process, and say who holds them.

    with run_lock(record, "run"):
        ...

A file beside the record, locked by the operating system (so that a killed process leaves nothing to clear away), and for a record
on PostgreSQL an advisory lock besides, which holds between machines. The commands that a run starts go in under its lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TextIO

from sqlalchemy import text
from sqlalchemy.engine import Connection

from study.errors import UserError
from study.record import Record

LOCKED = 3  # exit code
_PARENT = "MENTORWATCH_RUN_PID"
_KEYS = {"run": 20_080_730, "crawl": 20_080_731, "classify": 20_080_732}  # advisory locks of PostgreSQL
_ADVICE = "Wait for its end, or stop it"

Name = Literal["run", "crawl", "classify"]
Wait = Callable[[str], None]


class RecordLocked(UserError):
    """Another process runs on the record; the text says which. To be tried again when that one has ended."""

    exit_code = LOCKED


@contextmanager
def run_lock(record: Record, name: Name, wait: Wait | None = None) -> Iterator[None]:
    """Hold the record's lock ``name`` while inside; raise :class:`RecordLocked` where another process has it.

    With ``wait`` that is no error: ``wait`` is told who has it, and its end is waited for. Nothing is locked twice: what a run
    starts is under the run's lock already.
    """
    if name == "run" and os.environ.get(_PARENT) == str(os.getppid()):
        yield
        return
    record.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = record.directory / f"{name}.lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            taken = _taken(record, name, _holder(path))
            if wait is None:
                raise RecordLocked(f"{taken}. {_ADVICE}") from problem
            wait(taken)
            fcntl.flock(file, fcntl.LOCK_EX)
        _sign(file, name)
        try:
            with _advisory(record, name, wait):
                yield
        finally:
            file.truncate(0)


def is_held(record: Record, name: Name) -> bool:
    """Tell whether a process of this machine holds the record's lock ``name`` at this moment."""
    try:
        with (record.directory / f"{name}.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def under_this_run() -> dict[str, str]:
    """Return the environment for commands that this process, which holds the lock ``run``, starts."""
    return {**os.environ, _PARENT: str(os.getpid())}


@contextmanager
def _advisory(record: Record, name: str, wait: Wait | None) -> Iterator[None]:
    if record.engine.dialect.name != "postgresql":
        yield
        return
    with record.engine.connect() as db:
        db.execute(
            text("SELECT set_config('application_name', :name, false)"), {"name": f"mentorwatch {name}, {_me()}"[:60]}
        )
        if not db.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEYS[name]}).scalar():
            taken = _taken(record, name, _holder_there(db, name))
            if wait is None:
                raise RecordLocked(f"{taken}. {_ADVICE}")
            wait(taken)
            db.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _KEYS[name]})
        db.commit()
        try:
            yield
        finally:
            db.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _KEYS[name]})
            db.commit()


def _sign(file: TextIO, name: str) -> None:
    file.seek(0)
    file.truncate()
    json.dump({"doing": name, "by": _me(), "since": datetime.now(UTC).isoformat(timespec="seconds")}, file)
    file.flush()


def _me() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _holder(path: Path) -> str:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return f"{said['by']}, since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it has just begun, or just ended
        return f"a process that holds {path}"


def _holder_there(db: Connection, name: str) -> str:
    query = text(
        "SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.objid = :key AND l.granted AND l.pid <> pg_backend_pid()"
    )
    row = db.execute(query, {"key": _KEYS[name]}).first()
    return f"{row[0]}, since {row[1]:%Y-%m-%d %H:%M}" if row else "a process that has just ended"


def _taken(record: Record, name: str, holder: str) -> str:
    return f"another {name} is on this record, {record.engine.url!r}: {holder}"
