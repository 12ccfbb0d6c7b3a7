"""Reports the leaves of batches whose memory was written again by their producer, with what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitfallcheck.finding import LEVELS, Evidence, Finding, Level
from pitfallcheck.frameworks import TAKES_AHEAD
from pitfallcheck.observe.events import Consumer, Event, Leaf, Rewrite, SourceWatched
from pitfallcheck.observe.places import lines_that_allocate_and_write, location_of, scope_of, shown_path
from pitfallcheck.pitfalls.reused_buffer import PITFALL

_VERBS = {"generator": "yielded", "iterator": "returned", "dataset": "returned"}


def judge(events: Sequence[Event]) -> Iterator[Finding]:
    """One finding for each leaf and hand-over line; where several consumers were seen, the gravest case counts."""
    worst: dict[tuple[str, int, str], tuple[Level, SourceWatched, Leaf, Rewrite]] = {}
    for event in events:
        if isinstance(event, SourceWatched):
            for leaf in event.leaves:
                if leaf.by_producer is not None:
                    level = _level(event, leaf.by_producer)
                    key = (event.at.path, event.at.line, leaf.name)
                    if key not in worst or LEVELS.index(level) > LEVELS.index(worst[key][0]):
                        worst[key] = (level, event, leaf, leaf.by_producer)
    for level, event, leaf, rewrite in worst.values():
        yield _finding(level, event, leaf, rewrite)


def _level(event: SourceWatched, rewrite: Rewrite) -> Level:
    """An error where a batch was kept, or taken ahead, by its consumer; a note where no harm was done in this run.

    Rows that only changed places (a data set shuffled in place between epochs) spoil no pair of input and target: an
    error only for a program that was seen to hold them.
    """
    if rewrite.reordered and event.consumer.kind != "program":
        return "note"
    return "error" if event.consumer.keeps else "note"


def _finding(level: Level, event: SourceWatched, leaf: Leaf, rewrite: Rewrite) -> Finding:
    buffer = leaf.owner or leaf.name
    verb = _VERBS[event.kind]
    return PITFALL.finding(
        level,
        location_of(event.at, leaf.name),
        f"`{leaf.name}` was {'shuffled in place' if rewrite.reordered else 'rewritten'} after it was {verb}: "
        f"{rewrite.batches} of {event.batches} batches changed {_while(event)} ({_rows(rewrite, leaf)})",
        remedy=f"{'Yield' if event.kind == 'generator' else 'Return'} a copy (`{_copied(leaf)}`), "
        f"or allocate `{buffer}` anew for every batch",
        source="runtime",
        subject=leaf.name,
        scope=scope_of(event.at),
        evidence=tuple(_evidence(event, leaf, rewrite, buffer)),
    )


def _while(event: SourceWatched) -> str:
    consumer = event.consumer
    if not consumer.keeps:
        return "when a later one was made, and nothing seen held them any more"
    if consumer.kind == "library":
        return f"after {consumer.name} had taken them"
    return "while their consumer still held them"


def _rows(rewrite: Rewrite, leaf: Leaf) -> str:
    if not leaf.shape:
        return f"batch {rewrite.first}"
    looked_at = rewrite.rows_compared
    of = f"{looked_at} rows" if looked_at == leaf.shape[0] else f"{looked_at} rows compared"
    return f"batch {rewrite.first}: {rewrite.rows} of {of}"


def _copied(leaf: Leaf) -> str:
    """How to write a copy of a leaf."""
    if leaf.library == "tensorflow":
        return f"tf.constant(np.copy(...))` instead of `{leaf.name}"
    simple = all(character.isalnum() or character in "_.[]" for character in leaf.name)
    method = "clone" if leaf.library == "torch" else "copy"
    return f"{leaf.name}.{method}()" if simple else f"({leaf.name}).{method}()"


def _evidence(event: SourceWatched, leaf: Leaf, rewrite: Rewrite, buffer: str) -> Iterator[Evidence]:
    path = shown_path(event.at.path)
    allocated, written = lines_that_allocate_and_write(event.at, buffer)
    if allocated is not None:
        yield Evidence("allocated", f"`{buffer}` gets its memory here", path, allocated)
    if written is not None:
        yield Evidence("rewritten", "rewritten here, for a later batch", path, written)
    if rewrite.turns > 1:
        yield Evidence("measured", f"the memory came round again after {rewrite.turns} batches")
    if rewrite.was:
        which = "its first changed row" if leaf.shape and leaf.shape[0] > 1 else "it"
        yield Evidence(
            "measured",
            f"batch {rewrite.first} was handed over with {rewrite.was} in {which}, which then read {rewrite.became}",
        )
    yield from _received(event, leaf)


def _received(event: SourceWatched, leaf: Leaf) -> Iterator[Evidence]:
    consumer = event.consumer
    path, line = (shown_path(consumer.at.path), consumer.at.line) if consumer.at is not None else (None, None)
    if consumer.received:
        text = f"{consumer.name} {_as_received(consumer, leaf)}"
    elif consumer.kind == "library" and consumer.name in TAKES_AHEAD:
        text = f"{consumer.name} takes batches before it uses them, and may keep their memory"
    elif consumer.kind == "pitfallcheck":
        return
    else:
        held = "a batch was still held here when it was written again"
        if not consumer.keeps:
            held = "no batch but the newest was held here, as far as references tell"
        text = f"{consumer.name}: {held}" if consumer.kind == "library" else held
    yield Evidence("consumer", text, path, line)


def _as_received(consumer: Consumer, leaf: Leaf) -> str:
    """What entered the model, of the batches looked at there, and what that depends on."""
    count = f"got {consumer.received_wrong} of {consumer.received} batches with other values than were handed over"
    if leaf.offset:
        return (
            f"{count}; the buffer starts {leaf.offset} bytes past a 64-byte boundary, where TensorFlow copies it, and "
            "on a boundary it keeps NumPy's memory"
        )
    later = consumer.received_wrong - consumer.wrong_at_entry
    when = ", already when they entered the model" if consumer.received_wrong else ""
    if later:
        when = f", {consumer.wrong_at_entry} when they entered the model and {later} before their step was done"
    return (
        f"{count}{when}; the buffer starts on a 64-byte boundary, where TensorFlow keeps NumPy's memory, and "
        "elsewhere it would copy"
    )
