"""Label files go to other tools and come back: every format both ways, bad rows by number, and the real tools themselves."""

from __future__ import annotations

import csv
import json
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from labels.decide import Person, Reading, checked, save, undo
from labels.exchange import FORMATS, by_ending, labelstudio
from labels.exchange.items import SAID, codes, items, of_codes
from labels.exchange.tabular import write_queue
from labels.files import LabelFileError
from labels.importing import Taken, take
from labels.queue import queue as queued
from study import record as r
from study.protocol import Protocol, load
from study.record import Record
from tests.running import mentorwatch
from tests.services.daemon import environment_of
from tests.services.labelstudio import label_studio
from tests.small_record import SmallCrawl

KENT = "E10000016"
NINE = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TEXTS = {
    "plain": ("Mentors for new teachers", "Each new teacher meets a mentor weekly.\n\nAsk the induction tutor."),
    "hostile": (
        '=HYPERLINK("http://bad/") "quoted", title',
        "+1 first\r\nsecond; third,\t<script>alert(1)</script>\n\u202eltr\u202c",
    ),
    "foreign": ("Hyfforddi — Ŵyl £5", "“Curly” quotes, emoji \U0001f68c and a line separator\u2028inside."),
    "bus": ("Coach parking", "Coaches park at the station."),
    "open": ("Mentoring", "Mentoring is offered to schools."),
    "unread": ("Coaching", "A page that nobody has read."),
}
TOOLS = [name for name in FORMATS if name not in ("csv", "jsonl")]


@pytest.fixture
def study() -> Protocol:
    return load("nfer-2008")


@pytest.fixture
def crawl(tmp_path: Path, study: Protocol) -> Iterator[SmallCrawl]:
    with Record.open(f"sqlite:///{tmp_path / 'here.db'}") as record:
        yield SmallCrawl(record, study, [KENT], sample="authorities")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Record]:
    with Record.open(f"sqlite:///{tmp_path / 'elsewhere.db'}") as record:
        yield record


@pytest.fixture
def labelled(crawl: SmallCrawl, study: Protocol) -> SmallCrawl:
    """Six texts: decided in every way, by one or two people and an adjudicator; one nobody has read."""
    hashes = {name: crawl.fetched(KENT, name, text, "ambiguous", title=title) for name, (title, text) in TEXTS.items()}
    heron, wren, owl = Person("heron"), Person("wren"), Person("owl", "adjudicator")
    says: list[tuple[str, Person, dict[str, Any]]] = [
        ("plain", heron, {"decision": "relevant", "relation": "mentoring", "approaches": ["induction", "strategy"]}),
        ("plain", wren, {"decision": "relevant", "relation": "both", "depth": "brief", "flags": ["corporate"]}),
        ("hostile", heron, {"decision": "off-topic", "topics": ["other"], "note": 'says "=1+1"; and, a\nsecond line'}),
        (
            "foreign",
            heron,
            {"decision": "relevant", "relation": "coaching", "approaches": ["peer"], "depth": "section"},
        ),
        ("foreign", wren, {"decision": "off-topic", "topics": ["bus-coach", "other"]}),
        ("foreign", owl, {"decision": "relevant", "relation": "coaching", "approaches": ["peer"]}),
        ("bus", wren, {"decision": "off-topic", "topics": ["bus-coach"]}),
        ("open", heron, {"decision": "ambiguous"}),
        ("open", wren, {"decision": "skip"}),
    ]
    with crawl.record.begin() as db:
        for minute, (name, person, said) in enumerate(says):
            reading = Reading(
                "likely", KENT, f"https://kent.example/{name}", 3.5 + minute, None, NINE + timedelta(minutes=minute)
            )
            save(db, study, hashes[name], person, checked(study, said), reading)
    return crawl


def held(record: Record, study: Protocol, *, history: bool = False) -> dict[str, list[dict[str, Any]]]:
    """What people say in a record, text by text, as it is exchanged."""
    found = items(record, study, 0, "labelled", history=history)
    return {item.text_hash: sorted(map(dict, item.said), key=lambda said: said["decided_at"]) for item in found}


def bring(record: Record, study: Protocol, name: str, path: Path) -> Taken:
    known = FORMATS[name]
    return take(record, study, known.read(path, study), annotator="heron", unit=known.unit)


def export(
    crawl: SmallCrawl, study: Protocol, name: str, path: Path, *, history: bool = False, which: str = "labelled"
) -> Path:
    FORMATS[name].write(path, items(crawl.record, study, crawl.id, which, history=history), study)
    return path


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_our_own_files_lose_nothing_not_even_what_was_taken_back(labelled, elsewhere, study, tmp_path, name):
    with labelled.record.begin() as db:
        last = db.execute(select(r.label.c.id).where(r.label.c.decision == "ambiguous")).scalar_one()
        undo(db, study, last, Person("heron"))
    path = export(labelled, study, name, tmp_path / f"all.{name}", history=True)
    assert bring(elsewhere, study, name, path).problems == []
    assert held(elsewhere, study, history=True) == held(labelled.record, study, history=True)
    again = bring(elsewhere, study, name, path)
    assert (again.added, again.unchanged) == (0, 10)
    texts = {title: text for title, text in TEXTS.values() if title != "Coaching"}
    with elsewhere.begin() as db:
        assert {row.title: row.text for row in db.execute(select(r.text))} == texts


# What a tool has no place for: doccano and Prodigy keep all; ASReview keeps one decision a text.
@pytest.mark.parametrize("name", TOOLS)
def test_decisions_written_for_a_tool_are_read_back_as_they_were(labelled, elsewhere, study, tmp_path, name):
    path = export(labelled, study, name, tmp_path / "file")
    assert bring(elsewhere, study, name, path).problems == []
    here, there = held(labelled.record, study), held(elsewhere, study)
    if name == "asreview":
        here = {key: said[-1:] for key, said in here.items()}
    shared = set(SAID) - ({"score_shown"} if name in ("doccano", "prodigy") else set())
    assert {k: [{n: s[n] for n in shared} for s in said] for k, said in there.items()} == {
        k: [{n: s[n] for n in shared} for s in said] for k, said in here.items()
    }
    assert bring(elsewhere, study, name, path).added == 0


@pytest.mark.parametrize("name", ["csv", "jsonl", "label-studio", "doccano", "prodigy"])
def test_a_decision_changed_in_a_tool_that_hands_our_moment_back_is_not_lost(labelled, study, tmp_path, name):
    path = export(labelled, study, name, tmp_path / f"file{FORMATS[name].ending}")
    old, new = b"ambiguous", b"relevant"
    if name == "prodigy":  # its options list all decisions there are
        old, new = b'"accept": ["%b"' % old, b'"accept": ["%b"' % new
    path.write_bytes(path.read_bytes().replace(old, new))
    taken = bring(labelled.record, study, name, path)
    assert (taken.added, taken.problems) == (1, [])
    (said,) = (
        said for texts in held(labelled.record, study).values() for said in texts if said["decided_at"][14:16] == "07"
    )
    assert (said["annotator"], said["decision"], said["seconds"]) == ("heron", "relevant", None)
    assert bring(labelled.record, study, name, path).added == 0


@pytest.mark.parametrize("name", ["csv", "jsonl", "label-studio", "doccano", "prodigy"])
def test_a_decision_changed_in_a_tool_and_changed_back_there_holds(labelled, elsewhere, study, tmp_path, name):
    path = export(labelled, study, name, tmp_path / f"file{FORMATS[name].ending}")
    before = path.read_bytes()
    old, new = b"ambiguous", b"relevant"
    if name == "prodigy":
        old, new = b'"accept": ["%b"' % old, b'"accept": ["%b"' % new
    path.write_bytes(before.replace(old, new))
    assert bring(labelled.record, study, name, path).added == 1
    path.write_bytes(before)
    assert bring(labelled.record, study, name, path).added == 1
    rows = [said for texts in held(labelled.record, study, history=True).values() for said in texts]
    assert [said["decision"] for said in rows if said["decided_at"][14:16] == "07"] == [
        "ambiguous",
        "relevant",
        "ambiguous",
    ]
    assert bring(labelled.record, study, name, path).added == 0
    # The whole history goes to another record, in its order, and to its own, where it is known.
    history = export(labelled, study, "jsonl", tmp_path / "history.jsonl", history=True)
    assert bring(elsewhere, study, "jsonl", history).problems == []
    assert held(elsewhere, study) == held(labelled.record, study)
    assert [bring(record, study, "jsonl", history).added for record in (elsewhere, labelled.record)] == [0, 0]


@pytest.mark.parametrize("name", ["doccano", "prodigy"])
def test_a_file_of_another_tool_whose_format_nobody_named_is_refused_and_not_read_as_empty(
    labelled, elsewhere, study, tmp_path, name
):
    path = export(labelled, study, name, tmp_path / f"{name}.jsonl")
    with pytest.raises(LabelFileError, match=r"jsonl: no line has a `decision`; is it .*--format prodigy, doccano or"):
        bring(elsewhere, study, "jsonl", path)


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_text_that_nobody_has_read_says_nothing_on_its_way_back(labelled, elsewhere, study, tmp_path, name):
    path = export(labelled, study, name, tmp_path / f"queue{FORMATS[name].ending}", which="queue")
    assert "nobody has read" in path.read_text(encoding="utf-8-sig")
    taken = bring(elsewhere, study, name, path)
    assert (taken.added, taken.problems) == (0, [])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("csv", "text_hash,decision\nab,relevant\ncd,maybe\n", ["row 2: text_hash 'ab'", "row 3: decision 'maybe'"]),
        (
            "jsonl",
            '{"text_hash": "ab", "decision": "maybe"}\n{broken\n[]\n',
            ["line 1: decision", "line 2: not JSON", "line 3: expected an object"],
        ),
        (
            "doccano",
            '{"label": ["relevant", "off-topic"]}\n{"text": "x"}\n{"label": ["colour:red"]}\n',
            ["line 1: labels", "line 2: no `label`", "line 3: label 'colour:red'"],
        ),
        (
            "prodigy",
            (
                '{"answer": "maybe", "meta": {}}\n{"answer": "accept"}\n'
                '{"answer": "ignore", "meta": {}, "_timestamp": [1]}\n{"answer": "ignore", "meta": {"seconds": NaN}}\n'
            ),
            ["line 1: answer 'maybe'", "line 2: no `meta`", "line 3: _timestamp [1]", "line 4: seconds nan"],
        ),
        (
            "asreview",
            "text_hash,title,included\nab,x,2\ncd,x,\nef,x,1\n",
            ["row 2: included '2'", "row 4: text_hash 'ef'"],
        ),
        (
            "label-studio",
            '[3, {"data": {}, "annotations": [{"result": []}]}]',
            ["task 1: expected a task", "task 2: an annotation without a decision"],
        ),
    ],
)
def test_bad_rows_are_named_by_number_and_the_others_are_taken(elsewhere, study, tmp_path, name, content, said):
    path = tmp_path / "bad"
    path = path.with_suffix(FORMATS[name].ending)
    path.write_text(content, encoding="utf-8")
    problems = bring(elsewhere, study, name, path).problems
    assert len(problems) == len(said)
    for problem, beginning in zip(problems, said, strict=True):
        assert problem.startswith(beginning)


WRONG: list[Any] = [5, True, [5], {"a": 1}, [[["x"]]], "\x00\ud800", "x" * 300, "9999-12-31T23:59:59-23:00", "[deep]"]
DEEP = "[" * 5_000 + "]" * 5_000
MADE_THERE: dict[str, dict[str, Any]] = {  # keys that only the tools write
    "jsonl": {},
    "doccano": {"Comments": ["clear"], "username": "wren"},
    "prodigy": {"_timestamp": 1694858483, "options": []},
    "label-studio": {},
}


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of a JSON document."""
    yield at
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ())
    )
    for key, value in inside:
        yield from places(value, (*at, key))


def with_value(document: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[at[0]] = with_value(document[at[0]], at[1:], value) if at[1:] else value
    return copy


@pytest.mark.parametrize("name", list(MADE_THERE))
def test_a_value_of_any_kind_at_any_place_is_taken_or_named_and_never_a_traceback(
    labelled, elsewhere, study, tmp_path, name
):
    path = export(labelled, study, name, tmp_path / f"file{FORMATS[name].ending}")
    content = path.read_text(encoding="utf-8")
    if name == "label-studio":
        sound: Any = json.loads(content)[:1]
        sound[0]["annotations"][0] |= {"completed_by": {"id": 1}, "created_at": NINE.isoformat()}
    else:
        sound = json.loads(content.splitlines()[0]) | MADE_THERE[name]
    for at in places(sound):
        for wrong in WRONG:
            path.write_text(json.dumps(with_value(sound, at, wrong)).replace('"[deep]"', DEEP), encoding="utf-8")
            try:
                problems = bring(elsewhere, study, name, path).problems
            except LabelFileError as problem:
                problems = [str(problem)]
            for said in problems:
                assert said.startswith((f"{FORMATS[name].unit} 1: ", str(path))), (at, wrong)
                assert len(said) < 400, (at, wrong)


@pytest.mark.parametrize(
    ("name", "at", "wrong", "said"),
    [
        ("jsonl", ("authority",), {"a": 1}, "authority {'a': 1}; expected text"),
        ("jsonl", ("text",), 5, "text 5; expected text"),
        ("jsonl", ("topics",), True, "topics True; expected a list"),
        ("jsonl", ("annotator",), "x" * 101, "annotator 'xxx"),
        ("jsonl", ("decided_at",), "9999-12-31T23:59:59-23:00", "decided_at '9999"),
        ("jsonl", ("score_shown",), "perhaps", "score_shown 'perhaps'; expected true or false"),
        ("doccano", ("Comments",), 5, "Comments 5; expected a list"),
        ("doccano", ("label",), [["relevant"]], "label [['relevant']]; expected a list of texts"),
        ("prodigy", ("accept",), 5, "accept 5; expected a list"),
        ("prodigy", ("meta", "note"), [1], "note [1]; expected text"),
        ("label-studio", (0, "annotations"), 5, "annotations 5; expected a list of objects"),
        ("label-studio", (0, "annotations", 0, "result"), 5, "result 5; expected a list of objects"),
        (
            "label-studio",
            (0, "annotations", 0, "result", 1, "value"),
            5,
            "value of relation_code 5; expected an object",
        ),
        ("label-studio", (0, "annotations", 0, "completed_by"), "a@b.example", "completed_by 'a@b.example'"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_its_row_and_column(
    labelled, elsewhere, study, tmp_path, name, at, wrong, said
):
    path = export(labelled, study, name, tmp_path / f"file{FORMATS[name].ending}")
    content = path.read_text(encoding="utf-8")
    sound = json.loads(content)[:1] if name == "label-studio" else json.loads(content.splitlines()[0])
    path.write_text(json.dumps(with_value(sound, at, wrong)), encoding="utf-8")
    problems = bring(elsewhere, study, name, path).problems
    assert problems[0].startswith(f"{FORMATS[name].unit} 1: {said}"), problems


@pytest.mark.parametrize(
    ("between", "encoding"),
    [(",", "utf-8"), (",", "utf-8-sig"), (";", "utf-8-sig"), ("\t", "utf-16"), (";", "utf-16")],
)
def test_a_queue_that_a_spreadsheet_saved_in_its_own_way_is_read(crawl, study, tmp_path, between, encoding):
    kept = crawl.fetched(KENT, "p", "Each new teacher meets a mentor weekly.", "ambiguous")
    queue, saved = tmp_path / "queue.csv", tmp_path / "saved.csv"
    write_queue(queue, queued(crawl.record, study, crawl.id))
    with queue.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    row |= {"decision": "Off-Topic", "topics": "bus-coach;other", "note": "a, b; c"}
    with saved.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(row), delimiter=between)
        writer.writeheader()
        writer.writerow(row)
    taken = bring(crawl.record, study, "csv", saved)
    assert (taken.added, taken.problems) == (1, [])
    ((said,),) = held(crawl.record, study).values()
    assert (said["decision"], said["topics"], said["note"]) == ("off-topic", ["bus-coach", "other"], "a, b; c")
    assert list(held(crawl.record, study)) == [kept]


def test_what_a_spreadsheet_spoilt_is_said_with_what_to_do(elsewhere, study, tmp_path):
    path = tmp_path / "to-read.csv"
    path.write_bytes("text_hash,decision,note\nab,relevant,Größe\n".encode("cp1252"))
    with pytest.raises(LabelFileError, match=r"not UTF-8 \(byte 39\); in the spreadsheet, save it as “CSV UTF-8”"):
        bring(elsewhere, study, "csv", path)
    path.write_text("text_hash;title\nab;x\n", encoding="utf-8")
    with pytest.raises(LabelFileError, match="column decision missing; `mentorwatch labels queue` writes"):
        bring(elsewhere, study, "csv", path)
    path.write_text("text_hash,decision\n7.20000E+15,relevant\n72,relevant\n", encoding="utf-8")
    problems = bring(elsewhere, study, "csv", path).problems
    assert [problem[:45] for problem in problems] == [
        "row 2: text_hash '7.20000E+15' was made a num",
        "row 3: text_hash '72' was made a number by a ",
    ]


def test_an_encrypted_zip_is_named(elsewhere, study, tmp_path):
    path = tmp_path / "strange.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("wren.jsonl", "{}\n")
    packed = path.read_bytes().replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01")
    path.write_bytes(packed.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"))
    with pytest.raises(LabelFileError, match="encrypted"):
        bring(elsewhere, study, "doccano", path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("csv", b"a,b\n1,2\n"),
        ("csv", b"a" * 10_000_001),
        ("jsonl", b"\xff\xfe\x00"),
        ("label-studio", b"{}"),
        ("label-studio", b"[" * 100_000),
        ("doccano", None),
    ],
)
def test_a_file_that_is_none_of_its_kind_is_named_and_changes_nothing(elsewhere, study, tmp_path, name, content):
    path = tmp_path / f"strange{FORMATS[name].ending}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LabelFileError, match="strange"):
        bring(elsewhere, study, name, path)
    assert held(elsewhere, study) == {}


def test_doccanos_export_is_a_zip_with_a_file_for_each_member(labelled, elsewhere, study, tmp_path):
    path = export(labelled, study, "doccano", tmp_path / "in.jsonl", which="queue")
    line = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    done = {"id": 12, **line, "label": ["relation:mentoring", "relevant"], "Comments": ["clear"]}
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("wren.jsonl", json.dumps(done) + "\n")
    # doccano leaves the title to its meta; the text is there whole, so the record can take it in.
    assert bring(elsewhere, study, "doccano", tmp_path / "out.zip").problems == []
    ((said,),) = held(elsewhere, study).values()
    assert (said["annotator"], said["decision"], said["relation"], said["note"]) == (
        "wren",
        "relevant",
        "mentoring",
        "clear",
    )


def test_prodigys_yes_or_no_answers_are_read_as_well(crawl, elsewhere, study, tmp_path):
    kept = crawl.fetched(KENT, "p", "Pages.", title="P")
    meta = {"text_hash": kept, "title": "P"}
    answers = ["accept", "reject", "ignore"]
    lines = [
        {
            "text": "Pages.",
            "meta": meta,
            "label": "RELEVANT",
            "answer": answer,
            "_view_id": "classification",
            "_annotator_id": answer,
            "_timestamp": 1694858483 + n,
        }
        for n, answer in enumerate(answers)
    ]
    path = tmp_path / "p.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert bring(elsewhere, study, "prodigy", path).problems == []
    ((first, second, third),) = held(elsewhere, study, history=True).values()
    assert [first["decision"], second["decision"], third["decision"]] == ["relevant", "off-topic", "skip"]
    assert first["decided_at"] == "2023-09-16T10:01:23+00:00"


def test_flat_labels_say_the_whole_decision():
    said = {
        "decision": "relevant",
        "relation": "both",
        "topics": [],
        "approaches": ["itt", "peer"],
        "depth": "main",
        "flags": ["fe"],
    }
    flat = codes(said)
    assert flat == ["relevant", "relation:both", "approach:itt", "approach:peer", "depth:main", "flag:fe"]
    assert of_codes(sorted(flat)) == said


def test_the_endings_name_our_own_formats_and_label_studios():
    assert [by_ending(Path(f"x{ending}")).name for ending in (".csv", ".jsonl", ".json")] == [
        "csv",
        "jsonl",
        "label-studio",
    ]
    with pytest.raises(LabelFileError, match="--format"):
        by_ending(Path("x.xlsx"))


def test_the_commands_export_and_import_and_say_how_many(labelled, tmp_path):
    here, there = (["--record", f"sqlite:///{tmp_path / name}.db"] for name in ("here", "there"))
    with Record.open(there[1]):
        pass
    out = tmp_path / "all.json"
    done = mentorwatch("labels", "export", "-o", str(out), "--config", str(tmp_path / "ui.xml"), *here)
    assert done.stdout == f"{out}: 5 tasks (label-studio)\n", done.stderr
    assert '<Choice value="relevant" hotkey="1"/>' in (tmp_path / "ui.xml").read_text(encoding="utf-8")
    refused = mentorwatch("labels", "export", "-o", str(out), "--config", str(tmp_path / "no" / "ui.xml"), *here)
    assert (refused.returncode, "ui.xml: cannot be written" in refused.stderr) == (2, True), refused.stderr
    taken = mentorwatch("labels", "import", str(out), *there)
    assert taken.stdout == "8 decisions added, 0 already there, 0 bad tasks\n", taken.stderr
    assert mentorwatch("labels", "export", "-o", str(out), "--format", "word", *here).returncode == 2
    nobody = tmp_path / "nobody.csv"
    nobody.write_text("text_hash,decision\nab,relevant\n", encoding="utf-8")
    refused = mentorwatch("labels", "import", str(nobody), *there)
    assert (refused.returncode, "row 2: nobody is named" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("export -f doccano -o x.zip", "x.zip: doccano is written as .jsonl; name it x.jsonl, or another --format"),
        ("export -f label-studio -o b.csv", "b.csv: label-studio is written as .json; name it b.json"),
        ("export -f csv -o b.CSV.txt", "name it b.CSV.csv"),
        ("export -o b.csv --config ui.xml", "--config is Label Studio's, and this is csv"),
        ("queue -o to-read.xlsx", "to-read.xlsx: expected a name that ends in .csv or .jsonl"),
    ],
)
def test_an_ending_or_option_that_does_not_fit_the_format_is_refused_and_nothing_written(
    labelled, tmp_path, arguments, said
):
    done = mentorwatch("labels", *arguments.split(), "--record", f"sqlite:///{tmp_path / 'here.db'}", cwd=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split()), done.stderr
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".zip", ".csv", ".txt", ".xml", ".xlsx")]


@pytest.mark.services
def test_asreview_takes_our_table_and_gives_it_back_equal_and_what_is_decided_there_is_new(
    labelled, elsewhere, study, tmp_path
):
    given = export(labelled, study, "asreview", tmp_path / "given.csv", which="all")
    with given.open(encoding="utf-8", newline="") as file:
        titles = [row["title"] for row in csv.DictReader(file)]
    driver = Path(__file__).parent / "services" / "asreview_lab.py"
    python = environment_of("asreview") / "python"

    def through(*labels: str) -> Path:
        out = tmp_path / f"out{len(labels)}.csv"
        subprocess.run([python, driver, given, out, *labels], check=True, capture_output=True, timeout=240)
        return out

    assert bring(elsewhere, study, "asreview", through()).problems == []
    here = {key: said[-1:] for key, said in held(labelled.record, study).items()}
    assert held(elsewhere, study) == here

    # Somebody decides there what was open here, and what was unread.
    out = through(f"{titles.index('Mentoring')}=1", f"{titles.index('Coaching')}=0")
    assert bring(elsewhere, study, "asreview", out).problems == []
    new = {key: said[-1] for key, said in held(elsewhere, study).items() if said != here.get(key)}
    assert sorted((said["decision"], said["annotator"]) for said in new.values()) == [
        ("off-topic", "heron"),
        ("relevant", "heron"),
    ]


@pytest.mark.services
@pytest.mark.slow
def test_label_studio_takes_our_tasks_and_gives_them_back_equal_and_what_is_decided_there_is_new(
    labelled, elsewhere, study, tmp_path
):
    given = export(labelled, study, "label-studio", tmp_path / "given.json", which="all")
    tasks = json.loads(given.read_text(encoding="utf-8"))
    with label_studio() as studio:
        project = studio.project(labelstudio.config(study))
        studio.ask("POST", f"/api/projects/{project}/import", tasks)
        export_url = f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true"
        first = studio.ask("GET", export_url)
        unread = next(task for task in first if task["data"]["title"] == "Coaching")
        chosen = {"from_name": "decided_as", "to_name": "page", "type": "choices", "value": {"choices": ["off-topic"]}}
        studio.ask("POST", f"/api/tasks/{unread['id']}/annotations", {"result": [chosen], "lead_time": 7.5})
        second = studio.ask("GET", export_url)
    path = tmp_path / "back.json"
    path.write_text(json.dumps(first), encoding="utf-8")
    assert bring(elsewhere, study, "label-studio", path).problems == []
    assert held(elsewhere, study) == held(labelled.record, study)

    path.write_text(json.dumps(second), encoding="utf-8")
    taken = bring(elsewhere, study, "label-studio", path)
    assert (taken.added, taken.problems) == (1, [])
    ((key, (said,)),) = ((k, v) for k, v in held(elsewhere, study).items() if k not in held(labelled.record, study))
    assert (key, said["decision"], said["seconds"]) == (unread["data"]["text_hash"], "off-topic", 7.5)
    assert said["annotator"].startswith("label-studio-")
