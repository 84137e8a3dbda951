"""A bundle that is not pinned is refused where it is named."""

import pytest

from fakes import FakeTree
from trueup.core.digests import Revision
from trueup.spec.bundles import BundlePin
from trueup.workflows.loading import read_project

HEADER = "apiVersion: trueup/v1alpha1\nkind: Project\nmetadata: {name: demo}\n"


def read(bundle: str):
    text = f"{HEADER}spec:\n  policies:\n    bundles:\n      - {bundle}\n"
    return read_project(FakeTree({"trueup.yaml": text.encode()}, Revision("")))


@pytest.mark.parametrize(
    "bundle",
    [
        "{name: acme, source: git+https://example.com/x.git, revision: main}",
        "{name: acme, source: oci://example.com/x}",
        "{name: acme, source: ftp://example.com/x}",
    ],
)
def test_a_bundle_from_elsewhere_needs_a_pin(bundle: str) -> None:
    project, problems = read(bundle)
    assert project is None
    assert problems[0].span
    assert problems[0].span.path == "trueup.yaml"


def test_a_pinned_bundle_is_read() -> None:
    project, problems = read("{name: acme, source: bundles/acme}")
    assert problems == ()
    assert project
    assert project.bundles == (BundlePin("acme", "bundles/acme"),)


def test_a_pinned_bundle_over_a_plain_connection_is_told_as_that() -> None:
    digest = "sha256:" + "0" * 64
    for more in ("", f", digest: '{digest}'"):
        project, problems = read(f"{{name: acme, source: 'http://example.com/x.tar.gz'{more}}}")
        assert project is None
        assert "would be fetched without encryption" in problems[0].detail
        assert "https://" in f"{problems[0].detail} {problems[0].hint}"
