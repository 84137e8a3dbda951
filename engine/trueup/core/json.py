"""JSON as a type, and the one canonical spelling that digests are taken over."""

import json
from collections.abc import Mapping, Sequence

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Json) -> bytes:
    """Spell *value* the one way its digest is taken over: keys sorted, no spaces, UTF-8.

    Equal values give equal bytes on every platform and Python release. Integers and floats stay apart
    (`1` and `1.0` differ), because YAML tells them apart.

    Raises:
        ValueError: A number is NaN or infinite, which JSON cannot spell.
    """
    return _ENCODER.encode(value).encode()
