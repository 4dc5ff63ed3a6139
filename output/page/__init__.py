"""report.html: one page that needs nothing beside it, for people who read; the tables say the same for people who calculate."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from output.evidence import http_only
from output.headline import headline
from output.page import evidence, matrices, overtime, summary
from output.page.marks import SHORT, WORDS, slug
from output.page.tilemap import maps
from output.places import CREDIT
from output.tallies import Tally, searched
from study.version import VERSION

AUTHORITIES = 600  # on the page one by one; those of the register come first, and there are fewer

_HERE = Path(__file__).parent


def page(tally: Tally, tables: Mapping[str, pd.DataFrame], remarks: Sequence[str] = ()) -> str:
    """Return the page of a report: its tables in words and pictures, everything escaped, nothing loaded from elsewhere.

    ``remarks`` say what was asked to be left out of it.

    It holds no run time, and is bounded: a few quotes a cell (:data:`output.page.evidence.PER_CELL`), the rest by name of
    the file that has them.
    """
    script = (_HERE / "report.js").read_text(encoding="utf-8")
    return _template().render(
        **_content(tally, tables),
        remarks=remarks,
        style=Markup((_HERE / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"n": _number, "day": _day, "slug": slug, "web": lambda url: http_only([url])[0]}
    return environment.get_template("report.html.j2")


def _content(tally: Tally, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    fully, partly, not_at_all = searched(tally)
    few = replace(tally, places=tally.places[:AUTHORITIES])
    covered, troubles_left = summary.coverage_of(few, tables["coverage"])
    changes = overtime.changes_of(tally, tables["changes"], tables["trend"])
    trend = overtime.trend_of(tally, tables["trend"])
    return {
        "protocol": tally.protocol,
        "version": VERSION,
        "as_of": tally.rows.as_of,
        "crawl": tally.rows.crawl_id,
        "headline": headline(tally),
        "searched": {"fully": fully, "partly": partly, "not_at_all": not_at_all},
        "figures": summary.figures(tally),
        "study": summary.study_rows(tally),
        "certainties": summary.certainties(tally, tables["groups"]),
        "certainty_cells": summary.CERTAINTIES,
        "funnels": summary.funnels(tally, tables.get("funnel"), tables.get("topics")),
        "keywords": matrices.by_keyword(few),
        "approach_matrix": matrices.by_approach(few),
        "approaches": matrices.approaches_of(tally, few.places),
        "mapping": matrices.framework_of(few, tables["framework"]) if "framework" in tables else None,
        "maps": maps(few),
        "groupings": matrices.groupings(tally, tables["groups"], few.places),
        "names": evidence.names_of(tally, tables["mentions"]),
        "definitions": evidence.definitions_of(tables["definitions"]),
        "evidence": evidence.evidence_of(few, tables["evidence"]),
        "per_cell": evidence.PER_CELL,
        "left_out": len(tally.places) - len(few.places),
        "shown": len(few.places),
        "changes": changes,
        "trend": trend,
        "missing": list(_missing(tally, tables, changes is None, trend is None)),
        "covered": covered,
        "troubles_left": troubles_left,
        "judged_by": summary.judged_by(tally),
        "unjudged": tally.rows.unjudged,
        "files": [f"{name}.csv" for name in tables],
        "credit": CREDIT,
        "SHORT": SHORT,
        "WORDS": WORDS,
    }


def _missing(tally: Tally, tables: Mapping[str, pd.DataFrame], no_changes: bool, no_trend: bool) -> Iterator[str]:
    """What a reader may look for in vain, and why."""
    if no_changes and no_trend:
        yield "changes and a trend, for there is but one crawl to compare"
    elif no_trend:
        yield "a trend, for all crawls speak for one day"
    if tally.protocol.published is None:
        yield "earlier figures, for nothing was published of this study"
    if not tally.protocol.approaches:
        yield "approaches, for the protocol names none"
    if "framework" not in tables:
        yield "a mapping, for the protocol has no framework"


def _day(iso: str) -> str:
    """A day as people write it; what is no day is left as it is."""
    try:
        day = date.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{day.day} {day:%B %Y}"


def _number(number: int) -> str:
    return f"{number:,}"
