"""What goes from the parts of office documents: people, times, earlier versions, and names of the computer.

By local name: programs choose their own prefixes. Authors get numbers ('Auteur 1'), the same in all parts, so that a
reader still sees who answers whom. What stands in the text itself stays, also a name in it.
"""

import re
from collections.abc import Callable
from typing import Final

from spreekbuis.vault.hidden.traces import Found, Trace
from spreekbuis.vault.hidden.xml import local

_DROPPED: Final = {
    re.compile(pattern, re.IGNORECASE): trace
    for pattern, trace in {
        r"^docProps/thumbnail\.|^Thumbnails/": Trace.PREVIEW,
        r"(?:^|/)meta\.xml$|^docMetadata/|^customXml/|^META-INF/(?:document|macro|package)signatures\.xml$"
        r"|^_xmlsignatures/": Trace.PROPERTIES,
        r"^ppt/tags/": Trace.PROPERTIES,
        r"^ppt/revisionInfo\.xml$|^ppt/changesInfos/": Trace.HISTORY,
        r"^xl/revisions/|^Versions/|^VersionList\.xml$|^layout-cache$|^\[trash\]/": Trace.HISTORY,
        r"/printerSettings/|^Configurations2/|^xl/webextensions/|^word/webextensions/": Trace.MACHINE,
    }.items()
}
_RELATIONS: Final = re.compile(
    r"/(?:thumbnail|printerSettings|customXml|customXmlProps|attachedTemplate|revisionHeaders|usernames|origin"
    r"|taskpanes|webextensiontaskpanes|classificationlabels|tags|revisionInfo|changesInfo)$"
)
"""Relations to parts that are dropped, by the end of their type."""
_KNOWN: Final = re.compile(
    r"^\[Content_Types\]\.xml$|(?:^|/)_rels/[^/]*\.rels$|^docProps/(?:core|app|custom)\.xml$"
    r"|^word/(?:glossary/)?(?:document|styles|stylesWithEffects|settings|webSettings|fontTable|numbering|footnotes"
    r"|endnotes|comments|commentsExtended|commentsIds|commentsExtensible|people|header|footer)\d*\.xml$"
    r"|^xl/(?:workbook|styles|sharedStrings|calcChain|metadata|comments|connections)\d*\.xml$"
    r"|^xl/(?:worksheets|chartsheets|tables|pivotTables|pivotCache|persons|threadedComments|slicers|slicerCaches"
    r"|timelines|timelineCaches|queryTables)/[^/]+\.xml$"
    r"|^ppt/(?:presentation|presProps|viewProps|tableStyles|commentAuthors|authors)\.xml$"
    r"|^ppt/(?:slides|slideLayouts|slideMasters|notesSlides|notesMasters|handoutMasters|comments)/[^/]+\.xml$"
    r"|^(?:word|xl|ppt)/(?:theme|charts|diagrams|drawings|ink)/[^/]+\.(?:xml|vml)$"
    r"|^(?:Object[ ]\d+/)*(?:content|styles|settings)\.xml$|^META-INF/manifest\.xml$|^manifest\.rdf$"
    r"|^(?:(?:word|xl|ppt)/media|Pictures)/[^/]+\.svg$",
    re.IGNORECASE,
)
"""Parts in XML for which these rules are enough."""
_PACKAGE: Final = "http://schemas.openxmlformats.org/"
_INSTEAD: Final = {
    "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{_PACKAGE}package/2006/metadata/core-properties"/>',
    "docProps/app.xml": f'<Properties xmlns="{_PACKAGE}officeDocument/2006/extended-properties"/>',
    "docProps/custom.xml": f'<Properties xmlns="{_PACKAGE}officeDocument/2006/custom-properties"/>',
}
_LONG_AGO: Final = "2000-01-01T00:00:00Z"
_PEOPLE: Final = {
    "author", "userName", "lastModifiedBy", "refreshedBy", "cmAuthor name", "author name", "person displayName",
}  # fmt: skip
"""Attributes that name a person, some on one element only."""
_ACCOUNTS: Final = {"userId": "", "providerId": "None", "initials": ""}
_TIMES: Final = {"date", "dateUtc", "cm dt", "threadedComment dT", "cm created", "reply created"}
_MARKS: Final = re.compile(r"rsid|^refreshedDate")
_LEFT_OUT: Final = {
    "rsids": Trace.HISTORY, "docId": Trace.HISTORY, "revisionPtr": Trace.HISTORY, "absPath": Trace.MACHINE,
    "attachedTemplate": Trace.MACHINE, "mailMerge": Trace.MACHINE, "docVars": Trace.PROPERTIES,
    "custDataLst": Trace.PROPERTIES, "dbPr": Trace.MACHINE, "olapPr": Trace.MACHINE, "webPr": Trace.MACHINE,
    "textPr": Trace.MACHINE, "oledbPr": Trace.MACHINE, "dataFeedPr": Trace.MACHINE, "modelTextPr": Trace.MACHINE,
}  # fmt: skip
_OF_CONNECTION: Final = {"odcFile", "sourceFile", "description", "singleSignOnId"}
"""Attributes of a connection of a sheet, which stays, under a number, for what refers to it."""
_SETTINGS: Final = {
    "PrinterName": "", "PrinterSetup": "", "Rsid": "0", "RsidRoot": "0", "CurrentDatabaseDataSource": "",
    "CurrentDatabaseCommand": "", "PrinterPaperFromSetup": "false",
}  # fmt: skip
"""Items of settings.xml of OpenDocument, with what stands there instead."""
_INITIALS: Final = {"creator-initials", "sender-initials"}
_PATH: Final = re.compile(
    r"file:|[A-Za-z]:[\\/]|\\\\|/(?:home|Users)/"
    r"|https?://(?:[^/]*-my\.sharepoint\.|[^/]+/(?:[^?#]*/)?personal/|d\.docs\.live\.net|onedrive\.live\.|1drv\.ms)",
    re.IGNORECASE,
)
"""A place on a computer, or on the site that a person has at work."""
_NO_PATH: Final = "file:///"
_SHORTEST_PATH: Final = 3
_PLAIN: Final = {"c", "v", "row", "f", "t", "si", "is", "p", "r", "span", "table-cell", "table-row"}
"""The elements that large documents are made of: no rule names them."""


def is_dropped(name: str) -> Trace | None:
    """Of which kind the hidden data of this part is when the whole part goes, else None."""
    return next((trace for pattern, trace in _DROPPED.items() if pattern.search(name)), None)


def is_known(name: str) -> bool:
    """Whether nothing hidden is left in this part of XML after the rules."""
    return _KNOWN.search(name) is not None


def stands_for(name: str) -> bytes | None:
    """What stands instead of a part that only tells about the document, else None."""
    instead = _INSTEAD.get(name)
    return None if instead is None else f'<?xml version="1.0" encoding="UTF-8"?>\n{instead}'.encode()


class Rules:
    """The rules for the elements of one document."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._numbers: dict[str, int] = {}
        self._elements: dict[str, str] = {}
        self._harmless: set[tuple[str, str]] = set()
        """Names of an element and an attribute of it that no rule names: only its value may be a path."""

    def edit_drawing(self, name: str, attributes: dict[str, str]) -> bool | Callable[[str], str]:
        """The same for SVG, where what describes the drawing is an element in it."""
        if local(name) in ("metadata", "namedview"):
            self._found.removed.add(Trace.PROPERTIES)
            return False
        return self.edit(name, attributes)

    def edit(self, name: str, attributes: dict[str, str]) -> bool | Callable[[str], str]:
        """See `xml.Edit`. A sheet has millions of elements of a few names: what holds for a name is found once."""
        element = self._elements.get(name)
        if element is None:
            element = self._elements[name] = local(name)
        for attribute, value in attributes.items():
            if (name, attribute) not in self._harmless or (
                len(value) > _SHORTEST_PATH and _PATH.match(value)
            ):
                break
        else:
            if element in _PLAIN:
                return True
        return self._edit_with_care(name, element, attributes)

    def _edit_with_care(
        self, name: str, element: str, attributes: dict[str, str]
    ) -> bool | Callable[[str], str]:
        if element in _LEFT_OUT:
            self._found.removed.add(_LEFT_OUT[element])
            return False
        if self._leads_nowhere(element, attributes):
            return False
        if element == "connection":
            self._clean_connection(attributes)
        for attribute in list(attributes):
            if not self._edit_attribute(element, attribute, attributes):
                self._harmless.add((name, attribute))
        if element == "Relationship" and _leads_outside(attributes):
            self._found.left_inside = True
        return self._inside(name, element, attributes)

    def _clean_connection(self, attributes: dict[str, str]) -> None:
        for attribute in _OF_CONNECTION & attributes.keys():
            del attributes[attribute]
        if "name" in attributes:
            attributes["name"] = f"Verbinding {attributes.get('id', '')}"
        self._found.removed.add(Trace.MACHINE)

    def _leads_nowhere(self, element: str, attributes: dict[str, str]) -> bool:
        """Whether the element names a part that is dropped."""
        if element == "Relationship":
            return _RELATIONS.search(attributes.get("Type", "")) is not None
        if element == "Override":
            return is_dropped(attributes.get("PartName", "").removeprefix("/")) is not None
        if element == "file-entry":
            return any(
                is_dropped(value) is not None
                for key, value in attributes.items()
                if local(key) == "full-path"
            )
        return False

    def _edit_attribute(self, element: str, attribute: str, attributes: dict[str, str]) -> bool:
        """Whether a rule names the attribute, whatever its value."""
        value, name = attributes[attribute], local(attribute)
        on_element = f"{element} {name}"
        if attribute.startswith("xmlns"):
            return False
        if _MARKS.search(name) or (on_element == "pageSetup id" and ":" in attribute):
            del attributes[attribute]
            self._found.removed.add(Trace.HISTORY)
        elif name in _PEOPLE or on_element in _PEOPLE:
            attributes[attribute] = self._author(value)
        elif name in _ACCOUNTS:
            attributes[attribute] = _ACCOUNTS[name]
            self._found.removed.add(Trace.PEOPLE)
        elif name in _TIMES or on_element in _TIMES:
            attributes[attribute] = _LONG_AGO
            self._found.removed.add(Trace.HISTORY)
        else:
            if _PATH.match(value):
                attributes[attribute] = _NO_PATH
                self._found.removed.add(Trace.MACHINE)
            return False
        return True

    def _inside(self, name: str, element: str, attributes: dict[str, str]) -> bool | Callable[[str], str]:
        """What makes the text that stands in the element instead, True when what is there stays."""
        instead: str | None = None
        if element == "creator" or (element == "author" and not attributes):
            return self._author
        if name == "dc:date":
            self._found.removed.add(Trace.HISTORY)
            instead = _LONG_AGO
        elif element in _INITIALS:
            self._found.removed.add(Trace.PEOPLE)
            instead = ""
        elif element == "config-item":
            setting = next((value for key, value in attributes.items() if local(key) == "name"), "")
            instead = _SETTINGS.get(setting)
            if instead is not None:
                self._found.removed.add(Trace.MACHINE)
        return True if instead is None else lambda _text: instead

    def _author(self, person: str) -> str:
        self._found.removed.add(Trace.PEOPLE)
        return f"Auteur {self._numbers.setdefault(person, len(self._numbers) + 1)}"


def _leads_outside(attributes: dict[str, str]) -> bool:
    """Whether the document takes something from elsewhere: a link that a reader may follow is no such thing."""
    return (
        attributes.get("TargetMode") == "External"
        and not attributes.get("Type", "").endswith("/hyperlink")
        and attributes.get("Target") != _NO_PATH
    )
