"""Where to draw the lines: probability at deployment, and the thresholds that cross-validation supports.

A missed relevant page is much worse than one that a researcher looks at for nothing: the lower threshold is set by recall, the
upper one by precision. Labels are written to be hard (many of the off-topic ones share their words with a relevant one), hits
of a real search are mostly buses and sport: precision is asked for among the labels, where it is harder.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifier.fitting import Mask, Material, OutOfFold, Vector
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT, Pooled, Thresholds
from study.protocol import Protocol

RECALL = (
    0.98  # of relevant texts at or above the lower threshold, near pairs apart (`contrasting`), in cross-validation
)
PRECISION = 0.90  # of relevant texts among those at or above the upper threshold, in cross-validation
LOST_TO_UNCLEAR = 0.02  # share of relevant texts that looking ambiguous may send to a person
TOPIC = (
    -0.15
)  # score from which a topic holds beside the likeliest: as good as one line a topic, and steadier on plain pages
QUEUED_AS_VAGUE = 0.02  # share of off-topic hits below the lower threshold that looking ambiguous may send to a person


def deployment_weights(protocol: Protocol, material: Material) -> Vector:
    """Return a weight an example, one in all: relevant ones weigh the prevalence, each topic its share of the rest."""
    examples = material.examples
    weights = np.zeros(len(examples))
    relevant = material.which(RELEVANT)
    if protocol.deployment is None:
        weights[relevant | material.which(OFF_TOPIC)] = 1.0
        weights /= weights.sum()
        return weights
    prevalence, mix = protocol.deployment.prevalence, protocol.deployment.topics
    weights[relevant] = prevalence / relevant.sum()
    shares = [
        (index, topic, 1 / max(1, len(example.topics)))
        for index, example in enumerate(examples)
        if example.relevance == OFF_TOPIC
        for topic in example.topics or ("other",)
    ]
    held: Counter[str] = Counter()
    for _, topic, share in shares:
        held[topic] += share  # type: ignore[assignment]
    present = sum(mix[topic] for topic in held)
    for index, topic, share in shares:
        weights[index] += (1 - prevalence) * mix[topic] / present * share / held[topic]
    return weights


def calibrate(protocol: Protocol, material: Material, scores: Vector) -> tuple[float, float]:
    """Return slope and offset of the log-odds at deployment over the score: Platt's scaling, weighted, out of fold."""
    weights = deployment_weights(protocol, material)
    known = weights > 0
    estimator = LogisticRegression(C=1e6, max_iter=1000)
    estimator.fit(scores[known, None], material.which(RELEVANT)[known], sample_weight=weights[known] * known.sum())
    return float(estimator.coef_[0, 0]), float(estimator.intercept_[0])


def choose(protocol: Protocol, material: Material, out: OutOfFold) -> Thresholds:
    """Choose the thresholds; the constants above say what each must hold."""
    relevant = material.which(RELEVANT)
    scores, looks = out.pages[RELEVANT], out.pages[AMBIGUOUS]
    lower = _recalling(scores[relevant & ~contrasting(material)])
    unclear = vague = np.inf
    if material.which(AMBIGUOUS).any():
        unclear = float(np.quantile(looks[relevant], 1 - LOST_TO_UNCLEAR))
        weights = deployment_weights(protocol, material) * material.which(OFF_TOPIC) * (scores < lower)
        order = np.argsort(-looks, kind="stable")
        passed = np.flatnonzero(np.cumsum(weights[order]) > QUEUED_AS_VAGUE * weights.sum())
        vague = float(looks[order][passed[0]]) if len(passed) else np.inf
    clear = looks < unclear
    upper = _precise(scores[clear], relevant[clear])
    # Rounded: sums that differ in the last place between machines must not differ in what they decide.
    return Thresholds(
        lower=_rounded(lower),
        upper=_rounded(max(lower, upper)),
        unclear=_rounded(unclear),
        vague=_rounded(vague),
        codes=_codes(material, out),
    )


def contrasting(material: Material) -> Mask:
    """Return the examples of ideas that were written both ways, the same words with the other relation.

    They teach what tells the two apart. They say nothing of how alike real pages are, so recall is not asked of them.
    """
    labels: dict[int, set[str]] = {}
    for group, example in zip(material.groups.tolist(), material.examples, strict=True):
        labels.setdefault(group, set()).add(example.relevance)
    return np.array([len(labels[group]) > 1 for group in material.groups.tolist()])


def _rounded(limit: float) -> float:
    """Return ``limit`` rounded down: the text that stands right at it stays on its side."""
    return math.floor(limit * 1e6) / 1e6 if math.isfinite(limit) else limit


def _recalling(scores: Vector) -> float:
    return float(np.sort(scores)[int((1 - RECALL) * len(scores))])


def _precise(scores: Vector, truth: Mask) -> float:
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right >= PRECISION)
    return float(scores[order][enough[-1]]) if len(enough) else float(scores.max())


def _codes(material: Material, out: OutOfFold) -> dict[str, float]:
    chosen: dict[str, float] = {"named": 0.0}
    for output in material.outputs:
        kind, _, code = output.partition(":")
        if kind == "topics":
            chosen[output] = TOPIC
        elif code:
            known = judged_by(material, kind)
            chosen[output] = round(_best_f1(out.pages[output][known], material.column(output)[known]), 6)
    return chosen


def judged_by(material: Material, kind: str) -> Mask:
    """Return the examples that a kind of code is judged by: topics by off-topic texts, approaches by relevant ones."""
    only = {"topics": OFF_TOPIC, "approaches": RELEVANT}
    return material.which(only[kind]) if kind in only else np.ones(len(material.examples), dtype=bool)


def most_likely(pages: Pooled, outputs: Sequence[str], output: str) -> Mask:
    """Return where ``output`` is the highest of its kind: an off-topic text always has a topic."""
    kind = output.partition(":")[0]
    others = [pages[name] for name in outputs if name.startswith(f"{kind}:")]
    highest: Mask = pages[output] >= np.max(others, axis=0)
    return highest


def _best_f1(scores: Vector, truth: Mask) -> float:
    best, at = -1.0, 0.0
    for threshold in np.arange(-0.9, 0.31, 0.02):
        called = scores >= threshold
        f1 = 2 * float((called & truth).sum()) / max(1, int(called.sum() + truth.sum()))
        if f1 > best + 1e-9:
            best, at = f1, float(threshold)
    return at
