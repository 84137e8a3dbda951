"""What of a release differs from the one that serves, in words."""

from dataclasses import replace

import pytest

from states import Want, deployment, route_of
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, Pin
from trueup.diff.behaviour.parts import Part, can_be_read, changed_parts

KEY = "sk-" + "a1B2" * 6


def parts(old: Want | DesiredDeployment, new: Want | DesiredDeployment) -> dict[str, Part]:
    before, after = (deployment(w) if isinstance(w, Want) else w for w in (old, new))
    return {p.name: p for p in changed_parts(route_of(before), after)}


def test_what_serves_as_planned_differs_in_nothing() -> None:
    assert parts(Want(), Want(replicas=3)) == {}


def test_a_new_prompt_is_named_with_its_version() -> None:
    assert parts(Want(), Want(prompt="support@2")) == {
        "prompt": Part("prompt", "Prompt/support@1", "Prompt/support@2"),
    }


def test_new_weights_are_a_new_model_and_a_new_build() -> None:
    found = parts(Want(), Want(model="tiny@2"))
    assert found.keys() == {"model", "build"}
    assert (found["model"].old, found["model"].new) == ("Model/tiny@1", "Model/tiny@2")
    assert found["build"].old.startswith("gguf quantization=Q8_0 (key ")


def test_other_content_under_the_same_address_is_said() -> None:
    found = parts(Want(), Want(text="Be rude."))
    assert found["prompt"].new == "Prompt/support@1 (other content)"


def test_settings_of_decoding_and_of_the_server_are_told_by_name() -> None:
    found = parts(Want(), Want(max_tokens=9, threads=2))
    assert found["decoding"] == Part("decoding", "max_tokens=48, temperature=0", "max_tokens=9, temperature=0")
    assert found["arguments"] == Part("arguments", "context=512, threads=1", "context=512, threads=2")


def test_a_part_that_was_not_there_came_from_none() -> None:
    plain = deployment(Want())
    pin = Pin(ResourceId("Adapter", "polite", "1"), digest_of("adapter"))
    adapted = replace(plain, release=replace(plain.release, adapters=(pin,)))
    assert parts(plain, adapted) == {"adapters": Part("adapters", "none", "Adapter/polite@1")}
    assert parts(adapted, plain) == {"adapters": Part("adapters", "Adapter/polite@1", "none")}


def test_limits_and_nested_settings_are_told() -> None:
    plain = deployment(Want())
    limited = replace(plain, route=replace(plain.route, limits=(("maxTokens", 9),)))
    assert parts(plain, limited) == {"limits": Part("limits", "none", "maxTokens=9")}
    nested = replace(plain, server=replace(plain.server, arguments=(("cache", {"size": 1, "kind": ""}),)))
    assert parts(plain, nested)["arguments"].new == "cache.size=1"


def test_a_secret_among_the_settings_is_masked() -> None:
    plain = deployment(Want())
    secret = replace(plain, server=replace(plain.server, arguments=(("apiKey", KEY), ("note", KEY))))
    assert KEY not in repr(parts(plain, secret))


def test_where_nothing_serves_every_part_is_new() -> None:
    found = {p.name: p for p in changed_parts(None, deployment(Want()))}
    assert found["prompt"] == Part("prompt", "none", "Prompt/support@1")
    assert {"model", "build", "runtime"} <= found.keys()


@pytest.mark.parametrize("manifest", [None, {}, {"deployment": {}}, {"deployment": {"release": {"model": 1}}}])
def test_where_nobody_can_tell_what_serves_every_part_is_new(manifest: Json) -> None:
    item = deployment(Want())
    route = replace(route_of(item), manifest=manifest)
    assert not can_be_read(route)
    assert changed_parts(route, item) == changed_parts(None, item)


def test_a_route_that_cannot_be_read_tells_nothing() -> None:
    item = deployment(Want())
    assert can_be_read(route_of(item))
    assert not can_be_read(replace(route_of(item), route={"modelName": 1}))


def test_a_release_with_parts_of_another_shape_is_described_as_far_as_it_goes() -> None:
    item = deployment(Want())
    manifest: Json = {"deployment": {"release": {"build": {"mode": "gguf"}, "adapters": 1}, "server": {"runtime": "x"}}}
    route = replace(route_of(item), manifest=manifest)
    assert can_be_read(route)
    assert {p.name: p.old for p in changed_parts(route, item)}["build"] == "gguf"
