"""Judge a page: relevance with its probability, relation, topics, approaches, depth, flags, names and the quotes that carried it.

A judgement is a function of title and text, protocol and model: same input, same answer, wherever the page stands. Without a model the
protocol's rules find the names and the words, and everything that has a keyword or a name is ambiguous: a person decides.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.depth import by_rule, measures
from classifier.features import take_apart
from classifier.mentions import Mention, find_mentions
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT, Model, Pooled, Readings, Sentence, decide, pool
from classifier.passages import Cut, Passage
from classifier.relations import of_something_else
from classifier.roles import tag, tokens
from study.judging import RULES
from study.protocol import Coded, Protocol

MAX_QUOTES = 3
_BATCH = 256  # pages judged together: one matrix product for all their passages
_READINGS = 2000  # or as many as have these passages and keywords between them: a committee's report has hundreds


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of one text."""

    relevance: str  # relevant | off-topic | ambiguous
    probability: float | None  # of relevance among a search's hits; None where no model had a say
    relation: str  # mentoring | coaching | both | none
    topics: tuple[str, ...]
    approaches: tuple[str, ...]
    depth: str  # main | section | brief
    flags: tuple[str, ...]
    evidence: tuple[str, ...]  # exact substrings of title or text
    mentions: tuple[Mention, ...]


class Judge:
    """Judges texts by a protocol and, where there is one, a model trained for it.

    ``every_code`` gives topics and approaches whatever the relevance, as they would be if it allowed them: evaluation asks how
    well topics are told apart, which a judgement shows of off-topic texts only.
    """

    def __init__(self, protocol: Protocol, model: Model | None, *, every_code: bool = False) -> None:
        self.protocol = protocol
        self.model = model
        self.every_code = every_code
        self._cues = {
            kind: [(entry.code, _union(entry)) for entry in entries]
            for kind, entries in (
                ("topics", protocol.topics),
                ("approaches", protocol.approaches),
                ("flags", protocol.flags),
            )
        }
        self._named = [(r.code, re.compile(r.pattern, re.IGNORECASE)) for r in protocol.relations if r.pattern]

    @property
    def model_id(self) -> str:
        """The id that judgements are kept under."""
        return RULES if self.model is None else self.model.id

    def judge(self, title: str, text: str) -> Judgement:
        """Judge one text."""
        return next(iter(self.judge_many([(title, text)])))

    def judge_many(self, texts: Iterable[tuple[str, str]]) -> Iterable[Judgement]:
        """Judge texts in order, in batches; yields one judgement a text."""
        pages: list[Cut] = []
        readings = 0
        for title, text in texts:
            page = Cut.of(title, text, self.protocol.core)
            pages.append(page)
            readings += sum(1 + len(passage.matches) for passage in page.passages)
            if len(pages) == _BATCH or readings >= _READINGS:
                yield from self._judge_batch(pages)
                pages, readings = [], 0
        if pages:
            yield from self._judge_batch(pages)

    def _judge_batch(self, pages: Sequence[Cut]) -> Iterable[Judgement]:
        if self.model is None:
            yield from (self._by_rule(page) for page in pages)
            return
        words = [passage for page in pages if page.passages for passage in take_apart(page)]
        owner = np.array([k for k, page in enumerate(pages) for _ in page.passages], dtype=np.int64)
        scores, sentences = Readings(self.model.vectoriser, words).score_each(self.model.linear)
        pooled = pool(self.model.linear, scores, owner, len(pages))
        relevance = scores[:, self.model.linear.outputs.index(RELEVANT)]
        depths = self._depths(pages)
        for index, page in enumerate(pages):
            if page.passages:
                inside = np.flatnonzero(owner == index)
                alone = [sentences[place] for place in inside.tolist()]
                yield self._by_model(page, index, pooled, relevance[inside], alone, depths[index])
            else:
                yield self._without_keyword(page)

    def _by_model(
        self,
        page: Cut,
        index: int,
        pooled: Pooled,
        relevance: NDArray[np.float64],
        alone: Sequence[Sequence[Sentence]],  # each passage's sentences by themselves, where there are several
        depth: str,
    ) -> Judgement:
        assert self.model is not None
        limits = self.model.thresholds
        score = float(pooled[RELEVANT][index])
        decision = self._decide(page, score, float(pooled[AMBIGUOUS][index]), relevance)
        order = np.argsort(-relevance, kind="stable")
        # Passages that would have passed on their own speak for a kept page; for the rest, the best does.
        passed = [k for k in order if decision != OFF_TOPIC and relevance[k] >= limits.lower] or [order[0]]
        speaking = [page.passages[k] for k in passed]
        named = decision != OFF_TOPIC or float(pooled["named"][index]) >= limits.codes["named"]
        return Judgement(
            relevance=decision,
            probability=self.model.probability(score),
            relation=self._relation(page, speaking, [s for k in passed for s in alone[k]]) if named else "none",
            topics=self._topics(index, pooled, decision),
            approaches=(
                self._codes("approaches", index, pooled, speaking) if decision != OFF_TOPIC or self.every_code else ()
            ),
            depth=depth,
            flags=self._flags(page, index, pooled, speaking, decision),
            evidence=_quotes(
                page, [(page.passages[k], _leading(alone[k]) if decision != OFF_TOPIC else None) for k in order]
            ),
            mentions=tuple(find_mentions(self.protocol, page.title, page.text)),
        )

    def _decide(self, page: Cut, score: float, unclear: float, relevance: NDArray[np.float64]) -> str:
        assert self.model is not None
        limits = self.model.thresholds
        decision = decide(score, unclear, limits)
        if decision != RELEVANT:
            return decision
        # A menu says what a site has, not what this page says.
        passing = [
            passage
            for s, passage in zip(relevance, page.passages, strict=True)
            if s >= limits.upper and not passage.menu
        ]
        # 'Mentors are no longer provided' is about mentors, too: whether that is promotion, a person says.
        said = [sentence for passage in passing for sentence, _ in page.sentences(passage)]
        denied = bool(said) and all(map(self.protocol.denied.search, said))
        return RELEVANT if passing and not denied else AMBIGUOUS

    def _depths(self, pages: Sequence[Cut]) -> list[str]:
        fitted = self.model.depth if self.model is not None else None
        if fitted is None:
            return [by_rule(page) for page in pages]
        # All at once: scikit-learn's checks cost more than the sums.
        return list(map(str, fitted.predict([measures(page) for page in pages])))

    def _topics(self, index: int, pooled: Pooled, decision: str) -> tuple[str, ...]:
        """Return the topics of an off-topic text, which always has its likeliest, and of an ambiguous one those that are sure."""
        assert self.model is not None
        if decision == RELEVANT and not self.every_code:
            return ()
        limits = self.model.thresholds.codes
        scores = {
            topic.code: float(pooled[f"topics:{topic.code}"][index])
            for topic in self.protocol.topics
            if f"topics:{topic.code}" in pooled.scores
        }
        if not scores:
            return ("other",) if decision == OFF_TOPIC else ()
        best = max(scores, key=lambda code: scores[code]) if decision == OFF_TOPIC or self.every_code else None
        return tuple(c for c in scores if c == best or scores[c] >= limits[f"topics:{c}"])

    def _codes(self, kind: str, index: int, pooled: Pooled, speaking: Sequence[Passage]) -> tuple[str, ...]:
        """Return the codes of a kind: by score where learnt, by the protocol's cues where not."""
        assert self.model is not None
        limits = self.model.thresholds.codes
        found = []
        for code, cues in self._cues[kind]:
            output = f"{kind}:{code}"
            if output in pooled.scores:
                holds = float(pooled[output][index]) >= limits[output]
            else:
                holds = cues is not None and any(cues.search(passage.text) for passage in speaking)
            if holds:
                found.append(code)
        return tuple(found)

    def _flags(
        self, page: Cut, index: int, pooled: Pooled, speaking: Sequence[Passage], decision: str
    ) -> tuple[str, ...]:
        return self._codes("flags", index, pooled, speaking)

    def _relation(self, page: Cut, passages: Sequence[Passage], alone: Sequence[Sentence] = ()) -> str:
        """Return what the text calls it: the keyword groups that stand in its speaking passages.

        A coach to the museum on a page about mentors does not make it a page about coaching: of two groups those count whose
        sentence would have passed by itself, or is the likeliest, and that speak of people at work.
        """
        matches = [match for passage in passages for match in passage.matches]
        named = self._said(page, matches)
        if len(named) > 1:
            least = self._least(alone)
            weak = {page.sentence(sentence.match) for sentence in alone if sentence.relevance < least}
            strong = [match for match in matches if page.sentence(match) not in weak]
            meant = [match for match in strong if not of_something_else(tag(tokens(page.sentence(match))))]
            named = self._said(page, meant) or self._said(page, strong) or named
        return named[0] if len(named) == 1 else "both" if named else "none"

    def _least(self, alone: Sequence[Sentence]) -> float:
        if self.model is None or not alone:
            return -math.inf
        return min(self.model.thresholds.lower, max(sentence.relevance for sentence in alone))

    def _said(self, page: Cut, matches: Sequence[tuple[int, int]]) -> list[str]:
        matched = " ".join(page.whole[start:end] for start, end in matches)
        return [code for code, pattern in self._named if pattern.search(matched)]

    def _by_rule(self, page: Cut) -> Judgement:
        if not page.passages:
            return self._without_keyword(page)

        def cued(kind: str) -> tuple[str, ...]:
            return tuple(
                code
                for code, cues in self._cues[kind]
                if cues is not None and any(cues.search(passage.text) for passage in page.passages)
            )

        return Judgement(
            relevance=AMBIGUOUS,
            probability=None,
            relation=self._relation(page, page.passages),
            topics=cued("topics"),
            approaches=cued("approaches"),
            depth=by_rule(page),
            flags=cued("flags"),
            evidence=_quotes(page, [(passage, None) for passage in page.passages]),
            mentions=tuple(find_mentions(self.protocol, page.title, page.text)),
        )

    def _without_keyword(self, page: Cut) -> Judgement:
        """Judge a text in which no keyword stands: with a model off-topic by definition; by rule ambiguous if it has a name."""
        mentions = tuple(find_mentions(self.protocol, page.title, page.text))
        doubt = self.model is None and any(mention.counts for mention in mentions)
        codes = [topic.code for topic in self.protocol.topics]
        return Judgement(
            relevance=AMBIGUOUS if doubt else OFF_TOPIC,
            probability=None,
            relation="none",
            topics=("other",) if not doubt and "other" in codes else (),
            approaches=(),
            depth="brief",
            flags=(),
            evidence=tuple(dict.fromkeys(mention.quote for mention in mentions))[:MAX_QUOTES],
            mentions=mentions,
        )


def _leading(alone: Sequence[Sentence]) -> tuple[int, int] | None:
    return max(alone, key=lambda sentence: sentence.relevance).match if alone else None


def _union(entry: Coded) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{cue})" for cue in entry.cues), re.IGNORECASE) if entry.cues else None


def _quotes(page: Cut, passages: Sequence[tuple[Passage, tuple[int, int] | None]]) -> tuple[str, ...]:
    quotes = (page.quote(passage, match) for passage, match in passages[:MAX_QUOTES])
    return tuple(dict.fromkeys(q for q in quotes if q))
