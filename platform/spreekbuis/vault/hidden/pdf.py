"""PDF (ISO 32000-2), by qpdf through pikepdf: it writes the document anew, without what nothing refers to any more.

What stays: what stands on the pages, and files that are attached to the document, with their names, for they were
sent on purpose (`left_inside`). What goes, besides the properties: who made which remark and when, previews of pages,
private data of programs, and signatures, which name a person and which writing anew breaks.
"""

import io
import zlib
from typing import BinaryIO, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from spreekbuis.vault.hidden.pictures import clean_jpeg
from spreekbuis.vault.hidden.traces import CannotClean, Found, Trace

_ANYWHERE: Final = {
    "/Metadata": Trace.PROPERTIES, "/PieceInfo": Trace.MACHINE, "/LastModified": Trace.HISTORY,
    "/Thumb": Trace.PREVIEW, "/SpiderInfo": Trace.MACHINE,
}  # fmt: skip
_IN_CATALOG: Final = {"/Perms": Trace.PEOPLE, "/DSS": Trace.PEOPLE, "/Legal": Trace.PEOPLE}
_OF_REMARK: Final = {
    "/T": Trace.PEOPLE, "/M": Trace.HISTORY, "/CreationDate": Trace.HISTORY, "/NM": Trace.HISTORY,
}  # fmt: skip
_OF_LAYER: Final = {"/CreatorInfo": Trace.MACHINE, "/User": Trace.PEOPLE}
_PLAIN_FILTERS: Final = {
    "/FlateDecode", "/LZWDecode", "/ASCIIHexDecode", "/ASCII85Decode", "/RunLengthDecode", "/CCITTFaxDecode",
    "/JBIG2Decode",
}  # fmt: skip
"""Nothing but coded content fits in these. Every other may hold what a camera or a program noted."""
_LARGEST_PHOTO: Final = 64 << 20
_FORM_FIELD: Final = "/Widget"
"""The annotation of which /T is the name of a field, and not of a person."""


def clean_pdf(source: BinaryIO, target: BinaryIO) -> Found:
    """Raises CannotClean, also for a document that asks a password to be read."""
    found = Found()
    try:
        with pikepdf.open(source) as pdf:
            if not len(pdf.pages):
                raise CannotClean("no pages")
            _clean(pdf, found)
            pdf.save(
                target,
                deterministic_id=True,  # a mark of this content, and not of the one before
                compress_streams=True,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
                fix_metadata_version=False,
            )
    except (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise CannotClean("no PDF, or a locked one") from error
    return found


def _clean(pdf: Pdf, found: Found) -> None:
    if "/Info" in pdf.trailer:
        del pdf.trailer.Info
        found.removed.add(Trace.PROPERTIES)
    _drop(pdf.Root, _IN_CATALOG, found)
    for thing in pdf.objects:
        if isinstance(thing, Dictionary | Stream):
            _clean_thing(thing, found)
        elif isinstance(thing, Array):
            _clean_inside(thing, found)


def _clean_thing(thing: Object, found: Found, *, deep: int = 0) -> None:
    """Clean a dictionary, and those that stand in it and not on their own."""
    _drop(thing, _ANYWHERE, found)
    if "/Subtype" in thing and "/Rect" in thing and thing.Subtype != _FORM_FIELD:
        _drop(thing, _OF_REMARK, found)
    if thing.get("/FT") == "/Sig" and "/V" in thing:
        del thing.V
        found.removed.add(Trace.PEOPLE)
    if thing.get("/Type") in ("/Filespec", "/F") or "/EF" in thing:
        found.left_inside |= "/EF" in thing
    if thing.get("/Type") == "/EmbeddedFile" and "/Params" in thing:
        del thing.Params
        found.removed.add(Trace.HISTORY)
    usage = thing.get("/Usage")
    if isinstance(usage, Dictionary):
        _drop(usage, _OF_LAYER, found)
    if "/XFA" in thing:
        found.left_inside = True
    if isinstance(thing, Stream):
        _clean_picture(thing, found)
    _clean_inside(thing, found, deep=deep)


_DEEPEST: Final = 50


def _clean_inside(thing: Object, found: Found, *, deep: int = 0) -> None:
    if deep > _DEEPEST:
        raise CannotClean("too deep")
    values = thing.as_list() if isinstance(thing, Array) else [value for _key, value in thing.items()]
    for value in values:
        if isinstance(value, Dictionary) and not value.is_indirect:
            _clean_thing(value, found, deep=deep + 1)
        elif isinstance(value, Array) and not value.is_indirect:
            _clean_inside(value, found, deep=deep + 1)


def _drop(thing: Object, keys: dict[str, Trace], found: Found) -> None:
    for key, trace in keys.items():
        if key in thing:
            del thing[key]
            found.removed.add(trace)


def _clean_picture(stream: Stream, found: Found) -> None:
    """A photo stands in a PDF as the JPEG that it was, with all that the camera noted.

    It may be packed once more. What is coded in a way that we do not know is left inside.
    """
    filters = _filters(stream)
    if _PLAIN_FILTERS.issuperset(filters):
        found.left_inside |= "/F" in stream  # the content is another file
        return
    cleaned = io.BytesIO()
    try:
        picture = clean_jpeg(io.BytesIO(_photo(stream, filters)), cleaned)
    except CannotClean:
        found.left_inside = True
        return
    found.add(picture)
    if picture.removed:
        told = stream.get("/DecodeParms")
        if isinstance(told, Array):
            (told,) = told.as_list()
        stream.write(
            cleaned.getvalue(),
            filter=Name.DCTDecode,
            decode_parms=told if isinstance(told, Dictionary) else None,
        )


def _filters(stream: Stream) -> list[str]:
    named = stream.get("/Filter")
    if named is None:
        return []
    return [str(one) for one in named.as_list()] if isinstance(named, Array) else [str(named)]


def _photo(stream: Stream, filters: list[str]) -> bytes:
    """The JPEG in the stream. Raises CannotClean when it is not one, or in more than we can unpack."""
    *packed, last = filters
    if last != "/DCTDecode" or (packed and "/DecodeParms" in stream) or {*packed} - {"/FlateDecode"}:
        raise CannotClean("a filter that we do not know")
    content = stream.read_raw_bytes()
    for _filter in packed:
        unpacking = zlib.decompressobj()
        try:
            content = unpacking.decompress(content, _LARGEST_PHOTO)
        except zlib.error as error:
            raise CannotClean("a packed photo is damaged") from error
        if not unpacking.eof:
            raise CannotClean("a packed photo is cut off, or too large")
    return content
