"""Bundles: what takes part, and what names them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import trueup
from trueup.adapters.policy.bundle import LibraryMissingError, bundle_digest, load_bundle, load_library
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import BlobId, Revision
from trueup.policy.results import LIBRARY, PolicyFile
from trueup.spec.resource import SourceFile


class MemoryTree:
    """A source tree in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.content = files

    @property
    def revision(self) -> Revision:
        return Revision("")

    def files(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[SourceFile]:
        for path in sorted(self.content):
            if path.endswith(tuple(suffixes)) and any(f in ("", ".") or path.startswith(f"{f}/") for f in folders):
                yield SourceFile(path, BlobId(""), self.content[path])

    def read(self, path: str) -> bytes | Diagnostic:
        return self.content[path]

    def brought(self, name: str) -> str:
        return ""


TREE = MemoryTree(
    {
        "rules/b.rego": b"package b\n",
        "rules/a.rego": b"package a\n",
        "rules/a_test.rego": b"package a_test\n",
        "rules/limits/data.json": b"{}",
        "rules/limits/mydata.json": b"{}",
        "rules/README.md": b"",
        "spec/data.yaml": b"",
    }
)


def test_a_bundle_has_the_policies_and_data_files_of_its_folders_in_path_order() -> None:
    bundle = load_bundle(TREE, library=False, paths=["rules/"])
    assert [f.path for f in bundle] == [
        "rules/a.rego",
        "rules/a_test.rego",
        "rules/b.rego",
        "rules/limits/data.json",
    ]
    assert {f.root for f in bundle} == {"rules"}


def test_the_library_comes_besides() -> None:
    bundle = load_bundle(TREE, library=True, paths=["rules"])
    assert {f.root for f in bundle} == {"rules", LIBRARY}
    assert f"{LIBRARY}/SC-01-pinned-sources/rule.rego" in [f.path for f in bundle]
    assert f"{LIBRARY}/parameters/licenses/data.yaml" in [f.path for f in bundle]


def test_a_bundle_is_named_by_paths_and_content_of_what_decides() -> None:
    bundle = load_bundle(TREE, library=False, paths=["rules"])
    digest = bundle_digest(bundle)
    assert bundle_digest(reversed(bundle)) == digest, "order does not matter"
    assert bundle_digest([*bundle, PolicyFile("rules/c_test.rego", b"x", "rules")]) == digest, "tests decide nothing"
    assert bundle_digest([*bundle, PolicyFile("rules/c.rego", b"x", "rules")]) != digest
    for index, file in enumerate(bundle):
        if not file.path.endswith("_test.rego"):
            changed = [*bundle[:index], PolicyFile(file.path, file.content + b" ", file.root), *bundle[index + 1 :]]
            assert bundle_digest(changed) != digest, file.path


def test_an_installed_library_is_preferred_to_a_checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "trueup"
    (package / "library" / "X-01").mkdir(parents=True)
    (package / "library" / "X-01" / "rule.rego").write_text("package x\n")
    monkeypatch.setattr(trueup, "__file__", str(package / "__init__.py"))
    assert [f.path for f in load_library()] == [f"{LIBRARY}/X-01/rule.rego"]


def test_a_library_that_is_nowhere_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trueup, "__file__", str(tmp_path / "site" / "trueup" / "__init__.py"))
    with pytest.raises(LibraryMissingError):
        load_library()
