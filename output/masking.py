"""Quotes fit to publish: on one line, short, and without e-mail addresses and telephone numbers.

Pages name staff and carers; a quote is there to show what a page says of mentoring, not how to reach people. Better one
number too many masked than one too few.
"""

from __future__ import annotations

import re

# Controls, and marks that turn the direction of reading: no file format wants them, and they can make a quote read otherwise.
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
MAX_QUOTE = 299  # characters: 300 with the apostrophe that a cell beginning like a formula gets
_EMAIL = re.compile(
    r"[\w.+'%-]+\s?(?:@|\(at\)|\[at\]|\{at\})\s?[\w-]+(?:\s?(?:\.|\(dot\)|\[dot\])\s?[\w-]+)+"
    r"|[\w.+-]+ at [\w-]+(?: dot [\w-]+)+",
    re.IGNORECASE,
)
_SEPARATOR = r"[\s().\-–‑/]{0,3}"
_DATE = r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d)"
_PHONE = re.compile(
    rf"(?<![\w£$€.,])(?<!\d[/-])(?!{_DATE})\(?(?:(?:\+|00){_SEPARATOR}[1-9](?:{_SEPARATOR}\d){{7,13}}|0(?:{_SEPARATOR}\d){{8,10}})(?!\d)"
    # a number that is called one needs no area code
    r"|(?P<called>\b(?:tel|telephone|phone|ph|mobile|mob|fax|minicom|textphone|call|ring|ext|extension)\b\.?"
    r"(?:\s(?:no|number|us on|on))?\.?\s?[:\-–]?\s?)\+?\(?\d[\d\s().\-–]{1,15}\d",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return ``text`` with e-mail addresses as [e-mail] and telephone numbers as [phone]."""
    if "@" in text or " at " in text or "at)" in text.lower() or "at]" in text.lower() or "at}" in text.lower():
        text = _EMAIL.sub("[e-mail]", text)
    return _PHONE.sub(lambda number: f"{number['called'] or ''}[phone]", text)


def one_line(text: str) -> str:
    """Return ``text`` masked, with white space folded and what cannot be seen left out."""
    return masked(" ".join(_UNSEEN.sub("", text).split()))


def quote(text: str, around: re.Pattern[str] | None = None) -> str:
    """Return at most :data:`MAX_QUOTE` characters of ``text``, masked, on one line, cut between words.

    A longer text is cut so that the first match of ``around`` stands in the quote; cuts are marked with an ellipsis.
    """
    whole = one_line(text)
    if len(whole) <= MAX_QUOTE:
        return whole
    match = around.search(whole) if around else None
    start = 0 if match is None or match.end() < MAX_QUOTE - 1 else max(0, match.start() - MAX_QUOTE // 3)
    if start:
        start = whole.find(" ", start) + 1
    head = "…" if start else ""
    rest = whole[start:]
    room = MAX_QUOTE - len(head)
    if len(rest) <= room:
        return head + rest
    end = rest.rfind(" ", 0, room)
    return head + rest[: end if end > room // 2 else room - 1].rstrip(" ,;:") + "…"
