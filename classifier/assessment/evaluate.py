"""One evaluation: every system on the same texts, folds and starts, as one nested dictionary of figures (the JSON output)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from classifier.assessment import figures, screening, systems
from classifier.assessment.folds import Held, judged_apart
from classifier.assessment.labelled import Labelled, LabelledSet
from classifier.assessment.screening import Start
from classifier.assessment.systems import Order, System, Verdict
from classifier.labels import Example
from classifier.mentions import find_mentions
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT
from study.protocol import Protocol

OURS = "mentorwatch"
SVM = "TF-IDF + linear SVM"
RULES = "keyword rules"
ASREVIEW = "ASReview"
CHANCE = "random order"
WORST = 10  # examples shown of each kind of mistake
QUOTE = 200  # characters

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How an evaluation is done."""

    learn: bool  # whether the rows of other folds are learnt, besides the base
    starts: int = 5  # of the screening simulation; 0: none
    lot: int = 50  # texts read between two trainings in it
    seed: int = 0
    asreview: Path | None = None  # the program; None: not run
    baselines: bool = True


def evaluate(
    protocol: Protocol, labelled: LabelledSet, base: Sequence[Example], plan: Plan, told: Told
) -> dict[str, Any]:
    """Return all figures. ``base`` is learnt besides, as far as it shares no idea and no text with what is judged.

    The same input gives the same figures: numeric libraries keep to one thread, and every draw has its seed.
    """
    rows = labelled.rows
    with threadpool_limits(limits=1):
        compared: dict[str, System] = {OURS: systems.mentorwatch(protocol)}
        if plan.baselines:
            compared |= {SVM: systems.elas_u4(protocol), RULES: systems.keyword_rules(protocol)}
        results: dict[str, Any] = {
            "protocol": protocol.name,
            "set": _described(labelled, base, plan),
            "systems": {},
        }
        for name, system in compared.items():
            told(f"{name}: judging {len(rows)} texts")
            held = judged_apart(system, rows, base, learn=plan.learn, seed=plan.seed, told=told)
            results["systems"][name] = _figures(protocol, rows, held)
            if name == OURS:
                results["worst"] = _worst(rows, held.verdicts)
        results["names"] = figures.names(
            rows, lambda title, text: [m.what for m in find_mentions(protocol, title, text) if m.counts]
        )
        ranked = {name: systems.ranking(system) for name, system in compared.items()}
        ranked[OURS] = systems.mentorwatch_order(protocol)
        results["screening"] = _screening(ranked, rows, base, plan, told) if plan.starts else None
    rounded: dict[str, Any] = _rounded(results)
    return rounded


def _rounded(value: Any) -> Any:
    # Sums may differ in the last places from one run to the next; figures must not.
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 6) if isinstance(value, float) else value


def _described(labelled: LabelledSet, base: Sequence[Example], plan: Plan) -> dict[str, Any]:
    rows = labelled.rows
    return {
        "name": labelled.name,
        "by": labelled.by,
        "texts": len(rows),
        "groups": len({row.group for row in rows}),
        "labels": {c: sum(r.example.relevance == c for r in rows) for c in (RELEVANT, AMBIGUOUS, OFF_TOPIC)},
        "eras": {e: sum(r.example.era == e for r in rows) for e in sorted({r.example.era for r in rows}) if e},
        "base": len(base),
        "learn": plan.learn,
        "seed": plan.seed,
        "bad": len(labelled.bad),
    }


def _figures(protocol: Protocol, rows: Sequence[Labelled], held: Held) -> dict[str, Any]:
    return {
        "relevance": figures.relevance(rows, held),
        "queue": figures.queue_share(protocol, rows, held),
        "topics": figures.codes(rows, held, "topics", protocol.topics, OFF_TOPIC),
        "approaches": figures.codes(rows, held, "approaches", protocol.approaches, RELEVANT),
        "flags": figures.codes(rows, held, "flags", protocol.flags, None),
        "relation": figures.choices(rows, held, "relation", figures.RELATIONS),
        "depth": figures.choices(rows, held, "depth", figures.DEPTHS),
        "parts": figures.by_part(rows, held),
        "calibration": figures.calibration(protocol, rows, held),
    }


def _worst(rows: Sequence[Labelled], verdicts: Sequence[Verdict]) -> dict[str, list[dict[str, Any]]]:
    """Return the relevant texts that rank lowest and the off-topic ones that rank highest, each with what carried the verdict."""
    pairs = list(zip(rows, verdicts, strict=True))
    low = sorted((p for p in pairs if p[0].example.relevance == RELEVANT), key=lambda p: (p[1].score, p[0].example.id))
    high = sorted(
        (p for p in pairs if p[0].example.relevance == OFF_TOPIC), key=lambda p: (-p[1].score, p[0].example.id)
    )
    return {
        "relevant, ranked lowest": [_shown(*pair) for pair in low[:WORST]],
        "off-topic, ranked highest": [_shown(*pair) for pair in high[:WORST]],
    }


def _shown(row: Labelled, verdict: Verdict) -> dict[str, Any]:
    quote = " ".join((verdict.quote or row.example.text).split())
    return {
        "id": row.example.id,
        "era": row.example.era,
        "title": row.example.title[:QUOTE],
        "called": verdict.relevance,
        "probability": None if verdict.probability is None else f"{verdict.probability:.2g}",
        "quote": quote if len(quote) <= QUOTE else quote[: QUOTE - 1] + "…",
    }


def _screening(
    compared: dict[str, Order], rows: Sequence[Labelled], base: Sequence[Example], plan: Plan, told: Told
) -> dict[str, Any]:
    # The record's decisions are learnt as they are made; the seeds alone are known before.
    begun = screening.starts(rows, base, plan.starts, plan.seed)
    runs: dict[str, Callable[[Start, int], list[int]]] = {
        name: _runner(order, 0 if name == RULES else plan.lot) for name, order in compared.items()
    }
    if plan.asreview is not None:
        program = plan.asreview
        runs[ASREVIEW] = lambda start, number: screening.asreview(program, start, plan.seed + number)
    runs[CHANCE] = lambda start, _: screening.by_chance(start)
    found = screening.simulate(runs, begun, told)
    found["lot"] = plan.lot
    found["asreview"] = None if plan.asreview is None else screening.version_of(plan.asreview)
    return found


def _runner(order: Order, lot: int) -> Callable[[Start, int], list[int]]:
    return lambda start, _: screening.screen(order, start, lot)
