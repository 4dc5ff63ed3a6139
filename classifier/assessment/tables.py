"""The figures of an evaluation as tables of plain text, counts first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from classifier.assessment.evaluate import ASREVIEW, OURS
from classifier.assessment.labelled import CALLS

Figures = dict[str, Any]


def share(figures: Figures, what: str) -> str:
    """Return '24 of 25 (96.0 %, 95 % interval 79.6 to 99.9)' for recall or precision."""
    of = figures["of"] if what == "recall" else figures["found"] + figures["false"]
    low, high = figures[f"{what}_interval"]
    return f"{figures['found']} of {of} ({figures[what]:.1%}, interval {low:.1%} to {high:.1%})"


def printed(results: Figures) -> str:
    """Return everything that a terminal shows. Texts in it are as labelled: mask control characters before printing."""
    parts = [_set(results), _ours(results), "\n".join(systems_table(results))]
    if results["screening"]:
        parts.append("\n".join(screening_table(results["screening"])))
    ours = results["systems"][OURS]
    for kind in ("topics", "approaches", "flags"):
        if ours[kind]:
            parts.append("\n".join(codes_table(kind, ours[kind])))
    for kind in ("relation", "depth"):
        if ours[kind]:
            parts.append("\n".join(choices_table(kind, ours[kind])))
    if results["names"]:
        parts.append("\n".join(names_table(results["names"])))
    if ours["calibration"]:
        parts.append("\n".join(calibration_table(ours["calibration"])))
    parts.append("\n".join(_worst(results["worst"])))
    return "\n\n".join(parts) + "\n"


def _set(results: Figures) -> str:
    known = results["set"]
    counts = ", ".join(f"{number} {name}" for name, number in known["labels"].items())
    how = (
        f"each judged by a model that never saw its {known['by']}"
        if known["learn"]
        else "judged by one model that saw none of them"
    )
    besides = f" ({known['base']} seed texts learnt besides)" if known["base"] else ""
    bad = f"; {known['bad']} rows could not be read" if known["bad"] else ""
    groups = "" if known["by"] in ("page", "group") else f" of {known['groups']} {_plural(known['by'])}"
    return f"{known['name']}: {known['texts']} texts{groups}, {counts}{bad};\n{how}{besides}."


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def _ours(results: Figures) -> str:
    ours = results["systems"][OURS]
    relevance = ours["relevance"]
    kept, once = relevance["kept"], relevance["at_once"]
    lines = [
        *confusion_table(relevance["confusion"]),
        "",
        f"found          {share(kept, 'recall')}: relevant texts kept for a person or called relevant",
        f"precision      {share(kept, 'precision')} of what is kept",
        f"F1             {kept['f1']:.3f} at the chosen threshold (kept or dropped)",
        f"called at once {share(once, 'recall')}; right {share(once, 'precision')}; F1 {once['f1']:.3f}",
        f"PR-AUC         {relevance['pr_auc']:.3f}",
    ]
    if ours["queue"]:
        lines.append(f"queue          {ours['queue']['share']:.1%} of off-topic hits, in a search's mix, are kept")
    places = relevance["ranking"]
    for k, found in places["found_after"].items():
        lines.append(f"{'recall@' + k:<15}{found} of {places['relevant']} among the first {k} of {places['texts']}")
    lines.append(
        f"reads          {places['reads_95']} to 95 %, {places['reads_100']} to all; work saved {places['wss_95']:.1%} and "
        f"{places['wss_100']:.1%}; mean place {places['atd']:.1%}"
    )
    return "\n".join([*lines, *parts_table(ours["parts"])])


def confusion_table(confusion: Figures) -> Iterator[str]:
    """Yield the lines of the confusion of labels and calls."""
    yield f"{'labelled':<12}{'called relevant':>17}{'ambiguous':>12}{'off-topic':>12}"
    for label in CALLS:
        row = confusion[label]
        yield f"{label:<12}" + f"{row[CALLS[0]]:>17}{row[CALLS[1]]:>12}{row[CALLS[2]]:>12}"


def parts_table(parts: Figures) -> Iterator[str]:
    """Yield a line a part of the set: eras, near pairs, the rest."""
    for name, figures in parts.items():
        yield (
            f"{name:<15}{share(figures['kept'], 'recall')} kept; F1 {figures['kept']['f1']:.3f}, "
            f"one line {figures['one_line']['f1']:.3f}; PR-AUC {figures['pr_auc']:.3f}"
        )


def systems_table(results: Figures) -> Iterator[str]:
    """Yield the lines that set the systems side by side."""
    found = results["systems"]
    ours = found[OURS]
    rows: list[tuple[str, Callable[[Figures], float | None]]] = [
        ("F1, one line", lambda s: s["relevance"]["one_line"]["f1"]),
        ("  its recall", lambda s: s["relevance"]["one_line"]["recall"]),
        ("F1, line for recall 97 %", lambda s: s["relevance"]["one_line_for_recall"]["f1"]),
        ("  its recall", lambda s: s["relevance"]["one_line_for_recall"]["recall"]),
        ("PR-AUC", lambda s: s["relevance"]["pr_auc"]),
        ("work saved at 95 %", lambda s: s["relevance"]["ranking"]["wss_95"]),
        ("topics, mean F1", lambda s: s["topics"] and s["topics"]["macro_f1"]),
        ("approaches, mean F1", lambda s: s["approaches"] and s["approaches"]["macro_f1"]),
    ]
    names = list(found)
    yield f"{'same texts, same folds':<26}" + "".join(f"{name:>28}" for name in names)
    for label, get in rows:
        cells = []
        for name in names:
            value, own = get(found[name]), get(ours)
            ratio = f" ({own / value:.2f}x)" if value and own and name != OURS else ""
            cells.append(f"{'-' if value is None else f'{value:.3f}'}{ratio}")
        yield f"{label:<26}" + "".join(f"{cell:>28}" for cell in cells)
    yield "One line: a single threshold a system, chosen on the other folds. In brackets: ours over theirs."


def screening_table(found: Figures) -> Iterator[str]:
    """Yield the lines of the screening simulation."""
    names = list(found["systems"])
    ours = found["systems"][OURS]
    yield (
        f"{found['starts']} starts: {found['relevant']:g} relevant among {found['pool']:g} texts, {found['priors']:g} "
        f"priors the same for all; ours learns every {found['lot']} reads and reorders after each"
    )
    yield f"{'reads until':<26}{'95 % found':>28}{'all found':>28}"
    for name in names:
        cells = []
        for part in ("95", "100"):
            reads = found["systems"][name][part]
            ratio = "" if name == OURS else f" {ours[part]['median'] / reads['median']:.2f}x"
            cells.append(f"{reads['median']:g} ({reads['least']}-{reads['most']}){ratio}")
        yield f"{name:<26}" + "".join(f"{cell:>28}" for cell in cells)
    if ASREVIEW not in names:
        yield "ASReview: not run (not installed; tests/services/install.sh makes .services/asreview)"
    else:
        yield f"ASReview {found['asreview']}, its default model elas_u4, learning after every read."
    yield "Median (least-most); with an x: our median over theirs, below 1 is fewer."


def codes_table(kind: str, figures: Figures) -> Iterator[str]:
    """Yield the lines of a table of codes."""
    yield f"{kind:<20}{'found':>14}{'false':>8}{'recall':>9}{'precision':>11}{'F1':>7}"
    for code, counts in figures["codes"].items():
        yield _counts_line(code, counts)
    yield f"{'mean':<20}{'':>42}{figures['macro_f1']:>7.3f}"
    if kind != "flags":
        yield f"{'mean as shown':<20}{'':>42}{figures['macro_f1_shown']:>7.3f}   ({_SHOWN[kind]})"


_SHOWN = {
    "topics": "given only to texts called off-topic",
    "approaches": "given only to texts called relevant or ambiguous",
}


def choices_table(kind: str, figures: Figures) -> Iterator[str]:
    """Yield the lines of a table of relation or depth."""
    yield f"{kind:<20}{'found':>14}{'false':>8}{'recall':>9}{'precision':>11}{'F1':>7}"
    for value, counts in figures["values"].items():
        yield _counts_line(value, counts)
    yield f"right {figures['right']} of {figures['of']}; mean F1 {figures['macro_f1']:.3f}"


def _counts_line(name: str, c: Figures) -> str:
    found = f"{c['found']} of {c['of']}"
    return f"{name:<20}{found:>14}{c['false']:>8}{c['recall']:>9.2f}{c['precision']:>11.2f}{c['f1']:>7.2f}"


def names_table(counts: Figures) -> Iterator[str]:
    """Yield the lines of a table of names."""
    yield f"{'names':<20}{'found':>14}{'wrong':>8}"
    for code, row in counts.items():
        found = f"{row['found']} of {row['found'] + row['missed']}"
        yield f"{code:<20}{found:>14}{row['wrong']:>8}"


def calibration_table(figures: Figures) -> Iterator[str]:
    """Yield the lines of a reliability table."""
    yield f"{'probability':<14}{'texts':>7}{'relevant':>10}{'said':>8}{'seen':>8}   (moved to the labels' share of relevant)"
    for row in figures["bins"]:
        label = f"{row['from']:.1f} to {row['from'] + 0.1:.1f}"
        yield f"{label:<14}{row['texts']:>7}{row['relevant']:>10}{row['said']:>8.2f}{row['seen']:>8.2f}"
    yield (
        f"expected error {figures['ece']:.3f}; Brier {figures['brier']:.3f} "
        f"(the share of relevant alone: {figures['brier_of_prevalence']:.3f})"
    )


def _worst(worst: Figures) -> Iterator[str]:
    for kind, examples in worst.items():
        yield f"{kind}:"
        for example in examples:
            yield f"  {example['id']} [{example['called']}, p {example['probability']}] {example['title']}: {example['quote']}"
