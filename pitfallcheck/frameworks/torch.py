"""Attaches to PyTorch: what is fed to its models, how they are trained and asked, through functions of torch's own.

Checked with torch 2.13. Nothing of the program's is wrapped or replaced; see `torch_frames`.
"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from pitfallcheck.frameworks.torch_calls import ModuleCalls
from pitfallcheck.frameworks.torch_frames import NoSourceError, listen
from pitfallcheck.frameworks.torch_origins import Origins
from pitfallcheck.frameworks.torch_steps import Steps
from pitfallcheck.observe.session import Session


def attach(torch: ModuleType, session: Session) -> None:
    """Observe the models of this process."""
    calls, origins = ModuleCalls(), Origins()
    try:
        calls.follow(torch.nn.Module)
        listen(torch.nn.Module.__init__, before=lambda module, *_: origins.remember(module))
        Steps(torch, session, calls, origins).follow()
    except NoSourceError as error:
        session.skip("torch:source", "training with torch", str(error))
        return
    for part in ("torch_loss", "torch_data", "torch_inference"):
        name = f"pitfallcheck.frameworks.{part}"
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name).attach(torch, session, calls, origins)
