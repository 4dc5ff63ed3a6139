"""Label Studio: tasks with annotations, as it imports and exports them (JSON). One task a text, one annotation a person.

The labelling interface that reads these tasks is :func:`config`. What Label Studio has no place for (pseudonym, role, codebook) rides
in the `meta` of an annotation's first result, which it keeps; an annotation without it was made in Label Studio.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from labels.columns import plain, shown, texts
from labels.exchange.items import KINDS, Item, vocabulary
from labels.files import LabelFileError, Rows, content_of, writing
from study.decisions import RELEVANCES
from study.protocol import Protocol

_DATA = ("text_hash", "source", "authority", "url", "title", "text")
# Names of the controls; none is a key of a task's data, which Label Studio's own CSV export would then rename.
_CONTROLS = {"decided_as": "decision", **{f"{kind}_code": column for kind, column in KINDS.items()}, "remark": "note"}
_ONE = ("decision", "relation", "depth")
_META = "mentorwatch"
_RIDING = ("annotator", "role", "decided_at", "codebook", "score_shown", "seconds", "source")


def config(protocol: Protocol) -> str:
    """Return the labelling interface (XML) for a Label Studio project: paste it into Settings, Labeling Interface."""
    hotkeys = {"relevant": "1", "off-topic": "0", "ambiguous": "u"}
    lines = ['<Header value="$title"/>', '<Text name="page" value="$text"/>']
    lines += _choices("decided_as", RELEVANCES, single=True, hotkeys=hotkeys)
    for kind, known in vocabulary(protocol).items():
        lines += _choices(f"{kind}_code", known, single=KINDS[kind] in _ONE, hotkeys={})
    lines.append('<TextArea name="remark" toName="page" placeholder="Note" maxSubmissions="1"/>')
    return "<View>\n  " + "\n  ".join(lines) + "\n</View>\n"


def write(path: Path, items: Iterable[Item], protocol: Protocol) -> int:
    """Write a list of tasks; return how many."""
    count = 0
    with writing(path) as file:
        file.write("[")
        for item in items:
            file.write(",\n" if count else "\n")
            json.dump(_task(item), file, ensure_ascii=False)
            count += 1
        file.write("\n]\n")
    return count


def read(path: Path, protocol: Protocol) -> Rows:
    """Yield the annotations of an export; tasks are numbered from 1, in the order of the file."""
    try:
        tasks = json.loads(content_of(path))
    except (ValueError, RecursionError) as problem:
        raise LabelFileError(f"{path}: not JSON: {problem}") from problem
    if not isinstance(tasks, list):
        raise LabelFileError(f"{path}: expected a list of tasks (Label Studio's export as JSON)")
    for number, task in enumerate(tasks, start=1):
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            yield number, {"problem": "expected a task with `data`"}
            continue
        try:
            annotations = _objects(task.get("annotations") or task.get("completions"), "annotations")
        except ValueError as problem:
            yield number, {"problem": str(problem)}
            continue
        for annotation in annotations:
            try:
                yield number, _row(task["data"], annotation)
            except ValueError as problem:
                yield number, {"problem": str(problem)}


def _choices(name: str, known: Iterable[str], *, single: bool, hotkeys: Mapping[str, str]) -> list[str]:
    inside = [
        f"  <Choice value={quoteattr(code)}{f' hotkey={quoteattr(hotkeys[code])}' if code in hotkeys else ''}/>"
        for code in known
    ]
    kind = "single" if single else "multiple"
    if not inside:
        return []
    return [f'<Choices name="{name}" toName="page" choice="{kind}" showInline="true">', *inside, "</Choices>"]


def _task(item: Item) -> dict[str, Any]:
    data = {name: getattr(item, name) for name in _DATA}
    return {"data": data, "annotations": [_annotation(said) for said in item.said if said["decision"] != "undone"]}


def _annotation(said: Mapping[str, Any]) -> dict[str, Any]:
    results = []
    for control, column in _CONTROLS.items():
        value = said.get(column)
        if not value or value == "skip":
            continue
        values = list(value) if isinstance(value, list | tuple) else [value]
        kind = "textarea" if control == "remark" else "choices"
        results.append(
            {
                "id": control,
                "from_name": control,
                "to_name": "page",
                "type": kind,
                "value": {"text" if kind == "textarea" else kind: values},
            }
        )
    if not results:  # a skip: there is nothing chosen, but somebody made it
        results.append(
            {"id": "remark", "from_name": "remark", "to_name": "page", "type": "textarea", "value": {"text": [""]}}
        )
    riding = {name: said.get(name) for name in _RIDING if said.get(name) is not None}
    results[0]["meta"] = {_META: riding}
    annotation: dict[str, Any] = {"result": results, "was_cancelled": said["decision"] == "skip", "ground_truth": False}
    if said.get("seconds") is not None:
        annotation["lead_time"] = said["seconds"]
    return annotation


def _row(data: Mapping[str, Any], annotation: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {column: "" if column in (*_ONE, "note") else [] for column in _CONTROLS.values()}
    riding: Mapping[str, Any] = {}
    for result in _objects(annotation.get("result"), "result"):
        control = plain(result, "from_name")
        if control not in _CONTROLS:
            continue
        column = _CONTROLS[control]
        value = _object(result.get("value"), f"value of {control}")
        given = value.get("choices") or value.get("text") or []
        values = [given] if isinstance(given, str) else texts(given, f"value of {control}")
        said[column] = (" ".join(values) if column in (*_ONE, "note") else values) if values else said[column]
        riding = _object(_object(result.get("meta"), "meta").get(_META), f"meta of {_META}") or riding
    if annotation.get("was_cancelled"):
        said["decision"] = "skip"
    if not said["decision"]:
        raise ValueError("an annotation without a decision (control decided_as)")
    made = {
        "annotator": _who(annotation.get("completed_by")),
        "seconds": annotation.get("lead_time"),
        "decided_at": annotation.get("created_at"),
    }
    about = {name: data.get(name) for name in _DATA}
    return {**about, **made, **{name: riding[name] for name in _RIDING if name in riding}, **said}


def _object(value: object, what: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{what} {shown(value)}; expected an object")
    return value


def _objects(value: object, what: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{what} {shown(value)}; expected a list of objects")
    return [_object(one, f"one of {what}:") for one in value]


def _who(given: object) -> str:
    """Return a pseudonym for whoever annotated in Label Studio: a number; names and addresses stay there."""
    number = given.get("id") if isinstance(given, dict) else given
    if number is None:
        return ""
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError(f"completed_by {shown(given)}; expected a number")
    return f"label-studio-{number}"
