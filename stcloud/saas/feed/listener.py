"""The loop that turns messages of a feed into loads of a layer, each message applied once.

::

    take ─ leave out what the layer has ─ read ─ note what is applied ─ load ─ acknowledge ─ put to the rules

Whatever is killed, at whatever step: the note is true once the load is in the ledger, and messages are acknowledged
after that. What comes again is known by its id or its place. `docs/explanation/feeds.md` states the laws.

Tested by `tests/saas/feed/test_listener.py` and `tests/reliability/test_kill_feed.py`.
"""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stcloud.city import City
from stcloud.daas.catalogue import read_definition
from stcloud.daas.definition import Definition
from stcloud.daas.reckoning import Reckoning
from stcloud.errors import Conflict, InvalidInput, NotFound, StcloudError, StorageError, Unsupported
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.feed.batch import FeedBatch
from stcloud.iaas.feed.message import Feed, Message, Take
from stcloud.saas.feed.applied import WINDOW, Applied, Entries
from stcloud.saas.feed.outcome import BatchOutcome, FeedCounts, lag_s
from stcloud.saas.feed.reading import ReadMessage, overtaken_left_out, read_message

__all__ = ["MOST_ROWS", "Listener"]

MOST_ROWS = 100_000
_MOST_BYTES = 32 << 20
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(slots=True)
class _Batch:
    """What is known of a batch while it is worked on."""

    reckonings: list[Reckoning] = field(default_factory=list)
    overtaken: int = 0
    quarantined: int = 0


class _Stopped(Exception):
    """Somebody ended the listener while it waited to try again."""


@dataclass(slots=True)
class Listener:
    """Loads what arrives in a feed into a layer, until it is stopped.

    Parameters
    ----------
    city, layer, feed
        Where to, and where from.
    every_s, most_rows
        A batch is loaded after so many seconds, or as soon as so many messages have come.
    options
        Keywords of `City.load`, which a first load needs: ``key``, ``time``, ``lon`` …
    source_format
        What bodies are, whatever their media types say: ``json``, ``ndjson``, ``csv``, ``gtfs-realtime``; of files
        that arrive the format of files.
    snapshot
        Whether each message states all features of the layer: those that it lacks end when it was sent.
    window
        Ids and keys of messages that are remembered at least.
    clock
        Gives the time of messages that have none, where rows are so from then on.
    pauses_s
        Seconds between attempts at a load that another writer or the place refused.
    on_batch, on_open
        Called with what became of each batch; when messages can come.
    """

    city: City
    layer: str
    feed: Feed
    every_s: float = 10.0
    most_rows: int = MOST_ROWS
    options: Mapping[str, Any] = field(default_factory=dict)
    source_format: str | None = None
    snapshot: bool = False
    window: int = WINDOW
    on_batch: Callable[[BatchOutcome], None] = lambda _: None
    on_open: Callable[[], None] = lambda: None
    clock: Clock = system_clock
    pauses_s: Sequence[float] = _PAUSES_S
    _applied: Applied = field(init=False)
    _stop: threading.Event = field(init=False)
    _spool: Path = field(init=False)

    def run(
        self, stop: threading.Event | None = None, *, once: bool = False, until_idle: bool = False
    ) -> FeedCounts:
        """Take and load messages.

        Parameters
        ----------
        stop
            Ends it when set: the batch in hand is finished first, or its messages come again.
        once, until_idle
            End after the first batch; end when nothing has come for ``every_s`` seconds.

        Raises
        ------
        Conflict
            ``another-listener``: each layer has one.
        StcloudError
            The feed cannot be read, or loads cannot be done at all: messages in hand come again.
        """
        self._stop = stop or threading.Event()
        counts = FeedCounts()
        with self._listening():
            take = Take(self.most_rows, _MOST_BYTES, self.every_s, self._stop)
            while not self._stop.is_set():
                messages = self.feed.take(take)
                if messages:
                    outcome = self._settle(messages)
                    if outcome is None:
                        break
                    outcome = self._alerted(outcome)
                    counts.add(outcome)
                    self.on_batch(outcome)
                if once or (until_idle and not messages):
                    break
        return counts

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Hold the layer's feed, know what was applied, and have the transport open."""
        parts = self.city.parts
        folder = parts.catalogue.naming.folder_of(self.layer)
        with (
            self._alone(f"feed-{folder}"),
            tempfile.TemporaryDirectory(prefix="stcloud-feed-") as spool,
        ):
            self._spool = Path(spool)
            self._applied = Applied(parts.folder.store, f"feeds/{folder}", self.window)
            self._applied.open(self._loaded)
            self.feed.open()
            try:
                self._catch_up()
                self.on_open()
                yield
                self.city.standing.keep()
            finally:
                self.feed.close()

    @contextmanager
    def _alone(self, lock: str) -> Iterator[None]:
        held = self.city.parts.folder.lock(lock, wait_s=0)
        try:
            held.__enter__()
        except Conflict as error:
            raise Conflict(
                "another-listener", f"another process listens for layer '{self.layer}': each layer has one",
                hint="end that one first",
            ) from error  # fmt: skip
        try:
            yield
        finally:
            held.__exit__(None, None, None)

    def _loaded(self) -> set[str]:
        """Return what the layer's loads were made of, those too that were killed before they were entered."""
        try:
            return {load.source for load in self.city.layer(self.layer).loads}
        except NotFound:
            return set()

    def _settle(self, messages: list[Message]) -> BatchOutcome | None:
        """Apply what is new of messages and let go of all; None: stopped, they come again."""
        try:
            known = self._applied.has(messages)
            fresh = _once([message for message, has in zip(messages, known, strict=True) if not has])
            batch = _Batch()
            refused = self._apply(fresh, batch)
        except _Stopped:
            self.feed.release(messages)
            return None
        except BaseException:
            self.feed.release(messages)
            raise
        self.feed.refuse([message for message in messages if id(message) in refused])
        self.feed.acknowledge([message for message in messages if id(message) not in refused])
        recorded_us = max((load.recorded_at_us for load in batch.reckonings), default=None)
        sent_us = min((message.at_us for message in fresh if message.at_us is not None), default=None)
        return BatchOutcome(
            len(messages), tuple(batch.reckonings), len(messages) - len(fresh), batch.overtaken,
            batch.quarantined, None if recorded_us is None else lag_s(recorded_us, sent_us),
        )  # fmt: skip

    def _alerted(self, outcome: BatchOutcome) -> BatchOutcome:
        """Put the rows of a batch to the city's rules; what is wrong with a rule does not block the feed."""
        standing, raised = self.city.standing, 0
        try:
            for reckoning in outcome.reckonings:
                run = standing.after_load(reckoning)
                raised += 0 if run is None else run.raised
        except StcloudError as error:
            return replace(outcome, alerts=raised, problem=error.message)
        return replace(outcome, alerts=raised)

    def _catch_up(self) -> None:
        """Put to the rules what was loaded by who was killed then; what is wrong is said of the first batch."""
        with suppress(StcloudError):
            self.city.standing.catch_up(self.layer)

    def _apply(self, messages: list[Message], batch: _Batch) -> set[int]:
        """Load messages; return which of them are in quarantine."""
        refused: set[int] = set()
        if self.snapshot or self._is_dated() or any(message.path is not None for message in messages):
            for message in messages:
                self._load_all([self._read(message, ())], batch, refused)
        elif messages:
            key = self._key()
            read, batch.overtaken = overtaken_left_out(
                [self._read(message, key) for message in _in_order(messages)], self._applied
            )
            self._load_all([each for each in read if each.rows or each.fault], batch, refused)
        batch.quarantined = len(refused)
        return refused

    def _read(self, message: Message, key: Sequence[str]) -> ReadMessage:
        if message.path is not None:
            return ReadMessage(message)
        return read_message(message, self.source_format, key, self._spool)

    def _load_all(self, read: Sequence[ReadMessage], batch: _Batch, refused: set[int]) -> None:
        """Load messages together; where that is refused, in halves: what is refused alone goes to quarantine."""
        if not read:
            return
        try:
            batch.reckonings.append(self._load(read))
        except (InvalidInput, NotFound, Unsupported) as error:
            if not self._is_there() or (len(read) == 1 and read[0].fault is not None):
                raise
            if len(read) == 1:
                self._load_all([read[0].refused(error)], batch, refused)
                return
            half = len(read) // 2
            self._load_all(read[:half], batch, refused)
            self._load_all(read[half:], batch, refused)
        else:
            refused.update(id(each.message) for each in read if each.fault is not None)

    def _load(self, read: Sequence[ReadMessage]) -> Reckoning:
        """Load messages in one commit."""
        first = read[0].message
        if first.path is not None and read[0].fault is None:
            return self._patiently(lambda: self._city_load(first.path, self._dated(first), files=True))
        name = f"{self.feed.address}#{uuid.uuid4().hex[:16]}"
        keys: dict[int, int] = {}
        for each in read:
            for key in each.keys:
                place = each.message.place
                keys[key] = max(place.number if place else -1, keys.get(key, -1))
        self._applied.begin(name, Entries.of([each.message for each in read], keys))
        source = FeedBatch(name, [part for each in read for part in each.parts])
        dated = self._dated(first)
        if self.snapshot and read[0].fault is not None:  # what cannot be read says nothing of others
            dated["mode"] = "changes"
        try:
            reckoning = self._patiently(lambda: self._city_load(source, dated))
        except (InvalidInput, NotFound, Unsupported):
            self._applied.cancel()
            raise
        self._applied.finish()
        return reckoning

    def _city_load(self, source: Any, dated: Mapping[str, Any], *, files: bool = False) -> Reckoning:
        options = dict(self.options)
        if files and self.source_format is not None:
            options["source_format"] = self.source_format
        if not files:
            options |= {"max_rejected": "100%", "allow_missing": self._columns()}
        loaded = self.city.load(self.layer, source, **options, **dated)
        return loaded if isinstance(loaded, Reckoning) else loaded[0]

    def _dated(self, message: Message) -> dict[str, Any]:
        """Return since when rows are so that say nothing of it: from when their message was sent."""
        if not self.snapshot and not self._is_dated():
            return {}
        at_us = self.clock() if message.at_us is None else message.at_us
        mode = "snapshot" if self.snapshot else "changes"
        return {"mode": mode, "valid_from": self.city.configuration.zone.iso(at_us)}

    def _patiently(self, load: Callable[[], Reckoning]) -> Reckoning:
        """Load; again when another writer was faster or the place refused for a while: each time the same load."""
        for pause_s in self.pauses_s:
            try:
                return load()
            except (Conflict, StorageError):
                if self._stop.wait(pause_s):
                    raise _Stopped from None
        return load()

    def _key(self) -> tuple[str, ...]:
        """Return the columns by which rows replace one another, where the later message counts."""
        definition = self._definition()
        if definition is None:
            key = self.options.get("key") or ()
            return (key,) if isinstance(key, str) else tuple(key)
        replaces = not definition.has_periods and definition.duplicates == "last"
        return definition.key_columns if replaces else ()

    def _is_dated(self) -> bool:
        """Return whether the layer has features, and its rows do not say since when they are so."""
        definition = self._definition()
        if definition is None or not definition.has_periods:
            return False
        valid = getattr(definition, "valid", None)
        return valid is None or valid.start is None

    def _definition(self) -> Definition | None:
        if self._is_there():
            return self.city.parts.catalogue.definition_for(self.layer, None)
        given = self.options.get("definition")
        return None if given is None else read_definition(given)

    def _is_there(self) -> bool:
        return self.city.parts.catalogue.table(self.layer).exists

    def _columns(self) -> Sequence[str]:
        table = self.city.parts.catalogue.table(self.layer)
        return [attribute.name for attribute in table.attributes()] if table.exists else ()


def _once(messages: list[Message]) -> list[Message]:
    """Return messages without those that came a second time among them."""
    seen: set[object] = set()
    once = []
    for message in messages:
        names = {name for name in (message.id, message.place) if name is not None}
        if not names & seen:
            once.append(message)
        seen |= names
    return once


def _in_order(messages: list[Message]) -> list[Message]:
    """Return messages by their place in the stream, where all have one of the same; else as they came."""
    if len({message.place.stream if message.place else None for message in messages}) != 1:
        return messages
    return sorted(messages, key=lambda message: message.place.number if message.place else 0)
