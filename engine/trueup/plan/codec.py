"""The plan file: versioned JSON that carries its own digest. A codec module per version; old ones are not edited."""

import json

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import digest_of, short
from trueup.core.json import Json
from trueup.plan import codec_v1
from trueup.plan.codes import CHANGED_PLAN, INCOMPLETE_PLAN, NOT_A_PLAN, UNKNOWN_FORMAT
from trueup.plan.saved import SavedPlan
from trueup.plan.shapes import ShapeError

LARGEST_FILE_BYTES = 64 * 1024 * 1024
"""A plan of 10,000 deployments stays below it; a larger file is something else."""

_DECODERS = {codec_v1.FORMAT_VERSION: codec_v1.decode}


def write_saved_plan(saved: SavedPlan) -> bytes:
    """Return the plan file of *saved*: indented for people, one trailing newline, equal for equal plans."""
    document = {"formatVersion": codec_v1.FORMAT_VERSION, **codec_v1.encode(saved)}
    whole = {"digest": digest_of(document), **document}
    # Somebody will show the file where marks reorder text, and in the log of a runner that obeys `##[`.
    return json.dumps(whole, indent=2, allow_nan=False).replace("##[", "#\\u0023[").encode() + b"\n"


def read_saved_plan(content: bytes, path: str) -> SavedPlan | Diagnostic:
    """Return the plan that *content* of the file *path* holds, or why it does not hold one.

    The digest finds damage and careless edits. It is no signature: apply trusts the file only as far as
    planning again gives the same id.
    """
    span = Span(path)
    document = _parse(content)
    if document is None:
        return Diagnostic(NOT_A_PLAN, f"`{path}` is not a whole JSON object with a formatVersion.", span)
    version = document.get("formatVersion")
    decode = _DECODERS.get(version) if isinstance(version, int) else None
    if decode is None:
        return Diagnostic(UNKNOWN_FORMAT, f"`{path}` has format {version!r}; this trueup reads {_known()}.", span)
    claimed = document.pop("digest", None)
    found = digest_of(document)
    if claimed != found:
        said = short(claimed) if isinstance(claimed, str) else "no digest"
        return Diagnostic(CHANGED_PLAN, f"`{path}` says {said}; its content is {short(found)}.", span)
    try:
        return decode(document)
    except ShapeError as error:
        return Diagnostic(INCOMPLETE_PLAN, f"`{path}`: {error}.", span)


def _parse(content: bytes) -> dict[str, Json] | None:
    if len(content) > LARGEST_FILE_BYTES:
        return None
    try:
        document = json.loads(content, parse_constant=_refuse)
        # What cannot be spelled canonically (a lone surrogate, say) has no digest either.
        digest_of(document)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and "formatVersion" in document else None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _known() -> str:
    return ", ".join(str(v) for v in _DECODERS)
