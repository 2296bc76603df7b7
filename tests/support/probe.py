"""A program that prints what a process inherits, then ends as its first argument says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path


def state() -> dict[str, object]:
    """Return everything that a process inherits, and what Python makes of it."""
    umask = os.umask(0)
    files = sorted(int(file.name) for file in Path("/dev/fd").iterdir() if file.exists())
    streams = [sys.stdin, sys.stdout, sys.stderr]
    terminals = [stream.isatty() for stream in streams]
    return {
        "name": __name__,
        "file": __file__,
        "arguments": sys.argv,
        "path": sys.path,
        "cwd": str(Path.cwd()),
        "environment": dict(os.environ),
        "umask": umask,
        "time zone": time.tzname,
        "open files": files,
        "terminals": terminals,
        "streams": [(s.encoding, s.errors, s.line_buffering, s.write_through, s.seekable()) for s in streams],
        "signals": {int(number): str(signal.getsignal(number)) for number in signal.valid_signals()},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "session": os.getsid(0),
        "process group": os.getpgid(0),
        "foreground": os.tcgetpgrp(0) if terminals[0] else None,
        "threads": threading.active_count(),
        "warnings": [str(found) for found in warnings.filters],
        "stdin": sys.stdin.read(),
    }


if __name__ == "__main__":
    print(json.dumps(state(), sort_keys=True))
    match sys.argv[1]:
        case "exit":
            sys.exit(int(sys.argv[2]))
        case "return":
            pass
        case "message":
            sys.exit("a message")
        case "raise":
            raise ValueError("a value")
        case "signal":
            sys.stdout.flush()
            os.kill(os.getpid(), int(sys.argv[2]))
        case "compute":
            while True:
                pass
        case "allocate":
            bytearray(b"x") * int(sys.argv[2])
        case "read":
            Path(sys.argv[2]).read_text()
        case "write":
            Path(sys.argv[2]).write_text("")
        case "wait":
            with subprocess.Popen(["sleep", "100"], start_new_session=True) as sleeper:
                Path(sys.argv[2]).write_text(f"{os.getppid()} {os.getpid()} {sleeper.pid}")
