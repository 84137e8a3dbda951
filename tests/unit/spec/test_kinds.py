"""The kinds as the rest of the engine reads them."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from trueup.core.digests import BlobId, digest_of_bytes
from trueup.core.ids import ResourceId
from trueup.core.json import canonical
from trueup.spec import kinds
from trueup.spec.kinds import KINDS, model_class
from trueup.spec.kinds.base import TextFile
from trueup.spec.kinds.builds import EngineBuild, GgufBuild
from trueup.spec.kinds.environments import KubernetesTarget, ProcessTarget
from trueup.spec.parse import parse
from trueup.spec.resource import Origin, Resource, SourceFile

ENVELOPE = {"apiVersion": "trueup/v1alpha1"}


def resource(kind: str, spec, *, metadata=None, environment="") -> Resource:
    needed = {"version": "1"} if KINDS[kind].versioned else {"owner": "a"} if kind == "PolicyException" else {}
    metadata = metadata or {"name": "a", **needed}
    spelled = canonical({**ENVELOPE, "kind": kind, "metadata": metadata, "spec": spec})
    id_ = ResourceId(kind, metadata["name"], metadata.get("version", ""), environment)
    return Resource(id_, digest_of_bytes(spelled), spelled, Origin("a.yaml", BlobId(""), 0, 1), ())


MINIMAL = {
    "System": {"intendedPurpose": "Answers.", "operatorRole": "deployer", "riskClass": "minimal"},
    "Model": {"source": {"uri": "file:a"}, "format": "gguf"},
    "Adapter": {"baseModel": "a@1", "source": {"uri": "hf://a/b"}, "method": "lora"},
    "Dataset": {"source": {"uri": "file:a"}, "purpose": "eval"},
    "Prompt": {"template": "Hello."},
    "Evaluation": {"category": "quality", "dataset": "a@1"},
    "Build": {"mode": "none"},
    "Environment": {"tier": "dev", "target": {"type": "process"}},
    "Deployment": {"environment": "dev", "release": {"model": "a@1"}, "runtime": {"engine": "llama.cpp"}},
    "PolicyException": {
        "rule": "SC-04",
        "resource": "Model/a@1",
        "reason": "Old.",
        "compensatingControl": "Scanned.",
        "approvedBy": "someone",
        "expires": "2026-12-24",
    },
    "Project": {},
}


def test_every_kind_has_a_smallest_document_here():
    assert MINIMAL.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_needs_only_what_has_no_safe_default(kind):
    declared = kinds.model_of(resource(kind, MINIMAL[kind]))
    assert declared.kind == kind
    assert declared.metadata.name == "a"


@pytest.mark.parametrize("kind", KINDS)
def test_json_as_declared_is_what_was_declared(kind):
    found = resource(kind, MINIMAL[kind])
    assert canonical(kinds.model_of(found).to_json()) == found.canonical


@pytest.mark.parametrize("kind", KINDS)
def test_json_with_defaults_is_a_document_of_the_same_meaning(kind):
    declared = kinds.model_of(resource(kind, MINIMAL[kind]))
    again = model_class(kind).model_validate_json(canonical(declared.to_json(defaults=True)))
    assert again == declared


@pytest.mark.parametrize("kind", KINDS)
def test_models_are_frozen(kind):
    declared = kinds.model_of(resource(kind, MINIMAL[kind]))
    with pytest.raises(ValidationError, match="frozen"):
        declared.metadata.name = "b"


ACCESSORS = {
    "System": kinds.system,
    "Model": kinds.model,
    "Adapter": kinds.adapter,
    "Dataset": kinds.dataset,
    "Prompt": kinds.prompt,
    "Evaluation": kinds.evaluation,
    "Build": kinds.build,
    "Environment": kinds.environment,
    "Deployment": kinds.deployment,
    "PolicyException": kinds.policy_exception,
    "Project": kinds.project,
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_accessor_gives_its_kind_and_refuses_the_others(kind):
    found = resource(kind, MINIMAL[kind])
    assert type(ACCESSORS[kind](found)) is getattr(kinds, kind)
    other = ACCESSORS["System" if kind != "System" else "Model"]
    with pytest.raises(TypeError, match="is not a"):
        other(found)


def test_any_kind_is_the_union_of_all():
    assert {m.__name__ for m in kinds.AnyKind.__args__} == set(KINDS)


def test_the_package_has_no_other_names_by_chance():
    with pytest.raises(AttributeError, match="Nope"):
        _ = kinds.Nope


def test_the_list_of_kinds_costs_no_pydantic():
    code = "import sys, trueup.spec.kinds; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_text_prompt_is_one_system_message():
    assert kinds.prompt(resource("Prompt", {"template": "Hello."})).spec.chat == (("system", "Hello."),)


def test_a_prompt_kept_in_a_file_has_its_text():
    held = {"file": "prompts/a.txt", "content": "From the file."}
    chat = {"type": "chat", "messages": [{"role": "system", "content": held}, {"role": "user", "content": "{{q}}"}]}
    assert kinds.prompt(resource("Prompt", {"template": held})).spec.chat == (("system", "From the file."),)
    found = kinds.prompt(resource("Prompt", chat)).spec
    assert found.chat == (("system", "From the file."), ("user", "{{q}}"))
    assert isinstance(found.messages[0].content, TextFile)


def test_decoding_keeps_the_names_of_the_api():
    spec = {"template": "a", "modelConfig": {"temperature": 0, "max_tokens": 48, "extra_body": {"mirostat": 2}}}
    decoding = kinds.prompt(resource("Prompt", spec)).spec.decoding
    assert decoding.max_tokens == 48
    assert decoding.to_json() == spec["modelConfig"]


@pytest.mark.parametrize(
    ("spec", "type_"),
    [
        ({"mode": "gguf", "quantization": "Q8_0", "preTokenizer": "gpt-2"}, GgufBuild),
        (
            {"mode": "engine", "toolchain": {"tensorrtLlm": "1.2.1"}, "accelerator": {"gpu": "NVIDIA-H200"}},
            EngineBuild,
        ),
    ],
)
def test_a_build_has_the_shape_of_its_mode(spec, type_):
    assert type(kinds.build(resource("Build", spec)).spec) is type_


@pytest.mark.parametrize("mode", ["none", "gguf", "pytorch", "autodeploy", "engine", "edge_engine"])
def test_every_mode_of_the_product_can_be_declared(mode):
    spec = {"mode": mode}
    if "engine" in mode:
        spec |= {"toolchain": {}, "accelerator": {"gpu": "NVIDIA-H200", "computeCapability": "9.0"}}
    assert kinds.build(resource("Build", spec)).spec.mode == mode


def test_a_target_has_the_shape_of_its_type():
    local = {"tier": "dev", "target": {"type": "process", "port": 8180}}
    cluster = {"tier": "dev", "target": {"type": "kubernetes", "namespace": "llm"}}
    assert kinds.environment(resource("Environment", local)).spec.target == ProcessTarget(type="process", port=8180)
    assert type(kinds.environment(resource("Environment", cluster)).spec.target) is KubernetesTarget


def test_a_gateway_listens_on_loopback_unless_asked():
    spec = kinds.environment(resource("Environment", MINIMAL["Environment"])).spec
    assert (spec.target.host, spec.target.port) == ("127.0.0.1", 0)


def test_gates_are_shut_by_default():
    environment = kinds.environment(resource("Environment", MINIMAL["Environment"])).spec
    assert environment.evaluations.run == "before"
    assert environment.policy.enforcement == "deny"
    assert environment.approvals.separate_author
    assert not environment.auto_apply
    model = kinds.model(resource("Model", MINIMAL["Model"])).spec
    assert not model.trust_remote_code
    deployment = kinds.deployment(resource("Deployment", MINIMAL["Deployment"], environment="dev")).spec
    assert deployment.logging.content == "none"


def test_a_word_of_enforcement_that_is_gone_says_what_stands_in_for_it():
    text = """\
apiVersion: trueup/v1alpha1
kind: Environment
metadata: {name: dev}
spec:
  tier: dev
  target: {type: process}
  policy: {rules: {DP-04: off}}
"""
    parsed = parse([SourceFile("a.yaml", BlobId(""), text.encode())], lambda _path: b"")
    (found,) = parsed.diagnostics
    assert "`spec.policy.rules.DP-04` is `off`, which is not `deny`, `warn` or `dryrun`" in found.detail
    assert found.hint == "write `dryrun`: the rule denies nothing, and what it finds is recorded"
    assert found.span.line == 7


def test_times_are_aware_and_utc_and_durations_are_durations():
    window = {"start": "2026-12-24T18:00:00+01:00", "end": "2027-01-02T00:00:00Z"}
    spec = {**MINIMAL["Environment"], "freezeWindows": [window], "soakTime": "1h30m"}
    found = kinds.environment(resource("Environment", spec)).spec
    assert found.freeze_windows[0].start == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert found.soak_time == timedelta(minutes=90)
    assert kinds.policy_exception(resource("PolicyException", MINIMAL["PolicyException"])).spec.expires == date(
        2026, 12, 24
    )


SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk"


def approving(**approvals):
    return kinds.environment(resource("Environment", {**MINIMAL["Environment"], "approvals": approvals})).spec.approvals


def test_signers_people_and_sources_of_approvals_are_declared():
    signers = [{"member": "g@x.org", "ssh": SSH, "expires": "2026-12-24"}, {"member": "g@x.org", "gpg": "A" * 40}]
    found = approving(signers=signers, people=[{"member": "g@x.org", "also": ["g@home.org"], "login": "gh"}])
    assert [(s.ssh, s.gpg, s.expires) for s in found.signers] == [
        (SSH, None, date(2026, 12, 24)),
        (None, "A" * 40, None),
    ]
    assert found.people[0].also == ("g@home.org",)
    assert found.sources == ("signature", "trailer", "review")


@pytest.mark.parametrize(
    ("approvals", "said"),
    [
        ({"signers": [{"member": "g@x.org"}]}, "not clear about the key"),
        ({"signers": [{"member": "g@x.org", "ssh": SSH, "gpg": "A" * 40}]}, "not clear about the key"),
        ({"signers": [{"member": "g@x.org", "ssh": SSH}, {"member": "b@x.org", "ssh": SSH}]}, "declared twice"),
        ({"people": [{"member": "g@x.org"}, {"member": "b@x.org", "also": ["G@x.org"]}]}, "declared for two people"),
        ({"people": [{"member": "g@x.org", "login": "a"}, {"member": "b@x.org", "login": "A"}]}, "for two people"),
        ({"signers": [{"member": "g@x.org", "ssh": f"{SSH} a comment"}]}, "pattern"),
        ({"signers": [{"member": "g@x.org", "ssh": f'{SSH}\nx namespaces="git" {SSH}'}]}, "pattern"),
        ({"signers": [{"member": "g@x.org", "ssh": f"cert-authority {SSH}"}]}, "pattern"),
        ({"signers": [{"member": "g@x.org", "gpg": "A" * 16}]}, "pattern"),
    ],
)
def test_a_signer_has_one_whole_key_and_a_person_one_place(approvals, said):
    with pytest.raises(ValidationError, match=said):
        approving(**approvals)
