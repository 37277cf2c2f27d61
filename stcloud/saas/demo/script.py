"""The commands of the tour in order, and what each is for.

Tested by `tests/saas/demo/test_tour.py`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from stcloud.saas.demo.casework import COVER

__all__ = ["CREATED", "SCRIPT", "TOWN", "DemoCommand"]

TOWN = "Alderport"


@dataclass(frozen=True, slots=True)
class DemoCommand:
    """A command of the tour.

    Parameters
    ----------
    command
        What is typed after ``stcloud``; ``{folder}`` is the folder of the city, ``{first}`` the instant at which the
        first requests were loaded.
    purpose
        What for, in a line or two; empty where the step before says it.
    title
        Of the chapter that the step begins.
    most_lines
        How many lines of the answer are shown; of a longer one the rest is counted.
    facts
        Whether the line is shown that says what the answer was made of.
    plays
        Whether the town's year of cases is played after it.
    """

    command: str
    purpose: str = ""
    title: str = ""
    most_lines: int = 16
    facts: bool = False
    plays: bool = False

    @property
    def words(self) -> list[str]:
        """The command as the words that a shell makes of it."""
        return shlex.split(self.command)


CREATED = DemoCommand(
    f"create {{folder}} --crs EPSG:32651 --zone Asia/Shanghai --calendar CN --name {TOWN}",
    "Alderport is a harbour town that does not exist. Its streets, street lamps and requests are invented by this "
    "command, the same in each run. The files are in {folder}/files, the pictures in {folder}/pictures.",
    "A city is a folder",
)

SCRIPT = (
    DemoCommand(
        "load {folder} communities {folder}/files/communities.geojson --definition communities "
        "--valid-from 2024-01-01",
        "What lies on the ground are layers of features. Each version of a feature is valid from a day on, and every "
        "row of a file is accounted for.",
    ),
    DemoCommand(
        "load {folder} streets {folder}/files/streets.geojson --definition streets --valid-from 2024-01-01",
    ),
    DemoCommand(
        "load {folder} lamps {folder}/files/lamps_2024-01.csv --definition {folder}/files/lamps.toml "
        "--valid-from 2024-01-01",
        "The survey of street lamps of 1 January:",
    ),
    DemoCommand(
        "load {folder} lamps {folder}/files/lamps_2024-07.csv --valid-from 2024-07-01",
        "The survey of 1 July, after a storm: lamps were damaged, replaced, moved, removed and added. The layer "
        "keeps both versions of a lamp, each with the period in which it was valid.",
    ),
    DemoCommand(
        "grid divide --city {folder} --communities communities --streets streets --components lamps "
        "--initial-date 2024-01-01 -o {folder}/files/cells.geojson",
        "The unit grid: cells of about 10,000 m² that follow streets and lie in one community each. A cell's code "
        "begins with those of its community and district, and is never used again.",
        "A unit grid",
    ),
    DemoCommand(
        "load {folder} grid {folder}/files/cells.geojson --definition unit-grid --valid-from 2024-01-01"
    ),
    DemoCommand("grid check {folder} grid --communities communities"),
    DemoCommand(
        "load {folder} requests {folder}/files/requests_2024.csv --definition {folder}/files/requests.toml",
        "What people reported in 2024, as it was known on 1 January 2025. Each request gets the code of the cell "
        "that contained it.",
        "A year of requests",
    ),
    DemoCommand(
        "load {folder} requests {folder}/files/requests_2024_update.csv",
        "Two weeks later: the requests of December again, more of them closed.",
    ),
    DemoCommand(
        "query {folder} requests --when 2024 --by unit --order -count --limit 5",
        "Which cells had the most requests? (Below the answer is what it was made of; it is left out further down.)",
        "Where?",
        facts=True,
    ),
    DemoCommand(
        "query {folder} requests --when 2024 --by unit -o {folder}/by-unit.csv --map {folder}/pictures/units.png "
        "--title 'Requests of 2024 by unit cell'",
        "The same for all cells, as a file for a spreadsheet and as a map:",
    ),
    DemoCommand(
        "query {folder} requests --when 2024 --measure count --measure 'days = median(days(closed - opened))' "
        "--by in:communities.name --order -days --map {folder}/pictures/days.png --shade days "
        "--title 'Days until a request is closed, 2024'",
        "How many days does a request take in each community, and where longest?",
    ),
    DemoCommand(
        "query {folder} requests --what \"subject = 'street lamp'\" --when 2024-05-27/2024-07-29 --by week "
        "--chart {folder}/pictures/weeks.png --title 'Reports of street lamps by week'",
        "When were street lamps reported? The storm came on 20 June.",
        "When?",
    ),
    DemoCommand(
        "query {folder} requests --when 2024 --by month,subject -o {folder}/by-month.csv "
        "--chart {folder}/pictures/months.png --title 'Requests of 2024 by month and subject'",
        "Every subject by month: refuse in summer, cars at the school in spring.",
    ),
    DemoCommand(
        "query {folder} requests --when 2024-03/2024-07 --days working --calendar CN --hours 07:00-09:00 "
        "--by subject",
        "What is reported on working days of spring between 7 and 9?",
    ),
    DemoCommand(
        "diff {folder} lamps 2024-01-01 2024-07-01 --map {folder}/pictures/changed.png "
        "--under streets,lamps --title 'Street lamps that changed from January to July 2024'",
        "Which lamps differ between the two surveys, and in what? The map shows all of them.",
        "What changed?",
        most_lines=22,
    ),
    DemoCommand(
        "query {folder} lamps --as-of 2024-07-01 --by status --compare as-of:2024-01-01",
        "How many lamps are in which state, compared with January?",
    ),
    DemoCommand(
        "query {folder} lamps --as-of 2024-07-01 --what \"status = 'damaged'\" --by in:communities.name "
        "--map {folder}/pictures/damaged.png --title 'Damaged street lamps, July 2024'",
        "In which communities are the damaged lamps?",
    ),
    DemoCommand(
        "history {folder} lamps L0014",
        "The history of one lamp. The first row is what was known after the first survey: no end. The second survey "
        "ended that version on 1 July, and began another.",
        most_lines=45,
    ),
    DemoCommand(
        "query {folder} requests --when 2024-12 --by status",
        "How many requests of December are open, as far as is known today?",
        "What was known when?",
        facts=True,
    ),
    DemoCommand(
        "query {folder} requests --when 2024-12 --by status --known-at {first}",
        "And with what was known after the first file? Such an answer never changes.",
        facts=True,
    ),
    DemoCommand(
        "hotspots {folder} requests --when 2024 --cell unit --every 1M --distance 100m --top 5 "
        "--map {folder}/pictures/hotspots.png --title 'Hot spots of requests, 2024'",
        "At last: where is more reported than usual, month after month, and where is that new, growing or getting "
        "better? In December a noisy building site began at the lighthouse (new). At the station there is more "
        "graffiti every month (intensifying). In Orchard potholes are repaired, and fewer are reported "
        "(diminishing). The map shows them, and its legend explains each class.",
        "What is unusual, and is it getting better?",
    ),
    DemoCommand(
        "case create {folder} matters",
        "What is reported becomes a case: filed, dispatched, handled, checked, closed. A log of cases keeps every "
        "action, with who did it, when it happened and when it was recorded. It has a workflow, and clocks that "
        "count work hours and work days of the town's calendar.",
        "A year of cases",
        plays=True,
    ),
    DemoCommand(
        f"case show {{folder}} matters {COVER}",
        "One manhole cover, from report to close. The caller was right, the first repair was not: the check failed, "
        "and the case was handled again. At the end are its clocks: that of the whole case, and those of its stages.",
        most_lines=60,
    ),
    DemoCommand(
        "case evaluate {folder} matters --by street --period 2024-11 --map {folder}/pictures/score.png "
        "--title 'Cases closed on time, November 2024'",
        "The evaluation of November by street: beside each rate are the cases that it is made of. Cases belong to "
        "the month of their deadline, and what is open and overdue stays in the count.",
        "How well was it handled?",
        facts=True,
    ),
    DemoCommand(
        "case evaluate {folder} matters --period 2024-11 --cases on_time_closing_rate:difference",
        "Every number opens into its cases: these were not closed on time.",
    ),
    DemoCommand(
        "case evaluate {folder} matters --by street --period 2024-11 --known-at 2024-12-01",
        "The same evaluation as it was known on 1 December: the devices of the crews had been offline for a week, "
        "and what they had done was not known yet. It can be asked again at any time, and is never another.",
    ),
    DemoCommand(
        "case evaluate {folder} matters --by month --period 2024 --indicator on_time_closing_rate "
        "--chart {folder}/pictures/on-time.png --title 'Cases closed on time by month, 2024'",
        "And through the year:",
    ),
)
