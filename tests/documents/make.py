"""Make the old Office files of this folder again: python tests/documents/make.py (needs LibreOffice).

The modern originals are written here and saved through LibreOffice's own Word, PowerPoint and Excel 97
filters, which write the real binary formats of that time (OLE files with their streams WordDocument,
PowerPoint Document and Workbook).
"""

import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import docx
import openpyxl
import pptx
from pptx.util import Inches

FOLDER = Path(__file__).parent
FILTERS = {
    "mentor-handbook.docx": ("doc:MS Word 97", "rtf:Rich Text Format", "odt:writer8"),
    "coaching-briefing.pptx": ("ppt:MS PowerPoint 97",),
    "mentor-places.xlsx": ("xls:MS Excel 97",),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        handbook(room / "mentor-handbook.docx")
        briefing(room / "coaching-briefing.pptx")
        places(room / "mentor-places.xlsx")
        for source, filters in FILTERS.items():
            for name in filters:
                command = ["soffice", f"-env:UserInstallation={(room / 'profile').as_uri()}", "--headless"]
                command += ["--convert-to", name, "--outdir", str(FOLDER), str(room / source)]
                subprocess.run(command, check=True, stdout=sys.stderr)


def handbook(path: Path) -> None:
    document = docx.Document()
    document.core_properties.title = "Handbook for school mentors"
    document.core_properties.created = document.core_properties.modified = datetime(2007, 3, 5)
    document.add_heading("Handbook for school mentors 2007", 1)
    document.add_paragraph("Every newly qualified teacher at Fernhill has a mentor – “a critical friend”.")
    document.add_paragraph("Observe two lessons a term", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    rows = (("Session", "Date"), ("Coaching skills for subject leaders", "14 March 2007"))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            table.cell(number, column).text = value
    document.add_paragraph("After the table: the course costs £45 a school, lunch at the café included.")
    document.save(str(path))


def briefing(path: Path) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Coaching in our schools"
    slide.placeholders[1].text = "Peer coaching\nLesson study"
    slide.notes_slide.notes_text_frame.text = "Say that the LEA pays for supply cover."
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Timetable"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for row, values in enumerate((("Term", "Who"), ("Autumn", "Induction mentors"))):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    # Unused layouts make up most of the file.
    for layout in list(show.slide_layouts):
        if not layout.used_by_slides:
            show.slide_layouts.remove(layout)
    show.core_properties.modified = datetime(2006, 9, 18)
    show.save(str(path))


def places(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Mentors 2005"
    for row in (("School", "Mentor trained", "Places"), ("Fernhill Primary", "yes", 3)):
        sheet.append(row)
    book.save(str(path))


if __name__ == "__main__":
    main()
