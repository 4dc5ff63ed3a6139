"""Word, PowerPoint and Excel files of 2007 and later (Office Open XML) to text, in reading order."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import docx
import openpyxl
import pptx
from docx.opc.constants import CONTENT_TYPE as WORD_TYPE
from docx.oxml import parse_xml
from pptx.opc.constants import CONTENT_TYPE as SHOW_TYPE
from pptx.shapes.group import GroupShape

from study.formats.extraction import MAX_TEXT, Extraction, Unreadable, first_line, tidied
from study.formats.kind import MAX_MEMBERS
from study.formats.pdf import is_no_title

# Against zip bombs. Office XML packs 5 to 20 times, repetitive spreadsheets 50 times; small files may do as
# they like. The bound on the whole keeps a document within its child's memory.
MAX_UNPACKED = 256 * 1024 * 1024
MAX_RATIO = 100
UNWATCHED = 10 * 1024 * 1024

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Templates, shows and files with macros have the same parts under another name, which the libraries refuse.
_MAIN_TYPES = (
    (rb"application/[\w.+-]*(?:wordprocessingml|ms-word)[\w.+-]*\.main\+xml", WORD_TYPE.WML_DOCUMENT_MAIN),
    (
        rb"application/[\w.+-]*(?:presentationml|ms-powerpoint)[\w.+-]*\.main\+xml",
        SHOW_TYPE.PML_PRESENTATION_MAIN,
    ),
)
# When the templates that python-pptx and python-docx start from were made and changed: no day of a document made with them.
_OF_TEMPLATES = frozenset(
    (datetime(2013, 1, 27, 9, 14, 16), datetime(2013, 1, 27, 9, 15, 58), datetime(2013, 12, 23, 23, 15))
)


def read_docx(body: bytes) -> Extraction:
    """A Word document: paragraphs and tables in order (text boxes and content controls with them), then
    footnotes, then headers and footers, each once. Deleted text of tracked changes is left out."""
    document = docx.Document(io.BytesIO(_opened(body)))
    lines = [*_word_lines(document.element.body)]
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(("/footnotes", "/endnotes")):
            lines += _word_lines(parse_xml(relation.target_part.blob))
    margins: dict[str, None] = {}
    for section in document.sections:
        for margin in (section.first_page_header, section.header, section.footer):
            margins.update(dict.fromkeys(line for line in _word_lines(margin._element) if line))
    return _with_properties(document.core_properties, "\n".join([*lines, *margins]))


def read_pptx(body: bytes) -> Extraction:
    """A PowerPoint file: slide after slide its shapes (groups, tables and diagrams too), then its notes."""
    show = pptx.Presentation(io.BytesIO(_opened(body)))
    lines: list[str] = []
    for slide in show.slides:
        lines += _shape_lines(slide.shapes)
        for relation in slide.part.rels.values():
            if not relation.is_external and relation.reltype.endswith("/diagramData"):
                diagram = parse_xml(relation.target_part.blob)
                lines += ["".join(paragraph.itertext(_A + "t")) for paragraph in diagram.iter(_A + "p")]
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
            lines.append(notes.text)
        lines.append("")
    return _with_properties(show.core_properties, "\n".join(lines))


def read_xlsx(body: bytes) -> Extraction:
    """An Excel file: per sheet its name, then its rows with the values last saved (formulas are not run)."""
    book = openpyxl.load_workbook(io.BytesIO(_opened(body)), read_only=True, data_only=True, keep_links=False)
    lines: list[str] = []
    size = 0
    for sheet in book.worksheets:
        lines.append(sheet.title)
        # The stated size of a sheet is often wrong (one cell, or a million rows); read what is there.
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True):
            line = "\t".join(str(value) for value in row if value is not None)
            if line:
                lines.append(line)
                size += len(line)
            if size > MAX_TEXT:
                break
        lines.append("")
    return _with_properties(book.properties, "\n".join(lines))


def check_zip(body: bytes) -> zipfile.ZipFile:
    """The archive, opened, when it is safe to unpack in memory.

    Raises `Unreadable`: 'encrypted' for a packed password, 'too large' for what looks like a zip bomb.
    """
    archive = zipfile.ZipFile(io.BytesIO(body))
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED:
        raise Unreadable("too large", f"unpacks to {unpacked:,} bytes in {len(members):,} files")
    if unpacked > UNWATCHED and unpacked > MAX_RATIO * len(body):
        raise Unreadable("too large", f"unpacks to {unpacked // len(body)} times its size, like a zip bomb")
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable("encrypted", "its parts open only with a password")
    return archive


def _opened(body: bytes) -> bytes:
    """The file, checked, and with the content type that the libraries expect of its main part."""
    with check_zip(body) as archive:
        types = archive.read("[Content_Types].xml")
        plain = types
        for pattern, standard in _MAIN_TYPES:
            plain = re.sub(pattern, standard.encode(), plain)
        if plain == types:
            return body
        changed = io.BytesIO()
        with zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
            for member in archive.infolist():
                stands = plain if member.filename == "[Content_Types].xml" else archive.read(member)
                copy.writestr(member.filename, stands)
        return changed.getvalue()


def _with_properties(properties: Any, text: str) -> Extraction:
    stated = str(properties.title or "").strip()
    stamps = (stamp for stamp in (properties.modified, properties.created) if stamp is not None)
    changed = next((stamp for stamp in stamps if stamp.replace(tzinfo=None) not in _OF_TEMPLATES), None)
    return tidied(
        title=first_line(text) if not stated or is_no_title(stated) else stated,
        text=text,
        document_date=date(changed.year, changed.month, changed.day) if changed else None,
    )


def _word_lines(root: Any) -> Iterator[str]:
    """The lines under an element: a paragraph each, a table's row as one line with tabs."""
    for element in root:
        if element.tag == _W + "p":
            yield _word_paragraph(element)
            for box in element.iter(_W + "txbxContent"):
                if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
                    yield from _word_lines(box)
        elif element.tag == _W + "tr":
            yield "\t".join(" ".join(_word_lines(cell)) for cell in _cells(element))
        elif element.tag == _W + "tbl":
            yield from _word_lines(element)
            yield ""
        elif element.tag != _W + "del" and element.tag != _FALLBACK:
            yield from _word_lines(element)


def _cells(row: Any) -> Iterator[Any]:
    for element in row:
        if element.tag == _W + "tc":
            yield element
        elif element.tag in (_W + "sdt", _W + "sdtContent"):
            yield from _cells(element)


def _word_paragraph(paragraph: Any) -> str:
    pieces: list[str] = []
    waiting = list(reversed(paragraph))
    while waiting:
        element = waiting.pop()
        if element.tag == _W + "t":
            pieces.append(element.text or "")
        elif element.tag in (_W + "tab", _W + "br", _W + "cr"):
            pieces.append("\t" if element.tag == _W + "tab" else "\n")
        elif element.tag == _W + "noBreakHyphen":
            pieces.append("-")
        elif element.tag not in (_W + "del", _W + "txbxContent", _W + "pPr", _FALLBACK):
            waiting.extend(reversed(element))
    return "".join(pieces)


def _shape_lines(shapes: Any) -> Iterator[str]:
    for shape in shapes:
        # Not by its shape_type: that raises for a shape whose geometry stands in the theme.
        if isinstance(shape, GroupShape):
            yield from _shape_lines(shape.shapes)
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:
                yield "\t".join(" ".join(cell.text.split()) for cell in row.cells)
        elif shape.has_text_frame:
            yield shape.text_frame.text
