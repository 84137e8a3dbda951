"""Groups are found by name, whether or not all resources are at hand."""

import pytest

from trueup.core.digests import BlobId
from trueup.core.ids import ResourceId
from trueup.spec.groups import (
    ENVIRONMENTS,
    EXCEPTIONS,
    INCLUDING,
    LEAVING,
    Narrowed,
    deployments_of,
    groups_of,
    members,
)
from trueup.spec.parse import parse
from trueup.spec.resource import Resources, SourceFile

HEAD = "apiVersion: trueup/v1alpha1\n"


def model(version: str, more: str = "") -> str:
    return (
        f'{HEAD}kind: Model\nmetadata: {{name: tiny, version: "{version}"}}\n'
        f"spec: {{source: {{uri: 'file:a'}}, format: gguf{more}}}\n"
    )


TEXTS = (
    f"{HEAD}kind: Environment\nmetadata: {{name: dev}}\nspec: {{tier: dev, target: {{type: process}}}}\n",
    model("1"),
    model("2", ", lifecycle: {phase: drained}"),
    model("3", ", lifecycle: {phase: deprecated}, vendor: archived"),
    (
        f'{HEAD}kind: Prompt\nmetadata: {{name: hello, version: "1"}}\n'
        "spec: {type: chat, messages: [{role: system, content: {file: a.txt}}]}\n"
    ),
    (
        f"{HEAD}kind: Deployment\nmetadata: {{name: chat}}\n"
        "spec: {environment: dev, release: {model: tiny@1}, runtime: {engine: llama.cpp}}\n"
    ),
)
CHAT = ResourceId("Deployment", "chat", environment="dev")
ALL = (deployments_of("dev"), deployments_of("prod"), ENVIRONMENTS, EXCEPTIONS, LEAVING, INCLUDING)


@pytest.fixture(scope="module")
def resources() -> Resources:
    parsed = parse([SourceFile(f"{i}.yaml", BlobId(""), t.encode()) for i, t in enumerate(TEXTS)], lambda _: b"text")
    assert not parsed.diagnostics
    return parsed.resources


def test_members_are_those_that_say_so_themselves(resources):
    for group in ALL:
        named = sorted(id_ for id_, resource in resources.items() if group in groups_of(resource))
        assert [r.id for r in members(resources, group)] == named
    assert [r.id for r in members(resources, deployments_of("dev"))] == [CHAT]
    assert [r.id.version for r in members(resources, LEAVING)] == ["2"]
    assert [r.id.kind for r in members(resources, INCLUDING)] == ["Prompt"]


def test_what_is_at_hand_is_given_without_looking_further(resources):
    def rest() -> Resources:
        raise AssertionError("Nobody looks for more than is at hand.")

    some = Narrowed({CHAT: resources[CHAT]}, {deployments_of("dev"): (CHAT,), EXCEPTIONS: ()}, rest)
    assert some[CHAT] is resources[CHAT]
    assert members(some, deployments_of("dev")) == (resources[CHAT],)
    assert members(some, EXCEPTIONS) == ()


def test_all_else_is_looked_for_once(resources):
    asked = []

    def rest() -> Resources:
        asked.append(1)
        return resources

    some = Narrowed({CHAT: resources[CHAT]}, {}, rest)
    assert dict(some) == dict(resources)
    assert len(some) == len(resources)
    assert some.get(ResourceId("Model", "none", "1")) is None
    for group in ALL:
        assert members(some, group) == members(resources, group)
    assert asked == [1]
