"""The file through which an observed process tells its supervisor what it sees, a line of JSON at a time.

A file and not a pipe: it never blocks the program, needs no descriptor of it between two writes, and outlives it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from typing import Any

from pitfallcheck.observe.events import Event
from pitfallcheck.observe.wire import decode, encode


class Sender:
    """Appends to the channel."""

    def __init__(self, path: str) -> None:
        self._path = path

    def send(self, events: Iterable[Event], batches: int) -> None:
        """Events, and how many batches were seen by now."""
        self._write([*map(encode, events), json.dumps({"batches": batches, "at": time.monotonic()})])

    def tell(self, **state: Any) -> None:
        """What the process is doing: `phase`, `pulling`, `files`, `hung`, `wrong_call`."""
        self._write([json.dumps({**state, "at": time.monotonic()})])

    def _write(self, lines: list[str]) -> None:
        data = "".join(line + "\n" for line in lines).encode()
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            # The program has removed our folder, or has no descriptor left; it must not feel that. The supervisor sees.
            return
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError:
            pass
        finally:
            os.close(descriptor)


class Receiver:
    """Reads what has arrived so far. `events` are the newest by key, `state` the newest values told."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._offset = 0
        self._partial = b""
        self._events: dict[str, Event] = {}
        self.state: dict[str, Any] = {"batches": 0}

    @property
    def events(self) -> list[Event]:
        """Every event, the newest of each key."""
        return list(self._events.values())

    def read(self) -> bool:
        """Take in what is new; returns whether there was anything. A line that was cut short is left for later."""
        try:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return False
        self._offset += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            try:
                if b'"event"' in line[:12]:
                    event = decode(line.decode())
                    self._events[event.key] = event
                else:
                    self.state.update(json.loads(line))
            except (ValueError, KeyError, TypeError):
                # Two processes, or a dying one, may have left half a line; the rest of the report must not suffer.
                self.state["damaged"] = True
        return bool(lines)
