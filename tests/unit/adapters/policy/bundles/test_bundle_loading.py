"""Bundles as part of what decides: roots, overlaps, places."""

import json
from collections.abc import Iterator, Sequence

import pytest

from archives import packed
from trueup.adapters.policy.bundle import load_bundle
from trueup.adapters.policy.bundles import codes
from trueup.adapters.policy.bundles.archive import BundleError
from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import BlobId, Revision
from trueup.policy.results import PolicyFile
from trueup.spec.bundles import BundlePin
from trueup.spec.resource import SourceFile
from trueup.workflows.codes import NO_PROJECT_IN_FILE


class Tree:
    def __init__(self, **files: bytes | str) -> None:
        self._files = {k: v.encode() if isinstance(v, str) else v for k, v in files.items()}

    @property
    def revision(self) -> Revision:
        return Revision("")

    def files(self, folders: Sequence[str], suffixes: Sequence[str]) -> Iterator[SourceFile]:
        for path, content in sorted(self._files.items()):
            if path.endswith(tuple(suffixes)) and any(path.startswith(f"{f}/") for f in folders):
                yield SourceFile(path, BlobId(""), content)

    def read(self, path: str) -> bytes | Diagnostic:
        return self._files.get(path) or Diagnostic(NO_PROJECT_IN_FILE, "There is none.", Span(path))

    def brought(self, name: str) -> str:
        return ""


def load(tree: Tree, *pins: BundlePin) -> tuple[PolicyFile, ...]:
    return load_bundle(tree, library=False, bundles=pins)


def manifest(*roots: str, **more: object) -> str:
    return json.dumps({"roots": roots, "revision": "1", **more})


ACME = BundlePin("acme", "bundles/acme")
OTHER = BundlePin("other", "bundles/other")


def refusal(tree: Tree, *pins: BundlePin) -> BundleError:
    with pytest.raises(BundleError) as caught:
        load(tree, *pins)
    return caught.value


def test_a_folder_gives_its_policies_and_data_below_the_bundles_name() -> None:
    tree = Tree(
        **{
            "bundles/acme/a.rego": "package acme.a",
            "bundles/acme/acme/limits/data.yaml": "most: 3",
            "bundles/acme/.manifest": manifest("acme"),
            "bundles/acme/notes.txt": "no policy",
        }
    )
    files = load(tree, ACME)
    assert [f.path for f in files] == ["@bundles/acme/a.rego", "@bundles/acme/acme/limits/data.yaml"]
    assert {f.root for f in files} == {"@bundles/acme"}


def test_an_archive_gives_the_same_as_the_folder_it_was_packed_from() -> None:
    inside = {"a.rego": "package acme.a", ".manifest": manifest("acme"), "acme/data.json": "{}"}
    folder = Tree(**{f"bundles/acme/{k}": v for k, v in inside.items()})
    archive = Tree(**{"bundles/acme.tar.gz": packed(*((f"/{k}", v.encode()) for k, v in inside.items()))})
    assert load(archive, BundlePin("acme", "bundles/acme.tar.gz")) == load(folder, ACME)


@pytest.mark.parametrize(
    ("files", "outside"),
    [
        ({"a.rego": "package elsewhere"}, "elsewhere"),
        ({"a.rego": "# a comment\npackage acme_other"}, "acme_other"),
        ({"other/data.yaml": "a: 1"}, "other"),
        ({"data.json": '{"acme": {"most": 3}, "trueup": {"rules": []}}'}, "trueup"),
        ({"data.json": '{"acme": 1, "parameters": {"licenses": {"allowed": ["any"]}}}'}, "parameters"),
    ],
)
def test_what_lies_outside_the_roots_is_refused(files: dict[str, str], outside: str) -> None:
    found = {f"bundles/acme/{k}": v for k, v in files.items()} | {"bundles/acme/ok.rego": "package acme"}
    error = refusal(Tree(**found, **{"bundles/acme/.manifest": manifest("acme")}), ACME)
    assert error.code is codes.MANIFEST
    assert f"`{outside}`" in error.detail


def test_data_in_one_file_at_the_top_belongs_to_the_roots_it_fills() -> None:
    files = {
        "bundles/acme/data.json": '{"acme": {"limits": {"most": 3}}}',
        "bundles/acme/a.rego": "package acme.rules",
        "bundles/acme/.manifest": manifest("acme/limits", "acme/rules"),
    }
    assert len(load(Tree(**files), ACME)) == 2


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"roots": "acme"}', '{"roots": [1]}', '{"revision": 1}', '{"rego_version": 0}',
     '{"rego_version": 1, "file_rego_versions": {"/a.rego": 0}}'],
)  # fmt: skip
def test_a_manifest_that_opa_would_not_read_alike_is_refused(text: str) -> None:
    tree = Tree(**{"bundles/acme/a.rego": "package acme", "bundles/acme/.manifest": text})
    error = refusal(tree, ACME)
    assert error.code is codes.MANIFEST
    assert error.span == Span("@bundles/acme/.manifest")


@pytest.mark.parametrize("roots", ["acme", "acme/rules", "acme/rules/more"])
def test_two_bundles_may_not_own_one_path(roots: str) -> None:
    tree = Tree(
        **{
            "bundles/acme/a.rego": "package acme.rules.more",
            "bundles/acme/.manifest": manifest("acme/rules"),
            "bundles/other/b.rego": "package acme.rules.more.b",
            "bundles/other/.manifest": manifest(roots),
        }
    )
    assert refusal(tree, ACME, OTHER).code is codes.ROOTS_OVERLAP


def test_neighbours_do_not_overlap() -> None:
    tree = Tree(
        **{
            "bundles/acme/a.rego": "package acme",
            "bundles/acme/.manifest": manifest("acme"),
            "bundles/other/b.rego": "package acme_other",
            "bundles/other/.manifest": manifest("acme_other"),
        }
    )
    assert len(load(tree, ACME, OTHER)) == 2


def test_a_misspelt_source_does_not_switch_rules_off() -> None:
    assert refusal(Tree(), ACME).code is codes.EMPTY
    assert refusal(Tree(), BundlePin("acme", "bundles/acme.tgz")).code is codes.UNREACHABLE


def test_a_bundle_from_elsewhere_that_was_not_fetched_decides_nothing() -> None:
    error = refusal(Tree(), BundlePin("acme", "oci://registry/acme", digest=f"sha256:{'a' * 64}"))
    assert error.code is codes.NOT_FETCHED
    assert "trueup policy pull" in (error.hint or error.code.remedy)
