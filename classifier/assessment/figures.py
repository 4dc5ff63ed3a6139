"""The figures of a system on texts it did not learn from: counts first, shares with their intervals after.

**Kept** is what the tool does: a text called relevant or ambiguous reaches a person, an off-topic one is dropped. The chosen threshold
is the one between the two, and its recall, precision and F1 count a kept text as found. **At once** counts only texts called relevant.
**One line** makes a system without doubt of any: a single threshold on its score, chosen on the texts of the other folds, so that systems
compare. Texts labelled ambiguous are neither right nor wrong in these; the confusion shows where they go.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.metrics import average_precision_score

from classifier.assessment.folds import Held
from classifier.assessment.labelled import CALLS, Labelled
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT
from study.protocol import Coded, Protocol

RECALL = 0.97  # the recall that the second line is chosen for (issue 4)
DEPTHS = ("main", "section", "brief")
RELATIONS = ("mentoring", "coaching", "both", "none")
_BINS = 10

Figures = dict[str, Any]
Mask = NDArray[np.bool_]
Scores = NDArray[np.float64]


def interval(found: int, of: int) -> list[float]:
    """Return the 95 % interval of a share by Clopper and Pearson: conservative, and right for small counts too."""
    low = float(beta.ppf(0.025, found, of - found + 1)) if found else 0.0
    high = float(beta.ppf(0.975, found + 1, of - found)) if found < of else 1.0
    return [low, high] if of else [0.0, 1.0]


def counted(truth: Mask, called: Mask) -> Figures:
    """Return counts, recall, precision and F1 of calls; shares of nothing are 0."""
    of, found, false = int(truth.sum()), int((truth & called).sum()), int((called & ~truth).sum())
    return {
        "of": of,
        "found": found,
        "false": false,
        "recall": found / of if of else 0.0,
        "recall_interval": interval(found, of),
        "precision": found / (found + false) if found + false else 0.0,
        "precision_interval": interval(found, found + false),
        "f1": 2 * found / (of + found + false) if of + found + false else 0.0,
    }


def relevance(rows: Sequence[Labelled], held: Held) -> Figures:
    """Return the figures of relevance: confusion, kept, at once, one line, and how well the score ranks."""
    gold, called, scores = _arrays(rows, held)
    sure = gold != AMBIGUOUS
    truth = (gold == RELEVANT)[sure]
    return {
        "confusion": {g: {c: int(((gold == g) & (called == c)).sum()) for c in CALLS} for g in CALLS},
        "kept": counted(truth, called[sure] != OFF_TOPIC),
        "at_once": counted(truth, called[sure] == RELEVANT),
        "one_line": counted(truth, _one_line(scores[sure], truth, held.folds[sure], _best_f1)),
        "one_line_for_recall": counted(truth, _one_line(scores[sure], truth, held.folds[sure], _recalling)),
        "pr_auc": float(average_precision_score(truth, scores[sure])),
        "ranking": ranking(scores[sure], truth),
    }


def _arrays(rows: Sequence[Labelled], held: Held) -> tuple[NDArray[np.str_], NDArray[np.str_], Scores]:
    """Return what each text was labelled, what it was called, and its score."""
    return (
        np.array([row.example.relevance for row in rows]),
        np.array([verdict.relevance for verdict in held.verdicts]),
        np.array([verdict.score for verdict in held.verdicts]),
    )


def _one_line(scores: Scores, truth: Mask, folds: NDArray[np.int64], choose: Callable[[Scores, Mask], float]) -> Mask:
    """Call each fold's texts by a threshold chosen on the other folds' (where there is one fold only, on itself)."""
    called = np.zeros(len(scores), dtype=bool)
    for fold in set(folds.tolist()):
        inside = folds == fold
        others = ~inside if truth[~inside].any() else inside
        called[inside] = scores[inside] >= choose(scores[others], truth[others])
    return called


def _best_f1(scores: Scores, truth: Mask) -> float:
    levels, found, called = _levels(scores, truth)
    return float(levels[np.argmax(2 * found / (called + truth.sum()))])


def _recalling(scores: Scores, truth: Mask) -> float:
    levels, found, _ = _levels(scores, truth)
    return float(levels[np.flatnonzero(found >= math.ceil(RECALL * truth.sum()))[0]])


def _levels(scores: Scores, truth: Mask) -> tuple[Scores, NDArray[Any], NDArray[Any]]:
    """Return the distinct scores from the highest down, and what is found and called from each on."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    return scores[order][last], np.cumsum(truth[order])[last], last + 1


def ranking(scores: Scores, truth: Mask) -> Figures:
    """Return what reading down the ranking finds: recall after k texts, reads and work saved at 95 % and 100 %.

    Ties are read in the worst order. Work saved over sampling (WSS@r) is 1 - reads/N - (1 - r), Cohen and others 2006; ``atd`` is the
    mean place of a relevant text as a share of all.
    """
    order = np.lexsort((truth, -scores))
    places = np.flatnonzero(truth[order]) + 1
    count, of = len(scores), int(truth.sum())
    reads = {share: int(places[math.ceil(share * of) - 1]) for share in (0.95, 1.0)}
    steps = sorted({k for k in (10, 20, 50, 100, 150, of, round(0.1 * count), round(0.5 * count)) if 0 < k <= count})
    return {
        "texts": count,
        "relevant": of,
        "found_after": {str(k): int((places <= k).sum()) for k in steps},
        "reads_95": reads[0.95],
        "reads_100": reads[1.0],
        "wss_95": 1 - reads[0.95] / count - 0.05,
        "wss_100": 1 - reads[1.0] / count,
        "atd": float(places.mean() / count),
    }


def queue_share(protocol: Protocol, rows: Sequence[Labelled], held: Held) -> Figures | None:
    """Return the share of off-topic texts kept, each topic weighing what the protocol says of searches' hits."""
    if protocol.deployment is None:
        return None
    kept: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for row, verdict in zip(rows, held.verdicts, strict=True):
        if row.example.relevance == OFF_TOPIC:
            for topic in row.example.topics or ("other",):
                of[topic] += 1
                kept[topic] += verdict.relevance != OFF_TOPIC
    mix = {topic: share for topic, share in protocol.deployment.topics.items() if of[topic]}
    if not mix:
        return None
    share = sum(weight * kept[topic] / of[topic] for topic, weight in mix.items()) / sum(mix.values())
    return {"share": share, "topics": {topic: {"kept": kept[topic], "of": of[topic]} for topic in mix}}


def codes(
    rows: Sequence[Labelled], held: Held, kind: str, entries: Sequence[Coded], asked: str | None
) -> Figures | None:
    """Return counts, recall, precision and F1 a code of ``kind`` and their mean F1, on texts labelled ``asked`` (None: all).

    ``shown`` counts a topic only where the system called the text off-topic, an approach only where it did not: what a user sees.
    The mean is over codes that stand in the labels.
    """
    known = [
        (row.example, verdict)
        for row, verdict in zip(rows, held.verdicts, strict=True)
        if asked in (None, row.example.relevance) and getattr(verdict, kind) is not None
    ]
    found: dict[str, Figures] = {}
    shown = []
    for entry in entries:
        truth = np.array([entry.code in getattr(example, kind) for example, _ in known], dtype=bool)
        if not truth.any():
            continue
        called = np.array([entry.code in getattr(verdict, kind) for _, verdict in known], dtype=bool)
        seen = np.array([_shows(kind, verdict) for _, verdict in known], dtype=bool)
        found[entry.code] = counted(truth, called)
        shown.append(counted(truth, called & seen)["f1"])
    if not found:
        return None
    mean = sum(figures["f1"] for figures in found.values()) / len(found)
    return {"codes": found, "macro_f1": mean, "macro_f1_shown": sum(shown) / len(shown), "texts": len(known)}


def _shows(kind: str, verdict: Any) -> bool:
    dropped: bool = verdict.relevance == OFF_TOPIC
    return {"topics": dropped, "approaches": not dropped}.get(kind, True)


def choices(rows: Sequence[Labelled], held: Held, kind: str, values: Sequence[str]) -> Figures | None:
    """Return figures of what a text has exactly one of (relation, depth): right of all, a value's counts, their mean F1."""
    known = [
        (getattr(row.example, kind), getattr(verdict, kind))
        for row, verdict in zip(rows, held.verdicts, strict=True)
        if getattr(row.example, kind) in values
        and getattr(verdict, kind) is not None
        # What an off-topic text calls it is not told of one that is dropped.
        and (kind != "relation" or row.example.relevance == RELEVANT)
    ]
    if not known:
        return None
    pairs = np.array(known)
    each = {
        value: counted(pairs[:, 0] == value, pairs[:, 1] == value) for value in values if (pairs[:, 0] == value).any()
    }
    return {
        "right": int((pairs[:, 0] == pairs[:, 1]).sum()),
        "of": len(known),
        "values": each,
        "macro_f1": sum(figures["f1"] for figures in each.values()) / len(each),
    }


def by_part(rows: Sequence[Labelled], held: Held) -> Figures:
    """Return relevance of each era that the labels name, and of near pairs (one idea labelled both ways) and the rest apart.

    A set's figures hang on how much of it was written to be mistaken; the parts let two sets be compared.
    """
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(row.group, set()).add(row.example.relevance)
    # An authority's pages are of both kinds and no pairs.
    paired = [row.group.startswith("idea:") and {RELEVANT, OFF_TOPIC} <= labels[row.group] for row in rows]
    parts = {era: [row.example.era == era for row in rows] for era in sorted({row.example.era for row in rows} - {""})}
    if any(paired):
        parts |= {"near pairs": paired, "all the rest": [not one for one in paired]}
    gold, called, scores = _arrays(rows, held)
    sure, truth = gold != AMBIGUOUS, gold == RELEVANT
    above = np.zeros(len(rows), dtype=bool)  # one line for all parts
    above[sure] = _one_line(scores[sure], truth[sure], held.folds[sure], _best_f1)
    found: Figures = {}
    for name, chosen in parts.items():
        asked = sure & np.array(chosen)
        if {RELEVANT, OFF_TOPIC} <= set(gold[asked].tolist()):
            found[name] = {
                "kept": counted(truth[asked], called[asked] != OFF_TOPIC),
                "at_once": counted(truth[asked], called[asked] == RELEVANT),
                "one_line": counted(truth[asked], above[asked]),
                "pr_auc": float(average_precision_score(truth[asked], scores[asked])),
            }
    return found


def calibration(protocol: Protocol, rows: Sequence[Labelled], held: Held) -> Figures | None:
    """Return how far the probabilities can be taken at their word: a reliability table, Brier score and expected error.

    A probability is one of relevance among a search's hits. Here relevant texts are as frequent as in the labels, so its odds
    are moved by the ratio of the two prevalences first. ``ece`` is the mean distance of said and seen over ten bins, by texts.
    """
    known = [
        (verdict.probability, row.example.relevance == RELEVANT)
        for row, verdict in zip(rows, held.verdicts, strict=True)
        if verdict.probability is not None and row.example.relevance != AMBIGUOUS
    ]
    if not known or protocol.deployment is None:
        return None
    said = np.array([probability for probability, _ in known])
    truth = np.array([right for _, right in known])
    here, there = truth.mean(), protocol.deployment.prevalence
    relevant, rest = said * here / there, (1 - said) * (1 - here) / (1 - there)
    moved = relevant / (relevant + rest)
    places = np.minimum((moved * _BINS).astype(int), _BINS - 1)
    bins = [
        {
            "from": k / _BINS,
            "texts": int((places == k).sum()),
            "relevant": int(truth[places == k].sum()),
            "said": float(moved[places == k].mean()),
            "seen": float(truth[places == k].mean()),
        }
        for k in range(_BINS)
        if (places == k).any()
    ]
    return {
        "bins": bins,
        "brier": float(((moved - truth) ** 2).mean()),
        "brier_of_prevalence": float(here * (1 - here)),
        "ece": float(sum(b["texts"] * abs(float(b["said"]) - float(b["seen"])) for b in bins) / len(known)),
    }


def names(rows: Sequence[Labelled], find: Callable[[str, str], Iterable[str]]) -> Figures | None:
    """Return found, missed and wrong names a code, on rows whose labels name those that stand in the text.

    Codes that no label names are not asked of: the labels do not say where they stand.
    """
    counts: dict[str, Counter[str]] = {}
    asked = {code for row in rows for code in row.names or ()}
    for row in rows:
        if row.names is None:
            continue
        wanted, found = set(row.names), set(find(row.example.title, row.example.text))
        for code in (wanted | found) & asked:
            kind = "found" if code in wanted & found else "missed" if code in wanted else "wrong"
            counts.setdefault(code, Counter())[kind] += 1
    return {c: {k: counts[c][k] for k in ("found", "missed", "wrong")} for c in sorted(counts)} or None
