"""Says that models of the legacy tf_keras are not looked into; what its `fit` takes of generators is watched anyway."""

from __future__ import annotations

from types import ModuleType

from pitfallcheck.observe.session import Session


def attach(tf_keras: ModuleType, session: Session) -> None:
    """Note what is not looked at."""
    version = getattr(tf_keras, "__version__", "")
    session.skip("tf_keras", f"models of tf_keras {version}", "only those of Keras 3 are looked into, generators are")
