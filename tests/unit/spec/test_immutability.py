"""A merged version never changes."""

import pytest

from trueup.core.digests import BlobId, Digest, Revision, digest_of_bytes
from trueup.core.ids import ResourceId
from trueup.core.json import Json, canonical
from trueup.spec.codes import VERSION_CHANGED
from trueup.spec.immutability import Sighting, changed_versions, next_version
from trueup.spec.resource import Origin, Resource, content_digest

MODEL = ResourceId("Model", "tiny", "1")
SYSTEM = ResourceId("System", "support")
OLD: Json = {"metadata": {"name": "tiny"}, "spec": {"format": "gguf"}}
NEW: Json = {"metadata": {"name": "tiny"}, "spec": {"format": "safetensors"}}
MERGED, REVIEWED = Revision("a" * 40), Revision("b" * 40)


def resource(id_: ResourceId, document: Json, path: str = "spec/tiny.yaml") -> Resource:
    spelled = canonical(document)
    return Resource(id_, digest_of_bytes(spelled), spelled, Origin(path, BlobId(""), 0, 7), ())


def content(document: Json) -> Digest:
    return content_digest(resource(MODEL, document))


def problems(id_: ResourceId, document: Json, first: Sighting, revision: Revision = REVIEWED):
    return changed_versions({id_: resource(id_, document)}, {id_: first}, revision)


def test_a_changed_version_names_both_commits_the_place_and_the_way_out():
    (problem,) = problems(MODEL, NEW, Sighting(content(OLD), MERGED, "spec/tiny.yaml"))
    assert problem.code is VERSION_CHANGED
    assert MERGED[:12] in problem.detail
    assert REVIEWED[:12] in problem.detail
    assert str(problem.span) == "spec/tiny.yaml:7:1"
    assert "version 2" in problem.hint


def test_a_work_tree_is_named_as_such_and_another_file_of_the_first_sighting_too():
    (problem,) = problems(MODEL, NEW, Sighting(content(OLD), MERGED, "spec/former.yaml"), Revision(""))
    assert "the work tree" in problem.detail
    assert "spec/former.yaml" in problem.detail


def test_the_content_that_was_merged_is_fine():
    assert problems(MODEL, OLD, Sighting(content(OLD), MERGED, "spec/tiny.yaml")) == ()


@pytest.mark.parametrize(
    "later",
    [
        {"metadata": {"name": "tiny", "owner": "another-team"}, "spec": {"format": "gguf"}},
        {"metadata": {"name": "tiny", "labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec": {"format": "gguf"}},
        {"metadata": {"name": "tiny"}, "spec": {"format": "gguf", "lifecycle": {"phase": "deprecated"}}},
        {"metadata": {"name": "tiny"}, "spec": {"format": "gguf", "providerLifecycle": {"retiresAt": "2027-01-01"}}},
    ],
)
def test_owner_labels_and_phase_may_change_after_the_merge(later):
    assert problems(MODEL, later, Sighting(content(OLD), MERGED, "spec/tiny.yaml")) == ()


def test_kinds_without_versions_may_change():
    assert problems(SYSTEM, NEW, Sighting(content(OLD), MERGED, "spec/s.yaml")) == ()


def test_a_version_that_is_no_longer_declared_is_no_problem():
    assert changed_versions({}, {MODEL: Sighting(content(OLD), MERGED, "spec/tiny.yaml")}, REVIEWED) == ()


@pytest.mark.parametrize(
    ("version", "following"), [("1", "2"), ("9", "10"), ("v3", "v4"), ("1.9", "1.10"), ("beta", "beta-2")]
)
def test_the_next_version_is_proposed(version, following):
    assert next_version(version) == following
