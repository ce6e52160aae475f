"""Pictures: size, time, camera and place; their pixels are never decoded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from worker.documents.document import Document, Unreadable

# EXIF 2.32, in the order in which they are told.
_TAGS = {
    271: "camera_make", 272: "camera_model", 305: "application", 306: "modified", 315: "artist", 33432: "copyright",
    270: "description", 274: "orientation",
}  # fmt: skip
_EXIF_TAGS = {
    36867: "taken", 36881: "time_zone", 36868: "digitized", 33434: "exposure_seconds", 33437: "f_number",
    34855: "iso", 37386: "focal_length_mm", 42036: "lens", 42033: "camera_serial",
}  # fmt: skip
_TIME = re.compile(r"(\d{4}):(\d{2}):(\d{2})(?:[ T](\d{2}:\d{2}:\d{2}))?")


def read(path: Path, type_: str) -> Document:
    """Read a picture's metadata.

    Raises:
        Unreadable: `broken`.
    """
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # nothing is decoded, so a picture of any size costs nothing
    document = Document(type_)
    try:
        with Image.open(path) as image:
            document.add_metadata("width_pixels", image.width)
            document.add_metadata("height_pixels", image.height)
            document.add_metadata("color_mode", image.mode)
            dpi = image.info.get("dpi")
            if dpi:
                document.add_metadata("resolution_dpi", f"{float(dpi[0]):g} x {float(dpi[1]):g}")
            if type_ == "tiff":
                document.pages = int(getattr(image, "n_frames", 1))
            _exif(image.getexif(), document)
            if isinstance(image.info.get("comment"), bytes):
                document.add_metadata("comment", image.info["comment"].decode("utf-8", "replace"))
    except Unreadable:
        raise
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plug-ins raise many things on a damaged file
        raise Unreadable("broken", "document_broken") from error
    return document


def _exif(exif: Any, document: Document) -> None:
    from PIL import ExifTags

    for tag, name in _TAGS.items():
        _add(document, name, exif.get(tag))
    details = exif.get_ifd(ExifTags.IFD.Exif)
    for tag, name in _EXIF_TAGS.items():
        _add(document, name, details.get(tag))
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    latitude, longitude = _degrees(place.get(2), place.get(1)), _degrees(place.get(4), place.get(3))
    if latitude is not None and longitude is not None and (latitude or longitude):
        document.add_metadata("gps", f"{latitude:.6f}, {longitude:.6f}")
    if place.get(29):
        document.add_metadata("gps_date", str(place[29]).replace(":", "-"))
    try:
        altitude = float(place[6])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return
    below_sea = place.get(5) in (1, b"\x01")
    document.add_metadata("altitude_m", f"{-altitude if below_sea else altitude:g}")


def _add(document: Document, name: str, value: Any) -> None:
    if not name or value is None:
        return
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        found = _TIME.match(value)
        if found:
            value = f"{found[1]}-{found[2]}-{found[3]}" + (f"T{found[4]}" if found[4] else "")
        document.add_metadata(name, value)
        return
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        document.add_metadata(name, value)
        return
    if name == "exposure_seconds" and 0 < number < 0.5:
        document.add_metadata(name, f"1/{round(1 / number)}")
    else:
        document.add_metadata(name, f"{number:g}")


def _degrees(value: Any, reference: Any) -> float | None:
    """Degrees, minutes, seconds as a number; south and west are negative. None: no place, or an impossible one."""
    try:
        degrees, minutes, seconds = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if isinstance(reference, bytes):
        reference = reference.decode("ascii", "replace")
    limit = 90 if reference in ("N", "S") else 180
    if not 0 <= total <= limit:
        return None
    return -total if reference in ("S", "W") else total
