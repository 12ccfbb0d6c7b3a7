"""`probe(iterable)`: hands on the very same batches and watches what becomes of them."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from types import FrameType, GeneratorType
from typing import Any, Literal, TypeVar

from pitfallcheck.observe.consumer import place_of, user_place
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.handover import HandOver
from pitfallcheck.observe.naming import first_return
from pitfallcheck.observe.session import Session
from pitfallcheck.observe.watch import Watch

Batch = TypeVar("Batch")


def watched(source: Iterable[Batch], session: Session, *, keep: bool = False) -> Generator[Batch, Any, Any]:
    """A generator over `source` that is observed by `session`.

    A generator keeps its `send`, `throw`, `close` and return value; from any other iterable the items are handed on as
    they come. `keep` is for a caller that holds all the batches; it may leave off early, which closes no generator.
    """
    if isinstance(source, GeneratorType):
        return _over_generator(source, session, keep)
    return _over_iterator(iter(source), session, keep)


class _Lines:
    """The hand-over of each line of one generator, made once a line."""

    def __init__(self, generator: GeneratorType[Any, Any, Any]) -> None:
        code = generator.gi_code
        self._defined = Place(code.co_filename, code.co_firstlineno, code.co_qualname)
        self._known: dict[int, HandOver] = {}

    def at(self, frame: FrameType) -> HandOver:
        found = self._known.get(frame.f_lineno)
        if found is None:
            found = self._known[frame.f_lineno] = HandOver(place_of(frame), "generator", self._defined)
        return found


def _over_generator(generator: GeneratorType[Any, Any, Any], session: Session, keep: bool) -> Generator[Any, Any, Any]:
    lines = _Lines(generator)
    watch: Watch | None = None
    try:
        batch = next(generator)
        while True:
            frame = _innermost(generator)
            if watch is None:
                watch = Watch(session, keep=keep)
            watch.out(batch, lines.at(frame), frame, sys._getframe().f_back)
            try:
                sent = yield batch
            except GeneratorExit:
                if not keep:
                    generator.close()
                raise
            except BaseException as error:
                del batch
                batch = generator.throw(error)
                continue
            del batch
            watch.back(frame)
            batch = next(generator) if sent is None else generator.send(sent)
    except StopIteration as stop:
        return stop.value
    finally:
        if watch is not None:
            watch.end()


def _innermost(generator: GeneratorType[Any, Any, Any]) -> FrameType:
    """The frame of the generator that a chain of `yield from` really waits in."""
    while isinstance(generator.gi_yieldfrom, GeneratorType):
        generator = generator.gi_yieldfrom
    assert generator.gi_frame is not None, "it waits at a yield"
    return generator.gi_frame


def is_dataset(source: Any) -> bool:
    """Whether a source hands out its batches by index, and is no plain container."""
    by_index = hasattr(source, "__getitem__") and hasattr(source, "__len__") and not hasattr(source, "__next__")
    return by_index and not isinstance(source, list | tuple)


def watched_items(dataset: Any, session: Session) -> Iterator[Any]:
    """The items of an object with `__getitem__` and `__len__`, held by the caller and observed by `session`."""
    hand_over = _method_hand_over(dataset, "__getitem__", "dataset")
    return _handed_on((dataset[index] for index in range(len(dataset))), hand_over, session, keep=True)


def _over_iterator(iterator: Iterator[Any], session: Session, keep: bool) -> Generator[Any, Any, Any]:
    return _handed_on(iterator, _method_hand_over(iterator, "__next__", "iterator"), session, keep=keep)


def _method_hand_over(source: Any, method: str, kind: Literal["iterator", "dataset"]) -> HandOver:
    """The `return` of a method of the user's, or for a type without source the user's line that asks."""
    code = getattr(getattr(type(source), method, None), "__code__", None)
    if code is None:
        return HandOver(user_place() or Place("", 0), kind)
    defined = Place(code.co_filename, code.co_firstlineno, code.co_qualname)
    return HandOver(first_return(defined) or defined, kind, defined)


def _handed_on(items: Iterator[Any], hand_over: HandOver, session: Session, *, keep: bool) -> Generator[Any, Any, Any]:
    watch = Watch(session, keep=keep)
    try:
        for batch in items:
            watch.out(batch, hand_over, None, sys._getframe().f_back)
            yield batch
            del batch
            watch.back()
    finally:
        watch.end()
