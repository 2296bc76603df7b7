"""What an idle job asks for, next to what the slots of its pool have; part of the worker, which loads it by its path.

Slots that are split up into others (partitionable ones) count with all that they have, whether or not it is in use: the
question is whether the job could run once it is its turn. The slots that they were split into do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

RESOURCES = ("Cpus", "Memory", "Disk", "GPUs")
_IN_TOTAL = {name: f"TotalSlot{name}" for name in RESOURCES}
_BRIEFLY = ["Name", "PartitionableSlot", *_IN_TOTAL, *_IN_TOTAL.values()]
_UNDIVIDED = 'SlotType =!= "Dynamic"'
# Of a larger pool, only what the expressions mention is fetched, as told from a few of its slots.
_WHOLE_MAX = 100
_SAMPLE = 3
# The universes whose jobs are matched with slots: vanilla, java and vm.
_MATCHED_UNIVERSES = (5, 10, 13)
_ATTRIBUTES_MAX = 1_000


def explain(htcondor2: Any, job: Any) -> dict[str, Any]:
    """Return what tells why a job is idle; empty for a job that the negotiator does not match with slots.

    `requests` and `largest` are amounts by resource, in the units of the ads. `slots` counts the pool's, `fitting`
    those with enough of everything, `matching` those that also meet the job's requirements, of which `unmet` lists the
    ones that no slot meets, and `accepting` those that would also take the job. Counting ends at the first 0.
    """
    if job.get("JobUniverse", 5) not in _MATCHED_UNIVERSES:
        return {}
    collector, kind = htcondor2.Collector(), htcondor2.AdType.Startd
    requests = {name: amount for name in RESOURCES if (amount := _number(job, f"Request{name}"))}
    slots = [_in_total(slot) for slot in collector.query(kind, _UNDIVIDED, _BRIEFLY)]
    largest = {name: max((_number(slot, name) for slot in slots), default=0) for name in requests}
    fitting = [slot for slot in slots if all(_number(slot, name) >= requests[name] for name in requests)]
    found: dict[str, Any] = {"requests": requests, "largest": largest, "slots": len(slots), "fitting": len(fitting)}
    found |= {"rejection": str(job.get("LastRejMatchReason", "")).strip()}
    if not fitting:
        return found
    names = {slot.get("Name") for slot in fitting}
    whole = [slot for slot in _with_expressions(collector, kind, job, slots) if slot.get("Name") in names]
    matching = [slot for slot in whole if slot.matches(job)]
    found |= {"matching": len(matching), "unmet": [] if matching else _unmet(job, whole)}
    return found | ({"accepting": sum(job.matches(slot) for slot in matching)} if matching else {})


def _number(ad: Any, name: str) -> float:
    """Return the value of an attribute, which may be an expression; 0 if it is not a number."""
    value = ad.eval(name) if name in ad else 0
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _in_total(slot: Any) -> Any:
    """Return a partitionable slot as it is when nothing of it is in use; any other slot unchanged."""
    if slot.get("PartitionableSlot") is True:
        for name, total in _IN_TOTAL.items():
            if total in slot:
                slot[name] = slot.eval(total)
    return slot


def _with_expressions(collector: Any, kind: Any, job: Any, slots: list[Any]) -> list[Any]:
    """Fetch the slots again, with all that the requirements of the job and their own depend on."""
    if len(slots) <= _WHOLE_MAX:
        wanted: list[str] = []
    else:
        sample = [slots[len(slots) * n // _SAMPLE].get("Name", "") for n in range(_SAMPLE)]
        examples = collector.query(kind, " || ".join(f'Name == "{name}"' for name in sample))
        wanted = sorted({*_BRIEFLY, *(name for slot in examples for name in _mentioned(job, slot))})
    return [_in_total(slot) for slot in collector.query(kind, _UNDIVIDED, wanted)]


def _mentioned(job: Any, slot: Any) -> set[str]:
    """Return the attributes of a slot that its requirements and those of a job depend on, through any of the others."""
    found: set[str] = set()
    left = ["Requirements", *(ref.rpartition(".")[2] for ref in job.externalRefs(job.lookup("Requirements")))]
    while left and len(found) < _ATTRIBUTES_MAX:
        name = left.pop()
        if name in found or name not in slot:
            continue
        found.add(name)
        expression = slot.lookup(name)
        if not isinstance(expression, str | int | float | bool | list | dict):
            left += slot.internalRefs(expression)
    return found


def _unmet(job: Any, slots: list[Any]) -> list[str]:
    """List the parts of a job's requirements that no slot meets; what is in use just now does not count."""
    text = str(job.lookup("Requirements"))
    parse = type(job.lookup("Requirements"))
    return [
        part
        for part in conjuncts(text)
        if "available" not in part.lower() and not any(parse(part).eval(job, slot) is True for slot in slots)
    ]


def conjuncts(text: str) -> list[str]:
    """Return the conditions that an expression joins by `&&`, without the parentheses around them."""
    text = _bare(text)
    parts = list(_split(text))
    return parts if len(parts) == 1 else [inner for part in parts for inner in conjuncts(part)]


def _split(text: str) -> Iterator[str]:
    """Yield what is between the `&&` outside parentheses and strings; the whole text if there is an `||` or `?` too."""
    start, cuts = 0, [place for place, mark in _marks(text) if mark == "&&"]
    if any(mark in ("||", "?") for _, mark in _marks(text)):
        cuts = []
    for cut in cuts:
        yield _bare(text[start:cut])
        start = cut + 2
    yield _bare(text[start:])


def _bare(text: str) -> str:
    """Return an expression without parentheses around the whole of it."""
    text = text.strip()
    while text.startswith("(") and next((place for place, mark in _marks(text) if mark == ")"), -1) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _marks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the operators outside parentheses, and the parentheses that close them, with their places."""
    depth, place = 0, 0
    while place < len(text):
        character = text[place]
        if character in "\"'":
            place = _end_of_string(text, place)
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth == 0:
                yield place, character
        elif text[place : place + 3] in ("=?=", "=!="):
            place += 2
        elif depth == 0 and (character == "?" or text[place : place + 2] in ("&&", "||")):
            yield place, character if character == "?" else text[place : place + 2]
            place += character != "?"
        place += 1


def _end_of_string(text: str, start: int) -> int:
    """Return the place of the quote that ends the string beginning here."""
    place = start + 1
    while place < len(text) and text[place] != text[start]:
        place += 2 if text[place] == "\\" else 1
    return place
