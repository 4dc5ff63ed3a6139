"""Bytes to text: formats, character sets, and files that are out to hurt."""

import asyncio
import contextlib
import io
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pptx
import pypdfium2
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from fpdf import FPDF
from fpdf.encryption import AccessPermission
from pptx.util import Inches

from study import documents, text
from study.documents import DocumentReader
from study.formats import libreoffice, office
from study.formats.extraction import MAX_TEXT, MAX_TITLE
from study.text import Extraction, extract, kind_of

DOCUMENTS = Path(__file__).parent / "documents"


def through_reader(*bodies: tuple[bytes, str], **limits: Any) -> list[Extraction]:
    async def read() -> list[Extraction]:
        async with DocumentReader(**limits) as reader:
            return [await reader.extract(body, media_type) for body, media_type in bodies]

    return asyncio.run(read())


# HTML

PAGE = """<html><head><title> Mentoring\n in schools </title><meta name="DC.date.modified" content="2008-07-14">
<script>var coaching = "bus"</script><style>.coach {{}}</style></head><body>
<div id="header"><ul class="nav menu"><li><a href="/">Home</a></li><li><a href="/c">Coach trips</a></li></ul></div>
<div id="content"><h1>Mentoring new teachers</h1>
<p>Every newly qualified teacher in the county works with a mentor for a year; the mentor has been trained
by our advisers and has time set aside for the work, one hour a week, paid for by the school.</p>
<h2>What mentors do</h2><ul><li>Watch lessons</li><li>Talk about them</li></ul>
<table><tr><th>Course</th><th>Date</th></tr><tr><td>Mentor training</td><td>4 June</td></tr></table></div>
<nav><a href="/x">Bus coaching</a></nav><footer>Contact us about hiring a coach</footer></body></html>"""


def test_a_page_keeps_headings_lists_and_tables_and_loses_menus_and_scripts() -> None:
    page = extract(PAGE.encode(), "text/html; charset=utf-8")
    assert page.error is None
    assert page.title == "Mentoring in schools"
    assert page.document_date == date(2008, 7, 14)
    lines = page.text.splitlines()
    assert "Mentoring new teachers" in lines
    assert "What mentors do" in lines
    assert "• Watch lessons" in lines
    assert "Mentor training\t4 June" in lines
    for menu in ("Coach trips", "Bus coaching", "hiring a coach", "var coaching"):
        assert menu not in page.text


def test_a_page_whose_main_content_is_missed_is_read_whole() -> None:
    words = "Coaches and mentors meet at the centre. " * 20
    page = extract(f"<html><body><div class='sidebar menu'>{words}</div></body></html>".encode(), "text/html")
    assert page.text.count("Coaches and mentors") == 20


def test_a_frame_set_gives_its_noframes_text() -> None:
    frames = b"<frameset><frame src=a.htm><noframes>Mentor list</noframes></frameset>"
    body = b"<html><head><title>Grid</title></head>" + frames + b"</html>"
    page = extract(body, "text/html")
    assert page.title == "Grid"
    assert "Mentor list" in page.text


def test_a_page_without_title_is_named_by_its_heading() -> None:
    assert extract(b"<body><h1>Lead <i>coaches</i></h1><p>Text.</p>", "text/html").title == "Lead coaches"


def test_titles_and_texts_are_bounded_and_the_cut_is_told() -> None:
    page = extract(b"<title>" + b"mentor " * 1000 + b"</title><p>" + b"coach " * (MAX_TEXT // 5), "text/html")
    assert len(page.title) <= MAX_TITLE
    assert len(page.text) <= MAX_TEXT
    assert page.error is not None
    assert page.error.startswith("cut: ")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Last updated: <b>12th July 2008</b></p>", date(2008, 7, 12)),
        ("<p>Page last updated 03/11/2006</p>", date(2006, 11, 3)),
        ('<script type="application/ld+json">{"dateModified": "2025-02-01T10:00"}</script><p>x</p>', date(2025, 2, 1)),
        ('<meta property="article:published_time" content="2019-05-06T07:00:00Z"><p>x</p>', date(2019, 5, 6)),
        ("<p>Last updated: 31/02/2008</p>", None),
        ("<p>The course is on 4 June 2008.</p>", None),
    ],
)
def test_the_date_a_page_states_is_found(html: str, expected: date | None) -> None:
    assert extract(html.encode(), "text/html").document_date == expected


# Character sets

SAYS = "Café – “mentoring” costs £45…"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (SAYS.encode(), "text/html; charset=utf-8"),
        (SAYS.encode(), "text/html"),
        (SAYS.encode(), "text/html; charset=ISO-8859-1"),  # an old server's default header on a new page
        (SAYS.encode("utf-8-sig"), "text/html; charset=windows-1252"),
        (SAYS.encode("cp1252"), "text/html"),
        (SAYS.encode("cp1252"), "text/html; charset=iso-8859-1"),
        (SAYS.encode("cp1252"), "text/html; charset=utf-8"),
        (SAYS.encode("cp1252"), "text/html; charset=no-such-set"),
        (
            b"<meta http-equiv=Content-Type content='text/html; charset=iso-8859-1'>" + SAYS.encode("cp1252"),
            "text/html",
        ),
        (b"<?xml version='1.0' encoding='windows-1252'?>" + SAYS.encode("cp1252"), "application/xhtml+xml"),
        (b"<meta charset='utf-16'>" + SAYS.encode(), "text/html"),  # WHATWG: cannot be true
        (SAYS.encode("utf-16"), "text/html"),
        (SAYS.encode("utf-16-le"), "text/html"),
        (SAYS.encode("utf-16-be"), "text/html; charset=utf-16be"),
        (SAYS.encode("utf-32"), "text/html"),
        (SAYS.encode("mac-roman"), 'text/html; charset="macintosh"'),
        (SAYS.encode("cp1252"), "text/plain"),
    ],
)
def test_character_sets_of_twenty_years(body: bytes, media_type: str) -> None:
    assert extract(body, media_type).text == SAYS


def test_utf_8_with_stray_windows_bytes_keeps_both() -> None:
    body = "<p>Café for mentors, ".encode() + "“coaching”".encode("cp1252") + b"</p>"
    assert extract(body, "text/html; charset=utf-8").text == "Café for mentors, “coaching”"


def test_bytes_that_no_character_set_explains_do_not_stop_the_rest() -> None:
    assert extract(b"mentor \x81 coach", "text/html; charset=windows-1252").text == "mentor \ufffd coach"


@pytest.mark.parametrize("charset", ["punycode", "idna", "rot13", "undefined", "utf-7", "unicode_escape", "zlib"])
def test_pythons_own_codecs_are_no_character_sets(charset: str) -> None:
    assert extract(rb"mentor \x41", f"text/html; charset={charset}").text == r"mentor \x41"


def test_ligatures_soft_hyphens_and_invisible_characters_do_not_hide_a_word() -> None:
    assert extract("men\u00adtor\u200bing of\ufb01ce\u00a0staff".encode(), "text/html").text == "mentoring office staff"


# What a body is


@pytest.mark.parametrize(
    ("body", "media_type", "kind"),
    [
        (b"%PDF-1.4 ...", "text/html", "pdf"),
        (b"junk before\n%PDF-1.4 ...", "application/octet-stream", "pdf"),
        (b"<!DOCTYPE html><p>Not found", "application/pdf", "html"),
        (b"<html><body>Page not found", "application/msword", "html"),
        (b"{\\rtf1 mentor}", "application/msword", "rtf"),
        (b"GIF89a....", "image/gif", "picture"),
        (b"BM is how a note may begin", "text/plain", "text"),
        (b"\xff\xd8\xff\xe0", "application/octet-stream", "picture"),
        (b"mentor list", "application/octet-stream", "text"),
        (b"a < b", "text/plain", "text"),
        (b"<p>is how one writes a paragraph", "text/plain; charset=utf-8", "html"),
        (b"\x00\x01\x02\x03mentor", "application/octet-stream", "other"),
        (b"<?xml version='1.0'?><rss>", "application/rss+xml", "html"),
        (b'{"mentor": 1}', "application/json", "text"),
        (b" \r\n ", "text/html", "empty"),
        (b"\xffWPC....", "application/octet-stream", "wpd"),
        (b"PK\x03\x04 cut off word/document.xml", "application/zip", "docx"),
    ],
)
def test_first_bytes_tell_more_than_the_media_type(body: bytes, media_type: str, kind: str) -> None:
    assert kind_of(body, media_type) == kind


@pytest.mark.parametrize(
    ("body", "media_type", "error"),
    [
        (b"", "text/html", "no text: "),
        (b"<html><body><img src=x></body></html>", "text/html", "no text: "),
        (b"GIF89a....", "image/gif", "unsupported: a picture (image/gif)"),
        (b"\x00\x01\x02", "video/mp4", "unsupported: no reader for video/mp4"),
        (b"%PDF-1.4 and then nothing", "application/pdf", "damaged: "),
        (b"PK\x03\x04 word/ and then nothing", "application/msword", "damaged: "),
    ],
)
def test_what_gives_no_text_says_why(body: bytes, media_type: str, error: str) -> None:
    page = extract(body, media_type)
    assert page.text == ""
    assert page.error is not None
    assert page.error.startswith(error)


# Documents


def pdf(*paragraphs: str, title: str = "", password: str | None = None) -> bytes:
    document = FPDF()
    document.set_creation_date(datetime(2008, 6, 3))
    document.set_title(title)
    document.set_font("Helvetica")
    for paragraph in paragraphs:
        document.add_page()
        document.multi_cell(0, text=paragraph)
    if password is not None:
        document.set_encryption(owner_password="owner", user_password=password, permissions=AccessPermission.none())
    return bytes(document.output())


def saved(document: Any) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def word() -> Any:
    document = docx.Document()
    document.core_properties.modified = datetime(2009, 1, 30)
    document.core_properties.title = "Microsoft Word - draft.doc"
    document.add_heading("Coaching policy", 1)
    document.add_paragraph("Before the table.")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Across both"
    table.cell(1, 0).text, table.cell(1, 1).text = "Mentor", "School"
    document.add_paragraph("After the table.")
    document.sections[0].footer.paragraphs[0].text = "Westshire LEA"
    return document


def test_a_word_file_is_read_in_order_with_its_tables() -> None:
    page = extract(saved(word()), "application/msword")
    assert page.title == "Coaching policy"
    assert page.document_date == date(2009, 1, 30)
    expected = "Coaching policy|Before the table.|Across both|Mentor\tSchool||After the table.|Westshire LEA"
    assert page.text.split("\n") == expected.split("|")


def test_text_boxes_content_controls_and_insertions_of_a_word_file_are_read_and_deletions_are_not() -> None:
    document = word()
    document.element.body.insert(
        0,
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:ins><w:r><w:t>Peer </w:t></w:r></w:ins>"
            "<w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:r><w:t>mentoring</w:t></w:r>"
            "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
            "</w:p></w:sdtContent></w:sdt>"
        ),
    )
    assert extract(saved(document), "").text.startswith("Peer mentoring\nIn a box\nCoaching policy")


@pytest.mark.parametrize(
    ("make", "standard", "other"),
    [
        (
            word,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            "application/vnd.ms-word.document.macroEnabled.main+xml",
        ),
        (
            lambda: briefing(),
            "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
            "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
        ),
    ],
)
def test_macro_files_shows_and_templates_are_read_too(make: Callable[[], Any], standard: str, other: str) -> None:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(make()))) as archive, zipfile.ZipFile(changed, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, archive.read(name).replace(standard.encode(), other.encode()))
    assert other.encode() in changed.getvalue()
    assert extract(changed.getvalue(), "") == extract(saved(make()), "")


def briefing() -> Any:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Framework for coaching"
    slide.placeholders[1].text = "Peer coaching"
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "Grouped mentors"
    table = slide.shapes.add_table(1, 2, 0, 0, Inches(2), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Term", "Autumn"
    slide.notes_slide.notes_text_frame.text = "Mention supply cover"
    return show


def test_a_powerpoint_file_gives_shapes_groups_tables_and_notes() -> None:
    page = extract(saved(briefing()), "application/vnd.ms-powerpoint")
    assert page.title == "Framework for coaching"
    expected = ["Framework for coaching", "Peer coaching", "Grouped mentors", "Term\tAutumn", "Mention supply cover"]
    assert page.text.split("\n") == expected


def test_a_shape_without_geometry_does_not_lose_the_others() -> None:
    show = briefing()
    shape = show.slides[0].shapes.add_shape(1, 0, 0, Inches(1), Inches(1))
    shape._element.spPr.remove(shape._element.spPr.prstGeom)
    page = extract(saved(show), "application/vnd.ms-powerpoint")
    assert (page.error, page.text.split("\n")[0]) == (None, "Framework for coaching")


def note() -> Any:
    document = docx.Document()
    document.add_paragraph("Coaching")
    return document


@pytest.mark.parametrize("make", [briefing, note])
def test_the_day_of_a_librarys_template_is_not_the_documents(make: Callable[[], Any]) -> None:
    document = make()
    assert extract(saved(document), "").document_date is None
    document.core_properties.modified = datetime(2008, 6, 3, 12, 0)
    assert extract(saved(document), "").document_date == date(2008, 6, 3)


def test_an_excel_file_gives_its_sheets_row_by_row() -> None:
    book = openpyxl.Workbook()
    book.active.title = "Mentors"
    book.active.append(["School", None, "Places"])
    book.active.append(["Fernhill", None, 3])
    book.create_sheet("Coaches").append(["AST"])
    assert extract(saved(book), "").text == "Mentors\nSchool\tPlaces\nFernhill\t3\n\nCoaches\nAST"


def test_a_pdf_gives_its_pages_title_and_date() -> None:
    page = extract(pdf("Mentor training", "Coaching in pairs", title="Prospectus"), "application/pdf")
    assert page.text.split() == ["Mentor", "training", "Coaching", "in", "pairs"]
    assert page.title == "Prospectus"
    assert page.document_date == date(2008, 6, 3)


def test_a_pdf_named_by_its_program_takes_its_first_line_as_title() -> None:
    page = extract(pdf("Mentor training\nfor new teachers", title="Microsoft Word - flyer3.doc"), "application/pdf")
    assert page.title == "Mentor training"


def test_a_pdf_with_a_password_is_called_encrypted_and_one_for_all_readers_is_read() -> None:
    closed = extract(pdf("Mentor", password="secret"), "application/pdf")
    assert closed == Extraction(error="encrypted: the PDF opens only with a password")
    assert extract(pdf("Mentor", password=""), "application/pdf").text == "Mentor"


def pages_of_which(*broken: int) -> bytes:
    """A PDF of three pages; the `broken` ones are listed, and no reader can load them."""
    parts = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 3/Kids[4 0 R 6 0 R 8 0 R]>>"]
    parts.append("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    for page in range(3):
        drawn = f"BT /F1 12 Tf 50 700 Td (Mentoring, page {page}) Tj ET"
        inside = f"/Resources<</Font<</F1 3 0 R>>>>/Contents {5 + 2 * page} 0 R"
        leaf = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]{inside}>>"
        parts += ["null" if page in broken else leaf, f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream"]
    body, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"trailer<</Size {len(parts) + 1}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF"
    return f"{body}xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def test_a_damaged_page_of_a_pdf_does_not_lose_the_others() -> None:
    assert extract(pages_of_which(), "").error is None
    page = extract(pages_of_which(1), "application/pdf")
    assert page.text == "Mentoring, page 0\n\nMentoring, page 2"
    assert page.error == "cut: 1 of 3 pages could not be read"
    nothing = extract(pages_of_which(0, 1, 2), "application/pdf")
    assert (nothing.text, (nothing.error or "").partition(":")[0]) == ("", "damaged")


def test_a_scan_is_not_taken_for_a_silent_document() -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(200, 200)
    page = extract(saved(document), "application/pdf")
    assert page.error is not None
    assert page.error.startswith("no text: ")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("make", [lambda: pdf("Mentor " * 500), lambda: saved(word()), lambda: saved(briefing())])
def test_cut_off_files_are_damaged_or_partly_read_and_never_raise(make: Callable[[], bytes], share: float) -> None:
    body = make()
    page = extract(body[: int(len(body) * share)], "application/octet-stream")
    assert page.text or (page.error or "").startswith(("damaged: ", "no text: "))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("make", [lambda: pdf("Mentor " * 500), lambda: saved(word()), lambda: saved(briefing())])
def test_files_with_flipped_bytes_never_raise(make: Callable[[], bytes], seed: int) -> None:
    body = bytearray(make())
    for position in range(100 + seed, len(body), 97 + 31 * seed):
        body[position] ^= 0x55
    page = extract(bytes(body), "application/octet-stream")
    assert page.text or page.error


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"\0" * (office.UNWATCHED + 1))
    begun = time.perf_counter()
    page = extract(bomb.getvalue(), "application/msword")
    assert page.error is not None
    assert page.error.startswith("too large: unpacks to ")
    assert time.perf_counter() - begun < 1


def test_what_a_part_says_of_its_size_is_not_believed() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", b"\0" * 200_000_000)
    body = bomb.getvalue().replace(struct.pack("<I", 200_000_000), struct.pack("<I", 50))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert kind_of(body, "application/pdf") == "zip"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


def test_an_archive_of_too_many_parts_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for number in range(10_001):
            archive.writestr(f"word/{number}", b"")
    monkeypatch.setattr("zipfile.ZipFile.namelist", lambda _: pytest.fail("listed"))
    assert kind_of(body.getvalue(), "") == "docx"


def test_entities_of_an_office_file_are_not_expanded() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(word()))) as archive, zipfile.ZipFile(changed, "w") as copy:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "word/document.xml":
                doctype = f'<!DOCTYPE w [<!ENTITY l0 "lol"><!ENTITY f SYSTEM "file:///etc/hostname">{laughs}]>'
                content = content.replace(b"?>", f"?>{doctype}".encode(), 1)
                content = content.replace(b"Before the table.", b"[&f;&l9;]")
            copy.writestr(name, content)
    page = extract(changed.getvalue(), "application/msword")
    assert "lol" not in page.text
    assert "[]" in page.text or page.error


def test_rtf_is_read_without_an_office_suite() -> None:
    page = extract((DOCUMENTS / "mentor-handbook.rtf").read_bytes(), "application/rtf")
    assert page.title == "Handbook for school mentors"
    assert page.document_date == date(2007, 3, 5)
    check_handbook(page.text)


def test_rtf_escapes_groups_and_binary_runs() -> None:
    body = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Mentor Sans;}}{\*\unknown hidden}{\info{\title Plan}{\author A}}"
        rb"\uc1 Caf\'e9 \u8211? \{peer\} \u55357?\u56832? coaching\par{\pict\bin4 }}}}}Second\tab line\~here}"
    )
    page = extract(body, "application/rtf")
    assert page.title == "Plan"
    assert page.text == "Café – {peer} 😀 coaching\nSecond\tline here"


def check_handbook(handbook: str) -> None:
    lines = handbook.splitlines()
    assert lines[0] == "Handbook for school mentors 2007"
    assert "Every newly qualified teacher at Fernhill has a mentor – “a critical friend”." in lines
    assert "Coaching skills for subject leaders\t14 March 2007" in lines
    assert lines[-1] == "After the table: the course costs £45 a school, lunch at the café included."


# Old Office formats, through LibreOffice


@pytest.mark.services
def test_old_office_files_are_read_through_libreoffice() -> None:
    assert libreoffice.program() is not None, "LibreOffice is missing: run make services"
    names = ["mentor-handbook.doc", "mentor-handbook.odt", "coaching-briefing.ppt", "mentor-places.xls"]
    files = [((DOCUMENTS / name).read_bytes(), "application/octet-stream") for name in names]
    doc, odt, ppt, xls = through_reader(*files)
    assert [page.error for page in (doc, odt, ppt, xls)] == [None] * 4
    check_handbook(doc.text)
    check_handbook(odt.text)
    assert doc.document_date == date(2007, 3, 5)
    for words in ("Coaching in our schools", "Lesson study", "Say that the LEA pays", "Autumn\tInduction mentors"):
        assert words in ppt.text
    assert xls.text == "Mentors 2005\nSchool\tMentor trained\tPlaces\nFernhill Primary\tyes\t3"


@pytest.mark.services
def test_a_broken_old_file_is_damaged() -> None:
    body = (DOCUMENTS / "mentor-handbook.doc").read_bytes()
    page = extract(body[:1500] + b"WordDocument".decode().encode("utf-16-le"), "application/msword")
    assert page.error is not None
    assert page.error.startswith("damaged: LibreOffice cannot read it as .doc")


def test_without_libreoffice_an_old_file_is_unsupported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    page = extract((DOCUMENTS / "mentor-handbook.doc").read_bytes(), "application/msword")
    assert page == Extraction(error="unsupported: .doc needs LibreOffice, which is not installed (soffice)")


# Hostile files, in children


def test_ten_thousand_nested_elements_take_no_time() -> None:
    begun = time.perf_counter()
    page = extract(b"<html><body>" + b"<div>" * 10_000 + b"mentor" + b"</div>" * 10_000, "text/html")
    assert page.text == "mentor"
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    "body",
    [
        "<h2>Service</h2><ul><li>Opening hours and address</li></ul>" * 4_000,
        "<ul>" + "<li>Opening hours and address <a href=/>x</a></li>" * 4_000 + "</ul>",
        "<meta name=date content=2009-01-01>" * 4_000,
        "<article>" * 20_000,
        "<ul>x" * 30_000,  # each line indented by its depth: 900 MB
        "<ul>" * 500 + "x<br>" * 190_000,
        "<div>" * 500 + "x<br>" * 190_000,
    ],
    ids=["lists", "links", "metadata", "articles", "nested lists", "lines deep in", "deep in"],
)
def test_a_page_is_read_in_time_that_grows_with_its_size_only(body: str) -> None:
    source = f"<html><body>{body}<p>{'mentor ' * 50}".encode()
    begun = time.process_time()
    assert "mentor" in extract(source, "text/html").text
    assert time.process_time() - begun < 2


def test_a_child_gives_the_same_text_as_reading_here() -> None:
    bodies = [(pdf("Mentor"), "application/pdf"), (saved(word()), ""), (saved(briefing()), "")]
    assert through_reader(*bodies) == [extract(*body) for body in bodies]


def test_a_document_that_hangs_is_given_up_and_the_next_one_is_read() -> None:
    sleeper = (sys.executable, "-c", "import time; time.sleep(60)")

    async def read() -> tuple[Extraction, Extraction]:
        async with DocumentReader(seconds=0.5, command=sleeper) as reader:
            hung = await reader.extract(pdf("Mentor"), "application/pdf")
            reader._command, reader.seconds = DocumentReader()._command, 30
            return hung, await reader.extract(pdf("Mentor"), "application/pdf")

    begun = time.perf_counter()
    hung, read_after = asyncio.run(read())
    assert hung == Extraction(error="time: reading this pdf file took longer than 0.5 seconds")
    assert read_after.text == "Mentor"
    assert time.perf_counter() - begun < 15


def test_a_document_that_crashes_its_reader_names_the_signal() -> None:
    crash = (sys.executable, "-c", "import os; os.kill(os.getpid(), 11)")
    (page,) = through_reader((pdf("Mentor"), "application/pdf"), command=crash)
    assert page == Extraction(error="crashed: the reader of this pdf file ended with signal SIGSEGV")


def test_a_reader_that_answers_nonsense_is_replaced() -> None:
    nonsense = (sys.executable, "-c", "import sys; sys.stdin.buffer.read(9); print('nonsense', flush=True); input()")
    (page,) = through_reader((pdf("Mentor"), "application/pdf"), command=nonsense)
    assert page.error is not None
    assert page.error.startswith("crashed: the reader of this pdf file answered nonsense")


def test_a_document_that_eats_memory_ends_its_child_only() -> None:
    greedy = docx.Document()
    for number in range(40):
        greedy.add_paragraph(f"mentor {number} " * 20_000)
    fat, slim = through_reader((saved(greedy), ""), (pdf("Mentor"), "application/pdf"), memory=120 * 1024 * 1024)
    assert fat.error is not None
    assert fat.error.startswith(("memory: ", "crashed: "))
    assert slim.text == "Mentor"


def test_an_interrupt_of_the_crawl_does_not_make_a_document_damaged() -> None:
    async def read() -> Extraction:
        async with DocumentReader() as reader:
            await reader.extract(pdf("Warm"), "application/pdf")
            child = reader._idle[0]._process
            child.send_signal(signal.SIGINT)
            child.send_signal(signal.SIGTERM)
            return await reader.extract(pdf("Mentor"), "application/pdf")

    assert asyncio.run(read()).text == "Mentor"


def test_children_leave_nothing_on_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    through_reader((pdf("Mentor"), "application/pdf"))
    through_reader((pdf("Mentor"), "application/pdf"), command=(sys.executable, "-c", "import os; os.mkdir('left')"))
    assert list(tmp_path.iterdir()) == []


def test_a_child_has_no_network_where_the_kernel_lets_it_go() -> None:
    allowed = subprocess.run(["unshare", "--map-root-user", "--net", "true"], check=False).returncode == 0
    script = "import socket, sys; from study.documents import _leave_network; _leave_network(); "
    script += "socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        done = subprocess.run([sys.executable, "-c", script, port], capture_output=True, check=False)
    assert (done.returncode != 0) is allowed


@pytest.mark.services
def test_libreoffice_does_not_outlive_its_reader() -> None:
    body = (DOCUMENTS / "coaching-briefing.ppt").read_bytes()
    (page,) = through_reader((body, "application/vnd.ms-powerpoint"), seconds_old_office=0.8)
    assert page == Extraction(error="time: reading this ppt file took longer than 0.8 seconds")
    until = time.monotonic() + 5
    while time.monotonic() < until and (left := office_processes()):
        time.sleep(0.1)
    assert left == []


def office_processes() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            found.append(path.read_bytes().decode(errors="replace"))
    return [command for command in found if "mentorwatch-office-" in command]


def test_the_child_has_no_secrets_of_the_crawl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORWATCH_RECORD", "postgresql://user:secret@db/record")
    tell = (sys.executable, "-c", "import os, sys; sys.exit('MENTORWATCH_RECORD' in os.environ and 7 or 3)")
    (page,) = through_reader((pdf("Mentor"), "application/pdf"), command=tell)
    assert page.error == "crashed: the reader of this pdf file ended with exit code 3"


def test_bodies_beyond_the_limit_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BODY", 10)
    (page,) = through_reader((pdf("Mentor"), "application/pdf"))
    assert page.error is not None
    assert page.error.startswith("too large: ")


def test_large_pages_are_read_in_a_child_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    body = (PAGE.encode(), "text/html")
    here = extract(*body)
    monkeypatch.setattr(documents, "MAX_HTML_IN_PROCESS", 10)
    monkeypatch.setattr(documents, "extract", None)
    assert through_reader(body) == [here]


def test_many_documents_share_the_children() -> None:
    async def read() -> list[Extraction]:
        async with DocumentReader(processes=2) as reader:
            bodies = [pdf(f"Mentor {number}") for number in range(20)]
            pages = await asyncio.gather(*(reader.extract(body, "application/pdf") for body in bodies))
            assert len(reader._idle) == 2
            return pages

    assert [page.text for page in asyncio.run(read())] == [f"Mentor {number}" for number in range(20)]


def test_the_extractor_has_a_version() -> None:
    assert text.EXTRACTOR.startswith("text-")
