"""Files with hidden data, made here: `SECRET` stands in every place that a maker of files leaves one.

Those of `samples` were written by libheif and by FFmpeg (5 pictures and a quarter of a second of sound), with `SECRET`
and `PLACE` in their tags.
"""

import io
import struct
import wave
import zipfile
import zlib
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image, PngImagePlugin

SECRET = "Geheime Naam"
PLACE = "+51.05"
SAMPLES = Path(__file__).parent / "samples"
OFFICE = "http://schemas.openxmlformats.org"
RELATIONS = f"{OFFICE}/officeDocument/2006/relationships"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def drawing() -> Image.Image:
    return Image.linear_gradient("L").resize((48, 32)).convert("RGB")


def exif(orientation: int = 1) -> bytes:
    notes = Image.Exif()
    notes[0x010F], notes[0x0112], notes[0x013B] = SECRET, orientation, SECRET
    notes.get_ifd(0x8825).update({1: "N", 2: (51.0, 3.0, 7.0), 29: SECRET})
    return notes.tobytes()


def saved(form: str, **options) -> bytes:
    target = io.BytesIO()
    drawing().save(target, form, **options)
    return target.getvalue()


def jpeg(orientation: int = 1) -> bytes:
    plain = saved(
        "JPEG", exif=exif(orientation), comment=SECRET, quality=90, icc_profile=SECRET.encode() * 20
    )
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET.encode() + b"</x:xmpmeta>"
    iptc = b"Photoshop 3.0\x008BIM\x04\x04" + SECRET.encode()
    segments = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
        for marker, body in ((0xE1, xmp), (0xED, iptc), (0xEB, SECRET.encode()))
    )
    return plain[:2] + segments + plain[2:] + saved("JPEG", comment=SECRET)


def png(orientation: int = 1) -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET)
    texts.add_itxt("XML:com.adobe.xmp", SECRET)
    made = saved("PNG", pnginfo=texts, exif=exif(orientation), icc_profile=SECRET.encode() * 20)
    chunk = b"prVt" + SECRET.encode()
    own = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return made[:33] + own + made[33:] + SECRET.encode()


def webp(orientation: int = 1) -> bytes:
    return saved(
        "WEBP", exif=exif(orientation), xmp=SECRET.encode(), icc_profile=SECRET.encode() * 20, lossless=True
    )


def gif() -> bytes:
    target = io.BytesIO()
    pages = [drawing().quantize(8), drawing().rotate(90).quantize(8)]
    pages[0].save(target, "GIF", save_all=True, append_images=pages[1:], comment=SECRET.encode(), loop=3)
    made = target.getvalue()
    xmp = b"!\xff\x0bXMP DataXMP" + bytes([len(SECRET)]) + SECRET.encode() + b"\0"
    return made[:-1] + xmp + made[-1:] + SECRET.encode()


def wav() -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as made:
        made.setparams((1, 2, 8000, 0, "NONE", ""))
        made.writeframes(bytes(range(200)) * 5)
    told = b"LIST" + struct.pack("<I", 8 + len(SECRET)) + b"INFOIART" + SECRET.encode()
    body = target.getvalue()[12:] + told + b"bext" + struct.pack("<I", len(SECRET)) + SECRET.encode()
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def archive(parts: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.comment = SECRET.encode()
        for name, content in parts.items():
            part = zipfile.ZipInfo(name, (2026, 5, 4, 10, 11, 12))
            part.comment = SECRET.encode()
            made.writestr(part, content)
    return target.getvalue()


def relations(*told: tuple[str, str, str]) -> str:
    each = "".join(
        f'<Relationship Id="r{number}" Type="{kind}" Target="{target}" {more}/>'
        for number, (kind, target, more) in enumerate(told)
    )
    return f'<Relationships xmlns="{OFFICE}/package/2006/relationships">{each}</Relationships>'


def properties() -> dict[str, str | bytes]:
    return {
        "docProps/core.xml": f"<cp:coreProperties xmlns:cp='c' xmlns:dc='d'><dc:creator>{SECRET}</dc:creator>"
        f"<cp:lastModifiedBy>{SECRET}</cp:lastModifiedBy></cp:coreProperties>",
        "docProps/app.xml": f"<Properties xmlns='p'><Company>{SECRET}</Company></Properties>",
        "docProps/custom.xml": f"<Properties xmlns='p'><property name='x'>{SECRET}</property></Properties>",
        "docProps/thumbnail.jpeg": jpeg(),
        "_rels/.rels": relations(
            (f"{RELATIONS}/officeDocument", "word/document.xml", ""),
            (f"{OFFICE}/package/2006/relationships/metadata/thumbnail", "docProps/thumbnail.jpeg", ""),
        ),
    }


TEXT = "Tekst met é, &lt;tekens&gt; &amp; “aanhaling”"


def docx(**more: str | bytes) -> bytes:
    who = f'w:author="{SECRET}" w:initials="GN" w:date="2026-05-04T10:11:12Z"'
    return archive({
        "[Content_Types].xml": f'<Types xmlns="{OFFICE}/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/customXml/itemProps1.xml" ContentType="x"/></Types>',
        **properties(),
        "word/document.xml": f'<?xml version="1.0"?><!-- {SECRET} --><w:document xmlns:w="w" w:rsidR="00AB12CD"><w:p '
        f'w:rsidR="00AB12CD"><w:ins w:id="1" {who}><w:r><w:t xml:space="preserve"> {TEXT}</w:t></w:r></w:ins>'
        f'<w:pic descr="C:\\Users\\{SECRET}\\foto.jpg"/><w:br/></w:p></w:document>',
        "word/_rels/document.xml.rels": relations(
            (f"{RELATIONS}/customXml", "../customXml/item1.xml", ""),
            (f"{RELATIONS}/attachedTemplate", f"file:///C:\\Users\\{SECRET}\\n.dotx", 'TargetMode="External"'),
            (f"{RELATIONS}/hyperlink", f"file:///home/{SECRET}/x.txt", 'TargetMode="External"'),
            (f"{RELATIONS}/hyperlink", "https://voorbeeld.example/", 'TargetMode="External"'),
        ),
        "word/comments.xml": f'<w:comments xmlns:w="w"><w:comment w:id="0" {who}><w:p/></w:comment><w:comment w:id="1" '
        f'w:author="Ander"/><w:comment w:id="2" {who}/></w:comments>',
        "word/people.xml": f'<w15:people xmlns:w15="w"><w15:person w15:author="{SECRET}"><w15:presenceInfo '
        f'w15:providerId="AD" w15:userId="S::{SECRET}"/></w15:person></w15:people>',
        "word/settings.xml": f'<w:settings xmlns:w="w" xmlns:r="r"><w:rsids><w:rsid w:val="{SECRET}"/></w:rsids>'
        f'<w:attachedTemplate r:id="r1"/><w15:docId xmlns:w15="x" w15:val="{SECRET}"/><w:zoom w:percent="90"/>'
        "</w:settings>",
        "word/media/image1.jpeg": jpeg(),
        "word/media/image2.png": png(),
        "customXml/item1.xml": f"<x>{SECRET}</x>",
        **more,
    })  # fmt: skip


def xlsx() -> bytes:
    return archive({
        "[Content_Types].xml": f'<Types xmlns="{OFFICE}/package/2006/content-types"/>',
        **properties(),
        "xl/workbook.xml": f'<workbook xmlns="s"><fileSharing userName="{SECRET}"/><mc:Choice xmlns:mc="m">'
        f'<x15ac:absPath xmlns:x15ac="x" url="https://d.docs.example/{SECRET}/"/></mc:Choice><sheets/></workbook>',
        "xl/comments1.xml": f"<comments xmlns='s'><authors><author>{SECRET}</author><author>Ander</author>"
        "</authors></comments>",
        "xl/persons/person.xml": f'<personList><person displayName="{SECRET}" userId="{SECRET}"/></personList>',
        "xl/pivotCache/pivotCacheDefinition1.xml": f'<pivotCacheDefinition refreshedBy="{SECRET}" refreshedDate="4"/>',
        "xl/tables/table1.xml": '<table displayName="Tabel1" name="Tabel1"/>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns:r="r"><c r="A1"><v>{TEXT}</v></c><pageSetup r:id="r1"/>'
        "</worksheet>",
        "xl/worksheets/_rels/sheet1.xml.rels": relations((f"{RELATIONS}/printerSettings", "p.bin", "")),
        "xl/printerSettings/printerSettings1.bin": f"\\\\server\\{SECRET}".encode("utf-16-le"),
        "xl/revisions/userNames.xml": f'<users><userInfo name="{SECRET}"/></users>',
    })  # fmt: skip


def pptx() -> bytes:
    return archive({
        "[Content_Types].xml": f'<Types xmlns="{OFFICE}/package/2006/content-types"/>',
        **properties(),
        "ppt/commentAuthors.xml": f'<p:cmAuthorLst xmlns:p="p"><p:cmAuthor name="{SECRET}" initials="GN"/>'
        "</p:cmAuthorLst>",
        "ppt/authors.xml": f'<a:authorLst xmlns:a="p"><a:author name="{SECRET}" userId="{SECRET}"/></a:authorLst>',
        "ppt/slides/slide1.xml": f'<p:sld xmlns:p="p"><p:cNvPr id="1" name="Titel 1"/><p:t>{TEXT}</p:t></p:sld>',
        "ppt/media/image1.gif": gif(), "ppt/media/media1.mp4": sample("made.mp4"),
    })  # fmt: skip


def odt(**more: str | bytes) -> bytes:
    change = f"<dc:creator>{SECRET}</dc:creator><dc:date>2026-05-04T10:11:12</dc:date>"
    return archive({
        "mimetype": "application/vnd.oasis.opendocument.text",
        "meta.xml": f"<office:document-meta xmlns:office='o'>{SECRET}</office:document-meta>",
        "content.xml": f"<office:c xmlns:office='o' xmlns:dc='d' xmlns:t='t' xmlns:l='l'><t:p l:rsid='{SECRET}'>{TEXT}"
        f"</t:p><office:annotation>{change}<meta:creator-initials xmlns:meta='m'>{SECRET}</meta:creator-initials>"
        f"</office:annotation><office:change-info>{change}</office:change-info></office:c>",
        "settings.xml": f"<s xmlns:c='c'><c:config-item c:name='PrinterName'>{SECRET}</c:config-item>"
        "<c:config-item c:name='ZoomFactor'>90</c:config-item></s>",
        "Thumbnails/thumbnail.png": png(),
        "Versions/Version1": SECRET,
        "Pictures/1.webp": webp(),
        "Pictures/2.svg": f"<svg xmlns='s'><metadata>{SECRET}</metadata><path d='M0 0'/></svg>",
        "META-INF/manifest.xml": "<m:manifest xmlns:m='m'><m:file-entry m:full-path='meta.xml'/>"
        "<m:file-entry m:full-path='content.xml'/></m:manifest>",
        **more,
    })  # fmt: skip


def pdf(*, attachment: bytes = b"", **options) -> bytes:
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(200, 200))
    with made.open_metadata() as xmp:
        xmp["dc:creator"] = [SECRET]
    made.docinfo["/Author"] = made.docinfo["/Title"] = SECRET
    photo = Stream(made, jpeg())
    photo.Type, photo.Subtype, photo.Width, photo.Height = Name.XObject, Name.Image, 48, 32
    photo.ColorSpace, photo.BitsPerComponent, photo.Filter = Name.DeviceRGB, 8, Name.DCTDecode
    photo.Metadata = Stream(made, SECRET.encode())
    page.Resources = Dictionary(XObject=Dictionary(Im0=photo))
    page.Contents = Stream(made, b"q 100 0 0 100 0 0 cm /Im0 Do Q")
    page.PieceInfo = Dictionary(Illustrator=Dictionary(Private=String(SECRET)))
    page.Thumb = Stream(made, SECRET.encode())
    box = Array([0, 0, 9, 9])
    signature = made.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, Rect=box, FT=Name.Sig, T="veld",
            V=Dictionary(Type=Name.Sig, Name=SECRET, Contents=String(SECRET)),
        )
    )  # fmt: skip
    made.Root.AcroForm = Dictionary(Fields=[signature])
    remark = Dictionary(
        Type=Name.Annot, Subtype=Name.Text, Rect=box, T=SECRET, NM=SECRET, M="D:2026", Contents="Opmerking"
    )
    page.Annots = Array([remark, signature])
    if attachment:
        made.attachments["bijlage.txt"] = attachment
    target = io.BytesIO()
    made.save(target, **options)
    return target.getvalue()
