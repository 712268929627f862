"""Reads the text of a PDF back, as a search engine or a copy does: by the character map of each font."""

import io
import re

import pikepdf

_PAIR = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>")


def text_of(content: bytes) -> str:
    """Every text that a page shows, one line per piece; with the title and the bookmarks."""
    with pikepdf.open(io.BytesIO(content)) as document:
        found = [str(document.docinfo.get("/Title", ""))]
        with document.open_outline() as outline:
            found += [each.title for each in _all(outline.root)]
        for page in document.pages:
            maps = {name: _map_of(font) for name, font in page.resources.get("/Font", {}).items()}
            shown: dict[int, str] = {}
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    shown = maps[str(operands[0])]
                elif str(operator) in ("Tj", "TJ"):
                    pieces = operands[0] if str(operator) == "TJ" else operands
                    found.append("".join(_decoded(p, shown) for p in pieces if isinstance(p, pikepdf.String)))
        return "\n".join(found)


def _all(items):
    for item in items:
        yield item
        yield from _all(item.children)


def _decoded(piece: pikepdf.String, shown: dict[int, str]) -> str:
    raw = bytes(piece)
    return "".join(shown[int.from_bytes(raw[i : i + 2])] for i in range(0, len(raw), 2))


def _map_of(font) -> dict[int, str]:
    mapped = {}
    for section in re.findall(rb"beginbfchar(.*?)endbfchar", font.ToUnicode.read_bytes(), re.DOTALL):
        for code, character in _PAIR.findall(section):
            mapped[int(code, 16)] = bytes.fromhex(character.decode()).decode("utf-16-be")
    return mapped
