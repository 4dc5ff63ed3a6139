"""The held-out pages are what their README says, and were written apart from the training text."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from study import protocol
from tests.test_independence import runs, texts

PAGES = Path(__file__).parent / "pages"
FIELDS = {
    *(
        "id",
        "era",
        "title",
        "text",
        "relevance",
        "relation",
        "topics",
        "approaches",
        "depth",
        "flags",
        "who",
        "mentions",
    )
}


@pytest.fixture(scope="module")
def pages():
    return [json.loads(line) for line in (PAGES / "blind-1.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def study():
    return protocol.load("nfer-2008")


def test_no_eight_word_sequence_stands_in_both_training_and_blind_text(study):
    names = [
        re.compile(pattern, re.IGNORECASE)
        for mention in study.mentions
        if mention.code != "definition"
        for pattern in mention.patterns
    ]
    blind = {run: where for where, text in texts("tests/pages/blind-*.jsonl") for run in runs(text, names)}
    assert len(blind) > 30_000
    shared = {
        run: (where, blind[run])
        for where, text in texts("labels/seed/*.jsonl")
        for run in runs(text, names)
        if run in blind
    }
    assert shared == {}


def test_the_mix_is_as_stated(pages):
    assert len(pages) >= 300
    assert len({page["id"] for page in pages}) == len(pages)
    assert len({page["title"] for page in pages}) == len(pages)
    counts = Counter(page["relevance"] for page in pages)
    assert counts == {"relevant": 126, "off-topic": 163, "ambiguous": 16}
    assert Counter(page["era"] for page in pages) == {"then": 172, "now": 133}
    lengths = [len(page["text"].split()) for page in pages]
    assert min(lengths) >= 60
    assert max(lengths) <= 500


def test_every_topic_approach_and_depth_occurs(pages, study):
    topics = {code for page in pages for code in page["topics"]}
    approaches = {code for page in pages for code in page["approaches"]}
    assert topics == {topic.code for topic in study.topics}
    assert approaches == {approach.code for approach in study.approaches}
    assert {page["depth"] for page in pages} == {"main", "section", "brief"}


def test_labels_keep_to_the_codes_and_to_one_another(pages, study):
    mentions = {mention.code for mention in study.mentions}
    flags = {flag.code for flag in study.flags}
    for page in pages:
        assert set(page) == FIELDS, page["id"]
        assert page["who"], page["id"]
        assert set(page["mentions"]) <= mentions, page["id"]
        assert set(page["flags"]) <= flags, page["id"]
        if page["relevance"] == "off-topic":
            assert page["relation"] == "none", page["id"]
            assert page["topics"], page["id"]
            assert not page["approaches"], page["id"]
        else:
            assert page["relation"] in {"mentoring", "coaching", "both"}, page["id"]
            assert not page["topics"], page["id"]


def test_a_name_is_labelled_only_where_it_stands(pages):
    words = {
        "tda": r"TDA|Training and Development Agency",
        "framework": r"National Framework",
        "curee": r"CUREE|Centre for the Use of Research",
        "extranet": r"extranet",
        "tda-extranet": r"TDA extranet",
    }
    for page in pages:
        for code in page["mentions"]:
            if code in words:
                assert re.search(words[code], f"{page['title']} {page['text']}", re.IGNORECASE), (page["id"], code)
