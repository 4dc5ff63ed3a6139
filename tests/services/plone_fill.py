"""Make a Plone site as 'Create a Plone site (Classic UI)' does and fill it with the items of standard input (JSON).

    zconsole run zope.conf plone_fill.py HOST < items.json

Runs in Plone's own environment, where zconsole gives the name `app`. HOST shows the site at its root, as a web
server in front of Plone would. Prints the number of items that the world may see.
"""

import base64
import json
import sys

import transaction
from AccessControl.PermissionRole import rolesForPermissionOn
from AccessControl.SecurityManagement import newSecurityManager
from plone import api
from plone.app.textfield.value import RichTextValue
from plone.namedfile.file import NamedBlobFile
from Products.CMFPlone.factory import addPloneSite

FOLDERS = {"Document": "services", "News Item": "announcements", "File": "publications"}
WORKING_PAPERS = "working-papers"  # stays private, and so do the files in it: files have no workflow of their own


def make_site(root):
    newSecurityManager(None, root.acl_users.getUser("admin").__of__(root.acl_users))
    site = addPloneSite(
        root, "Plone", title="Fernhill District Council", distribution_name="classic", setup_content=True
    )
    for name in (*FOLDERS.values(), WORKING_PAPERS):
        folder = api.content.create(site, "Folder", id=name, title=name.replace("-", " ").capitalize())
        if name != WORKING_PAPERS:
            api.content.transition(folder, "publish")
    return site


def add(site, item):
    name = item["slug"]
    if item["type"] == "File":
        folder = site[WORKING_PAPERS if item["draft"] else FOLDERS["File"]]
        name += "." + item["suffix"]
        file = NamedBlobFile(base64.b64decode(item["file"]), filename=name)
        return api.content.create(folder, "File", id=name, title=item["title"], file=file)
    text = "".join(f"<p>{paragraph}</p>" for paragraph in item["paragraphs"])
    text = RichTextValue(text, "text/html", "text/x-html-safe")
    page = api.content.create(site[FOLDERS[item["type"]]], item["type"], id=name, title=item["title"], text=text)
    if not item["draft"]:
        api.content.transition(page, "publish")
    return page


site = make_site(app)  # noqa: F821
made = [add(site, item) for item in json.load(sys.stdin)]
app.virtual_hosting.set_map(f"{sys.argv[-1]}/Plone")  # noqa: F821
transaction.commit()
print(sum("Anonymous" in rolesForPermissionOn("View", item) for item in made))
