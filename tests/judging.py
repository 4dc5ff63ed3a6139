"""Three plain pages that a judgement must tell apart, and a model kept where judging looks for it."""

from pathlib import Path

from classifier.model import Model, save

HEADS = (
    "Mentoring for new headteachers",
    (
        "Every newly appointed headteacher is given a mentor, a serving head from another school who has been trained for it. "
        "They meet six times in the first year."
    ),
)
BUSES = (
    "Coach parking",
    "Coaches may set down passengers in Station Road. Coach bays hold 49-seater vehicles for two hours.",
)
PUPILS = (
    "Learning mentors",
    "Our learning mentors help pupils with attendance and behaviour. A learning mentor works with children one to one.",
)


def keep_model(model: Model, directory: Path) -> None:
    """Save the model where the stage looks for it, so that only the tests of training train."""
    save(model, directory / f"model-nfer-2008-{model.id[:12]}.skops")
