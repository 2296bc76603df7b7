"""How a user is notified of runs, and a message about some."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

ENDED, FIRST_FAILURE = "ended", "first_failure"
_PLACE = re.compile(r"\{(title|text)\}")


@dataclass(frozen=True, slots=True)
class Message:
    """What a user is told: a line, the lines below it, and variables for the program that sends it."""

    title: str
    text: str
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notify:
    """The ways in which a user is notified, and of what: of runs that took at least `after_s`, on these occasions."""

    command: Sequence[str] = ()
    apprise: Sequence[str] = ()
    when: Sequence[str] = (ENDED, FIRST_FAILURE)
    after_s: int = 0

    def command_for(self, message: Message) -> list[str]:
        """Return the program and its arguments, with the message in them."""
        program, *arguments = self.command
        texts = {"title": message.title, "text": message.text}
        return [program, *(_PLACE.sub(lambda place: texts[place[1]], argument) for argument in arguments)]

    @property
    def services(self) -> list[str]:
        """The schemes of the addresses for Apprise, whose other parts are secrets."""
        return [f"{scheme_of(address)}://…" for address in self.apprise]


def scheme_of(address: str) -> str:
    """Return the part of an address that names the service."""
    return address.partition(":")[0]
