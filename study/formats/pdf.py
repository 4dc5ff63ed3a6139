"""PDF to text, through pdfium."""

import re
from datetime import date

import pypdfium2

from study.formats.dates import read_date
from study.formats.extraction import MAX_TEXT, Extraction, Unreadable, first_line, tidied

# Local plans run to 600 pages; what has more is a register or a scan, and its first pages say what it is.
MAX_PAGES = 2_000

# Titles that a program wrote, not a person.
_NO_TITLE = re.compile(
    r"^(microsoft (word|powerpoint|excel) - .*|(untitled|document|presentation|slide|layout|title|doc)\s*\d*"
    r"|powerpoint presentation|.*\.(docx?|pptx?|xlsx?|rtf|indd|qxp|qxd|pub|pdf|cdr|ai|p65))$",
    re.IGNORECASE,
)


def read_pdf(body: bytes) -> Extraction:
    """Title, text (pages in order) and date of a PDF.

    A page that cannot be read is left out and said ('cut'). Raises `Unreadable`: 'encrypted' when it opens only with a
    password, 'no text' for a scan.
    """
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as problem:
        if "assword" in str(problem) or "ecurity" in str(problem):
            raise Unreadable("encrypted", "the PDF opens only with a password") from problem
        raise
    try:
        text, left_out = _pages(document)
        facts = document.get_metadata_dict()
    finally:
        document.close()
    title = facts.get("Title") or ""
    title = first_line(text) if not title.strip() or is_no_title(title) else title
    return tidied(title, text, _date(facts), left_out)


def is_no_title(title: str) -> bool:
    """Whether a document's title property is a program's ('Microsoft Word - x.doc', 'Slide 1')."""
    return bool(_NO_TITLE.match(title.strip()))


def _pages(document: pypdfium2.PdfDocument) -> tuple[str, str]:
    """The text of the pages, and how many of them could not be read, in words; raises where none holds any but those."""
    pages: list[str] = []
    size = 0
    problems: list[pypdfium2.PdfiumError] = []
    for number in range(min(len(document), MAX_PAGES)):
        try:
            pages.append(_page(document, number))
        except pypdfium2.PdfiumError as problem:
            problems.append(problem)
            continue
        size += len(pages[-1])
        if size > MAX_TEXT:
            break
    if problems and not any(map(str.strip, pages)):
        raise problems[0]
    left_out = f"{len(problems)} of {len(pages) + len(problems)} pages could not be read" if problems else ""
    return "\n\n".join(pages), left_out


def _page(document: pypdfium2.PdfDocument, number: int) -> str:
    page = document[number]
    text_page = page.get_textpage()
    text: str = text_page.get_text_bounded()
    text_page.close()
    page.close()
    return text


def _date(facts: dict[str, str]) -> date | None:
    return read_date(facts.get("ModDate") or "") or read_date(facts.get("CreationDate") or "")
