"""Does work in processes of its own: one that dies, or takes too long, costs its own item and no other."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, NoReturn

Work = Callable[[int], bytes]
"""What is done for an item, by its number; the bytes are what the item comes to."""

AT_A_TIME = 16
"""Items that a worker is given at once; fewer towards the end, so that all end together."""

MANY_OBJECTS = 500_000
"""Objects made and not given back, after which a worker looks for those that only hold each other."""

MOST_MEMORY = 2 << 30
"""Bytes of address space that a worker may take besides what it starts with; a file that needs more is given up."""

_HEAD = 9
"""Bytes before each answer: the number of the item, whether it failed, and the length of what it came to."""

_GONE = 5.0
"""Seconds after which a worker that closed its pipe and did not end is ended."""


class Lost(NamedTuple):
    """An item that came to nothing: `why` is a clause for the user."""

    why: str


def available() -> bool:
    """Whether work can be given away: where a process can be forked, and has no other threads that a fork would cut."""
    if not hasattr(os, "fork"):
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        threading = sys.modules.get("threading")
        return threading is None or threading.active_count() == 1


def cores() -> int:
    """The number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def done_by_workers(
    do: Work, items: Iterable[int], *, count: int, timeout: float
) -> Iterator[tuple[int, bytes | Lost]]:
    """Each item with what `do` made of it, in the order in which they get done, by at most `count` workers.

    An item that takes longer than `timeout` seconds is lost, and so is one whose worker dies; another worker goes on.
    """
    waiting = deque(items)
    workers: dict[int, _Worker] = {}
    try:
        while waiting or workers:
            while waiting and len(workers) < count:
                try:
                    worker = _Worker(do, tuple(workers.values()))
                except OSError:
                    if not workers:
                        raise
                    count = len(workers)  # no more processes are to be had
                    break
                worker.give(waiting, count)
                workers[worker.answers] = worker
            ready = _readable(workers, max(0.0, min(worker.due(timeout) for worker in workers.values())))
            for worker in [workers[answers] for answers in ready]:
                ended = worker.read()
                yield from worker.taken()
                if ended:
                    del workers[worker.answers]
                    yield from _lost(worker, waiting, worker.ended())
                elif not worker.given:
                    if waiting:
                        worker.give(waiting, count)
                    else:
                        del workers[worker.answers]
                        worker.ended()
            for worker in list(workers.values()):
                if worker.due(timeout) <= 0:
                    del workers[worker.answers]
                    worker.kill()
                    yield from _lost(worker, waiting, f"took longer than {timeout:g} s, which `--timeout` sets")
    finally:
        for worker in workers.values():
            worker.kill()


def _lost(worker: _Worker, waiting: deque[int], why: str) -> Iterator[tuple[int, Lost]]:
    """The item that a worker was busy with; what else it was given goes to others."""
    if worker.given:
        yield worker.given.popleft(), Lost(why)
        waiting.extendleft(reversed(worker.given))


class _Worker:
    """A process that answers numbers with what they come to, and ends when nobody asks any more."""

    def __init__(self, do: Work, others: Sequence[_Worker]) -> None:
        questions, self._questions = os.pipe()
        self.answers, answers = os.pipe()
        self.given: deque[int] = deque()
        self._read = bytearray()
        self._since = time.monotonic()
        self._process = os.fork()
        if not self._process:
            try:
                # Without these, a worker would not learn that nobody listens to the others any more.
                for other in others:
                    os.close(other.answers)
                    os.close(other._questions)
                os.close(self._questions)
                os.close(self.answers)
                _answer(do, questions, answers)
            finally:
                os._exit(1)
        os.close(questions)
        os.close(answers)

    def give(self, waiting: deque[int], count: int) -> None:
        """Hand the next few items over."""
        few = max(1, min(AT_A_TIME, len(waiting) // (4 * count)))
        chosen = [waiting.popleft() for _ in range(min(few, len(waiting)))]
        self.given.extend(chosen)
        self._since = time.monotonic()
        # Where it died, reading from it will say so.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._questions, b"".join(item.to_bytes(4, "little") for item in chosen))

    def due(self, timeout: float) -> float:
        """The seconds that are left for the item the worker is busy with."""
        return self._since + timeout - time.monotonic()

    def read(self) -> bool:
        """Take in what was answered; whether the worker has ended."""
        data = os.read(self.answers, 1 << 16)
        self._read += data
        return not data

    def taken(self) -> Iterator[tuple[int, bytes | Lost]]:
        """The answers that are complete."""
        while len(self._read) >= _HEAD:
            end = _HEAD + int.from_bytes(self._read[5:_HEAD], "little")
            if len(self._read) < end:
                return
            item, failed, answer = int.from_bytes(self._read[:4], "little"), self._read[4], bytes(self._read[_HEAD:end])
            del self._read[:end]
            self.given.popleft()
            self._since = time.monotonic()
            yield item, Lost(answer.decode("utf-8", "replace")) if failed else answer

    def ended(self) -> str:
        """Let the process end; how it did, as a clause."""
        os.close(self._questions)
        os.close(self.answers)
        until = time.monotonic() + _GONE
        while time.monotonic() < until:
            process, status = os.waitpid(self._process, os.WNOHANG)
            if process:
                return _how(os.waitstatus_to_exitcode(status))
            time.sleep(0.0005)
        os.kill(self._process, 9)
        return _how(os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1]))

    def kill(self) -> None:
        """End the process at once."""
        os.kill(self._process, 9)
        self.ended()


def _how(status: int) -> str:
    if status >= 0:
        return f"the process that read it ended with status {status}; please report it"
    import signal

    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if name == "SIGKILL":
        return "the process that read it was killed (SIGKILL), as happens where memory runs out"
    return f"the process that read it crashed ({name}); please report it"


def _readable(workers: dict[int, _Worker], seconds: float) -> list[int]:
    """Whose answers can be read, after waiting for at most so many seconds."""
    if hasattr(select, "poll"):  # knows no upper limit for the numbers of files
        poll = select.poll()
        for answers in workers:
            poll.register(answers, select.POLLIN)
        return [answers for answers, _ in poll.poll(seconds * 1000)]
    return select.select(list(workers), [], [], seconds)[0]


def _answer(do: Work, questions: int, answers: int) -> NoReturn:
    """The life of a worker. What it printed before the fork is its parent's to write, so it leaves without flushing."""
    import gc
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it as well, and ends its workers
    gc.freeze()
    gc.disable()  # what a file leaves behind is looked for now and then, not while it is judged
    _bound_memory()
    while asked := os.read(questions, 4 * AT_A_TIME):
        for place in range(0, len(asked), 4):
            item = asked[place : place + 4]
            try:
                answer, failed = do(int.from_bytes(item, "little")), b"\0"
            except Exception as error:
                answer, failed = f"failed with {type(error).__name__}: {error}; please report it".encode(), b"\1"
            _write(answers, item + failed + len(answer).to_bytes(4, "little") + answer)
            if gc.get_count()[0] > MANY_OBJECTS:
                gc.collect()
    os._exit(0)


def _bound_memory() -> None:
    """Have Python raise MemoryError before the machine runs out of memory."""
    try:
        import resource

        with open("/proc/self/statm", "rb") as file:
            own = int(file.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (own + MOST_MEMORY, hard))
    except (ImportError, OSError, ValueError):
        return  # where this is unknown or not allowed, the machine's own bounds hold


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
