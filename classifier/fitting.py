"""Fit the model's linear scores, on all examples or on a part of them, and score each example by a model that never saw its idea.

Ridge regression in its dual form: with some thousand passages and fifty thousand features one small system gives every score at
once, in a fraction of a second, where one logistic regression a code takes minutes. Measured, it ranks as well (docs/judging-tried.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from classifier.depth import DEPTHS, measures
from classifier.features import Words, take_apart
from classifier.labels import Example
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT, Linear, Pooled, Readings, pool
from classifier.passages import Cut
from study.protocol import Protocol

FOLDS = 5
REPEATS = 2  # splits averaged: the thresholds of one split wobble
LEAST = 8  # ideas that must show a code before it is learnt; below, the protocol's cues stand in
_ALPHA = 3.0  # of 0.3 to 4 measured; the optimum is flat
_ROWS = 500  # of the kernel that are reckoned together
_DOUBTFUL = -0.3  # the relevance that is aimed at for a text labelled ambiguous, between 1 and -1: measured

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Material:
    """Examples taken apart: passages, and which example each belongs to."""

    examples: Sequence[Example]
    words: list[Words]
    owner: NDArray[np.int64]  # passage -> example
    depth: NDArray[np.float64]  # example x measures
    groups: NDArray[np.int64]  # example -> idea
    outputs: tuple[str, ...]  # what is learnt: 'relevant', 'ambiguous', 'named', 'topics:bus-coach', ...
    targets: Mask  # example x outputs
    common: tuple[str, ...]  # outputs of topics that fill a larger share of hits than of labels

    def which(self, relevance: str) -> Mask:
        """Return which examples are so labelled."""
        return np.array([example.relevance == relevance for example in self.examples])

    def column(self, output: str) -> Mask:
        """Return which examples have ``output``."""
        return self.targets[:, self.outputs.index(output)]


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Each example's scores by models that never saw its idea, averaged over the splits."""

    pages: Pooled
    depth: NDArray[np.float64]  # example x DEPTHS: probabilities


def prepare(protocol: Protocol, examples: Sequence[Example]) -> Material:
    """Cut the examples into passages; one without a keyword gives its beginning, so that its words are still learnt."""
    words: list[Words] = []
    owner: list[int] = []
    depth = []
    for index, example in enumerate(examples):
        page = Cut.of(example.title, example.text, protocol.core)
        depth.append(measures(page))
        taken = take_apart(page)
        words += taken
        owner += [index] * len(taken)
    groups = np.unique([example.idea for example in examples], return_inverse=True)[1]
    outputs = (RELEVANT, AMBIGUOUS, "named", *_learnable(protocol, examples))
    targets = np.array([[_shows(example, output) for output in outputs] for example in examples])
    return Material(
        examples, words, np.array(owner), np.array(depth), groups, outputs, targets, _common(protocol, examples)
    )


def _codes(example: Example, kind: str) -> tuple[str, ...]:
    return {"topics": example.topics, "approaches": example.approaches, "flags": example.flags}[kind]


def _shows(example: Example, output: str) -> bool:
    kind, _, code = output.partition(":")
    if code:
        return code in _codes(example, kind)
    if kind == "named":  # a relevant text whose relation was left open has one all the same
        return example.relation not in ("none", "") or (not example.relation and example.relevance == RELEVANT)
    return example.relevance == kind


def _learnable(protocol: Protocol, examples: Sequence[Example]) -> list[str]:
    wanted = {"topics": protocol.topics, "approaches": protocol.approaches, "flags": protocol.flags}
    outputs = []
    for kind, entries in wanted.items():
        ideas = Counter(code for code, _ in {(c, e.idea) for e in examples for c in _codes(e, kind)})
        outputs += [f"{kind}:{entry.code}" for entry in entries if ideas[entry.code] >= LEAST]
    return outputs


def _common(protocol: Protocol, examples: Sequence[Example]) -> tuple[str, ...]:
    if protocol.deployment is None:
        return ()
    mix = protocol.deployment.topics
    counts = Counter(topic for example in examples if example.relevance == OFF_TOPIC for topic in example.topics)
    return tuple(
        f"topics:{topic}"
        for topic, share in mix.items()
        if share / sum(mix.values()) > 1.5 * counts[topic] / max(1, counts.total())
    )


def kernel_of(features: csr_matrix, sparse: int) -> Vector:
    """Return the inner products of all passages, whose first ``sparse`` columns are mostly empty and whose last are not.

    The one added to each is the constant feature.
    """
    named, meant = features[:, :sparse], features[:, sparse:].toarray()
    product: Vector = meant @ meant.T
    product += 1.0
    # Some rows at a time: all at once, the sparse product would take twice the room of the dense one.
    for start in range(0, len(product), _ROWS):
        product[start : start + _ROWS] += (named[start : start + _ROWS] @ named.T).toarray()
    return product


def fit_linear(material: Material, features: csr_matrix, kernel: Vector, part: Mask) -> Linear:
    """Fit every output on the examples of ``part`` that it is asked of: approaches on relevant texts, topics on the others."""
    scores: dict[str, tuple[Vector, float]] = {}
    relevant = material.which(RELEVANT)
    approaches = [name for name in material.outputs if name.startswith("approaches:")]
    topics = [name for name in material.outputs if name.startswith("topics:")]
    rest = [name for name in material.outputs if name not in (*approaches, *topics)]
    for names, known in ((rest, part), (approaches, part & relevant), (topics, part & ~relevant)):
        rows = np.flatnonzero(known[material.owner])
        if not names or not len(rows):  # labels of a study that has no seeds may show no code often enough
            scores.update({name: (np.zeros(features.shape[1]), -1.0) for name in names})
            continue
        columns = np.array([material.outputs.index(name) for name in names], dtype=np.int64)
        targets = np.where(material.targets[np.ix_(material.owner[rows], columns)], 1.0, -1.0)
        if RELEVANT in names:
            targets[material.which(AMBIGUOUS)[material.owner[rows]], names.index(RELEVANT)] = _DOUBTFUL
        # An idea counts once, in however many texts: near pairs, two texts each, would outweigh what pages are mostly like.
        groups = material.groups
        share = 1.0 / np.maximum(1, np.bincount(groups[known], minlength=groups.max() + 1))[groups]
        ridge = KernelRidge(alpha=_ALPHA, kernel="precomputed")
        ridge.fit(kernel[np.ix_(rows, rows)], targets, sample_weight=share[material.owner[rows]])
        weights, biases = np.asarray(features[rows].T @ ridge.dual_coef_), ridge.dual_coef_.sum(axis=0)
        scores.update({name: (weights[:, k], float(biases[k])) for k, name in enumerate(names)})
    return Linear(
        material.outputs,
        np.column_stack([scores[name][0] for name in material.outputs]).astype(np.float32),
        np.array([scores[name][1] for name in material.outputs]),
        material.common,
    )


def fit_depth(material: Material, part: Mask) -> LogisticRegression | None:
    """Fit main, section or brief from a page's measures; None where the labels show only one of them."""
    names = np.array([example.depth for example in material.examples])
    known = part & np.isin(names, DEPTHS)
    if len(set(names[known])) < 2:
        return None
    return LogisticRegression(C=1.0, max_iter=5000).fit(material.depth[known], names[known])


def out_of_fold(material: Material, readings: Readings, kernel: Vector) -> OutOfFold:
    """Score every example by models trained without its idea (which words there are, and how rare, is known of all)."""
    count = len(material.examples)
    sums: dict[str, Vector] = {name: np.zeros(count) for name in material.outputs}
    depth = np.zeros((count, len(DEPTHS)))
    for repeat in range(REPEATS):
        splitter = GroupKFold(FOLDS, shuffle=True, random_state=repeat)
        for train_rows, test_rows in splitter.split(material.groups, groups=material.groups):
            part = np.zeros(count, dtype=bool)
            part[train_rows] = True
            held = ~part[material.owner]
            linear = fit_linear(material, readings.whole, kernel, part)
            pages = pool(linear, readings.score(linear, held), material.owner[held], count)
            for name in linear.outputs:
                sums[name][test_rows] += pages.scores[name][test_rows] / REPEATS
            fitted = fit_depth(material, part)
            if fitted is None:
                continue
            seen = list(fitted.classes_)
            shares = fitted.predict_proba(material.depth[test_rows])
            for column, name in enumerate(DEPTHS):
                if name in seen:
                    depth[test_rows, column] += shares[:, seen.index(name)] / REPEATS
    return OutOfFold(Pooled(sums), depth)
