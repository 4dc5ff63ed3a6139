"""What changed between two crawls, or between two reports that were written: as a table, and in plain words."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import pandas as pd
from sqlalchemy import select

from output.changes import thing_names
from output.csvfiles import ReportError
from output.findings import NO, NO_BY_SITEMAP, YES
from output.history import SEARCH, history
from output.lifecycle import APPEARED, BACK, CHANGED, ENDED, FIRST_SEEN, GONE, MISSING, MOVED, NOT_KNOWN, STILL_THERE
from output.passages import word_diff
from output.places import NOT_KNOWN as X
from output.places import places
from output.runs import read_runs
from output.trend import Cells, all_things
from study import record as r
from study.protocol import Protocol
from study.record import Record, RecordError

CELL = "cell"
NOT_THERE, NEW = "not_in_second", "new_in_second"  # of two reports: what a difference of two lists can say, and no more
_WORDS = {
    APPEARED: "appeared",
    BACK: "is back",
    CHANGED: "changed",
    MOVED: "moved",
    GONE: "is gone (two good looks without it)",
    MISSING: "is missing (one good look without it, not yet gone)",
    NOT_KNOWN: "could not be known",
    ENDED: "ended with its authority",
    FIRST_SEEN: "seen for the first time (it may have been there before)",
    NOT_THERE: "in the first report only",
    NEW: "in the second report only",
}
_OF_MANY = {
    BACK: "are back",
    GONE: "are gone (two good looks without them)",
    MISSING: "are missing (one good look without them, not yet gone)",
    ENDED: "ended with their authorities",
    FIRST_SEEN: "seen for the first time (they may have been there before)",
}


@dataclass(frozen=True)
class Difference:
    """One difference. ``change`` is 'cell' (what a table says of an authority), or an event of a finding or a search."""

    authority: str
    authority_name: str
    what: str
    code: str
    name: str
    change: str
    as_of: str = ""
    cell_before: str = ""
    cell_after: str = ""
    url: str = ""
    url_before: str = ""
    quote: str = ""
    quote_before: str = ""
    diff: str = ""
    evidence: str = ""


def find_crawl(record: Record, protocol: Protocol, wanted: str) -> tuple[int, date]:
    """Return id and day of a crawl named by its id or its as-of date (then the newest of that day).

    Raises :class:`study.record.RecordError` naming what there is.
    """
    crawl = r.crawl.c
    query = select(crawl.id, crawl.as_of).where(crawl.protocol == protocol.name).order_by(crawl.as_of, crawl.id)
    with record.begin() as db:
        known = [(int(row.id), row.as_of) for row in db.execute(query)]
    found = [each for each in known if wanted in (str(each[0]), each[1].isoformat())]
    if not found:
        there = ", ".join(f"{crawl_id} ({day})" for crawl_id, day in known[-10:]) or "none"
        raise RecordError(f"{wanted!r} is no crawl of {protocol.name}, nor the day of one; there are {there}")
    return found[-1]


def compare_crawls(record: Record, protocol: Protocol, before: str, after: str) -> list[Difference]:
    """Return what changed from one crawl to another: cells, then the history's events after the first up to the second.

    Raises :class:`study.record.RecordError` where the first speaks for a later day: no events lead back.
    """
    (first, since), (second, until) = (find_crawl(record, protocol, wanted) for wanted in (before, after))
    if since > until:
        raise RecordError(f"crawl {first} ({since}) is later than crawl {second} ({until}): name the earlier one first")
    runs = read_runs(record, protocol, until=until)
    asked = {run.crawl_id: run.authorities for run in runs.runs}
    known = {place.key: place.name for place in places(asked[first] | asked[second], "", until)}
    names = thing_names(protocol)
    cells = Cells(runs)
    found = []
    for authority in known:
        for what, code in all_things(protocol):
            then, now = (cells.cell(crawl, authority, (what, code)) for crawl in (first, second))
            if then != now:
                of_it = (authority, known[authority], what, code, names[what, code], CELL)
                found.append(Difference(*of_it, cell_before=then, cell_after=now))
    for event in history(record, runs):
        if since < event.as_of <= until and event.event != STILL_THERE:
            place = known.get(event.authority) or next(p.name for p in places([event.authority], "", until))
            name = "site search" if event.what == SEARCH else names[event.what, event.code]
            found.append(
                Difference(
                    event.authority,
                    place,
                    event.what,
                    event.code,
                    name,
                    event.event,
                    as_of=event.as_of.isoformat(),
                    url=event.url,
                    url_before=event.url_before,
                    quote=event.quote,
                    quote_before=event.quote_before,
                    diff=event.diff,
                    evidence=event.evidence,
                )
            )
    return found


def compare_reports(before: Path, after: Path, protocol: Protocol) -> list[Difference]:
    """Return how two written reports differ in their cells and in their evidence.

    Raises :class:`output.csvfiles.ReportError` where a folder holds no report.
    """
    names = {f"{what}_{code.replace('-', '_')}": (what, code) for what, code in all_things(protocol)}
    called = thing_names(protocol)
    old, new = (_rows(folder, "authorities") for folder in (before, after))
    found = []
    for key in sorted({*map(_authority, old), *map(_authority, new)}):
        then = next((row for row in old if _authority(row) == key), {})
        now = next((row for row in new if _authority(row) == key), {})
        for column, thing in names.items():
            cells = then.get(column, X), now.get(column, X)
            if cells[0] != cells[1]:
                of_it = (key, (now or then)["la_name"], *thing, called[thing], CELL)
                found.append(Difference(*of_it, cell_before=cells[0], cell_after=cells[1]))
    return found + list(_evidence(_rows(before, "evidence"), _rows(after, "evidence"), called))


def _evidence(
    old: Sequence[dict[str, str]], new: Sequence[dict[str, str]], names: dict[tuple[str, str], str]
) -> Iterator[Difference]:
    def keyed(rows: Sequence[dict[str, str]]) -> dict[tuple[str, ...], dict[str, str]]:
        return {(row["authority"], row["what"], row["code"], row["url"]): row for row in rows}

    then, now = keyed(old), keyed(new)
    for key in sorted({*then, *now}):
        was, is_now = then.get(key), now.get(key)
        row = is_now or was
        assert row is not None
        if was and is_now and was["quote"] == is_now["quote"]:
            continue
        change = CHANGED if was and is_now else NEW if is_now else NOT_THERE
        said, said_before = (each["quote"] if each else "" for each in (is_now, was))
        yield Difference(
            row["authority"],
            row["authority_name"],
            row["what"],
            row["code"],
            names.get((row["what"], row["code"]), row["code"]),
            change,
            cell_before=was["cell"] if was else "",
            cell_after=is_now["cell"] if is_now else "",
            url=row["url"],
            quote=said,
            quote_before=said_before,
            diff=word_diff(said_before, said) if change == CHANGED else "",
        )


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    path = folder / f"{name}.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError as problem:
        raise ReportError(f"{path}: cannot be read: {problem.strerror}; is {folder} a report's folder?") from problem


def _authority(row: dict[str, str]) -> str:
    return row["la_name"] if row["new_la_code"] == X else row["new_la_code"]


def table(found: Sequence[Difference]) -> pd.DataFrame:
    """Return the differences as they are written to a file."""
    return pd.DataFrame(
        [vars(each) for each in found], columns=[field.name for field in fields(Difference)], dtype=object
    )


def in_words(found: Sequence[Difference]) -> Iterator[str]:
    """Yield the differences in plain words, the cells first: a line each, with quotes beneath."""
    if not found:
        yield "Nothing changed."
        return
    cells = [each for each in found if each.change == CELL]
    gained = sum(each.cell_after in YES and each.cell_before not in YES for each in cells)
    # Of a site that could not be asked, or a text that waits for a person, nobody knows that it is no longer so.
    lost = sum(each.cell_before in YES and each.cell_after in (NO, NO_BY_SITEMAP) for each in cells)
    unknown = sum(each.cell_after == X for each in cells)
    differ = "1 cell differs" if len(cells) == 1 else f"{len(cells)} cells differ"
    yield f"{differ}: {gained} now yes, {lost} no longer, {unknown} not known now."
    for each in cells:
        yield f"  {each.authority_name}, {each.name}: {each.cell_before} -> {each.cell_after}"
    others = [each for each in found if each.change != CELL]
    for change in [*_WORDS]:
        of_it = [each for each in others if each.change == change]
        if not of_it:
            continue
        words = _WORDS[change] if len(of_it) == 1 else _OF_MANY.get(change, _WORDS[change])
        yield f"{len(of_it)} {words}:"
        for each in of_it:
            day = f"{each.as_of} " if each.as_of else ""
            moved = f" (was {each.url_before})" if each.url_before else ""
            yield f"  {day}{each.authority_name}, {each.name}: {each.url}{moved}"
            said = each.diff or each.quote or (each.quote_before if change in (GONE, MISSING, NOT_THERE) else "")
            if said:
                yield f"    {said}"
            if each.evidence and change in (GONE, MISSING, NOT_KNOWN, ENDED):
                yield f"    ({each.evidence})"
