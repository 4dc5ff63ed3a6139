"""Put the articles of standard input (JSON) under the home page: manage.py shell -c 'import pages.fill'.

Every third page has a description for searches, as editors write for some pages and not for others. Prints the
number of live pages with a body.
"""

import json
import sys

from django.db import transaction
from wagtail.models import Site

from .models import ContentPage

SECTIONS = ("Services", "Announcements")

with transaction.atomic():
    home = Site.objects.get(is_default_site=True).root_page
    sections = [home.add_child(instance=ContentPage(title=title)) for title in SECTIONS]
    for number, article in enumerate(json.load(sys.stdin)):
        page = ContentPage(
            title=article["title"],
            slug=article["slug"],
            body="\n\n".join(article["paragraphs"]),
            search_description="" if number % 3 else article["paragraphs"][0][:150],
            live=not article["draft"],
        )
        sections[number % len(SECTIONS)].add_child(instance=page)
print(ContentPage.objects.live().exclude(body="").count())
