"""A document as plain text (UTF-8): every character as it was written, and easy for screen readers."""

from collections.abc import Iterator

from spreekbuis.documents.blocks import Block, Document, Facts, Heading, Paragraph, Said


def as_text(document: Document) -> bytes:
    """The whole document."""
    parts = [document.title, document.subtitle]
    for block in document.blocks:
        parts.extend(_lines(block))
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{text}\n{('=' if level == 1 else '-') * len(text)}"
        case Paragraph(text):
            yield text
        case Facts(pairs):
            yield "\n".join(f"{label}: {value}" for label, value in pairs)
        case Said(who, when, text):
            yield f"[{who}, {when}]\n{text}"
