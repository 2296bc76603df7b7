"""Arguments that are hard on shells and schedulers: one list for every test that passes arguments to a program."""

from __future__ import annotations

NASTY = (
    "",
    " ",
    "two words",
    " spaces at  both ends ",
    "'",
    '"',
    "it's",
    'a "quote"',
    "\\",
    "\\n",
    "$HOME",
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "| touch pwned",
    "&& touch pwned",
    "> pwned",
    "*",
    "~",
    "#",
    "!",
    "%s",
    "%a%j",
    "--",
    "-n",
    "=",
    "{a,b}",
    "line\nbreak",
    "\n",
    "tab\there",
    "é 🏁",
)
"""None of these may be changed, split, joined, lost or executed on its way to a program."""

FOLDER = 'it\'s "here"; $(touch pwned) `x` & *\nétoile'
"""The name of a folder that is hard on scripts."""
