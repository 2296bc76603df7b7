"""Texts that a stranger may send to a terminal or a report, each between `a` and `b`, and texts that look like them."""

# ruff: noqa: RUF001  # some letters look like others
from __future__ import annotations

import unicodedata

HOSTILE = tuple(
    f"a{inside}b"
    for inside in (
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07",
        "\x1b]52;c;cm0gLXJmIH4=\x07",
        "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
        "\x1bP+q544e\x1b\\",
        "\x1b[2J\x1b[H",
        "\x9b2J",
        "\x9d52;c;AA\x9c",
        "\r\x1b[Kforged",
        "\rforged",
        "\x00",
        "\x08\x08\x08",
        "\x7f",
        "\x0b\x0c",
        "\x85",
        "\u00ad",
        "\u034f",
        "\u061c",
        "\u115f\u1160",
        "\u17b4",
        "\u180e",
        "\u200b\u200c\u200d",
        "\u200e\u200f",
        "\u2028forged",
        "\u2029forged",
        "\u202egpj.exe\u202c",
        "\u2066\u2067\u2068\u2069",
        "\u2060\u2061\u2064",
        "\u206a\u206f",
        "\u3164",
        "\ufe00\ufe0e\ufe0f",
        "\ufeff",
        "\uffa0",
        "\ufff9\ufffb",
        "\ud800",
        "\udcff",
        "\U0001d173",
        "\U000e0001",
        "".join(chr(0xE0000 + ord(c)) for c in "rm -rf"),
        "😀" + "".join(chr(0xE0100 + i) for i in range(8)),
    )
)
LEGITIMATE = (
    "größe naïve e\u0301",
    "[bold]größe[/bold] 🏁",
    "مرحبا بالعالم",
    "می\u200cخواهم",
    "שָׁלוֹם עולם",
    "क\u094d\u200dष",
    "日本語 葛\U000e0100城",
    "Привет, мир",
    "👩\u200d💻 🏳\ufe0f\u200d🌈 👨\u200d👩\u200d👧 👩🏽\u200d🚀 ❤\ufe0f\u200d🔥",
    "❤\ufe0f ☎\ufe0e 1\ufe0f\u20e3 ©\ufe0f ‼\ufe0f",
    "ᠮᠣᠩᠭᠣᠯ\u180b",
    "5 ± 1 → ∞ — “quoted” …",
)
# What none of the outputs may contain, whatever stands beside it.
_ALWAYS = frozenset(
    (0xAD, 0x34F, 0x61C, 0x180E, 0x200B, 0x3164, 0xFEFF, *range(0x2028, 0x202F), *range(0x2060, 0x2070))
)


def acting(text: str, *, lines: bool = False) -> list[str]:
    """List the characters of a text that a terminal acts on; with lines, line breaks and tabs are none."""
    return [c for c in text if _acts(c) and not (lines and c in "\n\t")]


def _acts(character: str) -> bool:
    code = ord(character)
    if code in _ALWAYS or 0xE0000 <= code <= 0xE00FF:
        return True
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or code in (0x200E, 0x200F)
