"""Pages as files: PDF, Word and PowerPoint, made on request and the same bytes every time.

PDF and Word are written directly (under a millisecond a file, fixed dates); PowerPoint needs its masters and
so goes through python-pptx, its archive rewritten with a fixed date.
"""

import io
import textwrap
import zipfile
import zlib
from datetime import datetime
from html import escape

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_LINES_A_PAGE = 48
_EPOCH = (2008, 7, 1, 9, 0, 0)


def render(form: str, title: str, text: str) -> bytes:
    """The bytes of a `pdf`, `docx` or `pptx` with this title and text (paragraphs divided by blank lines)."""
    return {"pdf": _pdf, "docx": _docx, "pptx": _pptx}[form](title, text)


def _pdf(title: str, text: str) -> bytes:
    lines: list[tuple[str, int]] = [(line, 16) for line in textwrap.wrap(title, 58)]
    for paragraph in text.split("\n\n"):
        lines.append(("", 11))
        for row in paragraph.split("\n"):
            lines += [(line, 11) for line in textwrap.wrap(row, 88)]
    pages = [lines[start : start + _LINES_A_PAGE] for start in range(0, len(lines), _LINES_A_PAGE)]
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title (" + _literal(title) + b") /CreationDate (D:20080701090000Z) >>",
    ]
    for number, page in enumerate(pages):
        flow = zlib.compress(_flow(page), 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {6 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(f"<< /Length {len(flow)} /Filter /FlateDecode >>\nstream\n".encode() + flow + b"\nendstream")
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")
    start = out.tell()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    out.write(f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode())
    out.write(f"trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def _flow(lines: list[tuple[str, int]]) -> bytes:
    rows = [b"BT 56 786 Td 15 TL"]
    for line, size in lines:
        rows.append(f"/F1 {size} Tf (".encode() + _literal(line) + b") Tj T*")
    return b"\n".join([*rows, b"ET"])


def _literal(text: str) -> bytes:
    raw = text.encode("windows-1252", "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


_WORD_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/>'
    '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
    "</Types>"
)
_WORD_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/package/2006/'
    'relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>'
)


def _docx(title: str, text: str) -> bytes:
    rows = [f'<w:p><w:r><w:rPr><w:b/><w:sz w:val="32"/></w:rPr>{_run(title)}</w:r></w:p>']
    rows += [f"<w:p><w:r>{_run(line)}</w:r></w:p>" for line in text.split("\n") if line]
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        f"{''.join(rows)}</w:body></w:document>"
    )
    core = (
        '<?xml version="1.0" encoding="UTF-8"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/'
        '2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(title)}</dc:title></cp:coreProperties>"
    )
    return _archive(
        {
            "[Content_Types].xml": _WORD_TYPES.encode(),
            "_rels/.rels": _WORD_RELATIONS.encode(),
            "docProps/core.xml": core.encode(),
            "word/document.xml": body.encode(),
        }
    )


def _run(text: str) -> str:
    return f'<w:t xml:space="preserve">{escape(text)}</w:t>'


def _pptx(title: str, text: str) -> bytes:
    from pptx import Presentation  # heavy, and few hits are presentations

    deck = Presentation()
    deck.core_properties.created = deck.core_properties.modified = datetime(*_EPOCH)
    cover = deck.slides.add_slide(deck.slide_layouts[0])
    cover.shapes.title.text = title
    for paragraph in text.split("\n\n"):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        lines = [line.removeprefix("- ") for line in paragraph.split("\n")]
        slide.shapes.title.text = lines[0] if len(lines) > 1 and len(lines[0]) < 70 else title
        slide.placeholders[1].text = "\n".join(lines)
    out = io.BytesIO()
    deck.save(out)
    with zipfile.ZipFile(out) as packed:
        return _archive({name: packed.read(name) for name in packed.namelist()})


def _archive(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content, compresslevel=1)
    return out.getvalue()
