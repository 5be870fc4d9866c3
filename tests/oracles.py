"""Other people's programs, as oracles: torch-fidelity where torchvision has no build."""

import sys
from types import ModuleType

import pytest

STANDINS = ("torchvision", "torchvision.datasets", "torchvision.models", "torchvision.transforms",
            "torchvision.transforms.functional")  # fmt: skip


class _Standin(ModuleType):
    """A module whose every name is an empty class: torch-fidelity imports torchvision's and needs none of it here."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def needs_torch_fidelity(monkeypatch):
    """Skip the test without torch-fidelity; give it stand-ins for torchvision where that is absent."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        for name in STANDINS:
            monkeypatch.setitem(sys.modules, name, _Standin(name))
        for name in STANDINS[1:]:
            parent, _, child = name.rpartition(".")
            setattr(sys.modules[parent], child, sys.modules[name])
    return pytest.importorskip("torch_fidelity", reason="pip install --no-deps torch-fidelity", exc_type=ImportError)
