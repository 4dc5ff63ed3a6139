"""`mentorwatch replica`: serve the thirty pretend council sites."""

from __future__ import annotations

from typing import Annotated

import typer


def replica(
    base_port: Annotated[int, typer.Option("--base-port", min=1024, max=65000, help="Port of the first site.")] = 8700,
    scale: Annotated[
        float, typer.Option("--scale", min=0.0, max=1.0, help="Share of the off-topic pages; 1 = July 2008 in full.")
    ] = 1.0,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CODE", help="Serve only this authority (repeatable)."),
    ] = None,
) -> None:
    """Serve thirty pretend council sites on loopback ports, shaped like July 2008, until interrupted.

    Examples:

        mentorwatch replica

        mentorwatch replica --scale 0.05 --only E10000016

        mentorwatch probe http://127.0.0.1:8704/ --allow 127.0.0.1:8704   (in another terminal)
    """
    from replica import serve

    serve(base_port=base_port, scale=scale, only=only)
