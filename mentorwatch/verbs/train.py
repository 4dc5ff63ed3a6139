"""`mentorwatch train`: learn from the seeds and from what researchers decided."""

from __future__ import annotations

import typer

from mentorwatch import options as o


def train(record: o.RecordUrl = "", protocol: o.ProtocolName = "nfer-2008") -> None:
    """Train the model of a study and show how good it is, cross-validated: counts first.

    The model learns from the protocol's seed texts (labels/) and from the decisions in the record, is kept beside the record under
    models/, and is used by every command from then on. Training happens by itself where it is needed; the same labels give the
    same model. How it works and what the figures mean: docs/judging.md.

    Examples:

        mentorwatch train

        mentorwatch train --record sqlite:///data/mentorwatch.db --protocol nfer-2008
    """
    from classifier.evaluation import table
    from classifier.stage import ensure_model
    from study import protocol as protocols
    from study.errors import UserError
    from study.record import Record
    from study.runlock import run_lock

    study = protocols.load(protocol)

    def wait(taken: str) -> None:
        typer.echo(f"{taken}. Waiting for its end.", err=True)

    # Under the lock of judging: no purge goes on beside it, and two that need a model do not both train it.
    with Record.open(o.record_url(record)) as opened, run_lock(opened, "classify", wait):
        directory = opened.directory / "models"
        model = ensure_model(opened, study, directory)
    if model is None:
        raise UserError(
            f"{study.name}: there are no labels to learn from; its mentions are found by rule and everything else is "
            "ambiguous. Label some texts (`mentorwatch labels`), or name a folder of seeds in the protocol"
        )
    typer.echo(table(model.metrics))
    typer.echo(f"\nmodel {model.id[:12]}, in {directory}")
