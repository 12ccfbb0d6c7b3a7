"""Tells which training a call of `backward` or of an optimizer's `step` belongs to, and lets that training look."""

from __future__ import annotations

import math
import sys
import threading
import weakref
from collections.abc import Sequence
from types import CodeType, FrameType
from typing import Any

from pitfallcheck.frameworks.torch_called import Called, ModelsCalled
from pitfallcheck.frameworks.torch_calls import ModuleCalls
from pitfallcheck.frameworks.torch_frames import listen
from pitfallcheck.frameworks.torch_graph import walk
from pitfallcheck.frameworks.torch_optimizer import holds
from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.frameworks.torch_parameters import Parameters
from pitfallcheck.frameworks.torch_training import Part, Training, shown
from pitfallcheck.observe.consumer import home_of, place_of
from pitfallcheck.observe.naming import owner_name
from pitfallcheck.observe.session import Session

_UNKNOWN: Any = object()

Site = tuple[int, int, tuple[int, ...]]
"""A call of `backward`, by its code and instruction, after calls of these models."""


class Steps:
    """All trainings of this process."""

    def __init__(self, torch: Any, session: Session, calls: ModuleCalls, origins: Origins) -> None:
        self._torch = torch
        self._session = session
        self._calls = calls
        self._origins = origins
        self._thread = threading.get_ident()
        self._optimizers: dict[int, weakref.ref[Any]] = {}
        self._sites: dict[Site, Training | None] = {}
        self._codes: list[CodeType] = []
        self._passed: dict[int, CodeType] = {}
        self._trainings: list[tuple[tuple[int, ...], Training]] = []
        self._of_optimizer: dict[int, Training] = {}
        self._together: set[int] = set()
        self._models = ModelsCalled(torch, calls, origins, self._failed)
        self._finished = False
        self._hooked = ""
        self._running: Training | None = None
        self._latest: Training | None = None
        self._off = False

    def follow(self) -> None:
        """Have torch tell of its backward passes, optimizers and hooks. Raises NoSourceError."""
        torch = self._torch
        listen(torch.autograd.backward, before=self._before_backward, after=self._after_backward)
        listen(torch.optim.Optimizer.__init__, before=self._made_optimizer)
        listen(torch.Tensor.register_hook, before=self._hook("the program has hooks on the gradients of tensors"))
        saved = torch.autograd.graph.saved_tensors_hooks
        listen(saved.__init__, before=self._hook("the program has hooks on what the graph saves"))
        torch.Tensor.retain_grad = _Announced(
            torch.Tensor.retain_grad, self._hook("the program keeps the gradients of tensors between layers")
        )
        for clip in (torch.nn.utils.clip_grad_norm_, torch.nn.utils.clip_grad_value_):
            listen(clip, before=self._clipped)
        listen(torch.amp.grad_scaler.GradScaler.scale, before=self._scaled)
        # By its full name: `torch.optim` hides the module.
        hooks = sys.modules[torch.optim.Optimizer.__module__]
        hooks.register_optimizer_step_post_hook(self._after_step)
        self._session.at_finish.append(self._finish)

    # What torch tells. Nothing here may raise, and a failure of ours ends the looking.

    def _made_optimizer(self, optimizer: Any, *_: Any) -> None:
        try:
            self._origins.remember(optimizer)
            self._optimizers[id(optimizer)] = weakref.ref(optimizer)
            self._sites.clear()
            self._models.fresh = True
            self._models.sample(True)
        except Exception as error:
            self._failed(error)

    def _before_backward(
        self, tensors: Any, grad_tensors: Any, retain: Any, create_graph: bool, _: Any, inputs: Any
    ) -> None:
        if self._off or self._calls.muted or threading.get_ident() != self._thread:
            return
        called, models = self._models.take()
        hooked, self._hooked = self._hooked, ""
        self._running = None
        frame = self._user_frame(sys._getframe(1))
        if frame is None:
            return
        try:
            loss = tensors[0] if isinstance(tensors, list | tuple) and len(tensors) == 1 else tensors
            several = called if len(called) < 2 else dict.fromkeys(called)
            site: Site = (id(frame.f_code), frame.f_lasti, tuple(several))
            training = self._sites.get(site, _UNKNOWN)
            if training is _UNKNOWN or (training is not None and training.gone):
                self._codes.append(frame.f_code)
                why = self._why_not(loss, grad_tensors, create_graph, inputs)
                if why:
                    self._skip(frame, why)
                training = self._sites[site] = None if why else self._identified(loss, called, models, frame)
            if training is None:
                return
            self._running = training
            self._calls.muted = True
            try:
                training.before_backward(loss, site, models, lambda: walk(loss.grad_fn), hooked)
            finally:
                self._calls.muted = False
        except Exception as error:
            self._failed(error)

    def _after_backward(self, *_: Any) -> None:
        training = self._running
        if training is None:
            return
        self._running = None
        self._latest = training
        if not training.looking and not self._models.sampling:
            return
        try:
            training.after_backward()
            self._models.fresh = False
            if training.wants_samples != self._models.sampling:
                self._models.sample(any(known.wants_samples for _, known in self._trainings))
        except Exception as error:
            self._failed(error)

    def _after_step(self, optimizer: Any, *_: Any) -> None:
        training = self._of_optimizer.get(id(optimizer))
        if training is not None and not self._off:
            try:
                training.after_step(optimizer)
            except Exception as error:
                self._failed(error)

    def _hook(self, why: str) -> Any:
        def noted(*_: Any) -> None:
            self._hooked = why

        return noted

    def _clipped(self, _: Any, bound: Any, *__: Any) -> None:
        # Which parameters it is given may be a generator, and is not ours to use up.
        if self._latest is not None and bound != math.inf:
            self._latest.spoil("its gradients are clipped before the step")

    def _scaled(self, scaler: Any, *_: Any) -> None:
        if getattr(scaler, "_enabled", False) and not self._off:
            self._off = True
            self._session.skip("torch:scaled", "training with torch", "a GradScaler changes the scale of its losses")

    def _failed(self, error: Exception) -> None:
        self._off = True
        self._calls.inside = None
        self._models.take()
        self._session.failed("following the training of a torch model", error)

    # Which training it is.

    def _user_frame(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the user's; None where Keras, which has its own adapter, stands between."""
        while frame is not None:
            code = frame.f_code
            # By identity: to hash a code object takes longer than all the rest.
            if id(code) not in self._passed:
                home = home_of(code.co_filename)
                if home == "user":
                    return frame
                if home == "library" and str(frame.f_globals.get("__name__", "")).startswith(("keras.", "tf_keras.")):
                    return None
                self._passed[id(code)] = code
            frame = frame.f_back
        return None

    def _why_not(self, loss: Any, grad_tensors: Any, create_graph: bool, inputs: Any) -> str:
        torch = self._torch
        if not isinstance(loss, torch.Tensor):
            return "several losses are differentiated at once"
        if loss.numel() != 1 or not loss.is_floating_point() or type(loss) is not torch.Tensor:
            return "its loss is not one real number"
        if grad_tensors is not None or inputs is not None or create_graph:
            return "`backward` is called with a gradient, inputs or a graph of its own"
        if loss.grad_fn is None:
            return "its loss is a parameter itself"
        if torch._C._are_functorch_transforms_active():
            return "it runs inside a functorch transform"
        return ""

    def _identified(
        self, loss: Any, called: Sequence[int], models: Sequence[Called], frame: FrameType
    ) -> Training | None:
        """The training that a loss belongs to, a new one where it is seen for the first time."""
        graph = walk(loss.grad_fn)
        leaves = {id(leaf): leaf for leaf in graph.leaves}
        alive = [optimizer for ref in self._optimizers.values() if (optimizer := ref()) is not None]
        owner: dict[int, Any] = {}
        for optimizer in alive:
            # Of two that hold a parameter, the one made later is in use.
            owner.update(dict.fromkeys((key for key in holds(optimizer) if key in leaves), optimizer))
        self._tell_held()
        used = list({id(optimizer): optimizer for optimizer in owner.values()}.values())
        if len(used) > 1:
            self._share(used, frame)
            return None
        optimizer = used[0] if used else None
        modules = list({id(call.model): call.model for call in models}.values())
        modules = [module for module in modules if _has_any(module, leaves)] or self._outermost(leaves, frame)
        key = (id(optimizer), *(id(module) for module in modules), *(() if modules else sorted(leaves)))
        for known, training in self._trainings:
            if known == key and not training.gone:
                return training
        part = Part(
            modules, optimizer, self._trained(leaves, owner if optimizer is not None else leaves, modules, frame)
        )
        if not part.named:
            return None
        training = Training(f"training:{len(self._trainings)}", part, place_of(frame), self._origins, self._session)
        self._trainings.append((key, training))
        if optimizer is not None:
            self._of_optimizer[id(optimizer)] = training
            if id(optimizer) in self._together:
                training.share()
        self._tell_held()
        return training

    def _tell_held(self) -> None:
        """Tell every training what the optimizers hold by now: another one may have taken over a part."""
        alive = [optimizer for ref in self._optimizers.values() if (optimizer := ref()) is not None]
        parts = [training.parameters for _, training in self._trainings]
        identities = {key for optimizer in alive for key in holds(optimizer)}
        identities.update(*(part.known_held for part in parts))
        for part in parts:
            part.held(identities)

    def _outermost(self, leaves: dict[int, Any], frame: FrameType) -> list[Any]:
        """The modules that hold the leaves of a loss, where none was called: the program calls `forward` itself."""
        holding = [module for module in self._origins.modules() if _has_any(module, leaves)]
        inner = {id(part) for module in holding for part in module.modules() if part is not module}
        outermost = [module for module in holding if id(module) not in inner]
        for module in outermost:
            self._origins.note_use(module, frame)
        return outermost

    def _share(self, used: Sequence[Any], frame: FrameType) -> None:
        """One loss reaches the parameters of several optimizers, as where two networks play against each other."""
        for optimizer in used:
            self._together.add(id(optimizer))
            training = self._of_optimizer.get(id(optimizer))
            if training is not None:
                training.share()
        self._skip(frame, f"its loss depends on the parameters of {len(used)} optimizers")

    def _skip(self, frame: FrameType, why: str) -> None:
        at = place_of(frame)
        self._session.skip(f"backward:{at}", f"the training at {shown(at)}", why)

    def _trained(
        self, leaves: dict[int, Any], held: dict[int, Any], models: Sequence[Any], frame: FrameType
    ) -> list[tuple[str, Any]]:
        """The leaves of a loss that are trained, with their names, in the models' order."""
        named = [(name, tensor) for name, tensor in Parameters.named(models) if id(tensor) in leaves]
        known = {id(tensor) for _, tensor in named}
        # As the optimizer has them, where there is one: it was given them in the program's order.
        ordered = [key for key in held if key in leaves] if held is not leaves else list(leaves)
        others = [leaves[key] for key in ordered if key not in known]
        named += [(owner_name(frame, leaf) or f"parameter {n}", leaf) for n, leaf in enumerate(others, 1)]
        return [(name, tensor) for name, tensor in named if id(tensor) in held]

    def _finish(self) -> None:
        """The program is over: say what came of every training."""
        if self._off:
            # What was seen ends somewhere in the middle, and would be taken for the whole.
            return
        self._tell_held()
        error = sys.exc_info()[1]
        ended_well = not self._finished and (error is None or isinstance(error, SystemExit))
        self._finished = True
        for _, training in self._trainings:
            try:
                training.finished = training.finished or ended_well
                training.emit()
            except Exception as error:
                self._failed(error)


def _has_any(module: Any, leaves: dict[int, Any]) -> bool:
    return any(id(parameter) in leaves for parameter in module.parameters())


class _Announced:
    """Stands for a method of a C type and tells before it is called: the method itself is what a caller gets."""

    def __init__(self, method: Any, told: Any) -> None:
        self._method = method
        self._told = told

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self._method
        self._told()
        return self._method.__get__(instance, owner)
