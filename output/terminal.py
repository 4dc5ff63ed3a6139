"""A report on the terminal: the headline in words, the study's table with the published one beside it, where the files are."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from output.findings import AMBIGUOUS, NOT_KNOWN
from output.headline import authorities_word, headline
from output.report import Report
from output.tallies import Figures, StudyRow, Tally, reported_by_variant
from study.judging import RULES

EQUAL = "="  # marks a published figure that ours equals


def show(report: Report, console: Console) -> None:
    """Print a report for people; where nobody looks on (a file, a pipe) each sentence stays on its line."""
    tally = report.tally
    whole_lines = not console.is_terminal
    console.print(escape(headline(tally)), highlight=False, soft_wrap=whole_lines)
    console.print(_table(tally))
    for line in notes(tally):
        console.print(f"  {escape(line)}", highlight=False, style="dim", soft_wrap=whole_lines)
    for line in where(report):
        console.print(escape(line), highlight=False, soft_wrap=whole_lines)


_TO_READ = {"report.html": "the page", "report.xlsx": "the workbook"}


def where(report: Report) -> list[str]:
    """Return what was written, what people open first."""
    names = [path.name for path in report.files]
    first = [f"{report.directory / name}  {what}" for name, what in _TO_READ.items() if name in names]
    return [*first, f"{report.directory}: {', '.join(name for name in names if name not in _TO_READ)}"]


def notes(tally: Tally) -> list[str]:
    """Return what a reader must know of the table: what it rests on, what is not in it."""
    rows = tally.rows
    judged = "by the protocol's rules" if rows.model_id == RULES else f"by the model {rows.model_id[:12]}"
    confirmed = sum(verdict.confirmed for verdict in rows.verdicts.values())
    said = [
        f"Crawl {rows.crawl_id}, as of {rows.as_of}; texts judged {judged}, {confirmed:,} of them decided by people."
    ]
    if tally.protocol.published:
        said.append(f"Second lines: {tally.protocol.published.title}; {EQUAL} marks equal figures, - is unpublished.")
    for row in tally.study_table():
        said += _row_notes(tally, row)
    if rows.unjudged:
        pages = "fetched page is" if rows.unjudged == 1 else "fetched pages are"
        said.append(f"{rows.unjudged:,} {pages} not judged yet: run `mentorwatch classify`, then report again.")
    return said


def _row_notes(tally: Tally, row: StudyRow) -> list[str]:
    said = []
    keyword = tally.protocol.keyword(row.keyword)
    cells = list(tally.cells("keyword", row.keyword).values())
    open_cells = [(cells.count(AMBIGUOUS), "ambiguous"), (cells.count(NOT_KNOWN), "not known (x)")]
    open_words = ", ".join(f"{count} {authorities_word(count)} {name}" for count, name in open_cells if count)
    if len(keyword.variants) > 1:
        reported = reported_by_variant(tally, keyword)
        stated = ", ".join(f"{v} {'-' if total is None else f'{total:,}'}" for v, total in reported.items())
        said.append(f"{row.keyword}: the sites themselves reported {stated}.")
    if row.authorities_counted < row.authorities_asked:
        said.append(
            f"{row.keyword}: total and range are of the {row.authorities_counted} of {row.authorities_asked} authorities "
            "whose searches were read to their end."
        )
    if row.capped:
        said.append(f"{row.keyword}: * a site shows no more than a part of its hits; what it reported stands.")
    if open_words:
        said.append(f"{row.keyword}: {open_words}.")
    return said


def _table(tally: Tally) -> Table:
    table = Table(title=tally.protocol.title, title_justify="left")
    table.add_column("Keyword")
    for heading in ("Total hits", "Range", "Relevant hits", "Authorities"):
        table.add_column(heading, justify="right", no_wrap=True)
    published = tally.protocol.published
    for row in tally.study_table():
        counts_relevance = tally.protocol.keyword(row.keyword).counts == "relevance"
        total, *others = _shown(row.ours, counts_relevance)
        table.add_row(escape(row.name), f"{total}*" if row.capped else total, *others, end_section=published is None)
        if published is not None:
            theirs = zip(_shown(row.published, counts_relevance), _equal(row), strict=True)
            marked = [f"{EQUAL} {cell}" if same else cell for cell, same in theirs]
            table.add_row(f"  {escape(published.title)}", *marked, style="dim", end_section=True)
    return table


def _equal(row: StudyRow) -> tuple[bool, ...]:
    of_range = row.equal("minimum") and row.equal("maximum")
    figures = (row.equal("total_hits"), of_range, row.equal("relevant_hits"), row.equal("authorities"))
    return tuple(bool(same) for same in figures)


def _shown(figures: Figures, counts_relevance: bool) -> tuple[str, ...]:
    spread = "-" if figures.minimum is None or figures.maximum is None else f"{figures.minimum:,}-{figures.maximum:,}"
    relevant = _number(figures.relevant_hits) if counts_relevance else ""
    return _number(figures.total_hits), spread, relevant, _number(figures.authorities)


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
