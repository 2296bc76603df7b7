"""Packing the facts about a run and its record as JSON texts, most of which is the same in all of them."""

from __future__ import annotations

import zlib

# What a record usually contains. What is nearest to the end is found first.
USUAL = (
    b'[1,"000000","","",[""],"2026-01-01T00:00:00+00:00","2026-01-01T00:00:00.000+00:00",0.0," <@>","local","","",'
    b'"finished",{},[],null,[],[],[[0,"finished","2026-01-01T00:00:00.000+00:00","2026-01-01T00:00:00.000+00:00",null,'
    b'{"--":"","--seed":""},{"accuracy":0.5},{},null,[],[],[],1]],[],null,null,{},1,1,[]]'
    b'"origin": {"tool": "", "id": ""}, "rerun_of": null, "environment": "", "machines": [""], "data": [{"name": "", '
    b'"track": "stamps", "files": 1, "links": 0, "bytes": 1, "newest": "2026-01-01T00:00:00+00:00"}], "key": '
    b'{"code": "", "command": ""}, "container": {"image": "", "identity": ""}, "attempt": 2, "earlier": [{"attempt": '
    b'1, "signal": 9, "used": {"cpu_s": 1.0, "memory_mib": 100}, "curves": {"loss": {"last": [0.1, 10], "min": '
    b'[0.1, 10], "max": [0.1, 10], "count": 10}}, "outputs": {"files": 1, "bytes": 1, "digest": ""}, "template": '
    b'"default", "submitted": "2026-01-01T00:00:00+00:00", "schedd": "", "cluster": "", "checkout": "", "cancelled", '
    b'"lost", "queued", "running", "state": "failed", "exit_code": 1, "reason": "exit code 1", '
    b'{"schema": "run/2", "id": "1-000000", "experiment": "", "description": "", "tags": [], "created": '
    b'"2026-01-01T00:00:00+00:00", "author": " <@>", "host": "", "code": {"commit": "", "tree": "", "branch": "main", '
    b'"snapshot": false, "workdir": "project"}, "command": ["python", ".py"], "datasets": {}, "parameters": {"args": '
    b'["--"], "groups": [], "ranges": []}, "runner": {"name": "local", "options": {}}, "storage": "results//run_", '
    b'"submission": {"intent": "", "pid": 1, "process_start": ""}, "state": "finished", "started": '
    b'"2026-01-01T00:00:00.000+00:00", "ended": "2026-01-01T00:00:00.000+00:00", "groups": [{"group": 0, "args": '
    b'["--", ""], "job": "1", "state": "finished", "exit_code": 0, "started": "2026-01-01T00:00:00.000+00:00", '
    b'"ended": "2026-01-01T00:00:00.000+00:00", "metrics": {"accuracy": 0.5}}]}'
)
# A window of 4 KiB holds all of it, and a small one costs little to begin with.
_WINDOW, _MEMORY, _LEVEL = -12, 4, 6


def pack(facts: str, record: str) -> tuple[int, bytes]:
    """Return two texts as one in a form that takes less space, and the length of the first."""
    first = facts.encode()
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=USUAL)
    return len(first), packer.compress(first + record.encode()) + packer.flush()


def facts_in(length: int, data: bytes) -> str:
    """Return the first of two texts that were packed. Raises zlib.error."""
    return zlib.decompressobj(_WINDOW, zdict=USUAL).decompress(data, length).decode()


def record_in(length: int, data: bytes) -> str:
    """Return the second of two texts that were packed. Raises zlib.error."""
    return zlib.decompressobj(_WINDOW, zdict=USUAL).decompress(data)[length:].decode()
