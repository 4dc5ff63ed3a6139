"""Names are found wherever they stand, and told from their namesakes: tests/mentions.toml holds the cases."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from classifier.mentions import QUOTE_LIMIT, find_mentions
from study.protocol import load

CASES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "mentions.toml").read_text(encoding="utf-8"))[
    "case"
]
STUDY = load("nfer-2008")


def _name(case: dict[str, Any]) -> str:
    return " ".join(f"{case.get('title', '')} {case['text']}".split())[:60]


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_exactly_the_names_that_stand_in_a_text_count(case: dict[str, Any]) -> None:
    found = find_mentions(STUDY, case.get("title", ""), case["text"])
    assert {m.what for m in found if m.counts} == set(case["counts"]), found
    for code, namesake in case.get("which", {}).items():
        assert [m.which for m in found if m.what == code], f"{code} was not even seen"
        assert all(namesake in (m.which or "") for m in found if m.what == code), found
    for code, about in case.get("about", {}).items():
        assert {a for m in found if m.what == code for a in m.about} == set(about)
    for key, attribute in (("beside", "beside_keyword"), ("explained", "explained"), ("linked", "linked")):
        if key in case:
            assert {m.what for m in found if m.counts and getattr(m, attribute)} >= set(case[key])
            if not case[key]:
                assert not any(getattr(m, attribute) for m in found)


def test_the_list_is_long_enough_to_mean_something() -> None:
    with_names = sum(1 for case in CASES if case["counts"])
    assert with_names >= 30
    assert len(CASES) - with_names >= 60


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_quotes_and_spans_are_exact(case: dict[str, Any]) -> None:
    title, text = case.get("title", ""), case["text"]
    for mention in find_mentions(STUDY, title, text):
        assert mention.quote in title or mention.quote in text
        assert len(mention.quote) <= QUOTE_LIMIT
        name = f"{title}\n{text}"[mention.start : mention.end]
        assert name.strip()
        assert " ".join(name.split())[:20] in " ".join(mention.quote.split()) or len(name) > QUOTE_LIMIT


def test_a_name_deep_in_a_long_document_keeps_a_short_quote() -> None:
    filler = "Bins are emptied on Mondays in the north and Tuesdays in the south, whatever the weather, " * 200
    text = f"{filler} and the National Framework for Mentoring and Coaching was tabled, {filler}"
    (mention,) = find_mentions(STUDY, "Minutes", text)
    assert mention.what == "framework"
    assert "National Framework for Mentoring and Coaching" in mention.quote
    assert mention.quote in text
    assert len(mention.quote) <= QUOTE_LIMIT


def test_another_study_finds_its_own_names() -> None:
    study = load("ecf-2026")
    text = (
        "The Early Career Framework (ECF) gives every ECT a mentor for two years. NPQs are booked through the hub. "
        "Instructional coaches visit termly."
    )
    assert {m.what for m in find_mentions(study, "", text) if m.counts} == {
        "ecf",
        "ect",
        "npq",
        "instructional-coaching",
    }
    other = "ECT (electroconvulsive therapy) is given on the ward; the European Climate Foundation (ECF) paid for the atrium."
    assert not [m for m in find_mentions(study, "", other) if m.counts]
