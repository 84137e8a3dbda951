"""Client keys: references in the spec, digests at rest, compared in constant time. No key is ever stored or shown."""

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from trueup.adapters.gateways.local import codes
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass

_ENV = "env:"
_FILE = "file:"


def resolve(references: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return what the gateway needs of each reference: the digest of an `env:` key, the full path of a `file:` one.

    The command does this, because the gateway was started by another one and has neither its environment nor its
    folder. A reference whose variable is not set here keeps the digest it has in *known*.

    Raises:
        PermanentError: A variable is not set, and never was.
    """
    resolved = {}
    for reference in references:
        if reference.startswith(_FILE):
            resolved[reference] = str(Path(reference.removeprefix(_FILE)).expanduser().absolute())
        if not reference.startswith(_ENV):
            continue
        value = os.environ.get(reference.removeprefix(_ENV), "").strip()
        if value:
            resolved[reference] = key_digest(value)
        elif reference in known:
            resolved[reference] = known[reference]
        else:
            raise PermanentError(codes.KEY_MISSING, f"the environment variable of `{reference}` is not set")
    return resolved


def key_digest(key: str) -> str:
    """Return what is kept of a key."""
    # A header may hold bytes that are no UTF-8; they make a wrong key, not an error.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class KeyCheck:
    """Tells whether a key opens a route.

    Attributes:
        digests: Digests of keys from the environment.
        files: Files with one key each, read again whenever they change, so that a key can be rotated in place.
    """

    digests: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    _read: dict[Path, tuple[int, str]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, references: Sequence[str], resolved: Mapping[str, str]) -> "KeyCheck":
        """Return the check for *references*, which `resolve` resolved.

        Raises:
            PermanentError: A reference is of an unknown kind, or its key cannot be read.
        """
        for reference in references:
            if not reference.startswith((_ENV, _FILE)):
                raise PermanentError(codes.KEY_MISSING, f"`{reference}` is neither env:NAME nor file:PATH")
            if reference not in resolved:
                raise PermanentError(codes.KEY_MISSING, f"no key is known for `{reference}`")
        files = tuple(Path(resolved[r]) for r in references if r.startswith(_FILE))
        made = cls(tuple(resolved[r] for r in references if r.startswith(_ENV)), files)
        for file in files:
            if not made.file_digest(file):
                raise PermanentError(codes.KEY_MISSING, f"`{file}` cannot be read or is empty")
        return made

    @property
    def is_open(self) -> bool:
        """Whether no key is needed."""
        return not self.digests and not self.files

    def opens(self, key: str) -> bool:
        """Tell whether *key* is one of the keys; every one is compared, so that time tells nothing."""
        given = key_digest(key)
        found = False
        for known in (*self.digests, *(self.file_digest(f) for f in self.files)):
            found |= bool(known) and hmac.compare_digest(given, known)
        return found

    def file_digest(self, file: Path) -> str:
        """Return the digest of the key in *file*, empty when there is none."""
        try:
            stamp = file.stat().st_mtime_ns
            if self._read.get(file, (0, ""))[0] != stamp:
                key = file.read_text().strip()
                self._read[file] = (stamp, key_digest(key) if key else "")
        except (OSError, ValueError):
            return ""
        return self._read[file][1]
