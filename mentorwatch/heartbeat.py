"""The heartbeat: a small JSON file written at the end of each run, for whoever watches without opening the record."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from study.health import health
from study.record import Record, RecordError

NAME = "heartbeat.json"  # beside the record


def write_heartbeat(record: Record, path: Path | None, exit_code: int, began: datetime) -> float:
    """Write how a run ended, and how its crawl stands; return the percentage of searches that could not be used.

    ``path`` None is beside the record. The file is replaced as a whole, so that a reader never sees half of it.
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
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(unfinished, path)
    return unusable
