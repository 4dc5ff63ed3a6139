"""`mentorwatch evaluate`: how good judging is, on texts that the model did not learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentorwatch import options as o

if TYPE_CHECKING:
    from classifier.assessment.labelled import LabelledSet
    from classifier.labels import Example
    from study.protocol import Protocol


def evaluate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE ...]", help="Labelled texts, .csv or .jsonl; none: the protocol's seeds."),
    ] = None,
    labels: Annotated[bool, typer.Option("--labels", help="Evaluate on the decisions in the record.")] = False,
    replica: Annotated[
        bool, typer.Option("--replica", help="Evaluate on a record of the replica, by the replica's own answers.")
    ] = False,
    scale: Annotated[
        float, typer.Option("--scale", min=0.0, max=1.0, help="The scale at which the replica was crawled.")
    ] = 1.0,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
    learn: Annotated[
        bool, typer.Option("--learn", help="Of FILE or --replica, learn the other authorities' texts too, in folds.")
    ] = False,
    starts: Annotated[int, typer.Option("--starts", min=0, help="Starts of the screening simulation; 0: none.")] = 5,
    lot: Annotated[int, typer.Option("--lot", min=0, help="Texts read between two trainings in it; 0: one.")] = 50,
    seed: Annotated[int, typer.Option("--seed", help="Of folds and starts; the same gives the same figures.")] = 0,
    asreview: Annotated[
        Path | None,
        typer.Option("--asreview", metavar="PROGRAM", help="ASReview's program.", show_default=".services/asreview"),
    ] = None,
    baselines: Annotated[bool, typer.Option("--baselines/--no-baselines", help="Run the baselines too.")] = True,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all figures here as JSON too.")
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Write docs/model-card.md from these figures (seeds, default settings).")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
) -> None:
    """Measure the model on labelled texts it did not learn from, beside keyword rules, TF-IDF with a linear SVM, and ASReview.

    Counts come first: how many of the relevant texts were found, with 95 % intervals (Clopper-Pearson). Seeds are held out by
    idea, decisions of the record by authority. A file's texts are judged by a model of the seeds; texts and ideas that stand in
    both are left out of the learning. A file needs `text` and a decision in `relevance`, `decision` or `included`; known are
    `id`, `title`, `idea` or `authority` or `url`, `era`, `relation`, `topics`, `approaches`, `depth`, `flags`. What the figures mean:
    docs/evaluation.md.

    Exit code 0: measured; 1: measured, but some rows were bad; 2: nothing could be measured.

    Examples:

        mentorwatch evaluate

        mentorwatch evaluate read.csv --starts 0

        mentorwatch evaluate --labels --record sqlite:///data/mentorwatch.db --json figures.json

        mentorwatch evaluate --replica --starts 20

        mentorwatch evaluate --card
    """
    if sum(map(bool, (files, labels, replica))) > 1:
        raise typer.BadParameter("give files, --labels or --replica: one of them, or none for the seeds")
    if card and (files or labels or replica or not baselines or seed or (starts, lot) != (5, 50)):
        raise typer.BadParameter("--card describes the model on its seeds by default settings; it goes with neither")
    program = _asreview(asreview) if starts and baselines else None

    import json

    from classifier.assessment.card import CARD, rendered
    from classifier.assessment.evaluate import Plan
    from classifier.assessment.evaluate import evaluate as measured
    from classifier.assessment.tables import printed
    from study import protocol as protocols

    study = protocols.load(protocol)
    labelled, base = _labelled(study, files, labels, replica, scale, record)
    for name, number, problem in labelled.bad:
        typer.echo(f"{name}, line {number}: {problem}", err=True)
    plan = Plan(
        learn=learn or not (files or replica),
        starts=starts,
        lot=lot,
        seed=seed,
        asreview=program,
        baselines=baselines,
    )
    told = (lambda _: None) if quiet else (lambda line: typer.echo(line, err=True))
    results = measured(study, labelled, base, plan, told)
    typer.echo(_harmless(printed(results)), nl=False)
    if json_file is not None:
        _write(json_file, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    if card:
        _write(CARD, rendered(study, results))
    raise typer.Exit(1 if labelled.bad else 0)


def _labelled(
    study: Protocol, files: list[Path] | None, labels: bool, replica: bool, scale: float, url: str
) -> tuple[LabelledSet, list[Example]]:
    """Return what is judged, and what is learnt besides."""
    from classifier.assessment import labelled
    from classifier.labels import seeds
    from study.errors import UserError
    from study.record import Record

    if not (files or labels or replica):
        return labelled.from_seeds(study), []
    base = seeds(study)
    if files:
        return labelled.from_files(files), base
    if labels:
        with Record.open(o.record_url(url), create=False) as opened:
            return labelled.from_record(opened, study), base
    from replica.researcher import labelled_texts

    demo = Path("data/demo/mentorwatch.db")
    if not url and not demo.exists():
        raise UserError(f"there is no {demo}; run `mentorwatch demo`, or name a record of the replica with --record")
    with Record.open(url or f"sqlite:///{demo}", create=False) as opened:
        return labelled.from_rows("the replica's pages", labelled_texts(opened, scale)), base


def _asreview(given: Path | None) -> Path | None:
    from study.errors import UserError

    installed = Path(__file__).parents[2] / ".services/asreview/bin/asreview"
    if given is not None and not given.exists():
        raise UserError(f"{given}: there is no such program; give the path of `asreview`")
    return given or (installed if installed.exists() else None)


def _harmless(text: str) -> str:
    """Replace control characters, which labelled texts may hold and a terminal would obey."""
    return "".join(c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _write(path: Path, content: str) -> None:
    from study.errors import UserError

    try:
        path.write_text(content, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise UserError(f"{path}: cannot be written: {problem.strerror}") from problem
    typer.echo(f"{path} written", err=True)
