"""Pages made from the code: `cli` from the commands, `errors` from the calls that raise, `api` from docstrings."""

GENERATED = "<!-- Written by docs/generate.py; edits are lost. -->\n\n<!-- fmt: off -->"
