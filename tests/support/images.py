"""Images as programs write them, small, and one that would do harm if it were more than an image."""

from __future__ import annotations

import struct
import zlib


def png(red: int, width: int = 40, height: int = 30) -> bytes:
    """Return a PNG in one colour."""
    rows = (b"\0" + bytes((red, 90, 160)) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


HOSTILE_SVG = b"""\
<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30" onload="alert(1)">
<script>alert(2); fetch('https://example.org')</script>
<image href="https://example.org/x.png" width="9" height="9"/>
<rect width="40" height="30" fill="teal"/></svg>
"""
