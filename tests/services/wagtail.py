"""Wagtail's own project template (`wagtail start`) from PyPI, with its search application and page as they come.

The template's home page has no search box and no link to its search, and neither has this site: it must be found
at the address that the template gives it. What is added is what every developer must add: a page model with a
body, its template, and a list of pages on the home page below Wagtail's welcome.
"""

import contextlib
import functools
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.services.content import PUBLISHED, articles
from tests.services.daemon import environment_of, free_port, listens, room, run_once, running
from tests.services.engine import Engine

HERE = Path(__file__).parent

# What the template's settings expect a site to set for itself, in council/settings/local.py.
_LOCAL = """from .base import INSTALLED_APPS

SECRET_KEY = "not-a-secret"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [*INSTALLED_APPS, "pages"]
"""
_COUNT = "from wagtail.models import Page; print(Page.objects.live().search({query!r}).count())"


@contextlib.contextmanager
def wagtail() -> Iterator[Engine]:
    """A site of `PUBLISHED` pages and some drafts; `count` asks Wagtail what the template's search view asks."""
    programs = environment_of("wagtail")
    production = {"DJANGO_SETTINGS_MODULE": "council.settings.production"}
    with room(None) as folder:
        site = folder / "site"
        site.mkdir()
        run_once([f"{programs}/wagtail", "start", "council", str(site)])
        _develop(site)

        def manage(*words: str, **options: str) -> str:
            command = [f"{programs}/python", str(site / "manage.py"), *words, "--settings", *production.values()]
            return run_once(command, cwd=site, **options)

        manage("makemigrations", "pages")
        manage("migrate")
        manage("collectstatic", "--no-input")
        content = json.dumps([asdict(article) for article in articles()])
        published = manage("shell", "-c", "import pages.fill", input=content)
        assert int(published.split()[-1]) == PUBLISHED, published
        port = free_port()  # only now: another server on this machine may take it while the site is filled
        serve = [f"{programs}/waitress-serve", f"--listen=127.0.0.1:{port}", "council.wsgi:application"]
        environment = production | {"PYTHONPATH": str(site)}
        with running(serve, lambda: listens(port), log=folder / "wagtail.log", environment=environment):
            count = functools.cache(lambda query: int(manage("shell", "-c", _COUNT.format(query=query)).split()[-1]))
            yield Engine(f"http://127.0.0.1:{port}/", f"127.0.0.1:{port}", count)


def _develop(site: Path) -> None:
    shutil.copytree(HERE / "wagtail_pages", site / "pages", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "council/settings/local.py").write_text(_LOCAL, encoding="utf-8")
    home = site / "home/templates/home/home_page.html"
    text, block = home.read_text(encoding="utf-8"), "{% endblock content %}"
    assert text.count(block) == 1
    home.write_text(text.replace(block, f'{{% include "pages/below.html" %}}\n{block}'), encoding="utf-8")
