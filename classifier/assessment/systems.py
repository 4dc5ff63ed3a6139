"""What is compared: a system learns from labelled texts and then says of others what it takes them to be.

Nothing here or in the figures looks inside a system: :data:`System` is all that is known of one, our own model included, so that a model
of another make is measured the same way. Its score ranks texts; scores of one system trained on different texts must be comparable
(log-odds, distances from a hyperplane).
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from classifier.judge import Judge
from classifier.labels import Example
from classifier.model import AMBIGUOUS, OFF_TOPIC, RELEVANT
from classifier.passages import Cut
from classifier.reordering import Waiting
from classifier.train import order, train
from study.protocol import Coded, Protocol

NEVER = -1e6  # the score of a text that a system rules out unread, such as one without a keyword


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a system says of one text."""

    relevance: str  # relevant | ambiguous | off-topic
    score: float  # ranks; higher is likelier relevant
    probability: float | None  # of relevance at the protocol's prevalence, where the system gives one
    relation: str | None  # None here and below: the system does not say
    topics: tuple[str, ...] | None  # which, if it is off-topic
    approaches: tuple[str, ...] | None  # which, if it is relevant
    depth: str | None
    flags: tuple[str, ...] | None
    quote: str  # what carried the verdict; '' where the system shows nothing


Text = tuple[str, str]  # title, text
Predict = Callable[[Sequence[Text]], list[Verdict]]
System = Callable[[Sequence[Example]], Predict]


def mentorwatch(protocol: Protocol) -> System:
    """Return our own model: trained as `mentorwatch train` does, judging as `mentorwatch classify` does."""

    def fit(examples: Sequence[Example]) -> Predict:
        judge = Judge(protocol, train(protocol, examples), every_code=True)

        def predict(texts: Sequence[Text]) -> list[Verdict]:
            return [
                Verdict(
                    relevance=found.relevance,
                    score=NEVER if found.probability is None else _log_odds(found.probability),
                    probability=found.probability or 0.0,
                    relation=found.relation,
                    topics=found.topics,
                    approaches=found.approaches,
                    depth=found.depth,
                    flags=found.flags,
                    quote=found.evidence[0] if found.evidence else "",
                )
                for found in judge.judge_many(texts)
            ]

        return predict

    return fit


Held = Callable[[Sequence[Example]], NDArray[np.float64]]
Order = Callable[[Sequence[Example]], Callable[[Sequence[Text]], Held]]
"""What ranks: it learns labelled texts, takes those that wait in hand, and scores these as often as it is told what was decided since."""


def mentorwatch_order(protocol: Protocol) -> Order:
    """Return our own model's order of texts alone, for reading simulations, which learn again and again; between two trainings it
    follows what was decided, as the labelling page does."""

    def fit(examples: Sequence[Example]) -> Callable[[Sequence[Text]], Held]:
        vectoriser, linear = order(protocol, examples)

        def hold(texts: Sequence[Text]) -> Held:
            waiting = Waiting(protocol, vectoriser, linear, texts)
            # Rounded: what differs in the last place between two runs must not decide which text is read first.
            return lambda since: np.maximum(waiting.scores(since), NEVER).round(9)

        return hold

    return fit


def ranking(system: System) -> Order:
    """Return the order of a system that learns nothing between two trainings."""

    def fit(examples: Sequence[Example]) -> Callable[[Sequence[Text]], Held]:
        predict = system(examples)

        def hold(texts: Sequence[Text]) -> Held:
            scores = np.array([verdict.score for verdict in predict(texts)])
            return lambda _: scores

        return hold

    return fit


def _log_odds(probability: float) -> float:
    inside = min(max(probability, 1e-300), 1 - 1e-12)
    # Rounded: what differs in the last place between two runs must not decide which text is read first.
    return round(math.log(inside) - math.log1p(-inside), 9)


class ElasU4:
    """TF-IDF and a linear SVM with the settings of ASReview's default model, elas_u4 (asreview/models/models.py, 3.0.8).

    Words and pairs, sublinear, those in more than 95 % of texts left out; squared hinge, C 0.11; the relevant weigh 9.8 times as
    much as all others together. Of each kind of code one such machine a code; the highest topic always holds.
    """

    RATIO = 9.8

    def __init__(self, examples: Sequence[Example], protocol: Protocol, *, codes: bool = True) -> None:
        self._vectoriser = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1, max_df=0.95)
        sure = [example for example in examples if example.relevance != AMBIGUOUS]
        features = self._vectoriser.fit_transform([f"{e.title} {e.text}" for e in sure])
        truth = np.array([e.relevance == RELEVANT for e in sure])
        weights = np.where(truth, 1.0, truth.sum() / (self.RATIO * (~truth).sum()))
        self._relevance = _svm().fit(features, truth, sample_weight=weights * len(truth) / weights.sum())
        self._topics = self._one_each(protocol.topics if codes else [], "topics", sure, features, ~truth)
        self._approaches = self._one_each(protocol.approaches if codes else [], "approaches", sure, features, truth)

    @staticmethod
    def _one_each(
        entries: Sequence[Coded], kind: str, examples: Sequence[Example], features: csr_matrix, known: NDArray[np.bool_]
    ) -> dict[str, LinearSVC]:
        rows = np.flatnonzero(known).tolist()
        machines = {}
        for entry in entries:
            truth = np.array([entry.code in getattr(examples[row], kind) for row in rows])
            if 0 < truth.sum() < len(truth):
                machines[entry.code] = _svm(balanced=True).fit(features[rows], truth)
        return machines

    def predict(self, texts: Sequence[Text]) -> list[Verdict]:
        """Say of each text what the machines say."""
        features = self._vectoriser.transform([f"{title} {text}" for title, text in texts])
        scores = self._relevance.decision_function(features)
        topics = {code: machine.decision_function(features) for code, machine in self._topics.items()}
        approaches = {code: machine.decision_function(features) for code, machine in self._approaches.items()}
        return [
            Verdict(
                relevance=RELEVANT if score >= 0 else OFF_TOPIC,
                score=float(score),
                probability=None,
                relation=None,
                topics=_held(topics, index, least=True),
                approaches=_held(approaches, index),
                depth=None,
                flags=None,
                quote="",
            )
            for index, score in enumerate(scores)
        ]


def _svm(balanced: bool = False) -> LinearSVC:
    # A code is rare among its kind: without balance its machine would hardly ever say yes.
    weight = "balanced" if balanced else None
    return LinearSVC(loss="squared_hinge", C=0.11, random_state=0, class_weight=weight)


def _held(scores: dict[str, NDArray[np.float64]], index: int, *, least: bool = False) -> tuple[str, ...]:
    here = {code: float(values[index]) for code, values in scores.items()}
    best = max(here, key=lambda code: here[code]) if here and least else None
    return tuple(code for code, score in here.items() if score >= 0 or code == best)


def elas_u4(protocol: Protocol) -> System:
    """Return TF-IDF with a linear SVM as a system."""
    return lambda examples: ElasU4(examples, protocol).predict


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid")
    near: int  # characters each side of a keyword that are looked at
    staff: list[str]
    others: list[str]


@cache
def _rules() -> _Rules:
    path = Path(__file__).with_name("keyword-rules.toml")
    return _Rules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def keyword_rules(protocol: Protocol) -> System:
    """Return keyword rules (keyword-rules.toml, and the protocol's cues for codes); they learn nothing."""
    rules = _rules()
    staff, others = (re.compile("|".join(words), re.IGNORECASE) for words in (rules.staff, rules.others))
    topics, approaches, flags = (
        [(e.code, re.compile("|".join(e.cues), re.IGNORECASE)) for e in entries if e.cues]
        for entries in (protocol.topics, protocol.approaches, protocol.flags)
    )

    def judge(title: str, text: str) -> Verdict:
        page = Cut.of(title, text, protocol.core)
        whole = f"{title}\n{text}"
        best, quote = -math.inf, ""
        for match in protocol.core.finditer(whole):
            beside = whole[max(0, match.start() - rules.near) : match.end() + rules.near]
            score = len(set(staff.findall(beside.lower()))) - len(set(others.findall(beside.lower())))
            if score > best:
                best, quote = float(score), beside
        named = any(pattern.search(whole) for _, pattern in topics)
        return Verdict(
            relevance=RELEVANT if best > 0 else OFF_TOPIC,
            score=best if page.passages else NEVER,
            probability=None,
            relation=None,
            topics=tuple(code for code, pattern in topics if pattern.search(whole)) if named else ("other",),
            approaches=tuple(code for code, pattern in approaches if pattern.search(whole)),
            depth=None,
            flags=tuple(code for code, pattern in flags if pattern.search(whole)),
            quote=quote,
        )

    return lambda _: lambda texts: [judge(title, text) for title, text in texts]
