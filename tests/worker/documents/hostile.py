"""Files that mean harm, or come from a bad disk; made here, so that nobody has to keep them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from email.message import EmailMessage
from pathlib import Path

import openpyxl

_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""
_RELATIONS = """<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
 Target="word/document.xml"/></Relationships>"""
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(path: Path, body: str, before: str = "") -> Path:
    """A Word file with this body; `before` stands before its root."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr(
            "word/document.xml",
            f'<?xml version="1.0"?>{before}<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>',
        )
    return path


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def xxe(path: Path, secret: Path) -> Path:
    """A Word file that wants to read another file."""
    doctype = f'<!DOCTYPE x [<!ENTITY secret SYSTEM "{secret.as_uri()}">]>'
    return docx(path, paragraph("before &secret; after"), doctype)


def laughs(path: Path) -> Path:
    """A billion laughs."""
    entities = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return docx(path, paragraph("&l9;"), f"<!DOCTYPE x [{entities}]>")


def zip_bomb(path: Path) -> Path:
    """64 MB in 64 KB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            piece = b" " * (1 << 20)
            for _ in range(64):
                part.write(piece)
    return path


def claim_size(path: Path, part: str, size: int, packed: int | None = None) -> None:
    """Let the directory say that parts whose name begins so have `size` bytes (`packed` ones; None: as many)."""
    content = bytearray(path.read_bytes())
    place = 0
    while (place := content.find(b"PK\x01\x02", place)) >= 0:
        length = struct.unpack_from("<H", content, place + 28)[0]
        if content[place + 46 : place + 46 + length].startswith(part.encode()):
            struct.pack_into("<LL", content, place + 20, size if packed is None else packed, size)
        place += 4
    path.write_bytes(content)


def lying_bomb(path: Path) -> Path:
    """A bomb whose directory says that it is small."""
    zip_bomb(path)
    with zipfile.ZipFile(path) as archive:
        packed = archive.getinfo("word/document.xml").compress_size
    claim_size(path, "word/document.xml", 1000, packed)
    return path


def pdf(path: Path, objects: list[bytes], root: int = 1, trailer: bytes = b"") -> Path:
    """A PDF of these objects, numbered from 1."""
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer\n<</Size %d/Root %d 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, root, trailer, start,
    ))  # fmt: skip
    path.write_bytes(out.getvalue())
    return path


def stream(content: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), extra, content)


_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def pages_pdf(path: Path, count: int) -> Path:
    """A PDF of `count` pages, each with its number."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", _FONT]
    kids = []
    for number in range(1, count + 1):
        content = b"BT /F1 12 Tf 72 700 Td (Page number %d) Tj ET" % number
        objects.append(stream(content))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, b" ".join(kids))
    return pdf(path, objects)


def cyclic_pdf(path: Path) -> Path:
    """A PDF whose page tree holds itself."""
    return pdf(path, [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 3/Kids[2 0 R 2 0 R 2 0 R]>>"])


def xref_loop_pdf(path: Path) -> Path:
    """A PDF whose cross-reference section names itself as the one before."""
    pages_pdf(path, 1)
    content = path.read_bytes()
    start = content.rindex(b"xref\n0")
    path.write_bytes(content.replace(b"/Root 1 0 R ", b"/Root 1 0 R/Prev %d" % start))
    return path


def nested_forms_pdf(path: Path, depth: int = 8, width: int = 12) -> Path:
    """A PDF that draws a form that draws a form …: `width` to the power of `depth` in all, in a few hundred bytes."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>",
        stream(b"/X Do"),
    ]  # fmt: skip
    for level in range(depth):
        following = len(objects) + 2
        resources = (
            b"/Resources<</XObject<</X %d 0 R>>>>" % following if level < depth - 1 else
            b"/Resources<</Font<</F1 %d 0 R>>>>" % following
        )  # fmt: skip
        content = b"/X Do " * width if level < depth - 1 else b"BT /F1 1 Tf (x) Tj ET " * width
        objects.append(stream(content, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]" + resources))
    objects.append(_FONT)
    return pdf(path, objects)


def deflate_bomb_pdf(path: Path) -> Path:
    """A PDF whose page is 480 MB of spaces, in 2 MB."""
    squeeze = zlib.compressobj(1)
    piece = b" " * (16 << 20)
    packed = b"".join(squeeze.compress(piece) for _ in range(30)) + squeeze.flush()
    return pdf(path, [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>",
        stream(packed, b"/Filter/FlateDecode"),
    ])  # fmt: skip


def chinese_mail(path: Path) -> Path:
    """A mail of old Chinese programs: raw GBK in headers and names, a GB 2312 that is GBK, a mail within."""
    inner = EmailMessage()
    inner["From"], inner["To"], inner["Subject"] = "a@example.cn", "b@example.cn", "内层邮件"
    inner.set_content("最里面的正文：金额 3,200 元")
    book = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append(["编号", "金额"])
    workbook.active.append(["甲-001", 1200])
    workbook.save(book)
    outer = EmailMessage()
    outer["From"], outer["To"] = "lin@example.cn", "wang@example.cn"
    outer["Date"] = "Tue, 05 Mar 2024 09:15:00 +0800"
    outer["Subject"] = "SUBJECT"
    outer.set_content("BODY", charset="us-ascii")
    outer.add_attachment(
        book.getvalue(), maintype="application", subtype="octet-stream", filename="NAME.xlsx",
    )  # fmt: skip
    outer.add_attachment(inner, filename="inner.eml")
    content = outer.as_bytes()
    content = content.replace(b"SUBJECT", "关于合同编号镕１２的通知".encode("gb18030"))
    content = content.replace(b'charset="us-ascii"', b'charset="gb2312"').replace(b"BODY", "朱镕基签收".encode("gbk"))
    content = content.replace(b"7bit", b"8bit", 1).replace(b"NAME.xlsx", "报价单.xlsx".encode("gbk"))
    path.write_bytes(content)
    return path
