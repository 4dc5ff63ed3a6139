"""Bytes to text: what a page or document says, whatever its format.

`extract` is a pure function of the body and its media type, and is versioned: whenever its output changes for
some input, `EXTRACTOR` changes with it, and the record keeps both. It never raises on a bad file; the reason
stands in `Extraction.error`. It sets no limits on time or memory: the crawler calls it through
`study.documents.DocumentReader`, which does.
"""

import binascii
import struct
import zipfile
import zlib
from collections.abc import Callable

from study.formats.charset import decode
from study.formats.extraction import CUT, MAX_TEXT, Cause, Extraction, Unreadable, first_line, has_text, tidied
from study.formats.html import read_html
from study.formats.kind import Kind, kind_of

__all__ = [
    "CUT",
    "EXTRACTOR",
    "MAX_TEXT",
    "Cause",
    "Extraction",
    "Unreadable",
    "decode",
    "extract",
    "has_text",
    "kind_of",
]

EXTRACTOR = "text-1"

# What the format libraries raise on files that break their format. Anything else is a defect of ours and is
# not hidden; in a document's child process it ends that child, not the crawl.
_BAD_FILE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    OSError,
    EOFError,
    RuntimeError,
    SyntaxError,  # lxml's XMLSyntaxError
    struct.error,
    binascii.Error,
    zipfile.BadZipFile,
    zlib.error,
)


def extract(body: bytes, media_type: str) -> Extraction:
    """The text of `body`, served as `media_type` (a Content-Type with or without charset).

    Returns an `Extraction`; its `error` begins with a word of `Cause` when there is no text.
    """
    kind = kind_of(body, media_type)
    try:
        return _READERS[kind](body, media_type)
    except Unreadable as problem:
        return Extraction(error=str(problem))
    except MemoryError:
        return Extraction(error=f"memory: reading this {kind} file needs more memory than it may have")
    except _BAD_FILE as problem:
        detail = " ".join(str(problem).split())[:200]
        return Extraction(error=f"damaged: cannot be read as {kind} ({type(problem).__name__}: {detail})")


def _text(body: bytes, media_type: str) -> Extraction:
    text = decode(body, media_type)
    return tidied(first_line(text[:10_000]), text, None)


# The libraries for documents are imported when the first one comes, and so only in the children.
def _pdf(body: bytes, _: str) -> Extraction:
    from study.formats.pdf import read_pdf

    return read_pdf(body)


def _docx(body: bytes, _: str) -> Extraction:
    from study.formats.office import read_docx

    return read_docx(body)


def _pptx(body: bytes, _: str) -> Extraction:
    from study.formats.office import read_pptx

    return read_pptx(body)


def _xlsx(body: bytes, _: str) -> Extraction:
    from study.formats.office import read_xlsx

    return read_xlsx(body)


def _rtf(body: bytes, _: str) -> Extraction:
    from study.formats.rtf import read_rtf

    return read_rtf(body)


def _through_libreoffice(kind: Kind) -> Callable[[bytes, str], Extraction]:
    def read(body: bytes, media_type: str) -> Extraction:
        from study.formats.libreoffice import modernise
        from study.formats.office import check_zip

        if kind in ("odt", "ods", "odp"):
            check_zip(body).close()
        modern, made = modernise(body, kind)
        return {"docx": _docx, "pptx": _pptx, "xlsx": _xlsx}[made](modern, media_type)

    return read


def _no_reader(cause: Cause, reason: str) -> Callable[[bytes, str], Extraction]:
    def read(body: bytes, media_type: str) -> Extraction:
        raise Unreadable(cause, reason.format(media_type=media_type[:100] or "no media type"))

    return read


_READERS: dict[Kind, Callable[[bytes, str], Extraction]] = {
    "html": read_html,
    "text": _text,
    "pdf": _pdf,
    "docx": _docx,
    "pptx": _pptx,
    "xlsx": _xlsx,
    "rtf": _rtf,
    "doc": _through_libreoffice("doc"),
    "ppt": _through_libreoffice("ppt"),
    "xls": _through_libreoffice("xls"),
    "odt": _through_libreoffice("odt"),
    "ods": _through_libreoffice("ods"),
    "odp": _through_libreoffice("odp"),
    "wpd": _through_libreoffice("wpd"),
    "encrypted": _no_reader("encrypted", "the Office file opens only with a password"),
    "picture": _no_reader("unsupported", "a picture ({media_type})"),
    "zip": _no_reader("unsupported", "a zip archive ({media_type})"),
    "empty": _no_reader("no text", "the body is empty"),
    "other": _no_reader("unsupported", "no reader for {media_type}"),
}
