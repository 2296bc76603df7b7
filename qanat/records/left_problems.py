"""What went wrong in processes whose output nobody sees, as in the background, until a command reads it out."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from qanat.domain.layout import PROBLEMS
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.system import files

_SHOWN_MAX = 10
_BYTES_MAX = 2**16


def leave(private: Path, sentence: str, sharing: Sharing = UNSHARED) -> None:
    """Leave a sentence for this user's next command, if that is possible."""
    path = private / PROBLEMS / str(os.geteuid())
    with contextlib.suppress(OSError):
        files.make_folder(path.parent, sharing)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            os.write(descriptor, f"{' '.join(sentence.split())}\n".encode())
        finally:
            os.close(descriptor)


def take(private: Path) -> list[str]:
    """Return the sentences that were left for this user since the last time."""
    path = private / PROBLEMS / str(os.geteuid())
    taken = path.with_name(f"{path.name}-{os.getpid()}")
    try:
        path.rename(taken)  # so that no other command reads them, too
        descriptor = os.open(taken, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        is_own = os.fstat(descriptor).st_uid == os.geteuid()
        text = os.read(descriptor, _BYTES_MAX).decode("utf-8", "replace") if is_own else ""
    except OSError:
        text = ""
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            taken.unlink()
    return [*dict.fromkeys(text.splitlines())][:_SHOWN_MAX]
