"""Rich Text Format to text (RTF 1.9.1), without an office suite: the same result on every machine."""

import codecs
import re
from dataclasses import dataclass
from datetime import date

from study.formats.extraction import Extraction, Unreadable, first_line, tidied
from study.formats.pdf import is_no_title

# Groups whose words are not the document's: tables of fonts and styles, pictures, fields' instructions.
_NOT_TEXT = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "listtable", "listoverridetable", "rsidtbl", "revtbl", "filetbl"}
    | {
        "pict",
        "nonshppict",
        "shprslt",
        "object",
        "objdata",
        "fldinst",
        "pntext",
        "pntxta",
        "pntxtb",
        "listtext",
    }
    | {"info", "generator", "template", "themedata", "colorschememapping", "datastore", "latentstyles"}
    | {"xmlnstbl", "bkmkstart", "bkmkend", "mmathPr", "wgrffmtfilter"}
)
_BREAKS = {
    **dict.fromkeys(("par", "line", "row", "page", "sect", "pagebb"), "\n"),
    **dict.fromkeys(("tab", "cell", "nestcell"), "\t"),
    "emdash": "—",
    "endash": "–",
    "bullet": "•",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "emspace": " ",
    "enspace": " ",
}
_TOKEN = re.compile(
    rb"\\bin(\d{1,9}) ?"  # raw bytes follow
    rb"|\\([a-z]{1,32})(-?\d{1,10})?[ ]?"  # control word, parameter
    rb"|\\'([0-9a-fA-F]{2})"  # a byte of the code page
    rb"|\\([^a-z])"  # control symbol
    rb"|([{}])"
    rb"|[\r\n]+"
    rb"|([^\\{}\r\n]+)",
    re.IGNORECASE | re.DOTALL,
)


def read_rtf(body: bytes) -> Extraction:
    """Title, text and date of an RTF file; raises `Unreadable` when nothing readable is in it."""
    begin = body.find(b"{\\rtf")
    if begin < 0:
        raise Unreadable("damaged", "it does not begin as RTF")
    reader = _Reader(_code_page(body))
    position = begin
    while match := _TOKEN.match(body, position):
        reader.take(match)
        # Raw bytes follow \bin; they may hold anything, also braces.
        position = match.end() + int(match.group(1) or 0)
    text, stated = _joined(reader.text), _joined(reader.title).strip()
    return tidied(first_line(text) if not stated or is_no_title(stated) else stated, text, _changed(body))


@dataclass
class _Group:
    hidden: bool = False
    skip: int = 1  # how many characters after \u stand for it in readers without Unicode
    title: bool = False


class _Reader:
    """The state between tokens: open groups, and what has been read so far."""

    def __init__(self, encoding: str) -> None:
        self.text: list[str] = []
        self.title: list[str] = []
        self._encoding = encoding
        self._groups = [_Group()]
        self._first = False  # the next word says what its group is
        self._replaced = 0  # characters still to leave out after \u

    def take(self, token: re.Match[bytes]) -> None:
        _, word, number, code, symbol, brace, run = token.groups()
        if brace:
            self._brace(brace)
        elif word:
            self._word(word.decode("ascii"), int(number) if number else None)
        elif symbol == b"*":
            # A group for programs that know it; its first word follows.
            self._groups[-1].hidden = self._groups[-1].hidden or self._first
        elif code or symbol:
            self._characters(
                bytes.fromhex(code.decode()).decode(self._encoding, "replace") if code else _symbol(symbol)
            )
        elif run:
            self._characters(run.decode(self._encoding, "replace"))

    def _brace(self, brace: bytes) -> None:
        if brace == b"{":
            above = self._groups[-1]
            self._groups.append(_Group(above.hidden, above.skip, above.title))
        elif len(self._groups) > 1:
            self._groups.pop()
        self._first, self._replaced = brace == b"{", 0

    def _word(self, name: str, number: int | None) -> None:
        group = self._groups[-1]
        if self._first and name in _NOT_TEXT:
            group.hidden = True
        elif name == "shptxt":  # a text box inside a group of drawing properties
            group.hidden = False
        elif name == "title":
            group.title = True
        elif name == "uc" and number is not None:
            group.skip = max(0, number)
        elif name == "u" and number is not None:
            self._replaced = 0
            self._characters(chr(number % 0x10000))
            self._replaced = group.skip
        elif name in _BREAKS:
            self._characters(_BREAKS[name])
        self._first = False

    def _characters(self, characters: str) -> None:
        left_out = min(self._replaced, len(characters))
        self._replaced -= left_out
        self._first = False
        group = self._groups[-1]
        if group.title:
            self.title.append(characters[left_out:])
        elif not group.hidden:
            self.text.append(characters[left_out:])


def _symbol(symbol: bytes) -> str:
    return {b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n"}.get(
        symbol, symbol.decode("latin-1") if symbol in b"\\{}" else ""
    )


def _joined(pieces: list[str]) -> str:
    # \u writes characters beyond U+FFFF as two halves.
    return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _code_page(body: bytes) -> str:
    if match := re.search(rb"\\ansicpg(\d{3,5})", body[:2_000]):
        try:
            return codecs.lookup(f"cp{match.group(1).decode()}").name
        except LookupError:
            pass
    return "mac-roman" if re.search(rb"\\mac\b", body[:200]) else "cp1252"


def _changed(body: bytes) -> date | None:
    for name in (rb"revtim", rb"creatim"):
        if match := re.search(rb"\\" + name + rb"\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})", body):
            try:
                return date(*(int(part) for part in match.groups()))
            except ValueError:
                continue
    return None
