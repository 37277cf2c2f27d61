"""The console: a page with two clocks, for people who type no command (ring: saas).

Knows its own files. Must not know questions or the service: the page asks the service as any other client does, and
computes no number of its own. `notebook.py` alone knows cities and answers, which it is given.

Nouns: the page (``page/``: plain ES modules, styles, words), its vendored libraries (``page/vendor``, with their
licences and checksums), `ConsoleFiles` (what a browser is given), `ConsoleWidget` (the page in a cell of a notebook).

Start reading at `page/main.js`, then `page/core/state.js`: all that the page shows is in its address.
"""

from stcloud.saas.console.consolefiles import ConsoleFiles, console_files

__all__ = ["ConsoleFiles", "console_files"]
