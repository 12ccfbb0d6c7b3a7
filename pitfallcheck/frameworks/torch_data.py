"""Follows what torch models are trained on: the batches that reach a model, and the targets that its loss sees."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary, ref

from pitfallcheck.frameworks import torch_loss
from pitfallcheck.frameworks.torch_calls import ModuleCalls
from pitfallcheck.frameworks.torch_data_loaders import Loaders
from pitfallcheck.frameworks.torch_data_sites import (
    Call,
    Site,
    argument_texts,
    first_tensor,
    has_parameters,
    leads_to,
    tensors_of,
)
from pitfallcheck.frameworks.torch_data_targets import find_target
from pitfallcheck.frameworks.torch_data_values import EACH, ONE_IN, RANGED_ONE_IN, Position
from pitfallcheck.frameworks.torch_frames import listen
from pitfallcheck.frameworks.torch_loss import user_frame
from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.observe.events import DataFed, Leaf, SourceWatched
from pitfallcheck.observe.naming import owner_name
from pitfallcheck.observe.session import Session

_MOST_SITES, _MOST_PENDING = 64, 4
_SEARCHES, _SEARCHED = 4, 1 << 16
"""Steps in which the target of a hand-written loss is searched for, and the values of the largest output it is
searched for with."""
_NO_NODE = -1
_TOLD = 8
"""How many times as many steps lie behind an event as behind the one before it."""
_NONFINITE = 4
"""Losses that are not finite, with nothing wrong in their batch, after which no more batches are searched for it."""


class Feeds:
    """All lines that call a model.

    `asked`, where it is set, is told of the calls that may only ask: the line, the tensors given, and whether that is
    sure, as no gradient can follow.
    """

    def __init__(self, torch: ModuleType, session: Session, calls: ModuleCalls, origins: Origins) -> None:
        self._torch = torch
        self._learns = torch.is_grad_enabled
        self._session = session
        self._calls = calls
        self._origins = origins
        self._loaders = Loaders(torch, origins)
        self._sites: dict[tuple[int, int, int], Site] = {}
        self._settled: dict[tuple[int, int], Site] = {}
        self._all: list[Site] = []
        self._pending: list[Call] = []
        self._passed: Site | None = None
        self._given: Callable[[], Any] | None = None
        self._target: Any = None
        self._nonfinite = 0
        self._off = False
        self.asked: Callable[[Site, list[Any], bool], None] | None = None
        calls.roots.append(self._called)
        torch_loss.told.append(self._lost)
        listen(torch.autograd.backward, before=self._before_backward)
        session.at_finish.append(self.emit)

    def _site_of(self, at: FrameType, module: Any) -> Site | None:
        """The line of the user's, at which its frame `at` is, that calls `module`."""
        # By identity: the hash of a code object is one of all that it holds. A site keeps its code.
        key = (id(at.f_code), at.f_lasti, id(module))
        site = self._sites.get(key)
        if site is None or site.module() is not module:
            if len(self._all) >= _MOST_SITES:
                return None
            self._origins.note_use(module, at)
            owner = next((known.owner for known in self._all if known.module() is module), object())
            site = self._sites[key] = Site(len(self._all), module, owner, at, self._origins.name(module))
            self._all.append(site)
        return site

    def trained(self, owner: object) -> list[Site]:
        """The lines at which the model that `owner` stands for was trained."""
        return [site for site in self._all if site.trained and site.owner is owner]

    # What torch tells; nothing here may raise.

    def _called(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
        if not (module._modules or module._parameters) or value is None or self._off:
            return
        if self._passes(sys._getframe(3), module, args) or not has_parameters(module):
            return
        try:
            frame = user_frame(sys._getframe(2))
            site = self._site_of(frame, module) if frame is not None else None
            if site is None or frame is None:
                return
            given = tensors_of(self._torch, args, kwargs)
            learns = self._learns()
            if self.asked is not None and not (learns and site.trained):
                self.asked(site, given, not learns)
            if learns:
                self._count(site, frame, given)
                self._pending.append(self._call(site, given, first_tensor(self._torch, value)))
                if len(self._pending) > _MOST_PENDING:
                    del self._pending[0]
        except Exception as error:
            self._failed(error)

    def _passes(self, caller: FrameType, module: Any, args: tuple[Any, ...]) -> bool:
        """Whether this is a call of a line well known, of which only one in a few is looked at any longer."""
        site = self._settled.get((id(caller.f_code), caller.f_lasti))
        if site is None or site.module() is not module or not self._learns():
            return False
        if (site.calls + 1) % RANGED_ONE_IN == 0:
            return False
        site.calls += 1
        self._passed = site
        self._given = ref(args[0]) if args and isinstance(args[0], self._torch.Tensor) else None
        return True

    def _count(self, site: Site, frame: FrameType, given: list[Any]) -> None:
        site.calls += 1
        loader = self._loaders.take()
        if loader is not None:
            site.loader = loader
            if loader.passes != site.passes:
                site.passes = loader.passes
                for position in [*site.inputs, *([site.target] if site.target is not None else [])]:
                    position.begin()
        if site.calls == 1:
            texts = argument_texts(frame)
            for number, tensor in enumerate(given):
                name = owner_name(frame, tensor) or (texts[number] if number < len(texts) else f"input {number}")
                site.inputs.append(Position(name, tensor))
        for position, tensor in zip(site.inputs, given, strict=False):
            position.add(tensor, site.calls)

    def _call(self, site: Site, given: list[Any], output: Any) -> Call:
        node = getattr(output, "grad_fn", None)
        if node is None:
            return Call(site, _NO_NODE, ())
        values = None
        if site.variable is None and site.target is None and site.searched < _SEARCHES and output.numel() <= _SEARCHED:
            values = output.detach().clone()
        return Call(site, node._sequence_nr(), tuple(map(ref, given)), values)

    def _lost(self, output: Any, target: Any) -> None:
        """One of torch's losses was computed: what it was given beside the prediction is the target of this step."""
        self._target = ref(target)

    def _before_backward(self, tensors: Any, *_: Any) -> None:
        if self._off or self._calls.muted:
            return
        pending, passed = self._pending, self._passed
        if not pending and passed is None:
            return
        target, given = self._target, self._given
        self._pending, self._passed, self._target, self._given = [], None, None, None
        try:
            loss = tensors[0] if isinstance(tensors, list | tuple) and len(tensors) == 1 else tensors
            if not isinstance(loss, self._torch.Tensor):
                return
            if pending:
                self._step(loss, pending, target() if target is not None else None)
            elif passed is not None:
                # A step of a line well known: its batch is looked at where the loss is not finite any longer.
                passed.backwards += 1
                if self._is_wrong(loss):
                    call = Call(passed, _NO_NODE, (given,) if given is not None else ())
                    self._look_whole(call, target() if target is not None else None)
        except Exception as error:
            self._failed(error)

    def _look_whole(self, call: Call, target: Any) -> None:
        """Search all of a batch, whatever its number, for what is not finite."""
        site = call.site
        for position, given in zip(site.inputs, call.given, strict=False):
            tensor = given()
            if tensor is not None:
                position.add(tensor, site.calls, whole=True)
        if target is None and site.variable is not None:
            target = site.variable.value(user_frame(sys._getframe(1)))
        if target is not None and site.target is not None:
            site.target.add(target, site.calls, whole=True)

    def _step(self, loss: Any, pending: list[Call], target: Any) -> None:
        for called in pending:
            called.site.trained = called.site.trained or (called.node != _NO_NODE and leads_to(loss, called.node))
        call = next((called for called in reversed(pending) if called.site.trained), None)
        if call is None:
            return
        site = call.site
        site.backwards += 1
        wrong = self._is_wrong(loss)
        if wrong:
            self._look_whole(call, target)
        if target is None and (site.calls <= EACH or site.calls % ONE_IN == 0 or wrong):
            target = self._target_by_hand(call, loss)
        if target is not None:
            if site.target is None:
                frame = user_frame(sys._getframe(1))
                name = site.variable.text if site.variable is not None else owner_name(frame, target)
                site.target = Position(name or "target", target)
            site.target.add(target, site.calls, whole=wrong)
        if site.backwards >= site.told:
            site.told = _TOLD * site.backwards
            self._emit(site)
        if all(position.settled(site.calls) for position in site.inputs):
            self._settled[id(site.code), site.instruction] = site
        self._session.tick()

    def _is_wrong(self, loss: Any) -> bool:
        """Whether a loss is not finite, and one of the first that are not."""
        if self._nonfinite >= _NONFINITE or not loss.is_cpu or loss.numel() != 1 or _finite(loss.item()):
            return False
        self._nonfinite += 1
        return True

    def _target_by_hand(self, call: Call, loss: Any) -> Any:
        """The target of a loss that is written out, from the variable of the program that holds it."""
        site, output = call.site, call.values
        frame = user_frame(sys._getframe(1))
        if site.variable is None and site.searched < _SEARCHES and output is not None and frame is not None:
            site.searched += 1
            site.variable = find_target(self._torch, loss, output, {id(given()) for given in call.given}, frame)
        return site.variable.value(frame) if site.variable is not None and frame is not None else None

    def _failed(self, error: Exception) -> None:
        self._off = True
        self._pending = []
        self._session.failed("following what a torch model is trained on", error)

    # What it comes to.

    def emit(self) -> None:
        """Give the events as they are now."""
        for site in self._all:
            try:
                self._emit(site)
            except Exception as error:
                self._failed(error)

    def _emit(self, site: Site) -> None:
        if not site.trained or not site.inputs:
            return
        loader = site.loader
        inputs = tuple(map(_leaf, site.inputs))
        self._session.emit(
            DataFed(
                key=f"fed:{site.place.path}:{site.place.line}:{site.number}",
                at=site.place,
                method="loop",
                model=site.model,
                inputs=inputs,
                targets=(_leaf(site.target),) if site.target is not None else (),
                made=loader.made if loader is not None else None,
                source=self._source(site),
                shuffled=loader.shuffled if loader is not None else None,
            )
        )
        unseen = next((position for position in site.inputs if not position.readable), None)
        if unseen is not None:
            why = f"`{unseen.name}` is of a kind or on a device whose values are not read in passing"
            self._session.skip(f"unread:{site.place.path}:{site.place.line}", f"the batches of {site.model}", why)

    def _source(self, site: Site) -> str:
        """The key of the generator or data set of the user's that the batches come from; empty where none does."""
        loader = site.loader
        for event in self._session.events():
            if not isinstance(event, SourceWatched):
                continue
            if loader is not None:
                defined = event.defined
                if defined is not None and (defined.path, defined.function) in loader.hands_over:
                    return event.key
            elif event.consumer.kind == "program" and abs(event.batches - site.calls) <= max(2, site.calls // 50):
                shapes = {leaf.shape for leaf in event.leaves}
                if any(position.shape in shapes for position in site.inputs):
                    return event.key
        return ""


def attach(torch: ModuleType, session: Session, calls: ModuleCalls, origins: Origins) -> None:
    """Follow what the models of this process are trained on."""
    _FEEDS[session] = Feeds(torch, session, calls, origins)


def feeds_of(session: Session) -> Feeds:
    """What `attach` made for this session. Raises KeyError where it was not called."""
    return _FEEDS[session]


_FEEDS: WeakKeyDictionary[Session, Feeds] = WeakKeyDictionary()


def _finite(value: Any) -> bool:
    return bool(value - value == 0)


def _leaf(position: Position) -> Leaf:
    return Leaf(position.name, position.shape, position.dtype, library="torch", values=position.values())
