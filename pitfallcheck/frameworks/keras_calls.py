"""What calls of a Keras model are given: those that raise, and those that ask a trained model for predictions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

from pitfallcheck.frameworks.keras_hooks import locals_of
from pitfallcheck.frameworks.keras_ranges import Asked, Ranges
from pitfallcheck.frameworks.keras_sample import Shapes, flat, shapes_of
from pitfallcheck.observe.consumer import home_of, user_place
from pitfallcheck.observe.events import Place
from pitfallcheck.observe.learning import CallFailed, PredictionSeen
from pitfallcheck.observe.session import Session

METHODS = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
"""The methods of a model that are given data."""


class Codes(NamedTuple):
    """The code of each method of METHODS, and of calling a layer."""

    methods: dict[CodeType, str]
    call: CodeType | None

    def around(self, frame: FrameType | None) -> FrameType | None:
        """The frame of the outermost of the methods that `frame` runs in; None where it runs in none."""
        found = None
        while frame is not None:
            if frame.f_code in self.methods:
                found = frame
            frame = frame.f_back
        return found


def report_failure(
    error: BaseException,
    traceback: TracebackType | None,
    frame: FrameType | None,
    codes: Codes,
    shapes: dict[str, Shapes],
    session: Session,
) -> None:
    """Tell of a call of the user's that raises.

    `frame` is the one in which it is seen, if it still runs; `shapes` are those of the batch that entered last, by
    their role.
    """
    frames = [*_stack(frame), *_frames(traceback)]
    outer = next((frame for frame in frames if frame.f_code in codes.methods), None)
    if outer is None:
        outer = next((frame for frame in frames if frame.f_code is codes.call and _called_by_user(frame)), None)
    place = user_place(outer) if outer is not None else None
    if outer is None or place is None:
        return
    inner = [frame for frame in frames if frame.f_code in codes.methods] or [outer]
    given = locals_of(inner[-1])
    built = next((frame for frame in frames if frame.f_code.co_name == "_symbolic_build"), None)
    if built is not None and isinstance(batch := locals_of(built).get("data_batch"), tuple | list):
        # The batch with which the model was to be built is the one that does not fit.
        shapes = {role: shapes_of(part) for role, part in zip("xy", batch, strict=False)}
    model = locals_of(outer).get("self")
    if not hasattr(model, "compiled_metrics") and not hasattr(model, "fit"):
        return
    method = codes.methods.get(outer.f_code, "call")
    arguments = given.get("args") or (None,)
    inputs = shapes_of(given.get("x") if method != "call" else arguments[0])
    session.emit(
        CallFailed(
            key=f"failed:{place.path}:{place.line}",
            at=place,
            method=method,
            model=str(getattr(model, "name", "")),
            error=f"{type(error).__name__}: {_first_line(error)}",
            inputs=inputs or shapes.get("x", ()),
            targets=shapes_of(given.get("y")) or (() if inputs else shapes.get("y", ())),
            weights=shapes_of(given.get("sample_weight")),
            expected_inputs=inputs_of(model) or _expected(error),
        )
    )
    session.deliver()


def inputs_of(model: Any) -> int:
    """How many arrays a model takes; 0 where only calling it would tell."""
    try:
        inputs = getattr(model, "inputs", None)
    except AttributeError:
        # A Sequential that is not built yet.
        return 0
    return len(flat(inputs)) if inputs is not None else 0


def _expected(error: BaseException) -> int:
    """How many arrays a layer says that it expects."""
    said = re.search(r"expects (\d+) (?:named )?input", str(error))
    return int(said.group(1)) if said is not None else 0


class Predictions:
    """What a trained model was asked for, at each line that asks."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked: dict[str, Asked] = {}

    def at(self, number: int, method: str, place: Place, trained: Ranges) -> Asked:
        """The counts for one line and one model; they go on where it asks again."""
        return self._asked.setdefault(_key(number, method, place), Asked(trained))

    def emit(
        self, number: int, model: str, method: str, place: Place, trained: Ranges, trained_at: Place | None
    ) -> None:
        """Tell what was asked for at a line up to now."""
        key = _key(number, method, place)
        asked = self._asked.get(key)
        if asked is None or not asked.samples:
            return
        self._session.emit(
            PredictionSeen(
                key=key,
                at=place,
                model=model,
                method=method,
                samples=asked.samples,
                outside_samples=asked.outside_samples,
                outside=asked.features(),
                trained_at=trained_at,
                trained_samples=trained.samples,
            )
        )


def _key(number: int, method: str, place: Place) -> str:
    return f"asked:keras:{number}:{method}:{place.path}:{place.line}"


def _stack(frame: FrameType | None) -> list[FrameType]:
    """The frames around the one that shortens the traceback, outermost first."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found[::-1]


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _called_by_user(frame: FrameType) -> bool:
    """Whether a layer's `__call__` runs for the user's own line: Keras's error handler stands between."""
    caller = frame.f_back.f_back if frame.f_back is not None else None
    return caller is not None and home_of(caller.f_code.co_filename) == "user"


def _first_line(error: BaseException) -> str:
    """What went wrong, without Keras's line about where and without the colour it writes in."""
    lines = [re.sub(r"\x1b\[\d*m", "", line).strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith("Exception encountered")]
    return (said or [""])[0][:200]
