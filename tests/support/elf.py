"""Files in ELF, the format of programs and libraries on Linux, as small as they can be."""

from __future__ import annotations

import struct

NEEDED, STRINGS, RPATH, RUNPATH = 1, 5, 15, 29
_AT = 0x400000


def program(*entries: tuple[int, str]) -> bytes:
    """Return a file with these entries in its dynamic section, such as (NEEDED, "libm.so.6")."""
    strings, rows = b"\0", []
    for tag, text in entries:
        rows.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    dynamic_at = 64 + 2 * 56
    strings_at = dynamic_at + 16 * (len(rows) + 2)
    dynamic = b"".join(struct.pack("<QQ", *row) for row in (*rows, (STRINGS, _AT + strings_at), (0, 0)))
    whole = strings_at + len(strings)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0
    )
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, _AT, _AT, whole, whole, 0x1000)
    place = struct.pack("<IIQQQQQQ", 2, 6, dynamic_at, _AT + dynamic_at, 0, len(dynamic), len(dynamic), 8)
    return head + load + place + dynamic + strings
