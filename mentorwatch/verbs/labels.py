"""`mentorwatch labels`: what researchers are asked, and what they answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o
from mentorwatch.verbs.labels_measure import agree, status
from mentorwatch.verbs.labels_serve import adjudicate, serve

labels = typer.Typer(no_args_is_help=True, help="Give researchers the texts to decide, and take in their decisions.")
labels.command()(serve)
labels.command()(adjudicate)
labels.command()(status)
labels.command()(agree)


@labels.command()
def queue(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .csv or .jsonl.")],
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
    everything: o.Everything = False,
) -> None:
    """Write the texts of the newest crawl that a person should decide, with empty columns for the answers.

    Likely, uncertain and random ones are mixed as on the labelling page; near-duplicates stand in it once. Fill in
    `decision` (relevant, off-topic, ambiguous or skip), `relation`, `topics`, `approaches`, `depth` and `note` (lists with ;
    between), then import the file. The codebook is labels/CODEBOOK.md.

    Example:

        mentorwatch labels queue -o to-read.csv
    """

    from labels.files import write_queue
    from labels.queue import queue as queued
    from study import protocol as protocols
    from study.record import Record

    study = protocols.load(protocol)
    with Record.open(o.record_url(record), create=False) as opened:
        items = queued(opened, study, opened.latest_crawl(study.name), everything=everything)
        count = write_queue(output, items)
    typer.echo(f"{output}: {count} texts to decide")


@labels.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A filled-in queue: .csv or .jsonl.")],
    annotator: Annotated[str, typer.Option("--annotator", help="A pseudonym of who decided.")],
    role: Annotated[str, typer.Option("--role", help="annotator, or adjudicator to settle disputes.")] = "annotator",
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
) -> None:
    """Add the decisions of a filled-in queue to the record. Bad rows are named and left out; importing twice adds nothing.

    Exit code 0: all rows taken; 1: some were bad; 2: the file could not be read.

    Example:

        mentorwatch labels import to-read.csv --annotator heron
    """
    from labels.decide import take
    from labels.files import LabelFileError, read_decisions
    from study import protocol as protocols
    from study.record import Record

    if role not in ("annotator", "adjudicator"):
        raise LabelFileError(f"--role {role}: expected annotator or adjudicator")
    study = protocols.load(protocol)
    with Record.open(o.record_url(record), create=False) as opened:
        taken = take(opened, study, read_decisions(file), annotator=annotator, role=role)
    for problem in taken.problems:
        typer.echo(f"{file}, {problem}", err=True)
    typer.echo(f"{taken.added} decisions added, {taken.unchanged} already there, {len(taken.problems)} bad rows")
    raise typer.Exit(1 if taken.problems else 0)
