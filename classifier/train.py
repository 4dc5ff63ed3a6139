"""Train a model from labelled texts: deterministic, well under a minute on one core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from classifier.evaluation import measure
from classifier.features import Vectoriser
from classifier.fitting import FOLDS, fit_depth, fit_linear, kernel_of, out_of_fold, prepare
from classifier.identity import model_id
from classifier.labels import Example, labels_hash
from classifier.model import OFF_TOPIC, RELEVANT, Linear, Model, Readings
from classifier.thresholds import calibrate, choose
from study.errors import UserError
from study.protocol import Protocol


class TrainingError(UserError):
    """There is not enough to learn from; the text says what is missing."""


def train(protocol: Protocol, examples: Sequence[Example]) -> Model:
    """Train on ``examples``; raise :class:`TrainingError` where a class is missing.

    Thresholds, calibration and metrics come from cross-validation over ideas; the model itself from all examples.
    """
    ideas = {(example.relevance, example.idea) for example in examples}
    counts = Counter(relevance for relevance, _ in ideas)
    if min(counts[RELEVANT], counts[OFF_TOPIC]) < 2 * FOLDS:
        raise TrainingError(
            f"{protocol.name}: {counts[RELEVANT]} relevant and {counts[OFF_TOPIC]} off-topic texts are labelled; "
            f"a model needs at least {2 * FOLDS} of each (write seeds, or label more)"
        )
    # One thread: the systems are small, and sums in another order would differ in the last place.
    with threadpool_limits(limits=1):
        return _train(protocol, examples)


def order(protocol: Protocol, examples: Sequence[Example]) -> tuple[Vectoriser, Linear]:
    """Fit what ranks texts and nothing else: no thresholds, no calibration, hence no cross-validation; a fifth of the time.

    Texts stand in the order that :func:`train` would give them: probability rises with the score.
    """
    with threadpool_limits(limits=1):
        material = prepare(protocol, examples)
        vectoriser = Vectoriser.fit(material.words)
        features = vectoriser.transform(material.words)
        everything = np.ones(len(examples), dtype=bool)
        return vectoriser, fit_linear(material, features, kernel_of(features, vectoriser.named), everything)


def _train(protocol: Protocol, examples: Sequence[Example]) -> Model:
    material = prepare(protocol, examples)
    vectoriser = Vectoriser.fit(material.words)
    readings = Readings(vectoriser, material.words)
    kernel = kernel_of(readings.whole, vectoriser.named)
    out = out_of_fold(material, readings, kernel)
    thresholds = choose(protocol, material, out)
    slope, offset = calibrate(protocol, material, out.pages[RELEVANT])
    everything = np.ones(len(examples), dtype=bool)
    return Model(
        id=model_id(protocol.hash, labels_hash(examples)),
        vectoriser=vectoriser,
        linear=fit_linear(material, readings.whole, kernel, everything),
        depth=fit_depth(material, everything),
        slope=slope,
        offset=offset,
        thresholds=thresholds,
        metrics=measure(protocol, material, out, thresholds),
    )
