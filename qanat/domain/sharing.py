"""The permissions of what qanat writes where several users share a repository."""

from __future__ import annotations

import stat
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who may use what qanat writes.

    `bits` are the permissions of a file that are added to what the umask leaves. With `exact`, they take its place.
    """

    bits: int = 0
    exact: bool = False

    def mode(self, before: int) -> int:
        """Return the permissions of a file or folder that has `before`, by the rules of calc_shared_perm() in git."""
        bits = self.bits if before & stat.S_IWUSR else self.bits & ~0o222
        if before & stat.S_IXUSR:
            bits |= (bits & 0o444) >> 2
        mode = (stat.S_IMODE(before) & ~0o777 if self.exact else stat.S_IMODE(before)) | bits
        if stat.S_ISDIR(before):
            mode |= (mode & 0o444) >> 2
            # What is created inside belongs to the same group.
            mode |= stat.S_ISGID if mode & 0o060 else 0
        return mode

    @property
    def umask(self) -> str:
        """The argument of a shell's `umask` with which programs give others these permissions; empty for UNSHARED."""
        if not self.bits:
            return ""
        rights = {"g": _letters(self.bits >> 3), "o": _letters(self.bits)}
        if self.exact:
            return f"u=rwx,g={rights['g']},o={rights['o']}"
        return ",".join(f"{who}+{letters}" for who, letters in rights.items() if letters)


UNSHARED = Sharing()


def _letters(bits: int) -> str:
    """Return the letters of the lowest three bits; permission to read includes permission to enter a folder."""
    return ("rx" if bits & 0o4 else "") + ("w" if bits & 0o2 else "")
