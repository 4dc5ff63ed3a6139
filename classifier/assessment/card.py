"""The model card, docs/model-card.md: written from an evaluation on the seeds, never by hand.

After Mitchell and others, Model Cards for Model Reporting (2019): what the model is for, what it learnt from, how good it is, where it
fails. The words stand in model-card.md.in, the figures come from :func:`rendered`.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any

from classifier.assessment import tables
from classifier.assessment.evaluate import OURS
from study.protocol import Protocol

CARD = Path(__file__).parents[2] / "docs" / "model-card.md"
_TEMPLATE = Path(__file__).with_name("model-card.md.in")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_EXAMPLES = "## Typical errors"


def rendered(protocol: Protocol, results: dict[str, Any]) -> str:
    """Return the card's text for an evaluation on the seeds."""
    ours, known = results["systems"][OURS], results["set"]
    relevance = ours["relevance"]
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=protocol.title,
        name=protocol.name,
        texts=known["texts"],
        groups=known["groups"],
        labels=", ".join(f"{number} {label}" for label, number in known["labels"].items()),
        eras=", ".join(f"{number} {era}" for era, number in known["eras"].items()),
        prevalence=f"{protocol.deployment.prevalence:.2%}" if protocol.deployment else "unknown",
        found=tables.share(relevance["kept"], "recall"),
        precision=tables.share(relevance["kept"], "precision"),
        f1=f"{relevance['kept']['f1']:.3f}",
        at_once=tables.share(relevance["at_once"], "recall"),
        at_once_right=tables.share(relevance["at_once"], "precision"),
        pr_auc=f"{relevance['pr_auc']:.3f}",
        queue=f"{ours['queue']['share']:.1%}" if ours["queue"] else "unknown",
        confusion=_block(tables.confusion_table(relevance["confusion"])),
        parts=_block(tables.parts_table(ours["parts"])),
        compared=_block(tables.systems_table(results)),
        screening=_block(tables.screening_table(results["screening"])),
        topics=_block(tables.codes_table("topics", ours["topics"])),
        approaches=_block(tables.codes_table("approaches", ours["approaches"])),
        flags=_block(tables.codes_table("flags", ours["flags"])),
        relation=_block(tables.choices_table("relation", ours["relation"])),
        depth=_block(tables.choices_table("depth", ours["depth"])),
        names=_block(tables.names_table(results["names"])),
        calibration=_block(tables.calibration_table(ours["calibration"])),
        errors="\n".join(_errors(results["worst"])),
    )


def _block(lines: Any) -> str:
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _errors(worst: dict[str, Any]) -> list[str]:
    lines = []
    for kind, examples in worst.items():
        lines += [f"**{kind[0].upper()}{kind[1:]}**", ""]
        lines += [
            f"- `{example['id']}` ({example['era']}, called {example['called']}) {_plain(example['title'])}: "
            f"'{_plain(example['quote'])}'"
            for example in examples
        ]
        lines.append("")
    return lines[:-1]


def _plain(text: str) -> str:
    """Return a text with what Markdown and HTML would act on made harmless."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)


def differences(old: str, new: str, tolerance: float) -> list[str]:
    """Return the lines in which two cards differ: in words, or in a figure by more than ``tolerance`` of it.

    Counts may differ by two as well: a text on the line may fall on its other side under another library. The examples at the end are not
    compared; they follow from the rest.
    """
    ours, theirs = (text.partition(_EXAMPLES)[0].splitlines() for text in (old, new))
    different = [f"- {a}\n+ {b}" for a, b in zip(ours, theirs, strict=False) if not _alike(a, b, tolerance)]
    longer = ours[len(theirs) :] or theirs[len(ours) :]
    return different + [f"only one has: {line}" for line in longer]


def _alike(a: str, b: str, tolerance: float) -> bool:
    words = [" ".join(_NUMBER.sub("#", line).split()) for line in (a, b)]
    if words[0] != words[1]:
        return False
    pairs = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
    return all(_near(x.replace(",", ""), y.replace(",", ""), tolerance) for x, y in pairs)


def _near(a: str, b: str, tolerance: float) -> bool:
    allowed = max(2.0 if "." not in a else 0.02, tolerance * abs(float(a)))
    return abs(float(a) - float(b)) <= allowed
