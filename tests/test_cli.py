"""The command line reads like a product: every command helps with an example, starts fast and is documented."""

import json
import re
import subprocess
import sys
import time

import pytest
import typer.main

from mentorwatch.cli import app
from study.protocol import load
from study.record import Record
from tests.running import ROOT, Answer, SmallSite, clean_environment, mentorwatch
from tests.small_record import SmallCrawl

VERBS = ["run", "crawl", "classify", "train", "report", "probe", "status", "authorities", "demo", "replica"]


def commands():
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {inner}", c) for inner, c in command.commands.items())
        else:
            yield name, command


def test_the_promised_verbs_are_there():
    assert set(VERBS) <= {name for name, _ in commands()}


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_helps_with_an_example(name, command):
    assert re.search(r"Examples?:", command.help), name
    assert f"mentorwatch {name}" in command.help
    options = [parameter for parameter in command.params if parameter.name != "help"]
    assert all(getattr(p, "help", "") for p in options), [p.name for p in options if not getattr(p, "help", "")]


def test_every_example_names_options_that_exist():
    for name, command in commands():
        known = {spelling for parameter in command.params for spelling in (*parameter.opts, *parameter.secondary_opts)}
        for line in re.findall(rf"mentorwatch {re.escape(name)}\b.*", command.help):
            for used in re.findall(r"(?<=\s)(--?[a-z][\w-]*)", line.partition("(")[0]):
                assert used in known, f"{name}: {used}"


def test_no_example_writes_over_a_crontab():
    """`crontab -` replaces all there was by what it is given."""
    assert [name for name, command in commands() if re.search(r"mentorwatch [^\n]*\| *crontab -", command.help)] == []


def test_nobody_is_sent_to_an_index_for_us():
    """It is run from its checkout; whatever an index holds under this name is not ours."""
    files = [p for folder in ("crawler", "docs", "mentorwatch", "output", "study") for p in (ROOT / folder).rglob("*")]
    said = {p.name: p.read_text(encoding="utf-8") for p in files if p.suffix in (".py", ".md")}
    assert len(said) > 50
    assert [name for name, text in said.items() if re.search(r"install [^\n]*mentorwatch\\*\[", text)] == []


@pytest.mark.parametrize(
    "wrong", [["nonsense"], ["crawl", "--delay=soon"], ["probe", "--no-such-option", "x"], ["replica", "--scale=7"]]
)
def test_a_mistyped_command_is_answered_in_words(wrong):
    done = mentorwatch(*wrong)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Error" in done.stderr


def test_a_probe_that_finds_no_search_exits_with_1():
    site = SmallSite({"/": Answer("<title>Nothing here</title><p>A page about nothing much.</p>")})
    try:
        done = mentorwatch("probe", site.url, "--allow", site.allow, "--delay=0", "--json")
    finally:
        site.close()
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["found"] is False


@pytest.mark.parametrize(
    "verb", ["report", "classify", "labels serve", "labels status", "labels adjudicate", "labels export -o no.csv"]
)
def test_a_crawl_that_is_not_there_is_said_alike_by_every_command(verb, tmp_path):
    url = f"sqlite:///{tmp_path / 'record.db'}"
    with Record.open(url) as record:
        SmallCrawl(record, load("nfer-2008"), ["E10000016"])
    answered = mentorwatch(*verb.split(), "--crawl", "9", "--record", url)
    assert (answered.returncode, "there is no crawl 9; `mentorwatch status` shows" in answered.stderr) == (2, True)
    other = mentorwatch(*verb.split(), "--crawl", "1", "--record", url, "--protocol", "ecf-2026")
    assert (other.returncode, "crawl 1 is of the protocol nfer-2008; add --protocol" in other.stderr) == (2, True)


def test_help_starts_fast():
    best = 9.0
    for _ in range(3):
        began = time.perf_counter()
        done = mentorwatch("--help")
        best = min(best, time.perf_counter() - began)
        assert done.returncode == 0
    assert "demo" in done.stdout
    assert best < 0.7  # 0.5 s on an idle machine (DESIGN.md); tests run beside others


def test_help_imports_nothing_heavy():
    script = "import sys, mentorwatch.cli; print([m for m in ('scrapy', 'sklearn', 'pandas', 'sqlalchemy', 'lxml') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_scrapy_project_lists_its_spiders():
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "list"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert {"sitesearch", "probe"} <= set(done.stdout.split())


def test_scrapy_crawl_refuses_a_live_site_without_a_contact(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "scrapy",
            "crawl",
            "sitesearch",
            "-a",
            "authorities=E10000016",
            "-a",
            f"record=sqlite:///{tmp_path}/x.db",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert "--contact" in done.stderr
    assert not (tmp_path / "x.db").exists()


def test_authorities_are_found_by_words_and_as_csv():
    table = mentorwatch("authorities", "kent", "south", "east")
    assert "E10000016" in table.stdout
    csv = mentorwatch("authorities", "--sample", "nfer-2008", "--on", "2008-07-29", "--lineage", "--csv").stdout
    assert csv.startswith("code,slug,name,region,type,website,lineage")
    assert len(csv.splitlines()) == 31
    assert "cheshire-east" in csv


def test_the_readme_names_every_verb():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in VERBS if f"mentorwatch {name}" not in readme] == []


def test_no_file_holds_a_path_of_a_machine_or_a_registry_host():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    homes = re.compile(
        r"(?<![\w./\"])/(?:work|farm|root|home)/[a-z]|files\.pythonhosted|registry\.npmjs|pypi\.org/simple"
    )
    guilty = []
    for name in listed:
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".txt", ".sh", ".cfg", ".csv", ".jsonl", ""}
            and path.is_file()
            and name != "tests/test_cli.py"
        ):
            found = homes.search(path.read_text(encoding="utf-8", errors="replace"))
            if found:
                guilty.append((name, found.group()))
    assert guilty == []
