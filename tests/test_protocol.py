"""A protocol is data: what it must hold is checked, and errors name file, key and what was expected."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from classifier.judge import Judge
from study import protocol
from study.authorities import register
from study.protocol import ProtocolError, load, names

SMALL = """
name = "small"
title = "A small study"
sample = "nfer-2008"

[[keywords]]
code = "mentor"
name = "mentor"
variants = ["mentor"]
counts = "relevance"
relations = ["mentoring"]

[[keywords]]
code = "tda"
name = "TDA"
variants = ["TDA"]
counts = "mention"
mention = "tda"

[[relations]]
code = "mentoring"
name = "mentoring"

[[topics]]
code = "other"
name = "Other"

[[mentions]]
code = "tda"
name = "TDA"
patterns = ['\\bTDA\\b']
"""


def _write(folder: Path, text: str) -> str:
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _refused(folder: Path, text: str) -> str:
    with pytest.raises(ProtocolError) as refused:
        load(_write(folder, text))
    assert "small.toml: " in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("name", names())
def test_every_protocol_that_comes_along_loads_and_can_judge(name: str) -> None:
    study = load(name)
    assert study.name == name
    verdict = Judge(study, None).judge("A mentor", "Mentors and coaches meet.")
    assert verdict.relevance == "ambiguous"


def test_the_study_of_2008_asks_its_five_keywords_and_knows_what_counts() -> None:
    study = load("nfer-2008")
    assert {k.code: k.variants for k in study.keywords} == {
        "mentor": ["mentor", "mentoring"],
        "coach": ["coach", "coaching"],
        "tda": ["TDA"],
        "extranet": ["extranet"],
        "framework": ["National Framework for Mentoring and Coaching"],
    }
    assert [k.code for k in study.keywords if k.counts == "relevance"] == ["mentor", "coach"]
    assert len(study.topics) == 8
    assert len(study.approaches) == 11
    assert study.published is not None
    assert study.published.totals["mentor"] == 5933
    named = {code for codes in study.published.approaches.values() for code in codes}
    assert named <= set(register())
    assert set(study.published.approaches) <= {a.code for a in study.approaches}


def test_a_protocol_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    assert load(_write(tmp_path, SMALL)).name == "small"
    assert load("nfer-2008").name == "nfer-2008"
    with pytest.raises(ProtocolError, match="there is no such protocol; expected one of ecf-2026, nfer-2008"):
        load("nfer-1908")


def test_its_hash_is_of_what_it_says_not_of_how_it_is_written(tmp_path: Path) -> None:
    plain = load(_write(tmp_path, SMALL)).hash
    assert load(_write(tmp_path, "# a comment\n" + SMALL)).hash == plain
    assert load(_write(tmp_path, SMALL.replace('"mentor"]', '"mentor", "mentoring"]'))).hash != plain


def test_core_words_are_the_relevance_keywords_alone(tmp_path: Path) -> None:
    study = load(_write(tmp_path, SMALL))
    assert study.core.search("A MENTOR came")
    assert not study.core.search("the TDA came")
    assert study.keyword("tda").mention == "tda"
    with pytest.raises(KeyError):
        study.keyword("coach")


def test_2008_core_words_are_whole_words() -> None:
    core = load("nfer-2008").core
    for word in (
        "mentor",
        "Mentoring",
        "mentees",
        "co-mentoring",
        "coach",
        "coaches",
        "COACHING",
        "co-coached",
        "coachee",
    ):
        assert re.fullmatch(core, word), word
    for word in ("Stagecoach", "tormentor", "lamented", "cockroach", "approach"):
        assert not core.search(word), word


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('counts = "mention"', 'counts = "hits"', r"keywords\[tda\].counts"),
        ('mention = "tda"', 'mention = "tdb"', "keywords.tda.mention is 'tdb'; expected one of"),
        ('relations = ["mentoring"]', 'relations = ["coaching"]', "keywords.mentor.relations names"),
        (r"'\bTDA\b'", r"'\b(TDA'", r"mentions\[tda\].patterns\[0\].*expected a regular expression"),
        ('code = "other"', 'code = "Other one"', r"topics\[Other one\].code"),
        ('title = "A small study"', "", "title: Field required"),
        ('sample = "nfer-2008"', 'sample = "nfer-2008"\ncolour = "red"', "colour: Extra inputs"),
        ('name = "small"', "name = small", "not a TOML file"),
        (
            r"'\bTDA\b'",
            "'(?:TDA)*'",
            r"mentions\[tda\].patterns\[0\].*needs some words: this one is found in every text",
        ),
        (r"'\bTDA\b'", "' '", r"mentions\[tda\].patterns\[0\].*needs some words"),
        (
            'variants = ["TDA"]',
            'variants = ["TDA", " "]',
            r"keywords\[tda\].variants\[1\]: expected words to search for",
        ),
        ('sample = "nfer-2008"', 'sample = "walest"', "sample is 'walest'; expected one of england, .*nfer-2008"),
        ('sample = "nfer-2008"', 'sample = "nfer-2008"\nas_of = "some day"', "as_of: Extra inputs"),
        (
            "[[topics]]",
            "[deployment]\nprevalence = 0.01\ntopics = { bus = 1.0 }\n[[topics]]",
            "deployment.topics names",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SMALL
    assert re.search(said, _refused(tmp_path, SMALL.replace(old, new, 1)))


def test_a_code_that_stands_twice_is_refused(tmp_path: Path) -> None:
    twice = SMALL + '\n[[topics]]\ncode = "other"\nname = "Again"\n'
    assert "topics: other stands twice" in _refused(tmp_path, twice)


FRAMEWORK = """
[[framework]]
dimension = "type"
code = "new-staff"
name = "New staff"
approach = "{approach}"
"""


def test_what_a_report_maps_to_leaves_what_was_judged_as_it_is(tmp_path: Path) -> None:
    plain, mapped = tmp_path / "plain.toml", tmp_path / "mapped.toml"
    approach = '\n[[approaches]]\ncode = "scheme"\nname = "Scheme"\n'
    plain.write_text(SMALL + approach, encoding="utf-8")
    mapped.write_text(SMALL + approach + FRAMEWORK.format(approach="scheme"), encoding="utf-8")
    assert protocol.load(str(plain)).hash == protocol.load(str(mapped)).hash


def test_a_framework_of_unknown_approaches_is_refused(tmp_path: Path) -> None:
    assert "framework.new-staff.approach is 'nothing'" in _refused(
        tmp_path, SMALL + FRAMEWORK.format(approach="nothing")
    )


def test_the_page_about_protocols_names_every_key() -> None:
    page = (Path(__file__).parent.parent / "docs" / "protocols.md").read_text(encoding="utf-8")
    models = (
        protocol.Protocol, protocol.Keyword, protocol.Relation, protocol.Coded, protocol.Namesake, protocol.Mention,
        protocol.Deployment, protocol.Published, protocol.Offered,
    )  # fmt: skip
    keys = {key for model in models for key in model.model_fields}
    assert {key for key in keys if f"`{key}`" not in page} == set()


def test_the_example_on_that_page_loads(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "protocols.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    tomllib.loads(example)
    study = load(_write(tmp_path, example))
    assert Judge(study, None).judge("", "Our buddy scheme pairs new librarians.").relevance == "ambiguous"
