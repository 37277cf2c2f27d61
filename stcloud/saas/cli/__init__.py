"""The command line: one command is one method (ring: saas).

A command parses its options, calls one method and prints one answer: data on stdout, notes and progress on
stderr. `app.py` puts the commands together; `exits.py` turns errors into exit codes.
"""

from stcloud.saas.cli.app import app, main

__all__ = ["app", "main"]
