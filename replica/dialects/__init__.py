"""Search dialects by the name that plan.toml gives them."""

from replica.dialects.appliance import Appliance, ApplianceXml
from replica.dialects.base import Dialect
from replica.dialects.cms import Drupal, EzSearch, Plone, SharePoint, Wagtail, WordPress
from replica.dialects.engines import HtDig, HtDigShort, IndexServer, Ultraseek, Verity
from replica.dialects.inhouse import Buttons, Cards, ColdFusion, Counted, DefinitionList, Json, Loose, PagesOnly
from replica.dialects.postback import PostBack
from replica.dialects.vendors import Domino, Funnelback, Jadu, JaduNative, Squiz

DIALECTS: dict[str, type[Dialect]] = {
    "buttons": Buttons,
    "cards": Cards,
    "coldfusion": ColdFusion,
    "counted": Counted,
    "deflist": DefinitionList,
    "domino": Domino,
    "drupal": Drupal,
    "ezsearch": EzSearch,
    "funnelback": Funnelback,
    "gsa": Appliance,
    "gsaxml": ApplianceXml,
    "htdig": HtDig,
    "htdigshort": HtDigShort,
    "indexserver": IndexServer,
    "jadu": Jadu,
    "jadunative": JaduNative,
    "json": Json,
    "loose": Loose,
    "pagesonly": PagesOnly,
    "plone": Plone,
    "postback": PostBack,
    "sharepoint": SharePoint,
    "squiz": Squiz,
    "ultraseek": Ultraseek,
    "verity": Verity,
    "wagtail": Wagtail,
    "wordpress": WordPress,
}
