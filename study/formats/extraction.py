"""What every reader of a format returns, and the one way its text is tidied."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

# A committee's agenda pack of 500 pages has about 1.5 million characters. Beyond this the rest is cut, and
# the extraction says so: an unbounded text would sit in the record, in memory and in every judging run.
MAX_TEXT = 2_000_000
# Titles are shown in lists and judged with the text; longer ones are a paragraph in the wrong place.
MAX_TITLE = 300

Cause = Literal[
    "unsupported", "encrypted", "damaged", "no text", "too large", "time", "memory", "crashed", "cut"
]  # the word before the colon of `Extraction.error`
CUT = "cut:"  # so begins the error of a text of which there is a part


@dataclass(frozen=True)
class Extraction:
    """The text of one body.

    `title` and `text` are plain Unicode (NFC); lines are paragraphs, headings, list items or table rows,
    cells are set apart by tabs. `document_date` is the day that the document itself states (last change
    before first publication). `error` is None or '<cause>: <reason>' with a cause of `Cause`; the text is
    then empty, except for 'cut', where it is a part of a longer one: the beginning, or all but a PDF's damaged pages.
    """

    title: str = ""
    text: str = ""
    document_date: date | None = None
    error: str | None = None


def has_text(error: str | None) -> bool:
    """Whether an extraction with this `error` has a text, or a part of one."""
    return error is None or error.startswith(CUT)


class Unreadable(Exception):
    """A document that gives no text; raised by readers, turned into `Extraction.error` by `study.text`."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(f"{cause}: {reason}")
        self.cause = cause
        self.reason = reason


def tidied(title: str, text: str, document_date: date | None, left_out: str = "") -> Extraction:
    """An extraction with its white space, invisible characters and length in order; `left_out` says what is not in it.

    Raises `Unreadable` ('no text') when nothing is left, so that a scan is not taken for a silent page.
    """
    said = [left_out] if left_out else []
    said += [f"longer than {MAX_TEXT:,} characters, the rest was not read"] if len(text) > MAX_TEXT else []
    text = tidy(text[:MAX_TEXT])
    if not text:
        raise Unreadable("no text", "it holds no text of its own (a scan, pictures only, or empty)")
    return Extraction(
        title=one_line(title),
        text=text,
        document_date=document_date,
        error=f"{CUT} {'; '.join(said)}" if said else None,
    )


def tidy(text: str) -> str:
    """One form for all formats: NFC, \\n between lines, single blanks, no invisible characters."""
    if _UNUSUAL.search(text):
        text = _HYPHENATED.sub("", text)
        text = _LINE_ENDS.sub("\n", text).translate(_CHARACTERS)
        text = unicodedata.normalize("NFC", text)
    text = _SPACES.sub(_one_space, text)
    text = _LINE_EDGES.sub("\n", text)
    return _BLANK_LINES.sub("\n\n", text).strip()


def one_line(text: str) -> str:
    """A title: tidied, on one line, no longer than `MAX_TITLE`."""
    return " ".join(tidy(text[: 4 * MAX_TITLE]).split())[:MAX_TITLE].rstrip()


def first_line(text: str) -> str:
    """The first line with a word in it: the title of a document that names none."""
    for line in text.splitlines():
        if any(character.isalpha() for character in line):
            return line.strip()
    return ""


# pdfium marks a word broken over two lines by U+0002 or U+FFFE in place of the hyphen.
# Text of these characters only needs none of the slower steps: true of most English pages.
_UNUSUAL = re.compile("[^\t\n -~£–‘’“”•]")
_HYPHENATED = re.compile("[\x02\ufffe][\r\n]*|\xad")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[ \t]{2,}")
_LINE_EDGES = re.compile(r"[ \t]?\n[ \t]?")  # after _SPACES
_BLANK_LINES = re.compile(r"\n{3,}")

_SPACE_CHARACTERS = "\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\ufff9\ufffa\ufffb"
)
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_CHARACTERS: dict[int, str | None] = {
    **{code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"},
    **{ord(character): " " for character in _SPACE_CHARACTERS},
    **{ord(character): None for character in _INVISIBLE},
    **{ord(ligature): letters for ligature, letters in _LIGATURES.items()},
}


def _one_space(run: re.Match[str]) -> str:
    return "\t" if "\t" in run.group() else " "
