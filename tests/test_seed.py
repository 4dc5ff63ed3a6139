"""The seed texts: whole, varied, in every class and both eras, and no two nearly the same but those that are meant to be."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from study.protocol import load

FOLDER = Path(__file__).parent.parent / "labels" / "seed"
KEYS = {
    "id", "idea", "era", "voice", "title", "text", "relevance", "relation", "topics", "approaches", "depth", "flags", "who",
    "mentions",
}  # fmt: skip
STUDY = load("nfer-2008")
ALIKE = 0.5  # share of five-word sequences in common from which two texts are near duplicates


def _rows() -> list[dict[str, Any]]:
    rows = []
    for path in sorted(FOLDER.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            rows.append({"where": f"{path.name}, line {number}", **json.loads(line)})
    return rows


ROWS = _rows()


def _fives(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))
    return [tuple(words[k : k + 5]) for k in range(len(words) - 4)]


def test_every_line_has_the_keys_and_codes_of_the_codebook() -> None:
    topics = {topic.code for topic in STUDY.topics}
    approaches = {approach.code for approach in STUDY.approaches}
    for row in ROWS:
        where = row["where"]
        assert set(row) - {"where"} == KEYS, where
        assert row["text"].strip(), where
        assert row["relevance"] in {"relevant", "off-topic", "ambiguous"}, where
        assert row["relation"] in {relation.code for relation in STUDY.relations}, where
        assert row["era"] in {"then", "now"}, where
        assert row["depth"] in {"main", "section", "brief"}, where
        assert set(row["topics"]) <= topics, where
        assert set(row["approaches"]) <= approaches, where
        assert set(row["mentions"]) <= {mention.code for mention in STUDY.mentions}, where


def test_topics_go_with_off_topic_and_approaches_with_relevant() -> None:
    for row in ROWS:
        if row["relevance"] == "relevant":
            assert not row["topics"], row["where"]
            assert row["relation"] != "none", row["where"]
        else:
            assert not row["approaches"] or row["relevance"] == "ambiguous", row["where"]
        if row["relevance"] == "off-topic":
            assert row["topics"], row["where"]


def test_ids_are_unique() -> None:
    counts = Counter(row["id"] for row in ROWS)
    assert [key for key, number in counts.items() if number > 1] == []


def test_there_are_enough_of_every_class_in_both_eras() -> None:
    assert len(ROWS) >= 800
    assert len({row["idea"] for row in ROWS}) >= 700
    for era in ("then", "now"):
        of_era = [row for row in ROWS if row["era"] == era]
        assert len(of_era) >= 350
        counts = Counter(row["relevance"] for row in of_era)
        assert min(counts[relevance] for relevance in ("relevant", "off-topic")) >= 150
        assert counts["ambiguous"] >= 20
        shown = Counter(code for row in of_era for code in (*row["topics"], *row["approaches"]))
        for code in (*STUDY.topics, *STUDY.approaches):
            assert shown[code.code] >= 5, (era, code.code)


def test_voices_and_lengths_vary() -> None:
    assert len({row["voice"] for row in ROWS}) >= 30
    lengths = sorted(len(row["text"].split()) for row in ROWS)
    assert lengths[0] < 15
    assert lengths[-1] > 200


def test_sentences_are_written_not_filled_in(record_property: pytest.RecordProperty) -> None:
    # A near pair shares its words by design: one text an idea is counted.
    first = {row["idea"]: row for row in reversed(ROWS)}
    fives = [five for row in first.values() for five in _fives(row["text"])]
    distinct = len(set(fives)) / len(fives)
    record_property("distinct_five_word_sequences", round(distinct, 4))
    print(f"{len(fives)} five-word sequences, {distinct:.2%} of them distinct")
    assert distinct >= 0.985


def test_no_eight_word_sequence_recurs_between_ideas() -> None:
    seen: dict[tuple[str, ...], str] = {}
    shared: Counter[tuple[str, str]] = Counter()
    for row in ROWS:
        words = re.findall(r"[a-z0-9']+", row["text"].lower().replace("’", "'"))
        for eight in {tuple(words[k : k + 8]) for k in range(len(words) - 7)}:
            other = seen.setdefault(eight, row["idea"])
            if other != row["idea"]:
                shared[(other, row["idea"])] += 1
    # Long names ('the Training and Development Agency for Schools', ...) may meet once or twice.
    assert {pair: number for pair, number in shared.items() if number > 5} == {}


def test_no_two_texts_of_different_ideas_are_nearly_the_same() -> None:
    holders: dict[tuple[str, ...], list[int]] = {}
    sets = [set(_fives(row["text"])) for row in ROWS]
    for index, fives in enumerate(sets):
        for five in fives:
            holders.setdefault(five, []).append(index)
    shared: Counter[tuple[int, int]] = Counter()
    for indices in holders.values():
        shared.update(combinations(indices, 2))
    alike = [
        (ROWS[a]["where"], ROWS[b]["where"])
        for (a, b), number in shared.items()
        if ROWS[a]["idea"] != ROWS[b]["idea"] and number / max(1, min(len(sets[a]), len(sets[b]))) > ALIKE
    ]
    assert alike == []
    assert len({" ".join(row["text"].split()).casefold() for row in ROWS}) == len(ROWS)
