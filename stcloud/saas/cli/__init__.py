"""The command line: one command is one method (ring: saas).

A command parses its options, calls one method and prints one answer: data on stdout, notes and progress on
stderr. `app.py` puts the commands together; `exits.py` turns errors into exit codes; `signals.py` ends cleanly.
"""

from __future__ import annotations

import sys
from typing import Any

from stcloud.saas.cli.signals import end_cleanly, ended_by, interruption, say

__all__ = ["main"]


def main() -> None:
    """Run the command line; exit with its code. What is heavy is imported here, where an interrupt is heard."""
    try:
        with end_cleanly():
            from stcloud.saas.cli.app import app as commands  # noqa: PLC0415
            from stcloud.saas.cli.app import run  # noqa: PLC0415

            globals()["app"] = commands
            code = run()
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt) and ended_by() is None:
            raise
        code, text = interruption()
        say(text)
    sys.exit(code)


def __getattr__(name: str) -> Any:
    """Import ``app`` when it is first used: this module stays light."""
    if name != "app":
        raise AttributeError(f"module 'stcloud.saas.cli' has no attribute {name!r}")
    from stcloud.saas.cli.app import app as commands  # noqa: PLC0415

    globals()["app"] = commands
    return commands
