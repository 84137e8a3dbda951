"""Which documents of two manifests belong together, and what differs between them."""

from collections.abc import Iterator

from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json
from trueup.diff.changes import FieldChange
from trueup.diff.fields import field_changes, is_same
from trueup.diff.manifests import Manifest

_IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "version"))
"""Fields that an address already says."""

_SHOWN_WHEN_NEW = ("Deployment", "Prompt")
"""Kinds whose content is shown when a deployment is created: what it asks for and what the model is told."""


def document_changes(before: Manifest, after: Manifest) -> tuple[FieldChange, ...]:
    """Return the fields that differ, the deployment's own document first, then by address.

    A document and its successor (another version, or another model in the same place of the release) are
    compared with each other and shown under the successor's address.
    """
    changes: list[FieldChange] = []
    for old, new in _pairs(before, after):
        left = before.documents.get(old) if old else None
        right = after.documents.get(new) if new else None
        if is_same(left, right):
            continue
        if left is None or right is None:
            changes.append(_whole(old or new, left, right))
        else:
            changes += _declared(field_changes(new, left, right))
    return tuple(changes)


def new_documents(after: Manifest) -> tuple[FieldChange, ...]:
    """Return what a created deployment declares, and the prompt it comes with."""
    changes: list[FieldChange] = []
    for address in sorted(after.documents, key=_deployment_first):
        if address.split("/", 1)[0] in _SHOWN_WHEN_NEW:
            changes += _declared(field_changes(address, {}, after.documents[address]))
    return tuple(changes)


def _declared(changes: tuple[FieldChange, ...]) -> Iterator[FieldChange]:
    return (c for c in changes if tuple(c.path) not in _IDENTITY)


def _whole(address: str, left: Json, right: Json) -> FieldChange:
    """Name a document that joins or leaves without showing all of it: its own file is in the review."""
    return FieldChange(address, (), None if left is None else "present", None if right is None else "present")


def _pairs(before: Manifest, after: Manifest) -> list[tuple[str, str]]:
    """Return (old, new) addresses of documents that take each other's place; the empty string for none."""
    pairs = {new: new for new in after.documents if new in before.documents}
    left = [a for a in sorted(before.documents) if a not in pairs]
    for role in ("model", "prompt"):
        old, new = str(before.pin(role)), str(after.pin(role))
        if old in left and new in after.documents and new not in pairs:
            left.remove(old)
            pairs[new] = old
    for new in sorted(after.documents):
        if new not in pairs:
            pairs[new] = _take_namesake(new, left)
    joined = [(old, new) for new, old in pairs.items()] + [(old, "") for old in left]
    return sorted(joined, key=lambda p: _deployment_first(p[1] or p[0]))


def _take_namesake(address: str, left: list[str]) -> str:
    """Take from *left* the other version of what *address* names; builds need not have its name."""
    id_ = parse_address(address)
    for candidate in left:
        other = parse_address(candidate)
        if id_ and other and _is_successor(id_, other):
            left.remove(candidate)
            return candidate
    return ""


def _is_successor(id_: ResourceId, other: ResourceId) -> bool:
    if id_.kind != other.kind:
        return False
    return id_.kind in ("Build", "System", "Environment") or id_.name == other.name


def _deployment_first(address: str) -> tuple[bool, str]:
    return not address.startswith("Deployment/"), address
