"""Adapters by name: built-ins first, then what installed packages offer under an entry-point group.

Looking packages up costs more than most commands, so it happens only for a name that is not built in, or when all
names are listed. Only installed packages are asked, never the repository that is planned.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from trueup.core.diagnostics import Code
from trueup.core.errors import PermanentError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BROKEN = Code(
    "PLG001",
    "A plugin cannot be loaded",
    "An installed package offers an adapter under this name, and importing or making it failed.",
    "Install a version of the package that fits, or remove it.",
)
CODES = (BROKEN,)

T = TypeVar("T")


class Plugins(Mapping[str, T]):
    """Adapters of one *group* (`trueup.sources`, `trueup.builders`), each made when it is first asked for."""

    def __init__(self, group: str, builtin: Mapping[str, T]) -> None:
        self._group = group
        self._made = dict(builtin)
        self._offered: Mapping[str, EntryPoint] | None = None

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = self._make(self._found[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._made, *self._found}))

    def __len__(self) -> int:
        return len({*self._made, *self._found})

    def __contains__(self, name: object) -> bool:
        return name in self._made or name in self._found

    @property
    def _found(self) -> "Mapping[str, EntryPoint]":
        if self._offered is None:
            from importlib.metadata import entry_points

            self._offered = {e.name: e for e in entry_points(group=self._group)}
        return self._offered

    def _make(self, offered: "EntryPoint") -> T:
        try:
            made: T = offered.load()()
        except Exception as error:
            detail = f"`{offered.name}` of the group `{self._group}` ({offered.value}): {error}."
            raise PermanentError(BROKEN, detail) from error
        return made
