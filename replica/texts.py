"""The written texts: those placed whole (study, ambiguous, negatives) and the banks that filler is composed from."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from replica.plan import HERE

PLACED_FILES = ("study", "ambiguous", "negatives")


class Key(BaseModel):
    """What a researcher should answer about a text, in the codebook's terms."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    relevance: Literal["relevant", "off-topic", "ambiguous"]
    relation: Literal["mentoring", "coaching", "both", "none"] = "none"
    topics: tuple[str, ...] = ()
    approaches: tuple[str, ...] = ()
    depth: Literal["main", "section", "brief"] = "main"
    mentions: tuple[str, ...] = ()


class Placed(BaseModel):
    """A text that stands on a site as written. An empty `authority` lets the engine choose the site."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    authority: str
    title: str
    text: str
    format: Literal["html", "pdf", "docx", "pptx"]
    answer: Key
    chosen: bool
    source: Literal["study", "ambiguous", "negatives", "later"]


class Filler(BaseModel):
    """A sentence or title of a bank; `strand` keeps apart the subjects of the topic 'other'."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: str
    part: Literal["title", "sentence"]
    text: str
    strand: str = ""


def _rows(name: str) -> Iterator[dict[str, Any]]:
    path = HERE / "texts" / f"{name}.jsonl"
    if not path.exists():
        return
    with path.open(encoding="utf-8") as handle:
        for line in handle:
            if line.strip():
                yield json.loads(line)


@cache
def placed() -> tuple[Placed, ...]:
    """Every placed text, in the order of the files. An empty depth reads as main."""
    found = []
    for source in PLACED_FILES:
        for row in _rows(source):
            row["answer"]["depth"] = row["answer"].get("depth") or "main"
            found.append(Placed.model_validate({**row, "source": source}))
    return tuple(found)


@cache
def later() -> dict[str, Placed]:
    """Id -> the texts that appear after July 2008."""
    return {row["id"]: Placed.model_validate({**row, "source": "later"}) for row in _rows("later")}


@cache
def fillers() -> tuple[Filler, ...]:
    """The filler banks."""
    return tuple(Filler.model_validate(row) for row in _rows("filler"))
