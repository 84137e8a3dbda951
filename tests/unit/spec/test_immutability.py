"""A merged version never changes."""

import pytest

from trueup.core.digests import BlobId, Digest, Revision, digest_of_bytes
from trueup.core.ids import ResourceId
from trueup.spec.codes import VERSION_CHANGED
from trueup.spec.immutability import Sighting, changed_versions, next_version
from trueup.spec.resource import Origin, Resource

MODEL = ResourceId("Model", "tiny", "1")
SYSTEM = ResourceId("System", "support")
OLD, NEW = digest_of_bytes(b"old"), digest_of_bytes(b"new")
MERGED, REVIEWED = Revision("a" * 40), Revision("b" * 40)


def resource(id_: ResourceId, digest: Digest, path: str = "spec/tiny.yaml") -> Resource:
    return Resource(id_, digest, b"", Origin(path, BlobId(""), 0, 7), ())


def problems(id_: ResourceId, digest: Digest, first: Sighting, revision: Revision = REVIEWED):
    return changed_versions({id_: resource(id_, digest)}, {id_: first}, revision)


def test_a_changed_version_names_both_commits_the_place_and_the_way_out():
    (problem,) = problems(MODEL, NEW, Sighting(OLD, MERGED, "spec/tiny.yaml"))
    assert problem.code is VERSION_CHANGED
    assert MERGED[:12] in problem.detail
    assert REVIEWED[:12] in problem.detail
    assert str(problem.span) == "spec/tiny.yaml:7:1"
    assert "version 2" in problem.hint


def test_a_work_tree_is_named_as_such_and_another_file_of_the_first_sighting_too():
    (problem,) = problems(MODEL, NEW, Sighting(OLD, MERGED, "spec/former.yaml"), Revision(""))
    assert "the work tree" in problem.detail
    assert "spec/former.yaml" in problem.detail


def test_the_content_that_was_merged_is_fine():
    assert problems(MODEL, OLD, Sighting(OLD, MERGED, "spec/tiny.yaml")) == ()


def test_kinds_without_versions_may_change():
    assert problems(SYSTEM, NEW, Sighting(OLD, MERGED, "spec/s.yaml")) == ()


def test_a_version_that_is_no_longer_declared_is_no_problem():
    assert changed_versions({}, {MODEL: Sighting(OLD, MERGED, "spec/tiny.yaml")}, REVIEWED) == ()


@pytest.mark.parametrize(
    ("version", "following"), [("1", "2"), ("9", "10"), ("v3", "v4"), ("1.9", "1.10"), ("beta", "beta-2")]
)
def test_the_next_version_is_proposed(version, following):
    assert next_version(version) == following
