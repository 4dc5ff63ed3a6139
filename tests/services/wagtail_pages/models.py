"""A page with a body that the search covers, and pages below it."""

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page
from wagtail.search import index


class ContentPage(Page):
    """A page of the council: its text, and a list of the pages below it."""

    body = models.TextField(blank=True)

    content_panels = (*Page.content_panels, FieldPanel("body"))
    search_fields = (*Page.search_fields, index.SearchField("body"))
