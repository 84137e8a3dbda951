"""A source tree with one file replaced: what a commit would be, before it is one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import BlobId, Revision
from trueup.core.frozen import dataclass
from trueup.ports import Listed, SourceTree
from trueup.spec.resource import SourceFile


@dataclass(frozen=True, slots=True)
class Overlay:
    """`SourceTree` over *base* with *content* as *path*."""

    base: SourceTree
    path: str
    content: bytes

    @property
    def revision(self) -> Revision:
        """Empty: it is no commit yet."""
        return Revision("")

    def files(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[SourceFile]:
        """Yield the files of the base, the one replaced."""
        return map(self._replaced, self.base.files(folders, suffixes))

    def listed(self, folders: Sequence[str], suffixes: Sequence[str]) -> list[Listed]:
        """Return the files of the base; of the one replaced only its bytes say what it is."""
        return [replace(f, blob=BlobId("")) if f.path == self.path else f for f in self.base.listed(folders, suffixes)]

    def read_listed(self, listed: Sequence[Listed]) -> Iterator[SourceFile]:
        """Yield the files of the base, the one replaced."""
        return map(self._replaced, self.base.read_listed(listed))

    @property
    def passed_over(self) -> tuple[str, ...]:
        """What the base could not read."""
        return self.base.passed_over

    def read(self, path: str) -> bytes | Diagnostic:
        """Return one file's bytes."""
        return self.content if path == self.path else self.base.read(path)

    def brought(self, name: str) -> str:
        """Return the first path at or below *name*."""
        is_there = self.path.casefold() == name or self.path.casefold().startswith(f"{name}/")
        return self.base.brought(name) or (self.path if is_there else "")

    def _replaced(self, file: SourceFile) -> SourceFile:
        return replace(file, content=self.content, blob=BlobId("")) if file.path == self.path else file
