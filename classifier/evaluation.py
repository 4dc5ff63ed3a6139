"""How good a model is, in counts first: what cross-validation over ideas found, missed and called wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np

from classifier.depth import DEPTHS
from classifier.fitting import Mask, Material, OutOfFold, Vector
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT, Thresholds, decide
from classifier.thresholds import deployment_weights, judged_by, most_likely
from study.protocol import Protocol

Metrics = dict[str, Any]


def measure(protocol: Protocol, material: Material, out: OutOfFold, thresholds: Thresholds) -> Metrics:
    """Return the metrics of one cross-validation: confusion, per era, per kind of code, and at deployment."""
    pages = zip(out.pages[RELEVANT], out.pages[AMBIGUOUS], strict=True)
    called = np.array([decide(float(score), float(unclear), thresholds) for score, unclear in pages])
    truth = np.array([example.relevance for example in material.examples])
    eras = np.array([example.era for example in material.examples])
    classes = (RELEVANT, AMBIGUOUS, OFF_TOPIC)
    metrics: Metrics = {
        "texts": len(truth),
        "ideas": len(set(material.groups.tolist())),
        "confusion": {t: {c: int(((truth == t) & (called == c)).sum()) for c in classes} for t in classes},
        "eras": {
            era: {
                "relevant": int(((truth == RELEVANT) & (eras == era)).sum()),
                "found": int(((truth == RELEVANT) & (eras == era) & (called == RELEVANT)).sum()),
                "dropped": int(((truth == RELEVANT) & (eras == era) & (called == OFF_TOPIC)).sum()),
            }
            for era in sorted({era for era in eras.tolist() if era})
        },
        "area": _area(out.pages[RELEVANT], truth == RELEVANT, truth == OFF_TOPIC),
        "codes": _codes(material, out, thresholds),
    }
    weights = deployment_weights(protocol, material) * (truth == OFF_TOPIC)
    metrics["queued"] = float(weights[called != OFF_TOPIC].sum() / weights.sum())
    depth = np.array(DEPTHS)[out.depth.argmax(axis=1)]
    known = np.array([example.depth in DEPTHS for example in material.examples])
    same = depth == np.array([example.depth for example in material.examples])
    metrics["depth"] = {"right": int((same & known).sum()), "of": int(known.sum())}
    return metrics


def _codes(material: Material, out: OutOfFold, thresholds: Thresholds) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for output, threshold in thresholds.codes.items():
        kind = output.partition(":")[0]
        known = judged_by(material, kind)
        truth = material.column(output)[known]
        called = out.pages[output][known] >= threshold
        if kind == "topics":
            called |= most_likely(out.pages, material.outputs, output)[known]
        found[output] = {
            "of": int(truth.sum()),
            "found": int((truth & called).sum()),
            "false": int((called & ~truth).sum()),
        }
    return found


def f1(counts: dict[str, int]) -> float:
    """Return F1 of counts ``of``, ``found`` and ``false``; 0 where there is nothing."""
    total = counts["of"] + counts["found"] + counts["false"]
    return 2 * counts["found"] / total if total else 0.0


def _area(scores: Vector, positive: Mask, negative: Mask) -> float:
    order = np.argsort(np.concatenate([scores[negative], scores[positive]]), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    above = ranks[negative.sum() :].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(above / (positive.sum() * negative.sum()))


def table(metrics: Metrics) -> str:
    """Return the metrics as a small text table, counts first."""
    confusion = metrics["confusion"]
    lines = [
        f"Cross-validated over {metrics['ideas']} ideas ({metrics['texts']} texts), never the idea that is judged:",
        "",
    ]
    lines.append(f"{'labelled':<12}{'called relevant':>17}{'ambiguous':>12}{'off-topic':>12}")
    for label, row in confusion.items():
        lines.append(f"{label:<12}{row[RELEVANT]:>17}{row[AMBIGUOUS]:>12}{row[OFF_TOPIC]:>12}")
    relevant = confusion[RELEVANT]
    total = sum(relevant.values())
    kept = relevant[RELEVANT] + relevant[AMBIGUOUS]
    called = sum(row[RELEVANT] for row in confusion.values())
    lines += [
        "",
        f"not dropped   {kept} of {total} relevant texts ({kept / total:.1%}); {relevant[RELEVANT]} called relevant at once",
        f"called rightly {relevant[RELEVANT]} of {called} texts called relevant ({relevant[RELEVANT] / max(1, called):.1%})",
        f"ranking       area under the curve {metrics['area']:.3f}",
        f"queue         {metrics['queued']:.1%} of off-topic hits expected in a researcher's queue",
        f"depth         {metrics['depth']['right']} of {metrics['depth']['of']}",
    ]
    for era, counts in metrics["eras"].items():
        lines.append(
            f"{era:<14}{counts['relevant'] - counts['dropped']} of {counts['relevant']} relevant texts not dropped"
        )
    for kind in ("topics", "approaches", "flags"):
        codes = {k: v for k, v in metrics["codes"].items() if k.startswith(kind + ":")}
        if codes:
            lines += ["", f"{kind:<20}{'found':>12}{'false':>8}{'F1':>7}"]
            for code, counts in codes.items():
                name = code.partition(":")[2]
                lines.append(
                    f"{name:<20}{counts['found']:>5} of {counts['of']:<4}{counts['false']:>7}{f1(counts):>7.2f}"
                )
            lines.append(f"{'mean':<20}{'':>20}{sum(map(f1, codes.values())) / len(codes):>7.2f}")
    return "\n".join(lines)
