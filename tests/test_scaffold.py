"""Exceptions as data: what is found on a site or a platform becomes a file that holds, and nothing else need be written."""

import asyncio
import itertools
import json
import subprocess
import sys
import tomllib

import pytest

from crawler.exceptions import as_toml, save_site
from crawler.platforms import Platform, platforms, read_file, site_exceptions
from crawler.scaffolding import ScaffoldError, slug_of, without_addresses
from crawler.seeking import find_search
from crawler.web import Ask, Page
from tests.fixtures.search.dialects import SITES
from tests.fixtures.search.pretend import HOST
from tests.running import HOME, ROOT, Answer, SmallSite, clean_environment, mentorwatch, searchable

PAGES = {
    f"/page/{number}": (
        f"Mentoring page {number}",
        f"Mentor support {number}: write to jo.bloggs{number}@small.gov.uk.",
    )
    for number in range(1, 24)
}


@pytest.fixture
def site():
    small = SmallSite(searchable(PAGES))
    yield small
    small.close()


def probe(site, folder, *options):
    arguments = [
        "probe",
        site.url,
        "--allow",
        site.allow,
        "--delay=0",
        "--json",
        "--to-end",
        "--query=mentor",
        *options,
    ]
    done = mentorwatch(*arguments, MENTORWATCH_SITES=str(folder))
    return done, json.loads(done.stdout) if done.stdout else {}


# -- probe --save


def test_what_a_probe_saves_is_used_by_the_next_probe_and_crawl(site, tmp_path):
    done, seen = probe(site, tmp_path, "--save")
    assert done.returncode == 0, done.stderr
    path = tmp_path / f"127.0.0.1-{site.port}.toml"
    assert (seen["how"], seen["saved"], seen["not_saved"]) == ("form", str(path), None)
    kept = tomllib.loads(path.read_text())
    assert kept["hosts"] == [site.allow]
    assert kept["query"] == {"url": ["/search"], "param": ["q"], "fields": {"q": ""}}
    _, again = probe(site, tmp_path)
    assert (again["how"], again["status"], again["collected"]) == ("site", "complete", 23)
    record = tmp_path / "record.db"
    arguments = [f"--record=sqlite:///{record}", f"--site={site.url}", f"--allow={site.allow}", "--delay=0"]
    crawled = mentorwatch("crawl", *arguments, MENTORWATCH_SITES=str(tmp_path))
    assert crawled.returncode == 0, crawled.stderr
    assert "search found (127.0.0.1" in crawled.stderr


def test_a_file_that_is_there_is_not_written_over(site, tmp_path):
    probe(site, tmp_path, "--save")
    (path,) = tmp_path.glob("*.toml")
    path.write_text(path.read_text() + "# mine\n")
    asked = len(site.asked)
    done, _ = probe(site, tmp_path, "--save")
    assert done.returncode == 2
    assert "edit it, or remove it" in done.stderr
    assert path.read_text().endswith("# mine\n")
    assert len(site.asked) == asked


def test_where_no_search_is_found_nothing_is_saved(tmp_path):
    small = SmallSite({"/": Answer("<title>Small</title><p>We have no search.</p>")})
    try:
        done, seen = probe(small, tmp_path / "sites", "--save")
    finally:
        small.close()
    assert done.returncode == 1
    assert "nothing to save" in seen["not_saved"]
    assert not (tmp_path / "sites").exists()


@pytest.mark.parametrize("platform_files", [True, False])
@pytest.mark.parametrize("name", SITES)
def test_a_site_of_any_dialect_can_be_saved_and_is_found_by_its_file(name, platform_files, tmp_path):
    site = SITES[name]()

    async def save():
        function = await find_search(site.fetch, f"{HOST}/", use_platforms=platform_files)
        home = await site.fetch(Ask(f"{HOST}/"))
        return function, await save_site(site.fetch, function, home, use_platforms=platform_files, folder=tmp_path)

    function, saved = asyncio.run(save())
    assert saved.path == tmp_path / "council.example.toml", saved.reason
    again = asyncio.run(find_search(site.fetch, f"{HOST}/", site_rules=[read_file(saved.path)]))
    assert again.how == "site"
    assert again.spec.query_param == function.spec.query_param
    assert again.controls == function.controls


def test_tokens_are_read_afresh_and_not_saved(tmp_path):
    tokens = itertools.count()
    given = set()

    def home(_):
        given.add(f"T{next(tokens)}")
        hidden = f'<input type="hidden" name="csrf_token" value="{max(given, key=len)}">'
        return Answer(HOME.replace('<input type="submit"', f'{hidden}<input type="submit"'))

    whole = searchable(PAGES)
    search = whole["/search"]

    def guarded(query):
        token = query.get("csrf_token", [""])[0]
        return search(query) if "start" in query or token in given else Answer("<h1>Bad request</h1>", 400)

    small = SmallSite(whole | {"/": home, "/search": guarded})
    try:
        done, _ = probe(small, tmp_path, "--save")
        assert done.returncode == 0, done.stderr
        (path,) = tmp_path.glob("*.toml")
        assert tomllib.loads(path.read_text())["query"] == {"param": ["q"]}
        given.clear()  # a month later
        _, again = probe(small, tmp_path)
        assert (again["how"], again["collected"]) == ("site", 23)
    finally:
        small.close()


# -- The form of a file


@pytest.mark.parametrize("platform", platforms(), ids=lambda platform: platform.name)
def test_every_platform_file_can_be_written_and_read_again(platform):
    assert Platform.model_validate(tomllib.loads(as_toml(platform))) == platform


def test_awkward_texts_survive_the_file():
    query = {"param": ("ctl00$q",), "fields": {'a "b"': "c\\d\x7f\n", "e.f": ("1", "2"), "é": "\U0001f50d"}}
    rules = Platform.model_validate({"name": "[x] # y", "hosts": ("a.example",), "query": query})
    assert Platform.model_validate(tomllib.loads(as_toml(rules))) == rules


def test_a_field_that_is_sent_twice_is_sent_twice(tmp_path):
    text = "name = 'Two'\nhosts = ['a.example']\n[query]\nurl = ['/s']\nparam = ['q']\nfields = { type = ['a', 'b'], q = '' }"
    (tmp_path / "two.toml").write_text(text)
    (rules,) = site_exceptions(tmp_path)
    page = Page(Ask("http://a.example/"), "http://a.example/", 200, "text/html", b"", {})
    assert rules.specs(page)[0].ask("x").url == "http://a.example/s?type=a&type=b&q=x"


# -- scaffold

BADGE = '<head><meta name="generator" content="Example CMS 4.2">'


def scaffold(into, *arguments):
    return mentorwatch("scaffold", "Example CMS", f"--into={into}", *arguments)


def run_test(into):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_platform_example_cms.py"]
    environment = {**clean_environment(), "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, cwd=into, env=environment, check=False)


def fill_in(into, **figures):
    test = into / "tests" / "test_platform_example_cms.py"
    text = test.read_text()
    for name, value in figures.items():
        assert f"\n{name} = ..." in text
        text = text.replace(f"\n{name} = ...", f"\n{name} = {value!r}")
    test.write_text(text)


def test_a_scaffold_fails_until_its_figures_are_filled_in_and_then_holds(tmp_path):
    badge = {path: badged(answer) for path, answer in searchable(PAGES).items()}
    small = SmallSite(badge)
    try:
        done = scaffold(tmp_path, "--from", small.url, f"--allow={small.allow}", "--delay=0", "--query=mentor")
    finally:
        small.close()
    assert done.returncode == 0, done.stderr
    assert [line.rpartition("/")[2] for line in done.stdout.split()] == [
        "example-cms.toml",
        "nonsense.html",
        "results.html",
        "pages.toml",
        "test_platform_example_cms.py",
    ]
    rules = read_file(tmp_path / "crawler/platforms/example-cms.toml")
    assert rules.fingerprint.generator == ("^Example",)
    assert (rules.query.url, rules.query.param) == (("/search",), ("q",))
    assert rules.results.item == "ol > li"
    first = run_test(tmp_path)
    assert first.returncode == 1
    assert "fill in what is still ..." in first.stdout
    assert "Traceback" not in first.stderr
    fill_in(tmp_path, HITS=10, TOTAL=23, FIRST="Mentoring page 1", LAST="Mentoring page 10", MORE=True)
    then = run_test(tmp_path)
    assert then.returncode == 0, then.stdout
    assert "4 passed" in then.stdout
    wrong = tmp_path / "tests/test_platform_example_cms.py"
    wrong.write_text(wrong.read_text().replace("HITS = 10", "HITS = 9"))
    assert run_test(tmp_path).returncode == 1


def badged(answer):
    if callable(answer):
        return lambda query: badged(answer(query))
    return Answer(answer.body.replace("<head>", BADGE) if isinstance(answer.body, str) else answer.body, answer.status)


def test_the_pages_of_a_scaffold_hold_no_addresses_of_people(site, tmp_path):
    done = scaffold(tmp_path, "--from", site.url, f"--allow={site.allow}", "--delay=0", "--query=mentor")
    assert done.returncode == 0, done.stderr
    results = (tmp_path / "tests/fixtures/platforms/example-cms/results.html").read_text()
    assert "jo.bloggs" not in results
    assert results.count("someone@council.example") == 10


def test_a_scaffold_is_made_of_saved_pages_too(site, tmp_path):
    pages = searchable(PAGES)
    for name, word in (("nothing", "zorvaquil"), ("hits", "mentor")):
        body = pages["/search"]({"q": [word]}).body.replace('name="q"', f'name="q" value="{word}"')
        (tmp_path / f"{name}.html").write_text(body)
    files = [f"--html={tmp_path / 'nothing.html'}", f"--html={tmp_path / 'hits.html'}"]
    into = tmp_path / "checkout"
    done = scaffold(into, *files, "--url=https://www.council.example/search")
    assert done.returncode == 0, done.stderr
    assert "# say what gives the platform away" in (into / "crawler/platforms/example-cms.toml").read_text()
    fill_in(into, HITS=10, TOTAL=23, FIRST="Mentoring page 1", LAST="Mentoring page 10", MORE=True)
    unmarked = run_test(into)
    assert unmarked.returncode == 1
    assert "fill in [fingerprint]" in unmarked.stdout
    again = scaffold(into, *files)
    assert again.returncode == 2
    assert "is there already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "either --from URL, or --html twice"),
        (["--html=one.html"], "either --from URL, or --html twice"),
        (["--html=none.html", "--html=such.html"], "cannot be read"),
        (["--from=https://www.council.example/"], "--contact"),
    ],
)
def test_a_scaffold_that_cannot_be_made_says_why(tmp_path, arguments, said):
    done = scaffold(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        (b"<a href='mailto:Jo.O'Neil+x@kent.gov.uk'>", b"<a href='mailto:someone@council.example'>"),
        (b"jo%40kent.gov.uk", b"someone@council.example"),
        (b"jo&#64;kent.gov.uk, jo&commat;kent.gov.uk", b"someone@council.example, someone@council.example"),
        (b'<a data-cfemail="5a3b383974">x</a>', b'<a data-cfemail="00">x</a>'),
        (b"caf\xe9 jo@kent.gov.uk", b"caf\xe9 someone@council.example"),
        (b"<img src=logo@2x.png> @media print @import", b"<img src=logo@2x.png> @media print @import"),
        (b"/npm/react@17.0.2/umd/react.min.js", b"/npm/react@17.0.2/umd/react.min.js"),
    ],
)
def test_addresses_of_people_are_replaced_and_nothing_else(markup, left):
    assert without_addresses(markup) == left


def test_a_name_without_letters_is_refused():
    assert slug_of("GOSS iCM (2)") == "goss-icm-2"
    with pytest.raises(ScaffoldError, match="needs letters"):
        slug_of("!")
