"""XML parts, read and written as they pass: what no rule names comes out as it went in.

Hostile XML works with entities, which only a document type can declare: a part with one is refused, so that there is
nothing to expand. Nothing of a part stays in memory but the piece that is read.
"""

import re
from collections.abc import Callable
from typing import BinaryIO, Final
from xml.parsers import expat

from spreekbuis.vault.hidden.traces import CannotClean

_BLOCK: Final = 1 << 16
_LONGEST_TAG: Final = 8 << 20
"""Bytes of one tag. The parser reads a tag that is not complete from its start again with each block."""
_TO_ESCAPE: Final = re.compile('[&<>"\t\n\r]')
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

Edit = Callable[[str, dict[str, str]], bool | Callable[[str], str]]
"""What becomes of an element, by its name and its attributes, which it may change. False drops it with all that is in
it, True leaves what is in it, and a function makes of the text in it the text that stands there instead."""


def filter_xml(source: BinaryIO, target: BinaryIO, edit: Edit) -> None:
    """Copy the part. Comments and processing instructions go.

    Raises CannotClean for what is no XML, or has a document type.
    """
    copier = _Copier(target, edit)
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.XmlDeclHandler = parser.CommentHandler = parser.ProcessingInstructionHandler = _nothing
    parser.StartElementHandler = copier.start
    parser.EndElementHandler = copier.end
    parser.DefaultHandler = copier.verbatim
    target.write(_DECLARATION)
    read = 0
    try:
        while block := source.read(_BLOCK):
            parser.Parse(block, False)
            copier.flush()
            read += len(block)
            if read - parser.CurrentByteIndex > _LONGEST_TAG:
                raise CannotClean("a tag without an end")
        parser.Parse(b"", True)
    except (expat.ExpatError, UnicodeError) as error:
        raise CannotClean("no XML") from error
    copier.flush()


def local(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


def _refuse(*_told: object) -> None:
    raise CannotClean("XML with a document type")


def _nothing(*_told: object) -> None:
    pass


class _Copier:
    def __init__(self, target: BinaryIO, edit: Edit) -> None:
        self._target = target
        self._edit = edit
        self._pieces: list[str] = []
        self._is_open = False
        self._depth_left_out = 0
        """How deep we are in an element of which the inside is left out; 0 when we are not."""
        self._left_out: list[str] = []
        self._instead: Callable[[str], str] | None = None

    def start(self, name: str, ordered: list[str]) -> None:
        if self._depth_left_out:
            self._depth_left_out += 1
            return
        attributes = dict(zip(ordered[::2], ordered[1::2], strict=True)) if ordered else {}
        verdict = self._edit(name, attributes)
        if verdict is not True:
            self._depth_left_out = 1
            if verdict is False:
                return
            self._instead = verdict
        pieces = self._pieces
        if self._is_open:
            pieces.append(">")
        pieces.append("<" + name)
        for key, value in attributes.items():
            pieces.append(f' {key}="{_escaped(value)}"')
        self._is_open = True

    def end(self, name: str) -> None:
        if self._depth_left_out:
            self._depth_left_out -= 1
            if self._depth_left_out or self._instead is None:
                return
            instead = self._instead("".join(self._left_out))
            self._instead = None
            self._left_out.clear()
            self.verbatim(_escaped(instead))
        if self._is_open:
            self._pieces.append("/>")
            self._is_open = False
        else:
            self._pieces.append(f"</{name}>")

    def verbatim(self, text: str) -> None:
        if self._depth_left_out:
            if self._instead is not None:
                self._left_out.append(text)
        elif text:
            self._finish_start()
            self._pieces.append(text)

    def flush(self) -> None:
        self._target.write("".join(self._pieces).encode())
        self._pieces.clear()

    def _finish_start(self) -> None:
        if self._is_open:
            self._pieces.append(">")
            self._is_open = False


def _escaped(value: str) -> str:
    if _TO_ESCAPE.search(value) is None:
        return value
    return _TO_ESCAPE.sub(lambda found: f"&#{ord(found[0])};", value)
