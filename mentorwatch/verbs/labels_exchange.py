"""`mentorwatch labels export` and `import`: label files of ours and of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o

_FORMATS = "csv, jsonl, label-studio, doccano, asreview or prodigy"


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="NAME", help=f"{_FORMATS}; default: by the file's ending.")
    ] = "",
    only: Annotated[
        str,
        typer.Option("--only", metavar="WHICH", help="queue (nobody has decided), labelled, relevant, or all."),
    ] = "labelled",
    history: Annotated[
        bool,
        typer.Option(
            "--history", help="csv and jsonl: every row ever made, skips and undone ones too, not only what holds."
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="XML", help="Label Studio: write its labelling interface as well."),
    ] = None,
    crawl: Annotated[
        int | None,
        typer.Option("--crawl", metavar="ID", min=1, help="The crawl of the queue.", show_default="the newest"),
    ] = None,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
) -> None:
    """Write texts and decisions for another tool, or to keep.

    csv and jsonl hold every column, one row a decision. Label Studio has one task a text and an annotation a person; doccano
    and Prodigy one line a decision; ASReview one row a text, with the newest decision. Texts are raw: open such a file in Excel
    only if you trust what the sites wrote. What each format keeps: docs/exchange.md.

    Examples:

        mentorwatch labels export -o decisions.jsonl --history

        mentorwatch labels export -o tasks.json --format label-studio --only queue --config interface.xml

        mentorwatch labels export -o for-asreview.csv --format asreview --only all
    """
    from labels.exchange import by_ending, fits, labelstudio, named
    from labels.exchange.items import WHICH, items
    from labels.files import writing
    from study import protocol as protocols
    from study.record import Record

    if only not in WHICH:
        raise typer.BadParameter(f"--only {only}: expected {', '.join(WHICH)}")
    chosen = named(format_) if format_ else by_ending(output)
    if history and chosen.name not in ("csv", "jsonl"):
        raise typer.BadParameter(f"--history: {chosen.name} has no place for it; use csv or jsonl")
    if config is not None and chosen.name != "label-studio":
        raise typer.BadParameter(f"--config is Label Studio's, and this is {chosen.name}; add --format label-studio")
    fits(chosen, output)
    study = protocols.load(protocol)
    with Record.open(o.record_url(record), create=False) as opened:
        crawl_id = opened.crawl_of(study.name, crawl) if crawl or only in ("queue", "all") else 0
        count = chosen.write(output, items(opened, study, crawl_id, only, history=history), study)
    if config is not None:
        with writing(config) as file:
            file.write(labelstudio.config(study))
    typer.echo(f"{output}: {count} {chosen.unit}{'' if count == 1 else 's'} ({chosen.name})")


def import_(
    file: Annotated[Path, typer.Argument(help="A filled-in queue, or what a tool exported.")],
    annotator: Annotated[
        str, typer.Option("--annotator", help="A pseudonym of who decided, where the file names nobody.")
    ] = "",
    role: Annotated[str, typer.Option("--role", help="annotator, or adjudicator to settle disputes.")] = "annotator",
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="NAME", help=f"{_FORMATS}; default: by the file's ending.")
    ] = "",
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
) -> None:
    """Add decisions from a file to the record. Bad rows are named and left out; importing twice adds nothing.

    A text that the record has not seen is taken in from the file, if the file has it whole. Exit code 0: all rows taken; 1: some
    were bad; 2: the file could not be read.

    Examples:

        mentorwatch labels import to-read.csv --annotator heron

        mentorwatch labels import project-1.json --format label-studio

        mentorwatch labels import asreview_dataset.csv --format asreview --annotator heron
    """
    from labels.decide import ROLES
    from labels.exchange import by_ending, named
    from labels.importing import take
    from study import protocol as protocols
    from study.record import Record

    chosen = named(format_) if format_ else named("doccano") if file.suffix.lower() == ".zip" else by_ending(file)
    if role not in ROLES:
        raise typer.BadParameter(f"--role {role}: expected {' or '.join(ROLES)}")
    study = protocols.load(protocol)
    with Record.open(o.record_url(record), create=False) as opened:
        taken = take(opened, study, chosen.read(file, study), annotator=annotator, role=role, unit=chosen.unit)
    for problem in (*taken.overtaken, *taken.problems):
        typer.echo(f"{file}, {problem}", err=True)
    bad = f"{len(taken.problems)} bad {chosen.unit}s"
    typer.echo(f"{taken.added} decisions added, {taken.unchanged} already there, {bad}")
    raise typer.Exit(1 if taken.problems else 0)
