"""All commands in one app; heavy imports wait until a command runs. Tested by `tests/saas/test_caller.py`."""

from __future__ import annotations

import codecs
import functools
import io
import sys
import warnings
from typing import Any

import typer

from stcloud.saas.cli import (
    alerts,
    blueprint,
    calendar,
    carry,
    case,
    catalogue,
    check,
    class_list,
    conflicts,
    console,
    copy,
    create,
    cube,
    define,
    demo,
    episodes,
    features,
    grid,
    hotspots,
    indicators,
    join,
    layers,
    listen,
    load,
    pack,
    purge,
    query,
    reach,
    reporting,
    scenes,
    series,
    serve,
    situation,
    standingrule,
    timeline,
    token,
    tracks,
    vacuum,
)
from stcloud.saas.cli.exits import CANCELLED, report
from stcloud.saas.cli.signals import say
from stcloud.saas.plaintext import visible

__all__ = ["app", "command", "run"]

app = typer.Typer(
    name="stcloud",
    help="A city's time-stamped layers, and what happened where and when.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts in half the time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for function in (
    create.create, load.load, listen.listen, query.query, join.join, features.show, features.history, features.diff,
    timeline.timeline, series.series, episodes.episodes, tracks.tracks, reach.reach, scenes.scenes, cube.cube,
    hotspots.hotspots, carry.carry, conflicts.conflicts, blueprint.blueprint, layers.layers, layers.quarantine,
    class_list.classes, calendar.calendar, define.define, check.check, reporting.report, vacuum.vacuum, purge.purge,
    copy.copy, pack.pack, pack.receive, catalogue.catalogue, serve.serve, console.console, demo.demo,
):  # fmt: skip
    app.command()(function)
app.command(cls=situation.CoordinateCommand)(situation.situation)
app.add_typer(grid.grid, name="grid")
app.add_typer(case.case, name="case")
app.add_typer(indicators.indicators, name="indicators")
app.add_typer(token.token, name="token")
app.add_typer(standingrule.rule, name="rule")
app.add_typer(alerts.alerts, name="alerts")


@app.callback(invoke_without_command=True)
def version(
    *,
    show: bool = typer.Option(False, "--version", help="Print the version and exit."),  # noqa: FBT003
) -> None:
    """A city's time-stamped layers, and what happened where and when."""  # noqa: D401
    if show:
        import stcloud  # noqa: PLC0415

        typer.echo(f"stcloud {stcloud.__version__}")
        raise typer.Exit


@functools.cache
def command() -> Any:
    """Return the commands, made once in a process; typer makes them anew in each call of ``app``."""
    return typer.main.get_command(app)


def run() -> int | str:
    """Run the command line; return its exit code."""
    _settle_stdout()
    warnings.showwarning = _warn
    try:
        code = command()(standalone_mode=False)
        if code == CANCELLED:  # what typer makes of Ctrl-C
            return report(KeyboardInterrupt())
    except SystemExit as ending:
        cause = ending.__context__  # typer ends when nobody reads on
        code = report(cause) if isinstance(cause, BrokenPipeError) else ending.code
        del cause  # it holds the frames of a question, which would outlive the engine's library
    except BaseException as error:  # noqa: BLE001  (the one place where everything ends)
        code = report(error)
    return code or 0


def _settle_stdout() -> None:
    """Write UTF-8 into files and pipes; a terminal that cannot show a character shows its escape."""
    stdout = sys.stdout
    if isinstance(stdout, io.TextIOWrapper) and codecs.lookup(stdout.encoding).name != "utf-8":
        if stdout.isatty():
            stdout.reconfigure(errors="backslashreplace")
        else:
            stdout.reconfigure(encoding="utf-8")


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    """Print what a library warns of as one line, without its source code."""
    say(visible(f"warning: {message}"))
