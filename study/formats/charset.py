"""Bytes of a web page to Unicode, with the character sets that English councils served from 2004 to 2026.

The order is WHATWG's (byte order mark, header, declaration in the page) with two corrections from experience:
text that is valid UTF-8 is UTF-8, whatever an old server's default header says; and what claims UTF-8 but has
stray bytes is UTF-8 with Windows-1252 pasted into it (Word's quotation marks in a content management system).
"""

import codecs
import re

from resiliparse.parse.encoding import map_encoding_to_html5

# The standard looks at 1,024 bytes; council templates of the 2000s put scripts before the declaration.
DECLARATION_WINDOW = 8_192

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_STRAY = "windows-1252-stray"
# What a page means that says Latin-1 or ASCII (WHATWG maps both to it).
_LATIN = "cp1252"


def decode(body: bytes, media_type: str = "") -> str:
    """The text of `body`; never raises.

    `media_type` is the Content-Type as served, with its charset if any. Bytes that no character set explains
    become U+FFFD.
    """
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, "replace")
    encoding = _claimed(body, media_type) or "utf-8"
    if encoding.startswith("utf-16"):
        return body.decode(encoding, "replace")
    if encoding == "utf-8" or _is_single_byte(encoding):
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if encoding == "utf-8":
        return body.decode("utf-8", _STRAY)
    return body.decode(encoding, "replace")


def _claimed(body: bytes, media_type: str) -> str | None:
    header = _HEADER.search(media_type)
    head = body[:DECLARATION_WINDOW]
    encoding = _known(header.group(1)) if header else None
    # UTF-16 has a zero byte in every ASCII letter; a header that says so without one is wrong.
    if encoding and (b"\0" in head or not encoding.startswith("utf-16")):
        return encoding
    if encoding := _without_declaration(head):
        return encoding
    declared = _META.search(head) or _XML.search(head)
    if declared and (encoding := _known(declared.group(1).decode("ascii", "replace"))):
        # WHATWG: a declaration that could be read as ASCII cannot be UTF-16.
        return "utf-8" if encoding.startswith("utf-16") else encoding
    return None


def _without_declaration(head: bytes) -> str | None:
    """UTF-16 without a byte order mark, as 'Save as Unicode' made it: every other byte is zero."""
    sample = head[: len(head) // 2 * 2]
    if len(sample) < 8:
        return None
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros.count(0) * 10 > len(zeros) * 8:
            return encoding
    return None


def _known(label: str) -> str | None:
    """Python's name of a WHATWG label: never one of Python's own transformations (punycode, utf-7)."""
    mapped = map_encoding_to_html5(label, fallback_utf8=False)
    return codecs.lookup(mapped).name if mapped else None


def _is_single_byte(encoding: str) -> bool:
    return encoding.startswith(("iso8859", "cp125", "cp866", "mac-", "koi8", "tis-620"))


def _stray_bytes(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    return problem.object[problem.start : problem.end].decode(_LATIN, "replace"), problem.end


codecs.register_error(_STRAY, _stray_bytes)
