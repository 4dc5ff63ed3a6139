"""A trained model: scores passages, pools them to a page, and is kept as a skops file.

Only skops with a fixed allow-list is read, never pickle; a file written under another scikit-learn, or whose id is not the
one expected, is not trusted: :func:`load` raises :class:`ModelError` and the caller trains again.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from skops.io import dump, get_untrusted_types
from skops.io import load as skops_load

from classifier.features import Vectoriser, Words
from classifier.identity import versions
from study.errors import UserError

RELEVANT, OFF_TOPIC, AMBIGUOUS = "relevant", "off-topic", "ambiguous"
TRUSTED: tuple[str, ...] = ()  # beyond skops' own list: nothing
_FORMAT = 3
_LOOKS, _DOUBT = 0.6, 0.3  # where a common topic begins to be seen, and what it costs: measured, flat around these
_LIMITS = ("lower", "upper", "unclear", "vague")
_ALSO = 0.3  # a passage this far below the page's best in relevance still speaks for its approaches
# What a sentence by itself scores less: without its surroundings less is known of it. Measured; it never speaks for doubt, since
# most sentences by themselves are doubtful.
_ALONE = {RELEVANT: 0.3, AMBIGUOUS: math.inf}
_ALONE_ELSE = 0.15

Vector = NDArray[np.float64]


class ModelError(UserError):
    """A model file cannot be trusted or read; train again instead of reading it."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the lines are drawn, on pooled scores: below ``lower`` off-topic, from ``upper`` on relevant, between ambiguous.

    A text that looks truly ambiguous is so wherever it stands: its score for that need be ``unclear`` where it would else be
    relevant, ``vague`` where it would else be off-topic.
    """

    lower: float
    upper: float
    unclear: float
    vague: float
    codes: dict[str, float]  # output -> score from which it holds


def decide(score: float, unclear: float, limits: Thresholds) -> str:
    """Return relevant, off-topic or ambiguous for a page's pooled scores of relevance and of being truly ambiguous."""
    if score < limits.lower:
        return AMBIGUOUS if unclear >= limits.vague else OFF_TOPIC
    return RELEVANT if score >= limits.upper and unclear < limits.unclear else AMBIGUOUS


@dataclass(frozen=True, slots=True)
class Linear:
    """One linear score an output over the vectoriser's columns.

    ``common`` are topics that fill a larger share of searches' hits than of the labels (buses, sport): what looks like one of
    them has more to prove, so its relevance is lowered by how much it does.
    """

    outputs: tuple[str, ...]
    weights: NDArray[np.float32]  # columns x outputs
    biases: Vector
    common: tuple[str, ...]

    def score(self, features: csr_matrix) -> Vector:
        """Return passages x outputs."""
        result: Vector = np.asarray(features @ self.weights, dtype=np.float64) + self.biases
        columns = [self.outputs.index(name) for name in self.common if name in self.outputs]
        if columns:
            looks = result[:, columns].max(axis=1) + _LOOKS
            result[:, self.outputs.index(RELEVANT)] -= _DOUBT * np.maximum(0.0, looks)
        return result


class Sentence(NamedTuple):
    """A sentence with a keyword, read by itself."""

    match: tuple[int, int]  # its keyword
    relevance: float


class Readings:
    """Passages as rows of features, each as a whole and, where a page has several sentences with a keyword, each of these alone.

    ``whole`` is what is learnt from; both are scored, and a passage's score is the best of its readings.
    """

    def __init__(self, vectoriser: Vectoriser, passages: Sequence[Words]) -> None:
        self.whole = vectoriser.transform(passages)
        self._sentences = [sentence for passage in passages for sentence in passage.alone]
        self._alone = vectoriser.transform(self._sentences)
        self._of = np.repeat(np.arange(len(passages)), [len(passage.alone) for passage in passages])

    def score(self, linear: Linear, which: NDArray[np.bool_] | None = None) -> Vector:
        """Return passages x outputs, of all passages or of those that are asked for."""
        return self._scored(linear, np.ones(self.whole.shape[0], dtype=bool) if which is None else which)[0]

    def score_each(self, linear: Linear) -> tuple[Vector, list[list[Sentence]]]:
        """Return the scores, and of each passage the relevance of its sentences by themselves, where it has some."""
        scores, alone = self._scored(linear, np.ones(self.whole.shape[0], dtype=bool))
        held: list[list[Sentence]] = [[] for _ in range(self.whole.shape[0])]
        relevance = alone[:, linear.outputs.index(RELEVANT)]
        for passage, sentence, score in zip(self._of.tolist(), self._sentences, relevance.tolist(), strict=True):
            if sentence.match is not None:
                held[passage].append(Sentence(sentence.match, score))
        return scores, held

    def _scored(self, linear: Linear, asked: NDArray[np.bool_]) -> tuple[Vector, Vector]:
        """Return passages x outputs and sentences x outputs, of the passages that are asked for."""
        scores = linear.score(self.whole[asked])
        sentences = asked[self._of]
        alone = linear.score(self._alone[sentences])
        place = np.cumsum(asked) - 1
        less = np.array([_ALONE.get(output, _ALONE_ELSE) for output in linear.outputs])
        np.maximum.at(scores, place[self._of[sentences]], alone - less)
        return scores, alone


@dataclass(frozen=True, slots=True)
class Pooled:
    """Each page's score an output, from its passages (-inf where it has none)."""

    scores: dict[str, Vector]

    def __getitem__(self, output: str) -> Vector:
        return self.scores[output]


def pool(linear: Linear, scores: Vector, owner: NDArray[np.int64], count: int) -> Pooled:
    """Pool passages to ``count`` pages: relevance and topics by the best passage, the rest by those near the best.

    ``owner`` names each passage's page. A page is as relevant as its most relevant passage; what it offers, and how clear it
    is, is read there and in passages nearly as relevant.
    """
    pooled: dict[str, Vector] = {}
    relevance = scores[:, linear.outputs.index(RELEVANT)]
    best = np.full(count, -np.inf)
    np.maximum.at(best, owner, relevance)
    near = relevance >= best[owner] - _ALSO
    for column, name in enumerate(linear.outputs):
        anywhere = name == RELEVANT or name == "named" or name.startswith("topics:")
        kept = np.ones(len(owner), dtype=bool) if anywhere else near
        pooled[name] = np.full(count, -np.inf)
        np.maximum.at(pooled[name], owner[kept], scores[kept, column])
    return Pooled(pooled)


@dataclass(frozen=True, slots=True)
class Model:
    """The trained scores over one vectoriser, with their calibration and thresholds."""

    id: str
    vectoriser: Vectoriser
    linear: Linear
    depth: LogisticRegression | None  # None: by rule
    slope: float  # of the log-odds of relevance at deployment over the relevance score
    offset: float
    thresholds: Thresholds
    metrics: dict[str, Any]

    def probability(self, score: float) -> float:
        """Return the probability of relevance among a search's hits for a page's pooled relevance score."""
        return float(1.0 / (1.0 + np.exp(-(self.slope * score + self.offset))))


def save(model: Model, path: Path) -> None:
    """Write ``model`` to ``path`` through a neighbouring file, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "format": _FORMAT,
        "id": model.id,
        "versions": versions(),
        "vectoriser": model.vectoriser.state(),
        "outputs": list(model.linear.outputs),
        "weights": model.linear.weights,
        "biases": model.linear.biases,
        "depth": model.depth,
        "slope": model.slope,
        "offset": model.offset,
        "common": list(model.linear.common),
        "thresholds": [getattr(model.thresholds, name) for name in _LIMITS],
        "codes": model.thresholds.codes,
        "metrics": model.metrics,
    }
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    dump(state, half, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    half.replace(path)


def load(path: Path, expected_id: str) -> Model:
    """Read a model; raise :class:`ModelError` unless it is the one expected, by id, libraries and types."""
    try:
        unknown = [name for name in get_untrusted_types(file=path) if name not in TRUSTED]
        if unknown:
            raise ModelError(f"{path}: holds types that are not on our list ({', '.join(unknown)}); train again")
        state = skops_load(path, trusted=list(TRUSTED))
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError) as problem:
        raise ModelError(f"{path}: cannot be read as a model ({problem}); train again") from problem
    if not isinstance(state, dict) or state.get("format") != _FORMAT or state.get("versions") != versions():
        raise ModelError(f"{path}: was written by other versions; train again")
    if state["id"] != expected_id:
        raise ModelError(f"{path}: is another model than the one expected; train again")
    limits = dict(zip(_LIMITS, state["thresholds"], strict=True))
    return Model(
        id=state["id"],
        vectoriser=Vectoriser.restore(state["vectoriser"]),
        linear=Linear(tuple(state["outputs"]), state["weights"], state["biases"], tuple(state["common"])),
        depth=state["depth"],
        slope=state["slope"],
        offset=state["offset"],
        thresholds=Thresholds(**limits, codes=dict(state["codes"])),
        metrics=state["metrics"],
    )
