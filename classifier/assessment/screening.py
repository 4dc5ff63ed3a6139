"""Screening simulated: how many texts a person reads until 95 % and all of the relevant ones are found, from several starts.

A start is what is known at the beginning (priors) and the pool to be read. Every start draws its own share of the base texts as priors, by
idea, and all systems begin from the same. A system ranks the pool; the person reads the next lot; it learns what was read and ranks the
rest again. Ours puts the rest in order after every single text too, as the labelling page does; ASReview learns after each.
"""

from __future__ import annotations

import csv
import json
import math
import sqlite3
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed  # type: ignore[import-untyped]  # comes with scikit-learn
from numpy.typing import NDArray

from classifier.assessment.folds import apart
from classifier.assessment.labelled import Labelled
from classifier.assessment.systems import Order
from classifier.labels import Example
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT
from classifier.reordering import HELD
from study.errors import UserError

RARE = 25  # relevant texts left in a pool made of seeds: as many as the study found
_SECONDS = 3600.0  # for one simulation by ASReview
_BESIDE = 4  # starts side by side at most: each takes up to a gigabyte


class ASReviewError(UserError):
    """ASReview could not be run or its project file could not be read; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a simulation begins. A text labelled ambiguous counts, read in a pool, as not relevant."""

    priors: list[Example]
    pool: list[Example]

    @property
    def relevant(self) -> int:
        """How many are to be found."""
        return sum(example.relevance == RELEVANT for example in self.pool)


def starts(rows: Sequence[Labelled], base: Sequence[Example], count: int, seed: int = 0) -> list[Start]:
    """Return ``count`` starts: each with four fifths of the ideas of ``base`` as priors and all rows as the pool.

    Where there is no base (the rows are the seeds themselves), half of the rows' ideas are priors; the off-topic texts of the rest and
    ``RARE`` of its relevant ones are the pool. Both stand in an order of their own each time.
    """
    return [_start(rows, base, Random(f"{seed}:{number}")) for number in range(count)]  # noqa: S311 (repeatable, not secret)


def _start(rows: Sequence[Labelled], base: Sequence[Example], random: Random) -> Start:
    source = list(base) or [row.example for row in rows]
    ideas = sorted({example.idea for example in source})
    known = set(random.sample(ideas, round(len(ideas) * (0.8 if base else 0.5))))
    pool = [row.example for row in rows]
    if not base:
        rest = [example for example in pool if example.idea not in known]
        relevant = [example for example in rest if example.relevance == RELEVANT]
        pool = [example for example in rest if example.relevance == OFF_TOPIC]
        pool += random.sample(relevant, min(RARE, len(relevant)))
    random.shuffle(pool)
    return Start(apart([e for e in source if e.idea in known], pool), pool)


def screen(order: Order, start: Start, lot: int) -> list[int]:
    """Return after how many reads each relevant text was found.

    It learns after every ``lot`` reads (0: never), and in between it is told what was decided since after each one.
    """
    left = list(range(len(start.pool)))
    read: list[Example] = []
    found: list[int] = []
    while len(found) < start.relevant:
        # What is read teaches as a person decided it, the ambiguous too.
        hold = order([*start.priors, *read])
        if not read and lot:
            left = [left[k] for k in _ranked(hold(_texts(start, left))([]))]
        near, far = (left[:HELD], left[HELD:]) if lot else (left, [])
        held = hold(_texts(start, near))
        learnt = len(read)
        waits = np.ones(len(near), dtype=bool)
        for _ in range(min(lot or len(near), len(near))):
            scores = np.where(waits, held(read[learnt:]), -np.inf)
            index = int(scores.argmax())
            waits[index] = False
            read.append(start.pool[near[index]])
            if read[-1].relevance == RELEVANT:
                found.append(len(read))
        left = [near[k] for k in _ranked(held(read[learnt:])) if waits[k]] + far
    return found


def _texts(start: Start, indices: Sequence[int]) -> list[tuple[str, str]]:
    return [(start.pool[k].title, start.pool[k].text) for k in indices]


def _ranked(scores: NDArray[np.float64]) -> list[int]:
    return [int(k) for k in np.argsort(-scores, kind="stable")]


def by_chance(start: Start) -> list[int]:
    """Return after how many reads each relevant text is found on average when the pool is read in random order."""
    step = (len(start.pool) + 1) / (start.relevant + 1)
    return [round(step * number) for number in range(1, start.relevant + 1)]


def asreview(program: Path, start: Start, seed: int) -> list[int]:
    """Return the same for ``asreview simulate`` with its default model, the priors given to it by row number.

    It knows relevant and irrelevant only: priors labelled ambiguous are not told to it.
    """
    priors = [example for example in start.priors if example.relevance != AMBIGUOUS]
    rows = [*priors, *start.pool]
    with tempfile.TemporaryDirectory(prefix="mentorwatch-asreview-") as name:
        data, project = Path(name) / "texts.csv", Path(name) / "run.asreview"
        with data.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["title", "abstract", "included"])
            writer.writerows([e.title, e.text, int(e.relevance == RELEVANT)] for e in rows)
        command = [
            str(program.absolute()),
            "simulate",
            str(data),
            "-o",
            str(project),
            "--seed",
            str(seed),
            "--prior-idx",
        ]
        try:
            done = subprocess.run(
                [*command, *map(str, range(len(priors)))],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
                cwd=name,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise ASReviewError(f"{program}: could not be run to its end: {problem}") from problem
        if done.returncode or not project.exists():
            raise ASReviewError(f"{program} simulate failed: {done.stderr.strip()[-500:]}")
        labels = _labels_in_order(project, Path(name))
    return [place for place, label in enumerate(labels, 1) if label]


def _labels_in_order(project: Path, directory: Path) -> list[int]:
    """Return the labels of an ASReview project in the order of reading; priors, which no training set precedes, left out."""
    with zipfile.ZipFile(project) as archive:
        state = next((name for name in archive.namelist() if name.endswith((".db", ".sql"))), "")
        if not state:
            raise ASReviewError(f"{project.name}: holds no database; is this a project of ASReview 2 or later?")
        database = archive.extract(state, directory)
    connection = sqlite3.connect(database)
    try:
        query = "SELECT label FROM results WHERE training_set IS NOT NULL ORDER BY rowid"
        return [int(label) for (label,) in connection.execute(query)]
    except sqlite3.Error as problem:
        raise ASReviewError(f"{project.name}: its results cannot be read: {problem}") from problem
    finally:
        connection.close()


def version_of(program: Path) -> str:
    """Return what ``asreview --version`` says."""
    try:
        done = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ASReviewError(f"{program}: could not be run: {problem}") from problem
    return done.stdout.strip().split()[-1] if done.stdout.strip() else "of unknown version"


def simulate(
    systems: dict[str, Callable[[Start, int], list[int]]],
    begun: Sequence[Start],
    told: Callable[[str], None],
) -> dict[str, Any]:
    """Run every system from every start; return reads until 95 % and all were found: each, median, least and most.

    Starts know nothing of each other: they run side by side, in processes of their own where there are several cores.
    """
    results: dict[str, Any] = {
        "starts": len(begun),
        "priors": median(len(start.priors) for start in begun),
        "pool": median(len(start.pool) for start in begun),
        "relevant": median(start.relevant for start in begun),
        "systems": {},
    }
    beside = Parallel(n_jobs=min(_BESIDE, cpu_count(), len(begun)), return_as="generator")
    for name, run in systems.items():
        reads: dict[str, list[int]] = {"95": [], "100": []}
        told(f"{name}: {len(begun)} starts")
        runs = beside(delayed(run)(start, number) for number, start in enumerate(begun))
        for number, (start, found) in enumerate(zip(begun, runs, strict=True), 1):
            told(f"{name}: start {number} of {len(begun)} done")
            reads["95"].append(found[math.ceil(0.95 * start.relevant) - 1])
            reads["100"].append(found[start.relevant - 1])
        results["systems"][name] = {
            share: {"median": median(each), "least": min(each), "most": max(each), "each": each}
            for share, each in reads.items()
        }
    return json.loads(json.dumps(results))  # type: ignore[no-any-return]
