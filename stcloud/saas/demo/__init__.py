"""The demo: an invented city, and questions to it (ring: saas).

Knows the commands and what a file for them looks like. Must not know how anything is answered: it runs commands as a
person would. All data are drawn from one seed; no file but those that it writes is read.

Nouns: the *ground* is streets and communities; a *survey* is the street lamps at one day; *requests* are what people
reported; a *tour* is the commands in order, each with a line that says what for.

Start reading at `tour.py`; `files.py` writes what it loads.
"""

from stcloud.saas.demo.tour import run

__all__ = ["run"]
