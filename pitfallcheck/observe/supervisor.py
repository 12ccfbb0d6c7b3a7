"""Starts the observed process, keeps watch over it, and gives what was seen however that process ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pitfallcheck.observe.channel import Receiver
from pitfallcheck.observe.events import Event, NotLooked
from pitfallcheck.observe.runner import Plan

_CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")
_POLL = 0.05
"""Seconds between two looks at the process."""
_GRACE = 5.0
"""Seconds that a process told to end, or that should have noticed its own time limit, is given."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of a run.

    `status` is the program's own exit status, negative for the signal that ended it. `files` are the absolute paths of
    the user's files it used, `wrong_call` says why what was asked for could not be run, `stopped` why we ended it;
    `in_vain` that a generator the user named gave no batches to look at, or failed.
    """

    events: list[Event]
    status: int
    files: list[str] = field(default_factory=list)
    batches: int = 0
    wrong_call: str = ""
    stopped: str = ""
    in_vain: bool = False


Progress = Callable[[float, dict[str, Any]], None]
"""Told now and then how many seconds have passed, and the newest state of the observed process."""


class _Process:
    """The observed process and what it has told so far."""

    def __init__(self, plan: Plan, folder: str, stdout: Any) -> None:
        plan = replace(plan, channel=os.path.join(folder, "events"))
        self.receiver = Receiver(plan.channel)
        plan_path = os.path.join(folder, "plan")
        with open(plan_path, "w", encoding="utf-8") as file:
            file.write(plan.dump())
        # Python's own way to hand its flags (-O, -W, -X) to a child, as multiprocessing uses it.
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        self.process = subprocess.Popen([sys.executable, *flags, _CHILD, plan_path], stdout=stdout)
        self.stopped = ""

    def stop(self, why: str) -> None:
        """End the process, first politely."""
        self.stopped = why
        self.process.terminate()
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Supervision:
    """One observed run; `start` it, do other work meanwhile, then `wait` for it."""

    def __init__(self, plan: Plan, *, stdout: Any = None) -> None:
        self._plan = plan
        self._folder = tempfile.mkdtemp(prefix="pitfallcheck-")
        self._began = time.monotonic()
        self._interrupted_at: float | None = None
        try:
            self._child = _Process(plan, self._folder, stdout)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def wait(self, progress: Progress | None = None) -> Observed:
        """Wait for the end of the process. Ctrl-C ends the program, and then what was seen is still given."""
        restore = self._pass_signals_on()
        try:
            while self._child.process.poll() is None:
                try:
                    self._look(progress)
                except KeyboardInterrupt:
                    self._interrupted_at = time.monotonic()
            self._child.receiver.read()
            return self._observed()
        finally:
            restore()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _look(self, progress: Progress | None) -> None:
        child = self._child
        try:
            child.process.wait(_POLL)
            return
        except subprocess.TimeoutExpired:
            pass
        child.receiver.read()
        now = time.monotonic()
        if progress is not None:
            progress(now - self._began, child.receiver.state)
        if self._interrupted_at is not None and now - self._interrupted_at > 0.5:
            # At a terminal the program got the Ctrl-C itself, and is ending in its own way. Else it is told.
            self._interrupted_at = None
            if not sys.stdin.isatty():
                child.process.send_signal(signal.SIGINT)
        hung = child.receiver.state.get("hung")
        if hung and not child.stopped:
            child.stop(f"{hung} gave no batch within {self._plan.timeout:g} s, so the program was stopped")
        elif self._pulled_too_long(now) and not child.stopped:
            name = child.receiver.state.get("pulling")
            child.stop(f"{name} gave no batch within {self._plan.timeout:g} s and could not be interrupted")

    def _pulled_too_long(self, now: float) -> bool:
        """Whether a pulled generator is beyond its time although the process should have noticed itself."""
        state = self._child.receiver.state
        return state.get("phase") == "pulling" and now - state.get("at", now) > self._plan.timeout + _GRACE

    def _pass_signals_on(self) -> Callable[[], None]:
        """A request to end goes to the program; we stay to report. Returns what undoes it."""
        before: dict[int, Any] = {}

        def pass_on(number: int, _frame: Any) -> None:
            self._child.process.send_signal(number)

        try:
            for name in ("SIGTERM", "SIGHUP"):
                if hasattr(signal, name):
                    number = getattr(signal, name)
                    before[number] = signal.signal(number, pass_on)
        except ValueError:
            # Only a main thread may set handlers; elsewhere signals keep their meaning.
            pass

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        return restore

    def _observed(self) -> Observed:
        state = self._child.receiver.state
        events = self._child.receiver.events
        status = self._child.process.returncode
        ended = state.get("phase")
        if not os.path.isdir(self._folder):
            why = "the program removed the temporary folder through which it is watched"
            events.append(NotLooked("channel", "the rest of the run", why))
        if self._child.stopped:
            events.append(NotLooked("stopped", os.path.basename(self._plan.target), self._child.stopped))
        elif ended == "pulling":
            what = f"{state.get('pulling')}()".replace(")()", ")")
            events.append(NotLooked("died", what, f"the process ended while its batches were pulled {_how(status)}"))
        return Observed(
            events=events,
            status=status,
            files=list(state.get("files", ())),
            batches=int(state.get("batches", 0)),
            wrong_call=str(state.get("wrong_call", "")),
            stopped=self._child.stopped,
            in_vain=bool(state.get("in_vain")),
        )


def _how(status: int) -> str:
    if status < 0:
        try:
            return f"(killed by {signal.Signals(-status).name})"
        except ValueError:
            return f"(killed by signal {-status})"
    return f"(exit status {status})"


def signal_that_ended(status: int) -> str:
    """`the program was killed by SIGSEGV`, or empty where no signal ended it: Python itself says nothing then."""
    return f"the program was {_how(status)[1:-1]}" if status < 0 else ""
