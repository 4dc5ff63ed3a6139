"""WARC files: readable by others, cut back to what was committed."""

from datetime import UTC, datetime

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.warcfile import WarcFile, WarcFolderError, begin, claim, cut_back
from study.record import Record
from tests.running import mentorwatch

MOMENT = datetime(2008, 7, 29, 12, 0, 0, tzinfo=UTC)


def write(directory, *bodies):
    with WarcFile(directory, "test") as warc:
        places = [
            warc.append(
                f"http://kent.example/{number}",
                200,
                {"content-type": "text/html", "content-encoding": "gzip"},
                body,
                MOMENT,
            )
            for number, body in enumerate(bodies)
        ]
        warc.sync()
    return places


def test_a_record_is_found_at_its_offset_with_its_body(tmp_path):
    _, second = write(tmp_path, b"first", b"second \xff\x00")
    with (tmp_path / second.file).open("rb") as stream:
        stream.seek(second.offset)
        record = next(iter(ArchiveIterator(stream)))
        assert record.rec_headers["WARC-Target-URI"] == "http://kent.example/1"
        assert record.rec_headers["WARC-Date"] == "2008-07-29T12:00:00Z"
        assert record.http_headers.get_statuscode() == "200"
        assert record.http_headers.get_header("content-encoding") is None
        assert record.content_stream().read() == b"second \xff\x00"


def test_what_was_not_committed_is_cut_off(tmp_path):
    first, second = write(tmp_path, b"first", b"second")
    path = tmp_path / first.file
    assert cut_back(tmp_path, {first.file: first.length}) == [first.file]
    assert path.stat().st_size == first.length
    with path.open("rb") as stream:
        bodies = [record.content_stream().read() for record in ArchiveIterator(stream)]
    assert bodies == [b"first"]
    assert cut_back(tmp_path, {first.file: first.length}) == []
    assert second.offset == first.length


def test_a_file_with_nothing_committed_is_removed_and_a_live_one_is_left_alone(tmp_path):
    (place,) = write(tmp_path, b"never committed")
    with WarcFile(tmp_path, "test") as live:
        live.append("http://kent.example/", 200, {}, b"in flight", MOMENT)
        live.sync()
        size = live.path.stat().st_size
        cut_back(tmp_path, {}, [place.file, live.path.name])
        assert not (tmp_path / place.file).exists()
        assert live.path.stat().st_size == size


def test_what_a_killed_process_began_is_removed_and_what_somebody_put_there_is_left_alone(tmp_path):
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        with begin(record, "test", {}) as warc:
            begun = warc.path
            place = warc.append("http://kent.example/", 200, {}, b"never committed", MOMENT)
        others = [begun.with_name(name) for name in ("archive-2009.warc.gz", "mentorwatch-00042.warc.gz")]
        for other in others:
            other.write_bytes(begun.read_bytes())
        begin(record, "test", {}).close()
        assert not begun.exists()
        assert [other.stat().st_size for other in others] == [place.length] * 2
        with pytest.raises(WarcFolderError, match=r"files of record\.db, not of new\.db"):
            claim(Record.open(f"sqlite:///{tmp_path / 'new.db'}"), {})


def test_an_archive_in_the_folder_of_a_new_record_is_taken_in_and_stays(tmp_path):
    archive = tmp_path / "warc" / "archive-2009.warc.gz"
    (place,) = write(tmp_path / "warc", b"<p>mentoring")
    (tmp_path / "warc" / place.file).rename(archive)
    record = f"--record=sqlite:///{tmp_path / 'record.db'}"
    for _ in range(2):
        done = mentorwatch("crawl", f"--from-warc={archive}", "--authority=E10000016", "--as-of=2009-06-30", record)
        assert done.returncode == 0, done.stderr
        assert archive.stat().st_size == place.length


def test_each_process_has_its_own_file(tmp_path):
    with WarcFile(tmp_path, "test") as one, WarcFile(tmp_path, "test") as other:
        assert one.path != other.path
    assert list(tmp_path.iterdir()) == []


def test_another_records_files_are_refused_and_stay_whole(tmp_path):
    with Record.open(f"sqlite:///{tmp_path / 'first.db'}") as first, begin(first, "test", {}) as warc:
        place = warc.append("http://kent.example/", 200, {}, b"first", MOMENT)
        warc.sync()
    refused = pytest.raises(WarcFolderError, match=r"files of first\.db, not of second\.db")
    with Record.open(f"sqlite:///{tmp_path / 'second.db'}") as second, refused:
        begin(second, "test", {})
    second_record, site = f"--record=sqlite:///{tmp_path / 'second.db'}", "127.0.0.1:1"
    done = mentorwatch("crawl", second_record, f"--site=http://{site}/", f"--allow={site}")
    assert done.returncode == 2
    assert "give this record a folder of its own" in done.stderr
    assert warc.path.stat().st_size == place.length
    with Record.open(f"sqlite:///{tmp_path / 'first.db'}") as first, begin(first, "test", {place.file: place.length}):
        assert warc.path.stat().st_size == place.length


def test_files_of_which_nothing_says_whose_they_are_belong_to_who_knows_them(tmp_path):
    (tmp_path / "warc").mkdir()
    (place,) = write(tmp_path / "warc", b"first")
    with Record.open(f"sqlite:///{tmp_path / 'record.db'}") as record:
        with pytest.raises(WarcFolderError, match=f"{place.file} is none of this one's"):
            claim(record, {})
        claim(record, {place.file: place.length})
        claim(record, {})  # it says so now
