"""`crypto.*`: digests of text, as lower-case hexadecimal."""

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Any


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("a digest is taken of a text")  # noqa: TRY004 one kind of error for all that OPA refuses
    return value.encode()


def _digest(algorithm: str, text: object) -> str:
    # Policies compare digests that others made; none of them protects anything here.
    return hashlib.new(algorithm, _bytes(text), usedforsecurity=False).hexdigest()


def _hmac(algorithm: str, text: object, key: object) -> str:
    return hmac.new(_bytes(key), _bytes(text), algorithm).hexdigest()


def _equal(one: object, other: object) -> bool:
    return hmac.compare_digest(_bytes(one), _bytes(other))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "crypto.hmac.equal": _equal,
    **{f"crypto.{name}": partial(_digest, name) for name in ("md5", "sha1", "sha256")},
    **{f"crypto.hmac.{name}": partial(_hmac, name) for name in ("md5", "sha1", "sha256", "sha512")},
}
