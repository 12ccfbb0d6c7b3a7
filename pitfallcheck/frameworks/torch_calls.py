"""Follows the calls of torch modules: which one the program called itself, what ran inside, and what came back."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from pitfallcheck.frameworks.torch_frames import Hooks, listen

RootCall = Callable[[Any, tuple[Any, ...], dict[str, Any], Any], None]
"""Told of a module that was called from no other module: the module, its arguments, and what it returned.

What it returned is None where the call raised. It must not raise, and must not keep tensors beyond the step.
"""


class ModuleCalls:
    """The module calls of the main thread; while another one runs modules too, some may pass unseen.

    `roots` are told after every outermost call, `inside` (while it is set) before every call, of the module and its
    arguments. Calls that we make ourselves are made with `muted` set. `failed` is told of one that raised, which is
    then told no more.
    """

    def __init__(self) -> None:
        self.roots: list[RootCall] = []
        self.inside: Callable[[Any, tuple[Any, ...]], None] | None = None
        self.failed: Callable[[Exception], None] = lambda error: None
        self.muted = False
        self._traced = False
        self._depth = 0
        self._thread = threading.get_ident()
        self._hooks = Hooks()
        self._tracing_state: Callable[[], Any] = lambda: None

    def follow(self, module_type: Any) -> None:
        """Follow the calls of every module. Raises NoSourceError."""
        self._tracing_state = sys.modules["torch"]._C._get_tracing_state
        self._hooks = listen(module_type._wrapped_call_impl, before=self._entered, after=self._left)

    def _entered(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self.muted:
            return
        if not self._depth:
            # What `torch.jit.trace` sees of us, it would write down as a part of the program.
            self._traced = self._tracing_state() is not None
        self._depth += 1
        if self.inside is not None and not self._traced:
            self.inside(module, args)
        else:
            # Until the outermost call is left, nobody needs to be told of those in it.
            self._hooks.deaf = True

    def _left(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
        if self.muted:
            return
        self._depth -= 1
        if not self._depth:
            self._hooks.deaf = False
            # A module whose constructor was never run has nothing to be asked for.
            if not self._traced and threading.get_ident() == self._thread and "_modules" in vars(module):
                for told in list(self.roots):
                    try:
                        told(module, args, kwargs, value)
                    except Exception as error:
                        self.roots.remove(told)
                        self.failed(error)
