"""Attaches to PyTorch: what is fed to its models, how they are trained and asked, through functions of torch's own.

Checked with torch 2.13. Nothing of the program's is wrapped or replaced; see `torch_frames`.
"""

from __future__ import annotations

from types import ModuleType

from pitfallcheck.frameworks import torch_data, torch_inference, torch_loss
from pitfallcheck.frameworks.torch_calls import ModuleCalls
from pitfallcheck.frameworks.torch_frames import NoSourceError, listen
from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.frameworks.torch_steps import Steps
from pitfallcheck.observe.session import Session


def attach(torch: ModuleType, session: Session) -> None:
    """Observe the models of this process."""
    calls, origins = ModuleCalls(), Origins()
    calls.failed = lambda error: session.failed("following the calls of torch modules", error)
    try:
        calls.follow(torch.nn.Module)
        listen(torch.nn.Module.__init__, before=lambda module, *_: origins.remember(module))
        Steps(torch, session, calls, origins).follow()
    except NoSourceError as error:
        session.skip("torch:source", "training with torch", str(error))
        return
    for part in (torch_loss, torch_data, torch_inference):
        try:
            part.attach(torch, session, calls, origins)
        except Exception as error:
            session.failed(f"attaching {part.__name__.rpartition('.')[2]}", error)
