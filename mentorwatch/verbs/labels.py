"""`mentorwatch labels`: what researchers are asked, and what they answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mentorwatch import options as o
from mentorwatch.verbs.labels_exchange import export, import_
from mentorwatch.verbs.labels_measure import agree, status
from mentorwatch.verbs.labels_serve import adjudicate, serve

labels = typer.Typer(no_args_is_help=True, help="Give researchers the texts to decide, and take in their decisions.")
labels.command()(serve)
labels.command()(adjudicate)
labels.command()(status)
labels.command()(agree)
labels.command()(export)
labels.command("import")(import_)


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

    from labels.exchange.tabular import write_queue
    from labels.queue import queue as queued
    from study import protocol as protocols
    from study.record import Record

    if output.suffix.lower() not in (".csv", ".jsonl"):
        raise typer.BadParameter(f"--output {output}: expected a name that ends in .csv or .jsonl")
    study = protocols.load(protocol)
    with Record.open(o.record_url(record), create=False) as opened:
        items = queued(opened, study, opened.latest_crawl(study.name), everything=everything)
        count = write_queue(output, items)
    typer.echo(f"{output}: {count} texts to decide")
