"""What a body really is: by its first bytes, since servers send PDF as HTML, RTF as Word, errors as PDF."""

import io
import re
import zipfile
import zlib
from typing import Literal

Kind = Literal[
    "html", "text", "pdf", "docx", "pptx", "xlsx", "rtf", "doc", "ppt", "xls", "odt", "ods", "odp", "wpd",
    "encrypted", "picture", "zip", "empty", "other",
]  # fmt: skip

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_WORD_BEFORE_OLE = (bytes.fromhex("dba52d00"), bytes.fromhex("31be0000"))
_PICTURES = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM", b"\0\0\1\0")
# Storage names inside an OLE file, most telling first (a .doc may embed a workbook).
_OLE_STREAMS: tuple[tuple[str, Kind], ...] = (
    ("EncryptedPackage", "encrypted"),
    ("PowerPoint Document", "ppt"),
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("Book", "xls"),
)
_ZIP_PARTS: tuple[tuple[str, Kind], ...] = (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx"))
_OPEN_DOCUMENT: dict[bytes, Kind] = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
_MARKUP = re.compile(
    rb"<(?:!doctype|html|head|body|title|meta|table|frameset|div|h[1-6]|p|script|\?xml|rss|feed)\b",
    re.IGNORECASE,
)
_START = 4_096
# Of a zip archive: no document has as many.
MAX_MEMBERS = 10_000


def kind_of(body: bytes, media_type: str) -> Kind:
    """The kind of a body; `media_type` decides only where its bytes do not."""
    head = body[:_START].lstrip(b" \t\r\n\0\xef\xbb\xbf")
    stated = media_type.partition(";")[0].strip().lower()
    if not head:
        return "empty"
    if b"%PDF-" in body[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(body)
    if head.startswith(_OLE):
        return _ole_kind(body)
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if head.startswith(_WORD_BEFORE_OLE):
        return "doc"
    if head.startswith(b"\xffWPC"):
        return "wpd"
    if head.startswith(_PICTURES) and not stated.startswith("text/"):
        return "picture"
    return _text_kind(head, stated)


def _text_kind(head: bytes, stated: str) -> Kind:
    # 'Save as Unicode' puts a zero byte beside every letter.
    letters = head.replace(b"\0", b"")
    if stated in ("text/html", "application/xhtml+xml"):
        return "html"
    if _MARKUP.match(letters) or (stated != "text/plain" and _MARKUP.search(letters)):
        return "html"
    if stated.startswith("text/xml") or stated.endswith(("/xml", "+xml")):
        return "html"
    if stated.startswith("text/") or stated.endswith("json"):
        return "text"
    return "other" if b"\0" in head or _unprintable(head) else "text"


def _unprintable(head: bytes) -> bool:
    controls = sum(byte < 32 and byte not in b"\t\n\r\x0c\x1b" for byte in head)
    return controls * 50 > len(head)


def _ole_kind(body: bytes) -> Kind:
    for name, kind in _OLE_STREAMS:
        if name.encode("utf-16-le") in body:
            return kind
    return "other"


def _zip_kind(body: bytes) -> Kind:
    try:
        if body.count(b"PK\x01\x02") > MAX_MEMBERS:
            raise zipfile.BadZipFile("too many parts to list")
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.namelist()
            if "mimetype" in names[:3] and archive.getinfo("mimetype").file_size < 100:
                # What a part says of its size need not be true.
                with archive.open("mimetype") as part:
                    return _OPEN_DOCUMENT.get(part.read(100).strip(), "zip")
            for folder, kind in _ZIP_PARTS:
                if any(name.startswith(folder) for name in names):
                    return kind
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zlib.error):
        # A cut-off archive has lost its list of parts, and a million of them would take gigabytes to list. Their names
        # still stand before each part.
        for folder, kind in _ZIP_PARTS:
            if folder.encode() in body:
                return kind
    return "zip"
