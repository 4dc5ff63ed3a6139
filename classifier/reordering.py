"""What people decide moves the texts that wait at once, before the model learns it.

Learning takes most of a minute and judging a crawl longer, so the model learns after some dozens of decisions. Between two of its
lessons its mistakes on what was read since are spread over what waits, by likeness: ridge regression on what the model's scores lack,
with the model's own features. It needs the model and those few texts, none of what the model was trained on, and takes a tenth of a
second as a rule. It moves the order alone: relevance, thresholds and all that is published stay the model's until it has learnt.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sqlalchemy import func, select
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from classifier.features import Vectoriser, Words, take_apart
from classifier.fitting import kernel_of
from classifier.labels import Example, decided
from classifier.model import RELEVANT, Linear, Model, ModelError, Readings, load
from classifier.passages import Cut
from study import record as r
from study.decisions import UNDECIDED
from study.protocol import Protocol
from study.record import Record

log = logging.getLogger(__name__)

HELD = 1000  # of what waits, the likeliest that are moved: nobody reads further between two lessons
_ALPHA = 1.0  # of 0.3 to 10 measured; the optimum is flat
_TEXTS, _PASSAGES = 200, 500  # the newest that move the others: bounds the sums where the model has not learnt for long
_AT_ONCE = 5  # texts taken apart together
_OF_A_TEXT = 10  # passages held of one text, the likeliest: a committee's report has hundreds
_BATCH = 500

Vector = NDArray[np.float64]


class Waiting:
    """Texts that wait to be read, as one model sees them."""

    def __init__(
        self, protocol: Protocol, vectoriser: Vectoriser, linear: Linear, texts: Sequence[tuple[str, str]]
    ) -> None:
        self._protocol, self._vectoriser, self._linear = protocol, vectoriser, linear
        self._count = len(texts)
        features, scores, owners = [vectoriser.transform([])], [np.zeros(0)], [np.zeros(0, dtype=np.int64)]
        for first in range(0, len(texts), _AT_ONCE):
            rows, relevance, owner = self._likeliest(texts[first : first + _AT_ONCE])
            features.append(rows)
            scores.append(relevance)
            owners.append(first + owner)
        self._features = csr_matrix(vstack(features))
        self._scores, self._owner = np.concatenate(scores), np.concatenate(owners)
        # Taken apart once, however often they move the others.
        self._decided: dict[Example, tuple[csr_matrix, Vector]] = {}

    def scores(self, since: Sequence[Example] = ()) -> Vector:
        """Return each text's relevance (-inf where no keyword stands), moved by what was decided ``since`` the model learnt."""
        with threadpool_limits(limits=1):
            scores = self._scores + self._moved(since) if since else self._scores
        best = np.full(self._count, -np.inf)
        np.maximum.at(
            best, self._owner, scores
        )  # a text is as relevant as its best passage, as in classifier.model.pool
        return best

    def _moved(self, since: Sequence[Example]) -> Vector:
        """Return by how much each passage that waits is moved."""
        taken = [self._taken(example) for example in since]
        found = np.repeat([example.relevance == RELEVANT for example in since], [len(scores) for _, scores in taken])
        features, found = csr_matrix(vstack([rows for rows, _ in taken]))[-_PASSAGES:], found[-_PASSAGES:]
        # An unsure reader found nothing: for the order of reading that is as if the text were off-topic.
        lacking = np.where(found, 1.0, -1.0) - np.concatenate([scores for _, scores in taken])[-_PASSAGES:]
        # What was found weighs as much as all that was not, so that a long dry run does not push its kin out of sight.
        weights = np.where(found, 1.0, min(1.0, max(1, found.sum()) / max(1, (~found).sum())))
        kernel = kernel_of(features, self._vectoriser.named)
        pull = np.linalg.solve(kernel + np.diag(_ALPHA / weights), lacking)
        moved: Vector = self._features @ (features.T @ pull) + pull.sum()
        return moved

    def _likeliest(self, texts: Sequence[tuple[str, str]]) -> tuple[csr_matrix, Vector, NDArray[np.int64]]:
        """Return the features of the likeliest passages of each text, their relevance, and which text each is of."""
        pages = [Cut.of(title, text, self._protocol.core) for title, text in texts]
        owner = np.array([k for k, page in enumerate(pages) for _ in page.passages], dtype=np.int64)
        rows, relevance = self._read_off([words for page in pages if page.passages for words in take_apart(page)])
        order = np.lexsort((-relevance, owner))
        place = np.arange(len(order)) - np.searchsorted(owner, owner[order])  # among those of its text
        kept = np.sort(order[place < _OF_A_TEXT])
        return csr_matrix(rows[kept]), relevance[kept], owner[kept]

    def _read_off(self, passages: Sequence[Words]) -> tuple[csr_matrix, Vector]:
        """Return passages' features, each as a whole, and their relevance, for which a sentence alone may speak."""
        readings = Readings(self._vectoriser, passages)
        return readings.whole, readings.score(self._linear)[:, self._linear.outputs.index(RELEVANT)]

    def _taken(self, example: Example) -> tuple[csr_matrix, Vector]:
        """Return features and relevance of a text that was read: its likeliest passages, its beginning where no keyword stands."""
        if example not in self._decided:
            rows, relevance, _ = self._likeliest([(example.title, example.text)])
            if not len(relevance):
                page = Cut.of(example.title, example.text, self._protocol.core)
                rows, relevance = self._read_off(take_apart(page))
            self._decided[example] = rows, relevance
        return self._decided[example]


class Reordering:
    """The likelihood of a record's waiting texts by its newest model and by what was decided since."""

    def __init__(self, record: Record, protocol: Protocol, directory: Path | None = None) -> None:
        self._record, self._protocol = record, protocol
        self._directory = directory or record.directory / "models"
        self._model: Model | None = None
        self._learnt_at: datetime | None = None
        self._hashes: list[str] = []
        self._waiting: Waiting | None = None

    def hold(self, hashes: Sequence[str]) -> None:
        """Read the newest model and the first :data:`HELD` of these texts; takes seconds. Without a model nothing is moved."""
        self._waiting = None
        self._model = model = self._newest()
        if model is None:
            return
        text, wanted = r.text.c, list(hashes[:HELD])
        texts = {}
        with self._record.begin() as db:
            for first in range(0, len(wanted), _BATCH):
                asked = select(text.text_hash, text.title, text.text)
                for row in db.execute(asked.where(text.text_hash.in_(wanted[first : first + _BATCH]))):
                    texts[row.text_hash] = (row.title, row.text)
        self._hashes = [key for key in wanted if key in texts]
        held = [texts[key] for key in self._hashes]
        self._waiting = Waiting(self._protocol, model.vectoriser, model.linear, held)

    def likelihood(self) -> dict[str, float]:
        """Return the probability of each text that is held, moved by what was decided; none where nothing moves them."""
        if self._waiting is None or self._model is None:
            return {}
        since = self._since()
        if not since:
            return {}
        scores = self._waiting.scores(since)
        return {key: self._model.probability(float(score)) for key, score in zip(self._hashes, scores, strict=True)}

    def _newest(self) -> Model | None:
        model = r.model.c
        newest = select(model.id, model.file, model.created_at).where(model.protocol_hash == self._protocol.hash)
        with self._record.begin() as db:
            row = db.execute(newest.order_by(model.created_at.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        self._learnt_at = row.created_at
        if self._model is not None and self._model.id == row.id:
            return self._model
        try:
            return load(self._directory / row.file, row.id)
        except ModelError as problem:
            log.warning("decisions move nothing until the model has learnt them: %s", problem)
            return None

    def _since(self) -> list[Example]:
        label = r.label.c
        said = (
            select(label.text_hash, func.max(label.id).label("newest"))
            .where(
                label.protocol == self._protocol.name,
                label.decided_at > self._learnt_at,
                label.follows.is_(None),
                label.decision.not_in(UNDECIDED),
            )
            .group_by(label.text_hash)
        )
        with self._record.begin() as db:
            rows = db.execute(said.order_by(func.max(label.id).desc()).limit(_TEXTS)).all()
        keys = [row.text_hash for row in reversed(rows)]
        known = {example.idea: example for example in decided(self._record, self._protocol, keys)} if keys else {}
        return [known[f"text:{key}"] for key in keys if f"text:{key}" in known]
