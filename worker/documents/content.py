"""What a file is by its content, whatever its name says."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

_PDF = re.compile(rb"%PDF-\d")
_HEAD = 4096
_PDF_WITHIN = 1024  # readers take a PDF whose first bytes are something else


@dataclass(frozen=True, slots=True)
class Type:
    """One type of files.

    Attributes:
        name: ours.
        mime: the media type.
        suffixes: with which its files are named; the first is the usual one.
    """

    name: str
    mime: str
    suffixes: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES: dict[str, Type] = {
    type_.name: type_
    for type_ in (
        Type("pdf", "application/pdf", (".pdf", ".ai")),
        Type("docx", _OFFICE + "wordprocessingml.document", (".docx", ".docm", ".dotx", ".dotm")),
        Type("xlsx", _OFFICE + "spreadsheetml.sheet", (".xlsx", ".xlsm", ".xltx", ".xltm", ".et")),
        Type("xlsb", "application/vnd.ms-excel.sheet.binary.macroEnabled.12", (".xlsb",)),
        Type("pptx", _OFFICE + "presentationml.presentation", (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm")),
        Type("xls", "application/vnd.ms-excel", (".xls", ".xlt", ".et")),
        Type("doc", "application/msword", (".doc", ".dot", ".wps")),
        Type("ppt", "application/vnd.ms-powerpoint", (".ppt", ".pps", ".dps")),
        Type("msg", "application/vnd.ms-outlook", (".msg",)),
        Type(
            "ole", "application/x-ole-storage", (".doc", ".xls", ".ppt", ".msg", ".wps", ".et", ".dps", ".msi", ".db")
        ),
        Type("office-encrypted", "application/x-ole-storage", (".docx", ".xlsx", ".pptx", ".docm", ".xlsm", ".pptm")),
        Type("ods", "application/vnd.oasis.opendocument.spreadsheet", (".ods", ".ots")),
        Type("odt", "application/vnd.oasis.opendocument.text", (".odt", ".ott")),
        Type("odp", "application/vnd.oasis.opendocument.presentation", (".odp", ".otp")),
        Type("epub", "application/epub+zip", (".epub",)),
        Type("ofd", "application/ofd", (".ofd",)),
        Type("zip", "application/zip", (".zip", ".jar", ".apk", ".whl", ".kmz", ".xmind", ".ofd")),
        Type("eml", "message/rfc822", (".eml", ".mht", ".mhtml")),
        Type("html", "text/html", (".html", ".htm", ".xhtml", ".xls", ".doc")),
        Type("xml", "application/xml", (".xml", ".svg", ".xsd", ".xsl", ".xslt", ".rss", ".gpx", ".kml", ".plist")),
        Type("rtf", "application/rtf", (".rtf", ".doc")),
        Type("text", "text/plain", ()),  # any ending that is not that of another type
        Type("jpeg", "image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif")),
        Type("png", "image/png", (".png", ".apng")),
        Type("gif", "image/gif", (".gif",)),
        Type("tiff", "image/tiff", (".tif", ".tiff", ".dng", ".nef", ".cr2")),
        Type("bmp", "image/bmp", (".bmp", ".dib")),
        Type("webp", "image/webp", (".webp",)),
        Type("heic", "image/heic", (".heic", ".heif", ".hif")),
        Type("avif", "image/avif", (".avif",)),
        Type("ico", "image/vnd.microsoft.icon", (".ico",)),
        Type("mp4", "video/mp4", (".mp4", ".m4v", ".m4a", ".mov", ".3gp")),
        Type("matroska", "video/x-matroska", (".mkv", ".webm")),
        Type("avi", "video/x-msvideo", (".avi",)),
        Type("wav", "audio/wav", (".wav",)),
        Type("mp3", "audio/mpeg", (".mp3",)),
        Type("amr", "audio/amr", (".amr",)),
        Type("ogg", "audio/ogg", (".ogg", ".oga", ".ogv", ".opus")),
        Type("flac", "audio/flac", (".flac",)),
        Type("rar", "application/vnd.rar", (".rar",)),
        Type("7z", "application/x-7z-compressed", (".7z",)),
        Type("gzip", "application/gzip", (".gz", ".tgz")),
        Type("bzip2", "application/x-bzip2", (".bz2", ".tbz2")),
        Type("xz", "application/x-xz", (".xz", ".txz")),
        Type("tar", "application/x-tar", (".tar",)),
        Type("exe", "application/vnd.microsoft.portable-executable", (".exe", ".dll", ".sys", ".scr", ".com", ".pyd")),
        Type("elf", "application/x-executable", (".so", ".o", ".bin", "")),
        Type("sqlite", "application/vnd.sqlite3", (".db", ".sqlite", ".sqlite3")),
        Type("ttf", "font/ttf", (".ttf", ".otf", ".ttc")),
        Type("caj", "application/caj", (".caj", ".nh", ".kdh")),
        Type("empty", "application/x-empty", ()),
        Type("unknown", "application/octet-stream", ()),
    )
}

# At the very start of a file.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF87a", "gif"), (b"GIF89a", "gif"),
    (b"II*\0", "tiff"), (b"MM\0*", "tiff"), (b"II+\0", "tiff"), (b"MM\0+", "tiff"), (b"{\\rtf", "rtf"),
    (b"Rar!\x1a\x07", "rar"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x1f\x8b\x08", "gzip"), (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"), (b"SQLite format 3\0", "sqlite"), (b"\x7fELF", "elf"), (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"OggS", "ogg"), (b"fLaC", "flac"), (b"ID3", "mp3"), (b"#!AMR", "amr"), (b"\0\0\x01\0", "ico"),
    (b"\0\x01\0\0\0", "ttf"), (b"OTTO", "ttf"), (b"ttcf", "ttf"), (b"CAJ\0", "caj"), (b"HN\0\0", "caj"),
)  # fmt: skip
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_BRANDS = {b"heic": "heic", b"heix": "heic", b"heif": "heic", b"mif1": "heic", b"msf1": "heic", b"avif": "avif"}
_ODF = {b"opendocument.text": "odt", b"opendocument.spreadsheet": "ods", b"opendocument.presentation": "odp"}
_MAIN = (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx"))
_HEADER = re.compile(
    rb"(?:Received|Return-Path|From|To|Date|Subject|Message-ID|MIME-Version|Delivered-To|X-[\w-]+|Content-Type|"
    rb"DKIM-Signature|Reply-To|Sender|Cc|ARC-[\w-]+|Authentication-Results):[ \t]?",
    re.I,
)
_TELLING = re.compile(rb"^(?:From|Date|Subject|Message-ID|Received|To|MIME-Version|Content-Type):", re.I | re.M)


def detect(path: Path) -> Type:
    """What the file is.

    Raises:
        OSError: it cannot be read at all.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return TYPES[_name(path, head)]


def lies(name: str, type_: Type) -> bool:
    """Whether the ending of `name` says something else than the content does.

    A plain text may have any ending that is not that of a binary type; an unknown or missing ending says nothing.
    """
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot > 0 else ""
    if not suffix or type_.name in ("empty", "unknown"):
        return False
    if type_.suffixes and suffix in type_.suffixes:
        return False
    said = [t for t in TYPES.values() if suffix in t.suffixes]
    if type_.name in ("text", "html", "xml", "eml"):
        return any(t.name not in ("text", "html", "xml", "eml") for t in said)
    # A binary type under the name of a text (`.txt`) lies too.
    return bool(said) or suffix in (".txt", ".csv", ".tsv", ".md", ".log", ".json", ".ini", ".yaml", ".yml", ".py")


def _name(path: Path, head: bytes) -> str:
    if not head:
        return "empty"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "unknown")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "mp4")
    if head.startswith(b"BM") and len(head) > 26 and head[14:18] in (b"\x28\0\0\0", b"\x0c\0\0\0", b"\x7c\0\0\0"):
        return "bmp"
    if head.startswith(b"MZ") and b"\0" in head[:64]:
        return "exe"
    if head[257:262] == b"ustar":
        return "tar"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path)
    if _PDF.search(head[:_PDF_WITHIN]):
        return "pdf"
    if len(head) > 1 and head[0] == 0xFF and head[1] in (0xFB, 0xF3, 0xF2, 0xFA):
        return "mp3"
    return _text(path, head)


def _ole(path: Path) -> str:
    """Which of the programs of the nineties, or an encrypted package of today."""
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as ole:
            names = {entry[0].lower() for entry in ole.listdir(streams=True, storages=False)}
    except Exception:  # olefile raises many things on a damaged file
        return "ole"
    if "encryptedpackage" in names:
        return "office-encrypted"
    for stream, name in (
        ("worddocument", "doc"), ("workbook", "xls"), ("book", "xls"), ("powerpoint document", "ppt"),
        ("__properties_version1.0", "msg"),
    ):  # fmt: skip
        if stream in names:
            return name
    return "ole"


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            mime = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except Exception:  # zipfile raises many things on a damaged file
        # Cut off in the middle: the first part still tells.
        with path.open("rb") as file:
            head = file.read(1 << 16)
        for prefix, name in _MAIN:
            if b"[Content_Types].xml" in head and prefix.encode() in head:
                return name
        return "zip"
    for word, name in _ODF.items():
        if word in mime:
            return name
    if b"epub" in mime:
        return "epub"
    if any(name.lower() == "[content_types].xml" for name in names):
        if "xl/workbook.bin" in names:
            return "xlsb"
        for prefix, name in _MAIN:
            if any(entry.startswith(prefix) for entry in names):
                return name
    return "ofd" if "OFD.xml" in names else "zip"


def _text(path: Path, head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    lower = start[:1024].lower()
    if lower.startswith((b"<!doctype html", b"<html")) or (lower.startswith(b"<") and b"<html" in lower):
        return "html"
    if lower.startswith(b"<?xml"):
        return "xml"
    if _is_mail(start):
        return "eml"
    from tabular.encoding import detect as decoded
    from tabular.errors import TableError

    try:
        decoded(path)
    except TableError:
        return "unknown"
    return "text" if _is_text(head) else "unknown"


def _is_mail(start: bytes) -> bool:
    """A header such as mail has stands in the first line, and at least two that tell are there."""
    if start.startswith(b"From ") and b"\n" in start:  # a mailbox's own line before the mail
        start = start.split(b"\n", 1)[1]
    if not _HEADER.match(start):
        return False
    headers = re.split(rb"\r?\n\r?\n", start, maxsplit=1)[0]
    telling = {found.lower() for found in _TELLING.findall(headers)}
    return len(telling) >= 2 or re.match(rb"Content-Type:\s*multipart/", headers, re.I) is not None


def _is_text(head: bytes) -> bool:
    """No more control characters than a text has; encodings of one byte decode anything."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head.count(b"\0") > len(head) // 4:
        return True  # UTF-16, which `detect` has decoded as a whole
    odd = sum(1 for byte in head if byte < 32 and byte not in (9, 10, 12, 13, 27))
    return odd <= len(head) // 100
