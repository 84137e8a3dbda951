"""Entries of caches: files that say under which key they belong, and by a digest whether they are whole."""

import json
from pathlib import Path
from typing import Any

from trueup.adapters.whole_files import replace_file
from trueup.core.digests import digest_of
from trueup.core.json import Json, canonical


def read_sealed(path: Path, key: str) -> Any:
    """Return the content of an entry; None when there is none, or it is damaged."""
    try:
        entry = json.loads(path.read_bytes())
        content = entry["content"]
        return content if (entry["key"], entry["digest"]) == (key, digest_of(content)) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def seal(path: Path, key: str, content: Json) -> None:
    """Write an entry; the folder must be there.

    Raises:
        OSError: It cannot be written.
        ValueError: *content* is no JSON.
    """
    replace_file(path, canonical({"key": key, "digest": digest_of(content), "content": content}))
