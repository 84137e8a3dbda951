"""An engine build as a Kubernetes Job: rendered here, applied by whoever may.

Steps are containers that run one after the other: look at the toolchain and its GPU, check them and lay out the inputs,
convert, build, and last hand the result to the store, which shows it whole or not at all. The name ends in the build's
key, so that what is built has one Job, and a template that changed has another.

Source: Kubernetes 1.36 (Jobs, restricted pods), labels of GPU Feature Discovery. It was checked against the published
schema and not run on a cluster.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

import yaml

from trueup.builds import codes
from trueup.builds.accelerators import PRODUCTS, product_of
from trueup.builds.command import EngineBuild, Places, environment_of
from trueup.builds.findings import Finding, Level
from trueup.builds.memory import GIB, build_host_bytes, parameters
from trueup.builds.network import Network
from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json

STORE, SCRATCH, CONFIG = "/store", "/scratch", "/config"
ENGINE, CHECKPOINT, DATA = f"{SCRATCH}/engine", f"{SCRATCH}/checkpoint", f"{SCRATCH}/data"
TOOLCHAIN_FILE = f"{SCRATCH}/toolchain.json"
BUILD_FILE, PROBE_FILE = "build.json", "probe.py"

MODULE = "trueup.adapters.builders.tensorrt.in_cluster"
"""What the steps in trueup's own image run."""

DEADLINE_SECONDS = 6 * 3600
"""A 70B model takes under two hours; what takes longer hangs, or shares its GPU."""

_KEPT_SECONDS = 24 * 3600
_SCRATCH_TIMES = 3
"""Checkpoint, engine and caches, each about as large as the weights in 16 bits."""

_PINNED = re.compile(r"@sha256:[0-9a-f]{64}$")
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
_USER = 1000


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What a Build does not say.

    Attributes:
        claim: PersistentVolumeClaim that holds the store.
        image: An image with trueup in it, by digest, for the first and the last step.
        namespace: Namespace; empty leaves it to whoever applies.
        queue: Queue of Kueue; empty without one.
        pull_secret: Name of a Secret for the registry; empty without one.
        scratch_class: StorageClass of the scratch volume; empty takes the node's own disk.
        deadline_seconds: After so long the Job is ended.
    """

    claim: str
    image: str
    namespace: str = ""
    queue: str = ""
    pull_secret: str = ""
    scratch_class: str = ""
    deadline_seconds: int = DEADLINE_SECONDS


@dataclass(frozen=True, slots=True)
class JobSubject:
    """What is built.

    Attributes:
        build: The plan of the build.
        spec: The `spec` of the Build.
        network: The network.
        pin: The pinned build as JSON, with address, mode, parameters and key.
        source: Digest of the model's artifact.
        inputs: Digests of other artifacts that it reads: the calibration data if there is any, then the adapters.
    """

    build: EngineBuild
    spec: Mapping[str, Json]
    network: Network
    pin: Mapping[str, Json]
    source: Digest
    inputs: tuple[Digest, ...] = ()

    @property
    def name(self) -> str:
        """Name of the Job: the end of it is the start of the build's key."""
        return f"trueup-build-{str(self.pin['key']).removeprefix('sha256:')[:16]}"

    @property
    def toolchain_image(self) -> str:
        """The image that builds; empty when none is declared."""
        return self.build.declared.tool("image")

    @property
    def gpus(self) -> int:
        """GPUs of the build: ranks are built one after the other, so one is enough for any number of ranks."""
        accelerator = self.spec.get("accelerator")
        count = accelerator.get("count") if isinstance(accelerator, Mapping) else None
        return count if isinstance(count, int) else 1

    @property
    def is_for_product(self) -> bool:
        """Whether the engine is for one product, and not for all of its capability."""
        accelerator = self.spec.get("accelerator")
        return not (isinstance(accelerator, Mapping) and accelerator.get("tuning") == "capability")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Objects to be applied, in that order, and what keeps them from being rendered."""

    objects: tuple[Mapping[str, Json], ...] = ()
    findings: tuple[Finding, ...] = field(default_factory=tuple)


def content_folder(key: Digest) -> str:
    """Return where the store keeps the folder under *key*, as the containers see it."""
    digits = key.removeprefix("sha256:")
    return f"{STORE}/objects/{digits[:2]}/{digits}/content"


def render_job(subject: JobSubject, options: JobOptions, probe: str) -> Rendered:
    """Return the ConfigMap and the Job of a build.

    Args:
        subject: What is built.
        options: Where.
        probe: Text of the program that asks a toolchain what it is.
    """
    problems = tuple(_problems(subject, options))
    if problems:
        return Rendered(findings=problems)
    return Rendered((_config_map(subject, options, probe), _job(subject, options)))


def to_yaml(objects: tuple[Mapping[str, Json], ...]) -> str:
    """Spell *objects* as YAML documents, the same text for the same objects."""
    return yaml.dump_all(list(objects), Dumper=_Dumper, sort_keys=False, width=1000, explicit_start=True)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's own signature
        """Write equal parts out each time."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _problems(subject: JobSubject, options: JobOptions) -> Iterator[Finding]:
    """Yield what is wrong with the build, or missing for a Job."""
    yield from subject.build.errors
    declared = subject.build.declared
    image = subject.toolchain_image
    if not _PINNED.search(image):
        said = f"`{image}` has no digest" if image else "it declares none"
        yield _no(f"The toolchain's image has to be pinned, and {said}.", "toolchain", "image")
    if not _PINNED.search(options.image):
        said = f"`{options.image}` has no digest" if options.image else "none is named"
        yield _no(f"An image with trueup in it has to be pinned, and {said}: say `--trueup-image`.")
    if not declared.tool("tensorrtLlm"):
        yield _no("The version of TensorRT-LLM is not declared.", "toolchain", "tensorrtLlm")
    if not options.claim:
        yield _no("The claim that holds the store is not named: say `--claim`.")
    for flag, name in (("claim", options.claim), ("namespace", options.namespace), ("queue", options.queue)):
        if name and not _NAME.match(name):
            yield _no(f"`--{flag}` is `{name}`, which is no name in Kubernetes.")
    if not declared.gpu:
        yield _no("The product that it is for is not declared.", "accelerator", "gpu")
    if not subject.is_for_product and not _whole_products(_capability(subject)):
        detail = f"No product of compute capability `{_capability(subject) or 'unknown'}` is known: `tuning: product`."
        yield _no(detail, "accelerator", "computeCapability")
    if len(_adapters(subject)) != subject.build.adapters:
        detail = f"{subject.build.adapters} adapters are declared, and {len(_adapters(subject))} are pinned."
        yield _no(detail, "adapters")


def _no(detail: str, *path: str) -> Finding:
    return Finding(codes.NO_JOB, Level.ERROR, detail, path=("spec", *path))


def _metadata(subject: JobSubject, options: JobOptions) -> dict[str, Json]:
    labels: dict[str, Json] = {
        "app.kubernetes.io/name": "trueup",
        "app.kubernetes.io/instance": subject.name,
        "app.kubernetes.io/component": "build",
        "app.kubernetes.io/managed-by": "trueup",
    }
    if options.queue:
        # `suspend` is left out: the queue owns it.
        labels["kueue.x-k8s.io/queue-name"] = options.queue
    metadata: dict[str, Json] = {"name": subject.name}
    if options.namespace:
        metadata["namespace"] = options.namespace
    address, key = subject.pin["address"], subject.pin["key"]
    return {**metadata, "labels": labels, "annotations": {"trueup.dev/build": address, "trueup.dev/key": key}}


def _config_map(subject: JobSubject, options: JobOptions, probe: str) -> dict[str, Json]:
    document: Json = {
        "build": dict(subject.pin),
        "source": subject.source,
        "inputs": list(subject.inputs),
        "held": subject.build.to_json(),
    }
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(subject, options),
        "immutable": True,
        "data": {BUILD_FILE: text, PROBE_FILE: probe},
    }


def _job(subject: JobSubject, options: JobOptions) -> dict[str, Json]:
    metadata = _metadata(subject, options)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            # What runs out of memory does so again.
            "backoffLimit": 0,
            "activeDeadlineSeconds": options.deadline_seconds,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "podReplacementPolicy": "Failed",
            "template": {"metadata": {"labels": metadata["labels"]}, "spec": _pod(subject, options)},
        },
    }


def _pod(subject: JobSubject, options: JobOptions) -> dict[str, Json]:
    steps = [*_steps(subject, options)]
    pod: dict[str, Json] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "nodeSelector": _selector(subject),
        "affinity": _affinity(subject),
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    }
    if options.pull_secret:
        pod["imagePullSecrets"] = [{"name": options.pull_secret}]
    return {**pod, "initContainers": steps[:-1], "containers": steps[-1:], "volumes": _volumes(subject, options)}


def _selector(subject: JobSubject) -> dict[str, Json]:
    """Select the architecture of the host, and the capability when any product of it will do."""
    is_arm = "aarch64" in product_of(subject.build.declared.gpu).note
    selector: dict[str, Json] = {"kubernetes.io/arch": "arm64" if is_arm else "amd64"}
    if not subject.is_for_product:
        major, _, minor = _capability(subject).partition(".")
        selector |= {"nvidia.com/gpu.compute.major": major, "nvidia.com/gpu.compute.minor": minor}
    return selector


def _affinity(subject: JobSubject) -> dict[str, Json]:
    """Take whole GPUs only.

    Nodes that share a GPU or cut it in parts have `-SHARED` or `-MIG-...` behind the product in that very label, so
    that naming whole products leaves them out.
    """
    declared = subject.build.declared
    known = product_of(declared.gpu)
    names = [known.label if known.capability else declared.gpu]
    if not subject.is_for_product:
        names = list(_whole_products(_capability(subject)))
    term: Json = {"matchExpressions": [{"key": "nvidia.com/gpu.product", "operator": "In", "values": list(names)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def _whole_products(capability: str) -> tuple[str, ...]:
    return tuple(p.label for p in PRODUCTS if capability and p.capability == capability)


def _capability(subject: JobSubject) -> str:
    declared = subject.build.declared
    return declared.capability or product_of(declared.gpu).capability


def _steps(subject: JobSubject, options: JobOptions) -> Iterator[dict[str, Json]]:
    """Yield the containers in the order in which they run."""
    toolchain = subject.toolchain_image
    ask = ("python3", f"{CONFIG}/{PROBE_FILE}", TOOLCHAIN_FILE)
    yield _container(subject, "inspect", toolchain, ask, is_toolchain=True)
    yield _container(subject, "prepare", options.image, _own("prepare"), is_toolchain=False)
    source = content_folder(subject.source)
    data = DATA if subject.build.conversion.reads_data else ""
    adapters = tuple(content_folder(digest) for digest in _adapters(subject))
    places = Places(source, CHECKPOINT, ENGINE, SCRATCH, data, adapters)
    for command in subject.build.commands(places):
        yield _container(subject, command.name, toolchain, command.argv, is_toolchain=True)
    # Last, and the only step that writes to the store.
    yield _container(subject, "deliver", options.image, _own("deliver"), is_toolchain=False, writes=True)


def _adapters(subject: JobSubject) -> tuple[Digest, ...]:
    return subject.inputs[1:] if subject.build.declared.calibration else subject.inputs


def _own(verb: str) -> tuple[str, ...]:
    return ("python3", "-m", MODULE, verb, f"--build={CONFIG}/{BUILD_FILE}", f"--store={STORE}", f"--scratch={SCRATCH}")


def _container(
    subject: JobSubject, name: str, image: str, argv: tuple[str, ...], *, is_toolchain: bool, writes: bool = False
) -> dict[str, Json]:
    mounts: list[Json] = [
        {"name": "scratch", "mountPath": SCRATCH},
        {"name": "scratch", "mountPath": "/tmp", "subPath": "tmp"},  # noqa: S108 - inside the container
        {"name": "config", "mountPath": CONFIG, "readOnly": True},
        {"name": "store", "mountPath": STORE, **({} if writes else {"readOnly": True})},
    ]
    if is_toolchain:
        mounts.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108 - inside the container
    environment = environment_of(SCRATCH) if is_toolchain else {"HOME": SCRATCH, "PYTHONUNBUFFERED": "1"}
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(argv),
        "workingDir": SCRATCH,
        "env": [{"name": key, "value": value} for key, value in sorted(environment.items())],
        "resources": _resources(subject) if is_toolchain else _small(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }


def _resources(subject: JobSubject) -> dict[str, Json]:
    workers = subject.build.resolved.arguments.get("workers")
    rank = _weights(subject) // max(subject.build.world, 1)
    memory = build_host_bytes(rank) * (workers if isinstance(workers, int) else 1)
    asked: dict[str, Json] = {"cpu": "4", "memory": _size(memory), "nvidia.com/gpu": subject.gpus}
    return {"requests": asked, "limits": {"memory": asked["memory"], "nvidia.com/gpu": subject.gpus}}


def _small() -> dict[str, Json]:
    return {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}


def _volumes(subject: JobSubject, options: JobOptions) -> list[Json]:
    size = _size(max(_SCRATCH_TIMES * _weights(subject), GIB))
    scratch: dict[str, Json] = {"emptyDir": {"sizeLimit": size}}
    if options.scratch_class:
        claim: Json = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": options.scratch_class,
            "resources": {"requests": {"storage": size}},
        }
        scratch = {"ephemeral": {"volumeClaimTemplate": {"spec": claim}}}
    return [
        {"name": "scratch", **scratch},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}},
        {"name": "config", "configMap": {"name": subject.name}},
        {"name": "store", "persistentVolumeClaim": {"claimName": options.claim}},
    ]


def _weights(subject: JobSubject) -> int:
    """Return the bytes of the weights in 16 bits."""
    return 2 * parameters(subject.network)


def _size(size_bytes: int) -> str:
    return f"{-(-size_bytes // GIB)}Gi"
