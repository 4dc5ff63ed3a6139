"""How a page is read before it is judged: passages, sentences, who stands where, which words are learnt."""

from __future__ import annotations

import pytest

from classifier import blocks
from classifier.features import Vectoriser, take_apart
from classifier.passages import Cut
from classifier.relations import recipients
from classifier.roles import tag, tokens
from study.protocol import Protocol
from study.protocol import load as load_protocol


@pytest.fixture(scope="module")
def study() -> Protocol:
    return load_protocol("nfer-2008")


def test_who_is_mentored_is_read_from_grammar() -> None:
    def of(text: str) -> set[str]:
        return set(recipients(tag(tokens(text))))

    assert "recipient=leader" in of("Headteachers will be mentored by colleagues.")
    assert "giver=teacher" in of("Headteachers will be mentored by colleagues.")
    assert "object=pupil" in of("Volunteers mentor pupils after school.")
    assert "recipient=trainee" in of("A mentor is found for every trainee teacher.")
    assert of("Bins are emptied.") == set()


def test_passages_cover_every_keyword_and_join_where_they_meet(study: Protocol) -> None:
    text = "A mentor helps. " + "Nothing here of note. " * 80 + "A coach waits. A coach leaves."
    passages = Cut.of("Title", text, study.core).passages
    assert len(passages) == 2
    assert sum(len(p.matches) for p in passages) == 3
    assert all(f"Title\n{text}"[p.start : p.end] == p.text for p in passages)


def test_of_an_endless_sentence_no_half_words_are_read(study: Protocol) -> None:
    filler = "and the stagecoach of the headteachers came with paper streamers " * 12
    page = Cut.of("", f"A mentor {filler} helped a coach {filler}. Another coach came.", study.core)
    sentences = [text for passage in page.passages for text, _ in page.sentences(passage)]
    assert {word for text in sentences for word in text.strip(".").split()} <= {
        *filler.split(),
        *["A", "mentor", "helped", "a", "coach", "Another", "came"],
    }


def test_words_are_learnt_by_sentence_and_by_side(study: Protocol) -> None:
    texts = ["Pupils sing. Heads mentor new staff. Bins wait.", "Pupils dance. Heads mentor old staff. Bins go."]
    passages = [words for text in texts for words in take_apart(Cut.of("", text, study.core))]
    learnt = Vectoriser.fit(passages).vocabulary
    assert set(learnt["clause"]) == {"head", "mentor", "staff", "head mentor"}
    assert {"<head", "<0head", ">staff", ">1staff"} <= set(learnt["sides"])


def test_what_few_pages_share_is_not_masked() -> None:
    texts = [
        "Mentoring for heads\none",
        "Mentoring for heads\ntwo",
        "Mentoring for heads\nthree",
        "Mentoring for heads\nfour",
    ]
    assert blocks.repeated(texts) == []
    assert blocks.quorum(100) == 20
    assert blocks.mask({"page": "a\n\nB  b\n\nc"}, {"b b"}) == {"page": "a\n\nc"}


def test_a_sentence_that_repeats_stays_on_the_first_page_that_has_it() -> None:
    said = "Every new headteacher is given a mentor, an experienced colleague."
    pages = {f"page {k}": f"Home | Mentoring\n{said}\nNotice number {k}." for k in range(5)}
    masked = blocks.mask(pages, blocks.repeated(pages.values()))
    assert [key for key, text in masked.items() if said in text] == ["page 0"]
    assert "Home" not in "".join(masked.values())
    assert masked["page 4"] == "Notice number 4."
