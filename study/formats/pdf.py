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

    Raises `Unreadable`: 'encrypted' when it opens only with a password, 'no text' for a scan.
    """
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as problem:
        if "assword" in str(problem) or "ecurity" in str(problem):
            raise Unreadable("encrypted", "the PDF opens only with a password") from problem
        raise
    try:
        text = _pages(document)
        facts = document.get_metadata_dict()
    finally:
        document.close()
    title = facts.get("Title") or ""
    return tidied(first_line(text) if not title.strip() or is_no_title(title) else title, text, _date(facts))


def is_no_title(title: str) -> bool:
    """Whether a document's title property is a program's ('Microsoft Word - x.doc', 'Slide 1')."""
    return bool(_NO_TITLE.match(title.strip()))


def _pages(document: pypdfium2.PdfDocument) -> str:
    pages: list[str] = []
    size = 0
    for number in range(min(len(document), MAX_PAGES)):
        page = document[number]
        text_page = page.get_textpage()
        pages.append(text_page.get_text_bounded())
        size += len(pages[-1])
        text_page.close()
        page.close()
        if size > MAX_TEXT:
            break
    return "\n\n".join(pages)


def _date(facts: dict[str, str]) -> date | None:
    return read_date(facts.get("ModDate") or "") or read_date(facts.get("CreationDate") or "")
