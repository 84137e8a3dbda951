"""Bytes of declared files to resources, or to every problem in them.

For each document: the envelope, the kind's model (made to check, then thrown away), included text, the canonical
form with its digest, and what it names. When all files are read: references, and circles among them. Files stream
through; what is kept is one row a resource. Places are looked for only when a problem is told.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError

from trueup.core.diagnostics import Diagnostic, Span, has_errors, sort_diagnostics
from trueup.core.digests import digest_of_bytes
from trueup.core.ids import ResourceId
from trueup.core.json import canonical
from trueup.core.suggestions import did_you_mean
from trueup.spec import codes
from trueup.spec.fields import Found, dotted, find
from trueup.spec.includes import Included, filled, text_at
from trueup.spec.kinds import API_VERSION, KINDS, model_class
from trueup.spec.kinds.spellings import escape_of
from trueup.spec.problems import Problem, problems_of
from trueup.spec.references import Broken, check, references
from trueup.spec.remembered import Noted, Recalled, pack, unpack
from trueup.spec.resource import Origin, Parsed, Resource, SourceFile
from trueup.spec.yaml.load import Document, load_file

_MOST_LOCATED = 200
"""Problems of one file that get their exact place. Each costs a new reading of the file, so that a hostile file
with a mistake on every line would take minutes; the rest point at their document."""


def parse(
    files: Iterable[SourceFile | Recalled], included: Included, note: Callable[[Noted], None] | None = None
) -> Parsed:
    """Read *files*, all documents of each, and check them one by one and together.

    Args:
        files: Declared files, in any order; each is looked at once and not kept. Some may be recalled in place of
            being read.
        included: Reads another file of the same revision.
        note: Told of each file that was read and that there is nothing to be said of.

    Returns:
        The good resources by id, in the order of their files, and all problems in the order of their places.
    """
    reading = _Reading(included, note)
    for file in files:
        reading.take(file)
    reading.check_references()
    return Parsed(reading.resources, sort_diagnostics(reading.diagnostics))


def parse_alone(
    files: Iterable[SourceFile | Recalled], included: Included, note: Callable[[Noted], None] | None = None
) -> Parsed:
    """Read *files* as `parse` does, without asking whether what they name is declared: others may declare it."""
    reading = _Reading(included, note)
    for file in files:
        reading.take(file)
    return Parsed(reading.resources, sort_diagnostics(reading.diagnostics))


def read_unchecked(files: Iterable[SourceFile], included: Included) -> dict[ResourceId, Resource] | None:
    """Return the resources of *files* without holding them to their kinds; None when a file cannot be read.

    For files that were declared before, and compared with: what they hold may be older than the kinds of today.
    """
    resources: dict[ResourceId, Resource] = {}
    for file in files:
        loaded = load_file(file)
        if has_errors(loaded.diagnostics):
            return None
        for document in loaded.documents:
            value: Any = document.value
            kind = value.get("kind") if isinstance(value, dict) else None
            id_ = _identity(kind, value) if isinstance(kind, str) and kind in KINDS else None
            if id_ is None:
                continue
            found = find(id_.kind, value)
            for path, holder in found.files:
                text = text_at(path, str(holder.get("file")), included)
                value = value if isinstance(text, Problem) else filled(value, path, text)
            resources[id_] = _resource(id_, value, Origin(file.path, file.blob, document.index, document.line), found)
    return resources


@cache
def _validator(kind: str) -> Callable[[Any], object]:
    """Return the validating function of *kind*'s model, which is built here, on first use."""
    model = model_class(kind)
    model.model_rebuild()
    return model.__pydantic_validator__.validate_python


class _Reading:
    """One run over all files: what was found so far."""

    def __init__(self, included: Included, note: Callable[[Noted], None] | None = None) -> None:
        self.resources: dict[ResourceId, Resource] = {}
        self.broken: dict[ResourceId, Broken] = {}
        self.diagnostics: list[Diagnostic] = []
        self.included = included
        self.note = note
        self.inclusions: list[str] = []

    def take(self, file: SourceFile | Recalled) -> None:
        if isinstance(file, SourceFile):
            self.read(file)
        else:
            self.recall(file)

    def recall(self, file: Recalled) -> None:
        found = unpack(file)
        # What is declared twice gets a message with a place, and places come from the text.
        if found is None or any(r.id in self.resources or r.id in self.broken for r in found):
            again = file.read()
            if again is not None:
                self.read(again)
            return
        for resource in found:
            self.resources[resource.id] = resource

    def read(self, file: SourceFile) -> None:
        before = len(self.diagnostics)
        self.inclusions.clear()
        found = self._read(file)
        if self.note is not None and len(self.diagnostics) == before:
            self.note(Noted(file.path, file.blob, pack(found), tuple(self.inclusions)))

    def _read(self, file: SourceFile) -> list[Resource]:
        loaded = load_file(file)
        self.diagnostics.extend(loaded.diagnostics)
        told = 0
        found = []
        for document in loaded.documents:
            origin = Origin(file.path, file.blob, document.index, document.line)
            accepted = self._accept(document, origin)
            if isinstance(accepted, Resource):
                self.resources[accepted.id] = accepted
                found.append(accepted)
                continue
            for problem in accepted:
                content = file.content if told < _MOST_LOCATED else None
                self.diagnostics.append(_diagnostic(problem, origin, content))
                told += 1
        return found

    def _accept(self, document: Document, origin: Origin) -> Resource | list[Problem]:
        """Return the document as a resource, or its problems."""
        value: Any = document.value
        if not isinstance(value, dict):
            detail = "The document is a list or a single value, and a resource is a mapping."
            return [Problem(codes.NOT_A_RESOURCE, (), detail, f"start it with `apiVersion: {API_VERSION}`")]
        problems = list(_envelope(value)) if document.sound else []
        kind = value.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            return problems
        id_ = _identity(kind, value)
        found = find(kind, value)
        if document.sound:
            problems += _shape(kind, value)
            value, unread = self._with_files(value, found)
            problems += unread
        problems += self._declared_before(id_) if id_ else ()
        if id_ and document.sound and not problems:
            return _resource(id_, value, origin, found)
        if id_:
            self._remember_broken(id_, origin, found, problems)
        return problems

    def _with_files(self, value: dict[str, Any], found: Found) -> tuple[dict[str, Any], list[Problem]]:
        """Return the document with the text of its files, and the problems of those that cannot be had."""
        problems = []
        for path, holder in found.files:
            if "content" in holder:
                place, hint = dotted(path), "the text comes from the file; remove `content`, or write the text in place"
                detail = f"`{place}` has no field `content`."
                problems.append(Problem(codes.UNKNOWN_FIELD, (*path, "content"), detail, hint, at_key=True))
                continue
            file = holder.get("file")
            # A path the model refuses is not tried: its own problem says why.
            if not isinstance(file, str) or escape_of(file):
                continue
            self.inclusions.append(file)
            text = text_at(path, file, self.included)
            if isinstance(text, Problem):
                problems.append(text)
            else:
                value = filled(value, path, text)
        return value, problems

    def _declared_before(self, id_: ResourceId) -> Iterator[Problem]:
        first = self.resources.get(id_) or self.broken.get(id_)
        if first is not None:
            detail = f"`{id_}` is declared here and in {first.origin.path}:{first.origin.line}."
            yield Problem(codes.DUPLICATE, ("metadata", "name"), detail, codes.DUPLICATE.remedy)

    def _remember_broken(self, id_: ResourceId, origin: Origin, found: Found, problems: Sequence[Problem]) -> None:
        """Keep what a broken document names: its dangling references are told in the same run."""
        told = {p.path for p in problems}
        named = references([n for n in found.names if n[0] not in told], id_.environment)
        self.broken.setdefault(id_, Broken(id_, origin, named))

    def check_references(self) -> None:
        places = _Reread(self.included)
        for origin, problem in check(self.resources, self.broken):
            self.diagnostics.append(_diagnostic(problem, origin, places.content(origin.path)))


def _resource(id_: ResourceId, value: dict[str, Any], origin: Origin, found: Found) -> Resource:
    metadata = value["metadata"]
    if id_.version and not isinstance(metadata["version"], str):
        value = {**value, "metadata": {**metadata, "version": id_.version}}
    spelled = canonical(value)
    return Resource(id_, digest_of_bytes(spelled), spelled, origin, references(found.names, id_.environment))


def _envelope(value: dict[str, Any]) -> Iterator[Problem]:
    version = value.get("apiVersion")
    if "apiVersion" not in value:
        hint = f"add `apiVersion: {API_VERSION}`"
        yield Problem(codes.UNKNOWN_API_VERSION, (), "The document has no `apiVersion`.", hint, at_key=True)
    elif version != API_VERSION:
        shown = f"`{version}`" if isinstance(version, str) else "no text"
        detail = f"`apiVersion` is {shown}, which this trueup does not know."
        yield Problem(codes.UNKNOWN_API_VERSION, ("apiVersion",), detail, f"write `{API_VERSION}`")
    kind = value.get("kind")
    known = f"known kinds: {', '.join(KINDS)}"
    if "kind" not in value:
        yield Problem(codes.UNKNOWN_KIND, (), "The document has no `kind`.", known, at_key=True)
    elif not isinstance(kind, str):
        yield Problem(codes.UNKNOWN_KIND, ("kind",), "`kind` is not text.", known)
    elif kind not in KINDS:
        hint = "; ".join(t for t in (did_you_mean(kind, KINDS), known) if t)
        yield Problem(codes.UNKNOWN_KIND, ("kind",), f"`{kind}` is not a kind.", hint)


def _shape(kind: str, value: dict[str, Any]) -> list[Problem]:
    """Check *value* against its kind's model; a wrong `apiVersion` is told by the envelope alone."""
    checked = value if value.get("apiVersion") == API_VERSION else {**value, "apiVersion": API_VERSION}
    try:
        _validator(kind)(checked)
    except ValidationError as error:
        return problems_of(kind, error.errors(include_url=False))
    return []


def _identity(kind: str, value: dict[str, Any]) -> ResourceId | None:
    """Return the id a document gives itself, as far as it can be told from one that has problems."""
    metadata, spec = value.get("metadata"), value.get("spec")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return None
    version = environment = ""
    if KINDS[kind].versioned:
        declared = metadata.get("version")
        if isinstance(declared, bool) or not isinstance(declared, str | int):
            return None
        version = str(declared)
    if kind == "Deployment":
        found = spec.get("environment") if isinstance(spec, dict) else None
        if not isinstance(found, str):
            return None
        environment = found
    return ResourceId(kind, metadata["name"], version, environment)


def _diagnostic(problem: Problem, origin: Origin, content: bytes | None) -> Diagnostic:
    span = origin.span
    if content is not None:
        from trueup.spec.yaml.positions import locate

        line, column = locate(content, origin.document, problem.path, key=problem.at_key)
        span = Span(origin.path, line, column)
    return Diagnostic(problem.code, problem.detail, span, problem.hint or problem.code.remedy)


class _Reread:
    """Reads declared files again to point at references; keeping them all would cost more memory than the rows."""

    def __init__(self, included: Included) -> None:
        self._included = included
        self._path = ""
        self._content: bytes | None = None
        self._told = 0

    def content(self, path: str) -> bytes | None:
        """Return the file's bytes while its problems are few, None when it cannot be had again."""
        if path != self._path:
            again = self._included(path)
            self._path, self._told = path, 0
            self._content = None if isinstance(again, Diagnostic) else again
        self._told += 1
        return self._content if self._told <= _MOST_LOCATED else None
