"""Verdicts on texts by a system that saw nothing of them: not the text, not its idea, not its authority."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from classifier.assessment.labelled import Labelled, same_text
from classifier.assessment.systems import System, Verdict
from classifier.labels import Example

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Held:
    """One verdict a row, and the fold in which each row was judged."""

    verdicts: list[Verdict]
    folds: NDArray[np.int64]


def assign(rows: Sequence[Labelled], seed: int = 0, folds: int = FOLDS) -> NDArray[np.int64]:
    """Return the fold of each row; rows of a group, and rows with the same text, share theirs."""
    joined = _joined(rows)
    count = min(folds, len(set(joined)))
    if count < 2:
        return np.zeros(len(rows), dtype=np.int64)
    groups = np.unique(joined, return_inverse=True)[1]
    given = np.zeros(len(rows), dtype=np.int64)
    splitter = GroupKFold(count, shuffle=True, random_state=seed)
    for fold, (_, held) in enumerate(splitter.split(groups, groups=groups)):
        given[held] = fold
    return given


def _joined(rows: Sequence[Labelled]) -> list[str]:
    """Return each row's group under the name of the first group that it shares a text with, directly or through others."""
    first: dict[str, str] = {}

    def root(name: str) -> str:
        while first.setdefault(name, name) != name:
            name = first[name]
        return name

    for row in rows:
        text = root(f"text:{same_text(row.example.title, row.example.text)}")
        first[text] = root(row.group)
    return [root(row.group) for row in rows]


def apart(examples: Sequence[Example], judged: Sequence[Example]) -> list[Example]:
    """Return the examples that share neither idea nor text with any that is judged."""
    ideas = {example.idea for example in judged}
    texts = {same_text(example.title, example.text) for example in judged}
    return [e for e in examples if e.idea not in ideas and same_text(e.title, e.text) not in texts]


def judged_apart(
    system: System,
    rows: Sequence[Labelled],
    base: Sequence[Example],
    *,
    learn: bool,
    seed: int = 0,
    told: Callable[[str], None] | None = None,
) -> Held:
    """Judge every row by a system that learnt from ``base`` and, if ``learn``, from the rows of other folds.

    Without ``learn`` one training serves all rows. ``told`` hears of progress.
    """
    given = assign(rows, seed)
    texts = [(row.example.title, row.example.text) for row in rows]
    if not learn:
        predict = system(apart(base, [row.example for row in rows]))
        return Held(predict(texts), given)
    verdicts: dict[int, Verdict] = {}
    for fold in sorted(set(given.tolist())):
        inside = np.flatnonzero(given == fold).tolist()
        outside = [rows[k].example for k in np.flatnonzero(given != fold).tolist()]
        held = [rows[k].example for k in inside]
        if told is not None:
            told(f"fold {fold + 1} of {given.max() + 1}")
        predict = system([*apart(base, held), *outside])
        verdicts.update(zip(inside, predict([texts[k] for k in inside]), strict=True))
    return Held([verdicts[k] for k in range(len(rows))], given)
