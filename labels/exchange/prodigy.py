"""Prodigy: JSON lines for its `choice` interface, and its answers in the forms `choice` and `classification`.

Our keys travel in `meta`, which Prodigy shows and keeps; its hashes are left to it. An ignored task is a skip; a
rejected choice says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labels.columns import plain, shown, texts
from labels.exchange.items import Item, codes, of_codes, vocabulary
from labels.files import Rows, content_of, read_lines, write_lines
from study.decisions import RELEVANCES
from study.protocol import Protocol

_META = ("text_hash", "source", "authority", "url", "title", "role", "note", "seconds", "decided_at", "codebook")
_POSITIVE = "relevant"


def write(path: Path, items: Iterable[Item], protocol: Protocol) -> int:
    """Write tasks; decided ones with `accept`, `answer` and `_annotator_id`."""
    kinds = vocabulary(protocol)
    choices = [*RELEVANCES, *(f"{kind}:{code}" for kind, known in kinds.items() for code in known)]
    options = [{"id": choice, "text": choice.replace(":", ": ").capitalize()} for choice in choices]

    def lines() -> Iterator[dict[str, Any]]:
        for item in items:
            for said in item.said or (None,):
                row = item.row(said)
                meta = {name: row[name] for name in _META if row[name] not in (None, "")}
                task: dict[str, Any] = {"text": item.text, "meta": meta, "options": options}
                if said is not None:
                    skipped = said["decision"] == "skip"
                    task |= {
                        "accept": [] if skipped else codes(said),
                        "answer": "ignore" if skipped else "accept",
                        "_view_id": "choice",
                        "_annotator_id": said["annotator"],
                    }
                yield task

    return write_lines(path, lines())


def read(path: Path, protocol: Protocol) -> Rows:
    """Yield decisions from the lines that `prodigy db-out` writes."""
    for number, task in read_lines(content_of(path)):
        if "problem" in task:
            yield number, task
        elif task.get("answer") is not None:
            try:
                row = _row(task)
            except ValueError as problem:
                row = {"problem": str(problem)}
            if row is not None:
                yield number, row


def _row(task: Mapping[str, Any]) -> dict[str, Any] | None:
    answer, view = task["answer"], task.get("_view_id") or ("choice" if "options" in task else "classification")
    if answer not in ("accept", "reject", "ignore"):
        raise ValueError(f"answer {shown(answer)}; expected accept, reject or ignore")
    meta = task.get("meta")
    if not isinstance(meta, dict):
        raise ValueError("no `meta`; export with `mentorwatch labels export --format prodigy`")
    if answer == "ignore":
        said = {"decision": "skip"}
    elif view == "choice":
        if answer == "reject" or not task.get("accept"):
            return None
        said = of_codes(texts(task["accept"], "accept"))
    elif plain(task, "label").lower() != _POSITIVE:
        raise ValueError(f"label {shown(task.get('label'))} of a yes-or-no task; expected RELEVANT")
    else:
        said = {"decision": _POSITIVE if answer == "accept" else "off-topic"}
    when = task.get("_timestamp")
    try:
        made = {} if when is None else {"decided_at": datetime.fromtimestamp(float(when), UTC).isoformat()}
    except (TypeError, ValueError, OverflowError, OSError) as problem:
        raise ValueError(f"_timestamp {shown(when)}; expected seconds since 1970") from problem
    return {**made, **meta, "text": task.get("text"), **said, "annotator": task.get("_annotator_id")}
