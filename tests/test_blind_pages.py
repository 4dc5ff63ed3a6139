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


MIX = {
    "blind-1": (
        {"relevant": 126, "off-topic": 163, "ambiguous": 16},
        {"then": 172, "now": 133},
        (60, 500),
    ),
    "blind-2": (
        {"relevant": 120, "off-topic": 160, "ambiguous": 20},
        {"then": 150, "now": 150},
        (40, 400),
    ),
    "blind-3": (
        {"relevant": 110, "off-topic": 130},
        {"then": 120, "now": 120},
        (25, 350),
    ),
}


@pytest.fixture(scope="module", params=sorted(MIX))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def pages(name):
    return [json.loads(line) for line in (PAGES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


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


def test_every_set_is_stated_here():
    assert sorted(path.stem for path in PAGES.glob("*.jsonl")) == sorted(MIX)


def test_the_mix_is_as_stated(name, pages):
    labels, eras, (shortest, longest) = MIX[name]
    assert len(pages) >= (240 if name == "blind-3" else 300)
    assert len({page["id"] for page in pages}) == len(pages)
    # The two pages of a near pair may have one title, no others.
    titled = {(page.get("idea", page["id"]), page["title"]) for page in pages}
    assert len({page["title"] for page in pages}) == len(titled)
    assert Counter(page["relevance"] for page in pages) == labels
    assert Counter(page["era"] for page in pages) == eras
    lengths = [len(page["text"].split()) for page in pages]
    assert min(lengths) >= shortest
    assert max(lengths) <= longest


def test_every_topic_approach_and_depth_occurs(pages, study):
    topics = {code for page in pages for code in page["topics"]}
    approaches = {code for page in pages for code in page["approaches"]}
    assert topics == {topic.code for topic in study.topics}
    assert approaches == {approach.code for approach in study.approaches}
    assert {page["depth"] for page in pages} == {"main", "section", "brief"}


def test_labels_keep_to_the_codes_and_to_one_another(name, pages, study):
    fields = FIELDS | {"idea"} if name == "blind-3" else FIELDS
    mentions = {mention.code for mention in study.mentions}
    flags = {flag.code for flag in study.flags}
    for page in pages:
        assert set(page) == fields, page["id"]
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
