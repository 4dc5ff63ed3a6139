"""The floors that an evaluation on the seeds must hold, and the history that keeps anyone from lowering them in silence."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from classifier.assessment.evaluate import ASREVIEW, OURS, SVM
from study.errors import UserError

FILE = Path(__file__).with_name("floors.toml")
_NAMES = ("framework", "tda", "tda-extranet", "curee")
_ROUNDING = 1e-9
_KINDS = {"at_least": 1, "at_most": -1, "blind_at_least": 1, "hard_at_least": 1}  # of bounds -> which way is stricter

Results = dict[str, Any]


class FloorsError(UserError):
    """A version of the floors cannot be read; the text says what is wrong with it."""


class Lowered(BaseModel):
    """One admitted lowering."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)
    name: str
    before: float = Field(alias="from")
    after: float | None = Field(default=None, alias="to")  # None: removed
    removed: bool = False
    date: date
    reason: str = Field(min_length=30)


class Floors(BaseModel):
    """What the figures must hold."""

    model_config = ConfigDict(extra="forbid")
    at_least: dict[str, float]
    at_most: dict[str, float]
    blind_at_least: dict[str, float] = {}  # on the ordinary sets of tests/pages, which nobody tunes on
    hard_at_least: dict[str, float] = {}  # on the hard one there
    lowered: list[Lowered] = []


def _ours(results: Results) -> Results:
    found: Results = results["systems"][OURS]
    return found


_FIGURES: dict[str, Callable[[Results], float]] = {
    "relevance-recall": lambda r: _ours(r)["relevance"]["kept"]["recall"],
    "relevance-f1": lambda r: _ours(r)["relevance"]["kept"]["f1"],
    "relevance-f1-at-once": lambda r: _ours(r)["relevance"]["at_once"]["f1"],
    "relevance-f1-one-line": lambda r: _ours(r)["relevance"]["one_line"]["f1"],
    "relevance-f1-one-line-pairs": lambda r: _ours(r)["parts"]["near pairs"]["one_line"]["f1"],
    "relevance-f1-one-line-rest": lambda r: _ours(r)["parts"]["all the rest"]["one_line"]["f1"],
    "pr-auc": lambda r: _ours(r)["relevance"]["pr_auc"],
    "pr-auc-over-svm": lambda r: _ours(r)["relevance"]["pr_auc"] / r["systems"][SVM]["relevance"]["pr_auc"],
    "topics-f1": lambda r: _ours(r)["topics"]["macro_f1"],
    "topics-f1-shown": lambda r: _ours(r)["topics"]["macro_f1_shown"],
    "approaches-f1": lambda r: _ours(r)["approaches"]["macro_f1"],
    "relation-f1": lambda r: _ours(r)["relation"]["macro_f1"],
    "depth-f1": lambda r: _ours(r)["depth"]["macro_f1"],
    "names-wrong": lambda r: sum(counts["wrong"] for code, counts in r["names"].items() if code in _NAMES),
    "queue": lambda r: _ours(r)["queue"]["share"],
    "calibration-error": lambda r: _ours(r)["calibration"]["ece"],
    "reads-over-asreview": lambda r: _reads(r, OURS) / _reads(r, ASREVIEW),
}


def _reads(results: Results, system: str) -> float:
    return float(results["screening"]["systems"][system]["100"]["median"])


def read(text: str) -> Floors:
    """Read floors from TOML text; a floor of a figure that nobody computes is refused."""
    try:
        floors = Floors.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as problem:
        raise FloorsError(f"floors.toml: {problem}") from problem
    named = {name for kind in _KINDS for name in getattr(floors, kind)}
    unknown = sorted(named - set(_FIGURES))
    if unknown:
        raise FloorsError(f"floors.toml names {', '.join(unknown)}; expected some of {', '.join(_FIGURES)}")
    return floors


def broken(floors: Floors, results: Results) -> list[str]:
    """Return a line for each floor that the figures on the seeds do not hold."""
    return _broken(floors.at_least, floors.at_most, results)


def broken_blind(floors: Floors, results: Results, *, hard: bool) -> list[str]:
    """Return a line for each floor that the figures on pages which nobody tunes on, ordinary or hard ones, do not hold."""
    return _broken(floors.hard_at_least if hard else floors.blind_at_least, {}, results)


def _broken(at_least: dict[str, float], at_most: dict[str, float], results: Results) -> list[str]:
    lines = []
    for name, floor in at_least.items():
        if (found := _FIGURES[name](results)) < floor - _ROUNDING:
            lines.append(f"{name} is {found:.4f}, at least {floor} is asked")
    for name, ceiling in at_most.items():
        if (found := _FIGURES[name](results)) > ceiling + _ROUNDING:
            lines.append(f"{name} is {found:.4f}, at most {ceiling} is asked")
    return lines


def silent(versions: Sequence[Floors]) -> list[str]:
    """Return a line for each lowering between two ``versions`` (oldest first) that the newer does not admit."""
    lines = []
    for old, new in pairwise(versions):
        admitted = {(entry.name, entry.before, entry.after) for entry in new.lowered if entry not in old.lowered}
        lines += [
            f"the entry that lowered {entry.name} on {entry.date} was changed or taken out"
            for entry in old.lowered
            if entry not in new.lowered
        ]
        for kind, sign in _KINDS.items():
            before, after = getattr(old, kind), getattr(new, kind)
            for name, floor in before.items():
                now = after.get(name)
                if (now is None or sign * now < sign * floor) and (name, floor, now) not in admitted:
                    lines.append(
                        f"{name} went from {floor} to {'nothing' if now is None else now} without a [[lowered]] entry that says why"
                    )
    return lines


def history(file: Path = FILE) -> list[Floors]:
    """Return every version of the floors, oldest first: those that git knows, then the file as it stands.

    Without git, or outside a repository, that is the file alone. Versions that git knows but this code cannot read raise.
    """
    texts = []
    log = _git(file.parent, "log", "--reverse", "--first-parent", "--format=%H", "--", file.name)
    for commit in (log or "").split():
        shown = _git(file.parent, "show", f"{commit}:./{file.name}")
        if shown is not None:  # a commit may also have removed or moved it
            texts.append(shown)
    texts.append(file.read_text(encoding="utf-8"))
    return [read(text) for text in texts]


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
