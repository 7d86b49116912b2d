"""Plugins: modules of one folder that end in one constant, and those that other packages add by entry point."""

import importlib
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from agentobs.errors import PluginError


def plugins(package: str, constant: str, kind: type) -> dict[str, Any]:
    """Return {name: plugin} of a package's modules, then of the entry points of the same name; sorted by name.

    Raises PluginError when a module lacks its constant, when it has another type, or when two plugins share a name.
    """
    found: dict[str, tuple[str, Any]] = {}
    for where, module in [*_own(package), *_foreign(package)]:
        plugin: Any = module if isinstance(module, kind) else getattr(module, constant, None)
        if not isinstance(plugin, kind):
            raise PluginError(f"{where} must assign {constant} = {kind.__name__}(...)")
        name = plugin.name
        if name in found:
            raise PluginError(f"{constant.lower()} {name!r} is declared by {found[name][0]} and by {where}; rename one")
        found[name] = (where, plugin)
    return {name: found[name][1] for name in sorted(found)}


def _own(package: str) -> list[tuple[str, ModuleType]]:
    parent = importlib.import_module(package)
    names = sorted(info.name for info in pkgutil.iter_modules(parent.__path__) if not info.name.startswith("_"))
    return [(f"{package}.{name}", importlib.import_module(f"{package}.{name}")) for name in names]


def _foreign(package: str) -> list[tuple[str, Any]]:
    return [(f"entry point {point.value!r}", point.load()) for point in entry_points(group=package)]
