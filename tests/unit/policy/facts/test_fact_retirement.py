"""Facts about versions on their way out."""

from collections.abc import Mapping

from trueup.core.digests import BlobId, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.observed.needs import SERVES, Need
from trueup.policy.facts.retirement import Retiring, retiring
from trueup.spec.parse import parse
from trueup.spec.resource import Resources, SourceFile
from workspaces import Declared, repository_files

MODEL = ResourceId("Model", "smol", "1")
NEED = Need(ResourceId("Deployment", "support", environment="dev"), digest_of("release"), SERVES)


def declared(phase: str = "", *deployments: Declared) -> Resources:
    files = dict(repository_files(deployments))
    if phase:
        path = "spec/models/smol-1.yaml"
        files[path] = files[path].replace(b'"format"', b'"lifecycle": {"phase": "%s"}, "format"' % phase.encode())
    sources = [SourceFile(path, BlobId(""), text) for path, text in files.items()]
    return parse(sources, lambda path: files[path]).resources


def found(now: str, before: str | None, *deployments: Declared, **more: Json) -> tuple[Retiring, ...]:
    was = None if before is None else declared(before)
    finder = None if was is None else was.get
    return retiring(declared(now, *deployments), finder, (), {str(MODEL): (NEED,)})


def test_a_version_that_is_drained_or_further_is_told_with_its_step_and_needs() -> None:
    (one,) = found("drained", "deprecated", Declared(model="smol@1"), Declared(name="chat", model="smol@2"))
    assert (one.address, one.phase, one.before) == (str(MODEL), "drained", "deprecated")
    assert one.declared_by == ("Deployment/dev/support",)
    assert one.needed_by == (NEED,)
    assert one.to_json() == {
        "address": "Model/smol@1",
        "phase": "drained",
        "before": "deprecated",
        "declaredBy": ["Deployment/dev/support"],
        "neededBy": [{"deployment": "Deployment/dev/support", "release": NEED.release, "why": "serves"}],
    }


def test_one_that_comes_back_is_told_and_others_are_not() -> None:
    assert [r.phase for r in found("deprecated", "drained")] == ["deprecated"]
    for now, before in (("deprecated", "active"), ("", "active"), ("active", None)):
        assert found(now, before) == ()


def test_what_was_before_is_empty_for_new_ones_and_none_where_nobody_knows() -> None:
    resources = declared("archived")
    (new,) = retiring(resources, lambda _: None, (), {})
    (unknown,) = retiring(resources, None, (), {})
    assert (new.before, unknown.before, unknown.needed_by) == ("", None, ())


def test_what_was_removed_is_told_where_something_needs_it() -> None:
    old = declared("archived")
    free, prompt = ResourceId("Model", "smol", "2"), ResourceId("Prompt", "support", "1")
    removed = (MODEL, free, prompt, ResourceId("System", "assistant"))
    needs: Mapping[str, tuple[Need, ...]] = {str(MODEL): (NEED,), str(prompt): (NEED,), "System/assistant": (NEED,)}
    found = retiring({}, old.get, removed, needs)
    assert [(r.address, r.phase, r.before) for r in found] == [
        (str(MODEL), "", "archived"),
        (str(prompt), "", "active"),
    ]
    assert [r.before for r in retiring({}, None, removed[:1], needs)] == [None]
    assert [r.before for r in retiring({}, lambda _: None, removed[:1], needs)] == [None]
