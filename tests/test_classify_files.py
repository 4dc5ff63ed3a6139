"""Pages from elsewhere: what comes in goes out again with its judgement, and bad lines are named by number."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.files import Judged, Pages, form_of
from classifier.judge import Judge
from classifier.model import Model
from study.protocol import load

HEADS = (
    "Mentoring for new headteachers",
    (
        "Every newly appointed headteacher is given a mentor, a serving head from another school. "
        "They meet six times in the first year."
    ),
)
BUSES = ("Coach parking", "Coaches may set down passengers in Station Road, where bays hold vehicles of 49 seats.")


@pytest.fixture(scope="module")
def judge(model: Model) -> Judge:
    return Judge(load("nfer-2008"), model)


def _judge_file(judge: Judge, text: str, form: str) -> tuple[str, list[tuple[int, str]]]:
    pages, target = Pages(io.StringIO(text, newline=""), form), io.StringIO(newline="")
    judged = Judged(target, form)
    for line in pages:
        judged.write(line, pages.columns, judge.judge(line.title, line.text))
    return target.getvalue(), pages.bad


def test_jsonl_keeps_what_came_and_names_bad_lines(judge: Judge) -> None:
    good = {"id": 7, "url": "http://x", "title": HEADS[0], "text": HEADS[1], "mine": [1, {"a": None}]}
    lines = [
        "\ufeff" + json.dumps(good),
        "{broken",
        "",
        "[1]",
        '{"title": "no text"}',
        '{"text": 5}',
        json.dumps({"text": "coach"}),
    ]
    out, bad = _judge_file(judge, "\n".join(lines), "jsonl")
    first, last = map(json.loads, out.splitlines())
    assert {key: first[key] for key in good} == good
    assert first["relevance"] == "relevant"
    assert isinstance(first["evidence"], list)
    assert last["text"] == "coach"
    assert [number for number, _ in bad] == [2, 4, 5, 6]


def test_csv_comes_back_whole_and_is_safe_to_open(judge: Judge) -> None:
    source = io.StringIO(newline="")
    writer = csv.writer(source)
    writer.writerow(["id", "title", "text", "note"])
    writer.writerow(["1", "=HYPERLINK(1)", HEADS[1] + '\nSecond "line", with the CUREE framework.', "-3"])
    writer.writerow(["2", "too", "few"])
    writer.writerow(["3", *BUSES, ""])
    out, bad = _judge_file(judge, "\ufeff" + source.getvalue(), "csv")
    first, second = csv.DictReader(io.StringIO(out, newline=""))
    assert first["title"] == "'=HYPERLINK(1)"
    assert first["text"].endswith("CUREE framework.")
    assert first["note"] == "'-3"
    assert {m["what"] for m in json.loads(first["mentions"])} == {"curee", "framework"}
    assert json.loads(first["evidence"])
    assert (second["id"], second["topics"]) == ("3", "bus-coach")
    assert [number for number, _ in bad] == [4]


def test_a_csv_file_without_a_text_column_is_named(judge: Judge) -> None:
    out, bad = _judge_file(judge, "id,body\n1,x\n", "csv")
    assert out == ""
    assert bad[0][0] == 1
    assert "'text'" in bad[0][1]
    assert [form_of(name) for name in ("a.CSV", "b.jsonl", "c.ndjson", "d.txt")] == ["csv", "jsonl", "jsonl", ""]


def _command(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mentorwatch", "classify", "--protocol", "ecf-2026", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, cwd=folder, check=False)


def test_the_command_judges_a_file_and_says_what_it_left_out(tmp_path: Path) -> None:
    (tmp_path / "pages.jsonl").write_text(
        json.dumps({"id": 1, "text": "ECT mentors meet weekly with teachers."}) + "\n{bad\n"
    )
    done = _command(tmp_path, "--input", "pages.jsonl", "--output", "judged.jsonl")
    assert done.returncode == 0, done.stderr
    assert "pages.jsonl, line 2: not JSON" in done.stderr
    assert "1 pages judged; 1 lines could not be read" in done.stderr
    (line,) = (tmp_path / "judged.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["relevance"] == "ambiguous"


def test_the_command_reads_standard_input_and_writes_csv(tmp_path: Path) -> None:
    done = _command(tmp_path, "-i", "-", "--format", "csv", "-o", "-", given="id,text\n1,Coach trips\n")
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert (row["id"], row["relevance"], row["probability"]) == ("1", "ambiguous", "")


@pytest.mark.parametrize(
    ("given", "name", "content", "advice"),
    [
        (
            "pages.csv",
            "pages.csv",
            "id,text\n1,Mentors\n2,Café coaches cost £5\n",
            "; in the spreadsheet, save it as “CSV UTF-8”\n",
        ),
        ("-", "standard input", '{"text": "Mentors"}\n\n{"text": "Café coaches cost £5"}\n', "\n"),
    ],
)
def test_pages_in_another_encoding_are_refused_and_not_changed(
    tmp_path: Path, given: str, name: str, content: str, advice: str
) -> None:
    path = tmp_path / "pages.csv"
    path.write_bytes(content.encode("cp1252"))
    command = [sys.executable, "-m", "mentorwatch", "classify", "--protocol", "ecf-2026", "-i", given]
    with path.open("rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().endswith(f"{name}: cannot be read: line 3 is not UTF-8{advice}")
    assert "\N{REPLACEMENT CHARACTER}" not in done.stdout.decode()


def test_an_escaped_half_of_a_character_is_no_other_encoding(tmp_path: Path) -> None:
    done = _command(tmp_path, "-i", "-", given='{"text": "Coach trips \\udce9"}\n')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"].startswith("Coach trips")


def test_a_file_in_which_nothing_can_be_read_fails(tmp_path: Path) -> None:
    assert _command(tmp_path, "-i", "-", given="{bad\n").returncode == 2
    missing = _command(tmp_path, "-i", "nowhere.jsonl")
    assert missing.returncode == 2
    assert "nowhere.jsonl: cannot be read" in missing.stderr
