"""The heartbeat: a small JSON file written at the end of each run, for whoever watches without opening the record."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from study.health import health
from study.record import Record, RecordError

NAME = "heartbeat.json"  # beside the record


def write_heartbeat(record: Record, path: Path | None, exit_code: int, began: datetime) -> float:
    """Write how a run ended, and how its crawl stands; return the percentage of searches that could not be used.

    ``path`` None is beside the record.
    """
    path = path or record.directory / NAME
    try:
        seen = health(record)
    except RecordError:  # it ended before there was a crawl
        stands, unusable = None, 0.0
    else:
        stands, unusable = seen.to_json(), seen.vitals.unusable_percent
    said = {
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "began_at": began.isoformat(timespec="seconds"),
        "exit_code": exit_code,
        "crawl": stands,
    }
    write_whole(path, said)
    return unusable


def write_whole(path: Path, said: Mapping[str, Any]) -> None:
    """Write JSON that is on the disk when this returns, so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
