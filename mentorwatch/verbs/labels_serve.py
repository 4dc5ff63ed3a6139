"""`mentorwatch labels serve` and `adjudicate`: the labelling page, for annotators and for whoever settles their differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mentorwatch import options as o

if TYPE_CHECKING:
    from labels.retraining import Command
    from labels.web.serving import Place

Host = Annotated[
    str,
    typer.Option("--host", metavar="ADDRESS", help="Where to serve; others than this machine's own are not encrypted."),
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")]
Crawl = Annotated[
    int | None, typer.Option("--crawl", metavar="ID", min=1, help="The crawl to read.", show_default="the newest")
]


def serve(
    annotator: Annotated[
        list[str] | None,
        typer.Option(
            "--annotator",
            metavar="PSEUDONYM",
            help="Who labels: a link each (repeatable). Without it the page asks for a pseudonym.",
        ),
    ] = None,
    overlap: Annotated[
        float,
        typer.Option(
            "--overlap", min=0, max=1, help="Share of the texts that several people read, each blind to the others."
        ),
    ] = 0.2,
    readers: Annotated[int, typer.Option("--readers", min=2, max=9, help="How many people read each of those.")] = 2,
    retrain_every: Annotated[
        int,
        typer.Option(
            "--retrain-every", metavar="N", min=0, help="Let the model learn after every N decisions; 0: never."
        ),
    ] = 50,
    everything: o.Everything = False,
    crawl: Crawl = None,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
) -> None:
    """Open the labelling page: one text at a time, the codebook beside it, decided by single keys.

    Prints a link for each annotator; a link works for one sign-in. Every decision is saved at once; Ctrl+C stops, and the next
    start goes on. Nobody sees the model's score or what another annotator said. How to label, the keys, and several annotators on
    several machines: docs/labels.md.

    Examples:

        mentorwatch labels serve --annotator heron

        mentorwatch labels serve --annotator heron --annotator wren --overlap 0.5

        mentorwatch labels serve --all --retrain-every 0 --port 0
    """
    from classifier.reordering import Reordering
    from labels.desk import Desk
    from labels.web.guard import pseudonym
    from labels.web.serving import listen
    from labels.web.serving import serve as run
    from study import protocol as protocols
    from study.record import Record

    names = [pseudonym(name) for name in annotator or []]
    study, place = protocols.load(protocol), _place(host, port)
    with Record.open(o.record_url(record), create=False) as opened:
        crawl_id = opened.crawl_of(study.name, crawl)
        listener = listen(place)
        typer.echo("Reading the queue …", err=True)
        following = Reordering(opened, study)
        desk = Desk(
            opened, study, crawl_id, overlap=overlap, readers=readers, everything=everything, following=following
        )
        desk.refresh()
        command = _retraining(o.record_url(record), protocol, crawl_id, retrain_every)
        run(opened, study, crawl_id, desk, place, listener, names, command, lambda links: _say(links, "label"))


def adjudicate(
    adjudicator: Annotated[
        str | None,
        typer.Option("--annotator", metavar="PSEUDONYM", help="Who settles; without it the page asks for a pseudonym."),
    ] = None,
    crawl: Crawl = None,
    host: Host = "127.0.0.1",
    port: Port = 8766,
    record: o.RecordUrl = "",
    protocol: o.ProtocolName = "nfer-2008",
) -> None:
    """Open the page for disagreements: what each annotator said stands beside the text, and your decision settles it.

    It shows the texts on which annotators differ or somebody is unsure. Your decision is a row of its own, with the role
    adjudicator; theirs stay. It is a server apart from `mentorwatch labels serve`, so that annotators stay blind to each other.

    Example:

        mentorwatch labels adjudicate --annotator owl
    """
    from labels.adjudication import Adjudication
    from labels.web.guard import pseudonym
    from labels.web.serving import listen
    from labels.web.serving import serve as run
    from study import protocol as protocols
    from study.record import Record

    names = [pseudonym(adjudicator)] if adjudicator is not None else []
    study, place = protocols.load(protocol), _place(host, port)
    with Record.open(o.record_url(record), create=False) as opened:
        crawl_id = opened.crawl_of(study.name, crawl)
        listener = listen(place)
        typer.echo("Reading what annotators differ on …", err=True)
        work = Adjudication(opened, study, crawl_id)
        run(opened, study, crawl_id, work, place, listener, names, None, lambda links: _say(links, "adjudicate"))


def _place(host: str, port: int) -> Place:
    from labels.web.serving import Place

    place = Place(host, port)
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 (refused, not bound)
        raise typer.BadParameter(
            f"--host {host or 'nothing'} is every address of this machine; name the one that your colleagues use"
        )
    if not place.loopback:
        typer.echo(
            f"Warning: {host} can be reached from other machines, and what goes over the network is not encrypted: links, texts "
            "and decisions can be read on the way. Safer: leave --host out and let colleagues come through `ssh -L` (docs/labels.md).",
            err=True,
        )
    return place


def _say(links: dict[str, str | None], verb: str) -> None:
    typer.echo(f"To {verb}, open in a browser (each link works for one sign-in; Ctrl+C stops, everything is saved):")
    for address, name in links.items():
        typer.echo(f"  {name + ': ' if name else ''}{address}")


def _retraining(url: str, protocol: str, crawl_id: int, every: int) -> Command:
    import os
    import sys

    from labels.retraining import Command

    # The record's URL may hold a password: it goes by the environment, where `ps` does not show it.
    environment = {**os.environ, "MENTORWATCH_RECORD": url}
    line = [
        sys.executable,
        "-m",
        "mentorwatch",
        "classify",
        "--protocol",
        protocol,
        "--crawl",
        str(crawl_id),
        "--quiet",
    ]
    return Command(line, environment, every)
