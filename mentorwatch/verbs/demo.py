"""`mentorwatch demo`: the main job on the replica, from nothing to the published table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the report goes.")] = Path(
        "output/reports/demo"
    ),
    scale: Annotated[
        float, typer.Option("--scale", min=0.0, max=1.0, help="Share of the off-topic pages; 1 = July 2008 in full.")
    ] = 1.0,
    base_port: Annotated[int, typer.Option("--base-port", min=1024, max=65000, help="Port of the first site.")] = 8700,
    directory: Annotated[Path, typer.Option("--directory", help="Where the record and WARC files go.")] = Path(
        "data/demo"
    ),
) -> None:
    """Repeat the study of July 2008 on thirty pretend council sites: crawl, judge, let a scripted researcher decide, report.

    Prints the study's table twice: by the model alone, and after the researcher, beside the published figures. An interrupted demo goes
    on; a finished one is done again from nothing, unless people have decided texts in its record.

    Examples:

        mentorwatch demo

        mentorwatch demo --scale 0.05 -o /tmp/demo-report
    """
    from mentorwatch.demonstration import demonstrate

    demonstrate(output, scale, base_port, directory)
