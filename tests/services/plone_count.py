"""How many items Plone's catalog finds for a query and lets the world see: zconsole run zope.conf plone_count.py QUERY

Of the types that a site's search covers, as Plone's own setting has them.
"""

import sys

from AccessControl.SecurityManagement import newSecurityManager
from AccessControl.SpecialUsers import nobody
from plone.base.utils import munge_search_term
from zope.component.hooks import setSite

site = app.Plone  # noqa: F821
setSite(site)
newSecurityManager(None, nobody)
types = site.plone_utils.getUserFriendlyTypes()
print(len(site.portal_catalog(SearchableText=munge_search_term(sys.argv[-1]), portal_type=types)))
