"""What a user is told: settings with a program that writes its messages down."""

from __future__ import annotations

import json
from pathlib import Path

# A message may have several lines, and each is one JSON text here.
PROGRAM = """\
#!/usr/bin/env python3
import json, os, sys
variables = {name: value for name, value in os.environ.items() if name.startswith("QANAT_")}
with open(sys.argv[1], "a") as file:
    print(json.dumps([*sys.argv[2:], variables]), file=file)
"""


class Notified:
    """The settings of a user, and the messages that the user has got."""

    def __init__(self, config: Path) -> None:
        self.file = config / "qanat" / "settings.yaml"
        self.file.parent.mkdir(parents=True)
        self._log, self._program = config / "messages", config / "program"
        self._program.write_text(PROGRAM)
        self._program.chmod(0o755)
        self.set()

    def set(self, **keys: object) -> None:
        """Write the settings, with other keys of `notify`; by default, the program is all that it has."""
        command = [str(self._program), str(self._log), "{title}", "{text}"]
        self.file.write_text(json.dumps({"schema": "settings/1", "notify": {"command": command} | keys}))

    @property
    def messages(self) -> list[tuple[str, str, dict[str, str]]]:
        """The messages so far: title, text and the variables of qanat."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [(title, text, variables) for title, text, variables in map(json.loads, lines)]

    @property
    def titles(self) -> list[str]:
        """The titles of the messages so far."""
        return [title for title, _, _ in self.messages]
