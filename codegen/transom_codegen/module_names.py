"""The modules that a generated module imports, and what it calls them."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from transom_codegen.naming import is_importable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transom_codegen.model import MessageClass

_NO_WORD: Final = re.compile(r"\W")


class ModuleNames:
    """Gives each imported module a name: its last component, or all of them where two modules share the last."""

    def __init__(self, modules: Iterable[str], *, home: str | None) -> None:
        """`home` is the package of the importing module, whose own modules keep their short names; None: none does."""
        self._modules = sorted(set(modules))
        self._home = home
        shared = Counter(map(_last, self._modules))
        self._names: dict[str, str] = {}
        for module in self._modules:
            is_short = module.rpartition(".")[0] == home or (shared[_last(module)] == 1 and home is not None)
            self._add(module, _as_name(_last(module) if is_short else module))

    @property
    def imports(self) -> list[str]:
        """The import statements, sorted by module."""
        return [self._statement(module) for module in self._modules if is_importable(module)]

    @property
    def loads(self) -> list[str]:
        """The assignments, by means of `importlib`, of the modules that no import statement can name."""
        return [
            f'{self.name_of(module)} = importlib.import_module("{module}")'
            for module in self._modules
            if not is_importable(module)
        ]

    @property
    def all(self) -> list[str]:
        """What the modules are called, in their order."""
        return [self._names[module] for module in self._modules]

    def name_of(self, module: str) -> str:
        """What the module is called."""
        return self._names[module]

    def class_of(self, message: MessageClass) -> str:
        """The expression of a message's class."""
        expression = self.name_of(message.module)
        for part in message.qualname.split("."):
            expression = f'getattr({expression}, "{part}")' if keyword.iskeyword(part) else f"{expression}.{part}"
        return expression

    def _add(self, module: str, name: str) -> None:
        """Modules whose names would be one, such as `a.b_c` and `a_b.c` in full, are told apart by a number."""
        taken = self._names.values()
        count = next(count for count in range(1, len(taken) + 2) if _numbered(name, count) not in taken)
        self._names[module] = _numbered(name, count)

    def _statement(self, module: str) -> str:
        package, _, last = module.rpartition(".")
        name = self.name_of(module)
        renamed = last if name == last else f"{last} as {name}"
        return f"from {package} import {renamed}" if package else f"import {renamed}"


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def _as_name(module: str) -> str:
    name = _NO_WORD.sub("_", module)
    return f"_{name}" if name[0].isdigit() else name


def _numbered(name: str, count: int) -> str:
    return name if count == 1 else f"{name}_{count}"
