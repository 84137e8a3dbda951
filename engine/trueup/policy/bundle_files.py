"""The files of a bundle as one value: the digest that names it, and the bytes that the ledger keeps of it.

Tests are left out of both, because they change no decision.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from trueup.core.digests import Digest, digest_of
from trueup.core.json import Json, canonical
from trueup.plan.shapes import Shape, ShapeError

if TYPE_CHECKING:
    from trueup.policy.results import PolicyFile

FORMAT_VERSION = 1


def deciding(files: Iterable[PolicyFile]) -> tuple[PolicyFile, ...]:
    """Return those of *files* that take part in a decision."""
    return tuple(file for file in files if not file.path.endswith("_test.rego"))


def bundle_digest(bundle: Iterable[PolicyFile]) -> Digest:
    """Return the identity of what decides."""
    return digest_of_files(deciding(bundle))


def digest_of_files(files: Iterable[PolicyFile]) -> Digest:
    """Return the digest over sorted (path, content digest) pairs."""
    return digest_of(sorted([f.path, f.root, hashlib.sha256(f.content).hexdigest()] for f in files))


def bundle_to_bytes(bundle: Iterable[PolicyFile]) -> bytes:
    """Spell what decides of *bundle* the one way the ledger keeps it, so that equal bundles are one object of git."""
    files = sorted(deciding(bundle), key=lambda f: (f.path, f.root))
    return canonical({"formatVersion": FORMAT_VERSION, "files": [_file(f) for f in files]})


def bundle_from_bytes(content: bytes) -> tuple[PolicyFile, ...]:
    """Read back what `bundle_to_bytes` spelled.

    Raises:
        ShapeError: It is no bundle, or in a format this version does not know.
    """
    try:
        shape = Shape(json.loads(content))
    except ValueError as error:
        raise ShapeError(f"it is not JSON ({error})") from error
    if shape.whole("formatVersion") != FORMAT_VERSION:
        raise ShapeError("`formatVersion` is unknown")
    return tuple(_read(file) for file in shape.items("files"))


def _file(file: PolicyFile) -> Json:
    about = {"path": file.path, "root": file.root}
    try:
        return {**about, "text": file.content.decode()}
    except UnicodeDecodeError:
        return {**about, "base64": base64.b64encode(file.content).decode()}


def _read(shape: Shape) -> PolicyFile:
    from trueup.policy.results import PolicyFile

    is_text = isinstance(shape.value, dict) and "text" in shape.value
    content = shape.text("text").encode() if is_text else _decoded(shape)
    return PolicyFile(shape.text("path"), content, shape.text("root"))


def _decoded(shape: Shape) -> bytes:
    text = shape.text("base64")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ShapeError(f"`{shape.place}.base64` is not base64") from error
