"""The modules of messages that a generated module imports, and what it calls them."""

from __future__ import annotations

import keyword
from collections import Counter
from typing import TYPE_CHECKING

from transom_codegen.naming import is_importable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transom_codegen.model import MessageClass


class ModuleNames:
    """Gives each imported module a name: its last component, or all of them where two modules share the last."""

    def __init__(self, modules: Iterable[str], *, home: str) -> None:
        """`home` is the package of the importing module: its own modules always keep their short names."""
        self._modules = sorted(set(modules))
        self._home = home
        self._shared = {last for last, count in Counter(map(_last, self._modules)).items() if count > 1}

    @property
    def statements(self) -> list[str]:
        """The import statements, sorted; `importlib` first where a module can be had in no other way."""
        needs_importlib = any(not is_importable(module) for module in self._modules)
        return ["import importlib"] * needs_importlib + [self._statement(module) for module in self._modules]

    def name_of(self, module: str) -> str:
        """What the module is called."""
        last = _last(module)
        is_short = last not in self._shared or module.rpartition(".")[0] == self._home
        return last if is_short else module.replace(".", "_")

    def class_of(self, message: MessageClass) -> str:
        """The expression of a message's class."""
        expression = self.name_of(message.module)
        for part in message.qualname.split("."):
            expression = f'getattr({expression}, "{part}")' if keyword.iskeyword(part) else f"{expression}.{part}"
        return expression

    def _statement(self, module: str) -> str:
        package, _, last = module.rpartition(".")
        name = self.name_of(module)
        if not is_importable(module):
            return f'{name} = importlib.import_module("{module}")'
        renamed = last if name == last else f"{last} as {name}"
        return f"from {package} import {renamed}" if package else f"import {renamed}"


def _last(module: str) -> str:
    return module.rpartition(".")[2]
