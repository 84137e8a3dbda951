"""A build's Job: what runs where, in which order, with which rights; and that Kubernetes takes it."""

import importlib.util
import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from test_arguments import LLAMA

from trueup.builds.accelerators import PRODUCTS
from trueup.builds.command import engine_build
from trueup.builds.findings import Level
from trueup.builds.job import JobOptions, JobSubject, Rendered, content_folder, render_job, to_yaml
from trueup.core.digests import Digest
from trueup.core.json import Json

IMAGE = "nvcr.io/nvidia/tensorrt-llm/release@sha256:" + "ab" * 32
OPTIONS = JobOptions(claim="trueup-store", image="registry.example/trueup@sha256:" + "cd" * 32)
KEY = Digest("sha256:" + "0123456789abcdef" * 4)
SPEC: dict[str, Json] = {
    "mode": "engine",
    "toolchain": {"tensorrtLlm": "1.2.1", "image": IMAGE},
    "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3", "count": 1, "tuning": "product"},
    "parallelism": {"tensor": 2},
    "build": {"max_batch_size": 64},
}
DATA: Json = {"format": "fp8", "calibration": {"dataset": "texts@1", "size": 64}}


def subject(key: str = KEY, **changes: Json) -> JobSubject:
    spec = {**SPEC, **changes}
    pin: dict[str, Json] = {
        "address": "Build/chat-h100@1",
        "digest": KEY,
        "mode": "engine",
        "parameters": {k: v for k, v in spec.items() if k != "mode"},
        "key": key,
    }
    return JobSubject(engine_build(spec, LLAMA), spec, LLAMA, pin, Digest("sha256:" + "5" * 64))


def rendered(options: JobOptions = OPTIONS, **changes: Json) -> Rendered:
    return render_job(subject(**changes), options, "print('probe')\n")


def objects(options: JobOptions = OPTIONS, **changes: Json) -> tuple[Any, Any]:
    found = rendered(options, **changes)
    assert found.findings == ()
    config, job = yaml.safe_load_all(to_yaml(found.objects))
    return config, job


def pod(options: JobOptions = OPTIONS, **changes: Json) -> Any:
    return objects(options, **changes)[1]["spec"]["template"]["spec"]


def accelerator(**changes: Json) -> Json:
    declared = SPEC["accelerator"]
    assert isinstance(declared, dict)
    return {**declared, **changes}


def test_the_name_is_that_of_the_content() -> None:
    config, job = objects()
    assert job["metadata"]["name"] == config["metadata"]["name"] == "trueup-build-0123456789abcdef"
    other = subject(key="sha256:" + "f" * 64)
    assert other.name == "trueup-build-ffffffffffffffff"


def test_the_same_build_gives_the_same_text() -> None:
    assert to_yaml(rendered().objects) == to_yaml(rendered().objects)
    turned = dict(reversed(SPEC.items()))
    again = JobSubject(engine_build(turned, LLAMA), turned, LLAMA, subject().pin, subject().source)
    assert to_yaml(render_job(again, OPTIONS, "print('probe')\n").objects) == to_yaml(rendered().objects)


def test_steps_run_one_after_the_other_and_the_store_is_written_to_last() -> None:
    found = pod()
    steps = [*found["initContainers"], *found["containers"]]
    assert [s["name"] for s in steps] == ["inspect", "prepare", "convert", "build", "deliver"]
    writing = [
        s["name"] for s in steps for m in s["volumeMounts"] if m["name"] == "store" and not m.get("readOnly", False)
    ]
    assert writing == ["deliver"]
    assert [s["image"] for s in steps] == [IMAGE, OPTIONS.image, IMAGE, IMAGE, OPTIONS.image]


def test_commands_are_those_of_a_build_here_at_other_places() -> None:
    build = next(c for c in pod()["initContainers"] if c["name"] == "build")
    assert build["command"][:5] == [
        "trtllm-build",
        "--checkpoint_dir",
        "/scratch/checkpoint",
        "--output_dir",
        "/scratch/engine",
    ]
    assert build["command"][build["command"].index("--output_timing_cache") + 1] == "/scratch/timing.cache"
    convert = next(c for c in pod()["initContainers"] if c["name"] == "convert")
    assert convert["command"][convert["command"].index("--model_dir") + 1] == content_folder(subject().source)
    quantize = next(c for c in pod(quantization=DATA)["initContainers"] if c["name"] == "quantize")
    assert quantize["command"][-2:] == ["--calib_dataset", "/scratch/data"]


def test_adapters_are_read_from_the_store() -> None:
    adapter, data = Digest("sha256:" + "a" * 64), Digest("sha256:" + "d" * 64)
    for changes, inputs in (({}, (adapter,)), ({"quantization": DATA}, (data, adapter))):
        found = replace(subject(adapters=["a@1"], **changes), inputs=inputs)
        text = to_yaml(render_job(found, OPTIONS, "").objects)
        (job,) = [o for o in yaml.safe_load_all(text) if o["kind"] == "Job"]
        command = job["spec"]["template"]["spec"]["initContainers"][-1]["command"]
        assert command[-2:] == ["--lora_dir", content_folder(adapter)]


def test_the_resolved_build_is_a_file() -> None:
    config, _ = objects()
    document = json.loads(config["data"]["build.json"])
    assert document["held"]["engine"]["max_num_tokens"] == 8192
    assert document["held"]["world_size"] == 2
    assert document["build"]["key"] == KEY
    assert config["data"]["probe.py"] == "print('probe')\n"
    assert config["immutable"] is True


def test_nothing_runs_with_rights() -> None:
    found = pod()
    assert found["automountServiceAccountToken"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*found["initContainers"], *found["containers"]]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True


def test_secrets_are_names_only() -> None:
    text = to_yaml(rendered(replace(OPTIONS, pull_secret="registry")).objects)
    assert "imagePullSecrets:\n      - name: registry" in text
    assert "imagePullSecrets" not in to_yaml(rendered().objects)
    assert "secretKeyRef" not in text


def test_a_job_ends_and_is_not_tried_again() -> None:
    _, job = objects()
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (0, 21600, 86400)
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert "suspend" not in spec


def test_a_product_is_selected_by_its_whole_label_so_that_parts_of_it_are_not() -> None:
    found = pod()
    (term,) = found["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    (expression,) = term["matchExpressions"]
    assert expression == {"key": "nvidia.com/gpu.product", "operator": "In", "values": ["NVIDIA-H100-80GB-HBM3"]}
    assert found["nodeSelector"] == {"kubernetes.io/arch": "amd64"}
    unknown = pod(accelerator=accelerator(gpu="NVIDIA-Z9"))
    assert "NVIDIA-Z9" in json.dumps(unknown["affinity"])


def test_a_capability_is_selected_with_all_its_whole_products() -> None:
    found = pod(accelerator=accelerator(tuning="capability"))
    assert found["nodeSelector"] == {
        "kubernetes.io/arch": "amd64",
        "nvidia.com/gpu.compute.major": "9",
        "nvidia.com/gpu.compute.minor": "0",
    }
    text = json.dumps(found["affinity"])
    assert all(p.label in text for p in PRODUCTS if p.capability == "9.0")
    assert "-SHARED" not in text
    assert "-MIG-" not in text


def test_hosts_of_another_architecture_are_selected() -> None:
    assert pod(accelerator=accelerator(gpu="GB200"))["nodeSelector"] == {"kubernetes.io/arch": "arm64"}


def test_volumes_have_room_for_three_times_the_weights() -> None:
    volumes = {v["name"]: v for v in pod()["volumes"]}
    assert volumes["scratch"]["emptyDir"] == {"sizeLimit": "45Gi"}
    assert volumes["shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "8Gi"}
    assert volumes["store"]["persistentVolumeClaim"] == {"claimName": "trueup-store"}
    fast = {v["name"]: v for v in pod(replace(OPTIONS, scratch_class="fast"))["volumes"]}
    claim = fast["scratch"]["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert (claim["storageClassName"], claim["resources"]["requests"]["storage"]) == ("fast", "45Gi")


def test_memory_grows_with_the_workers_and_gpus_are_as_declared() -> None:
    def resources(**changes: Json) -> Any:
        return next(c for c in pod(**changes)["initContainers"] if c["name"] == "build")["resources"]

    one = resources()
    assert one["limits"]["nvidia.com/gpu"] == one["requests"]["nvidia.com/gpu"] == 1
    two = resources(build={"workers": 2}, accelerator=accelerator(count=2))
    assert int(two["limits"]["memory"][:-2]) == 2 * int(one["limits"]["memory"][:-2])
    assert two["limits"]["nvidia.com/gpu"] == 2
    assert resources(accelerator={"gpu": "H100"})["limits"]["nvidia.com/gpu"] == 1


def test_a_queue_and_a_namespace_are_named() -> None:
    config, job = objects(replace(OPTIONS, queue="builds", namespace="ml"))
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "builds"
    assert job["metadata"]["namespace"] == config["metadata"]["namespace"] == "ml"


@pytest.mark.parametrize(
    ("options", "changes", "words"),
    [
        ({}, {"toolchain": {"tensorrtLlm": "1.2.1"}}, "The toolchain's image has to be pinned, and it declares none"),
        ({}, {"toolchain": {"tensorrtLlm": "1.2.1", "image": "nvcr.io/x:1"}}, "`nvcr.io/x:1` has no digest"),
        ({}, {"toolchain": {"image": IMAGE}}, "The version of TensorRT-LLM is not declared"),
        ({}, {"accelerator": None}, "The product that it is for is not declared"),
        ({}, {"accelerator": {"gpu": "Z9", "tuning": "capability"}}, "No product of compute capability `unknown`"),
        ({}, {"adapters": ["a@1"]}, "1 adapters are declared, and 0 are pinned"),
        ({}, {"build": {"max_batch_size": 0}}, "at least 1 is needed"),
        ({"image": ""}, {}, "An image with trueup in it has to be pinned, and none is named"),
        ({"image": "trueup:1"}, {}, "`trueup:1` has no digest"),
        ({"claim": ""}, {}, "not named: say `--claim`"),
        ({"namespace": "Ml"}, {}, "`--namespace` is `Ml`"),
        ({"queue": "a_b"}, {}, "`--queue` is `a_b`"),
    ],
)
def test_what_a_job_lacks_is_told(options: dict[str, str], changes: dict[str, Json], words: str) -> None:
    found = rendered(replace(OPTIONS, **options), **changes)  # type: ignore[arg-type]
    assert found.objects == ()
    assert all(f.level is Level.ERROR for f in found.findings)
    assert words in " ".join(f.detail for f in found.findings)


@pytest.mark.skipif(
    importlib.util.find_spec("kubernetes_validate") is None, reason="kubernetes-validate is not installed"
)
@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {}),
        (
            {"namespace": "ml", "queue": "builds", "pull_secret": "registry", "scratch_class": "fast"},
            {"quantization": DATA, "accelerator": {"gpu": "H100", "tuning": "capability", "count": 4}},
        ),
    ],
)
@pytest.mark.parametrize("version", ["1.30", "1.36"])
def test_kubernetes_takes_it(version: str, options: dict[str, str], changes: dict[str, Json]) -> None:
    import kubernetes_validate

    for object_ in objects(replace(OPTIONS, **options), **changes):  # type: ignore[arg-type]
        kubernetes_validate.validate(object_, version, strict=True)


@pytest.mark.skipif(
    importlib.util.find_spec("kubernetes_validate") is None, reason="kubernetes-validate is not installed"
)
def test_kubernetes_would_not_take_a_field_that_it_does_not_know() -> None:
    import kubernetes_validate

    _, job = objects()
    job["spec"]["backofLimit"] = 0
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.36", strict=True)
