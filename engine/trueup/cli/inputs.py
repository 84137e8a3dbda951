"""Documents that a user gives to be judged: JSON and YAML, from files, folders and standard input."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from trueup.core.diagnostics import Diagnostic, Span
from trueup.workflows.codes import INPUT_FILE

if TYPE_CHECKING:
    from trueup.workflows.checking import InputDocument

STANDARD_INPUT = "-"
MAX_BYTES = 64_000_000
"""A policy document of ten thousand deployments has a sixth of it."""
_SUFFIXES = (".yaml", ".yml", ".json")
_OTHERS = {
    "toml": "TOML",
    "tf": "HCL",
    "hcl": "HCL",
    "tfvars": "HCL",
    "xml": "XML",
    "ini": "an INI file",
    "env": "a file of variables",
    "properties": "a file of properties",
    "dockerfile": "a Dockerfile",
    "md": "Markdown",
    "rego": "Rego",
    "csv": "CSV",
}
"""What files are by the end of their name; some of them can be read as YAML, and mean nothing as that."""
_TAKEN = "JSON and YAML are taken: an object or a list. Turn the file into one of them, and check that."


def read_documents(paths: Iterable[str]) -> "tuple[tuple[InputDocument, ...], tuple[Diagnostic, ...]]":
    """Return every document of *paths* and what is wrong with the files; a folder stands for the files below it."""
    documents: list[InputDocument] = []
    problems: list[Diagnostic] = []
    for path in (file for named in paths for file in _files(named)):
        content = _read(path)
        found = content if isinstance(content, Diagnostic) else _documents(path, content)
        if isinstance(found, Diagnostic):
            problems.append(found)
        elif found and isinstance(found[0], Diagnostic):
            problems += [d for d in found if isinstance(d, Diagnostic)]
        else:
            documents += [d for d in found if not isinstance(d, Diagnostic)]
    return tuple(documents), tuple(problems)


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    for place, folders, names in os.walk(path):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        files = (os.path.join(place, name) for name in sorted(names) if name.endswith(_SUFFIXES))
        yield from (file for file in files if not _is_pipe(file))


def _is_pipe(path: str) -> bool:
    """Tell whether reading *path* would wait for somebody to write."""
    return os.path.exists(path) and not os.path.isfile(path)


def _read(path: str) -> bytes | Diagnostic:
    try:
        if path == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        return _problem(path, f"`{path}`: {error.strerror}.")
    if len(content) > MAX_BYTES:
        return _problem(path, f"`{path}` has more than {MAX_BYTES:,} bytes.")
    return content


def _documents(path: str, content: bytes) -> "tuple[InputDocument | Diagnostic, ...] | Diagnostic":
    from trueup.spec.yaml.load import load_documents
    from trueup.workflows.checking import InputDocument

    other = _OTHERS.get(os.path.basename(path).lower().rsplit(".", 1)[-1].split("-", 1)[0])
    if other:
        return Diagnostic(INPUT_FILE, f"`{path}` is {other}.", Span(path), _TAKEN)
    if path.endswith(".json") or content.lstrip()[:1] in (b"{", b"["):
        try:
            return _of_shape((InputDocument(path, 0, json.loads(content), content),))
        except RecursionError:
            return _problem(path, f"`{path}` is nested too deeply.")
        except ValueError as error:
            if path.endswith(".json"):
                place = Span(path, error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else None
                return _problem(path, f"`{path}` is not JSON: {error}.", place)
    loaded = load_documents(content, path)
    if loaded.diagnostics:
        return loaded.diagnostics
    # Between two `---` there may be nothing, as templates leave it.
    filled = [d for d in loaded.documents if d.value is not None]
    if not filled:
        return _problem(path, f"`{path}` holds no document.")
    alone = len(loaded.documents) == 1
    return _of_shape(InputDocument(path, d.index, d.value, content, alone) for d in filled)


def _of_shape(documents: "Iterable[InputDocument]") -> "tuple[InputDocument | Diagnostic, ...]":
    """Return *documents*, or what is wrong with those that are single values: any text is one value of YAML."""
    read = tuple(documents)
    wrong = tuple(
        Diagnostic(INPUT_FILE, f"{d.subject} is {_kind(d.value)}, and no object or list.", Span(d.path), _TAKEN)
        for d in read
        if not isinstance(d.value, Mapping | list | tuple)
    )
    return wrong or read


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "one boolean"
        case str():
            return "one text"
        case _:
            return "one number"


def _problem(path: str, detail: str, span: Span | None = None) -> Diagnostic:
    return Diagnostic(INPUT_FILE, detail, span or Span(path), INPUT_FILE.remedy)
