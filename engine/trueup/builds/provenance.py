"""What was built from what, by whom and when: SLSA provenance, version 1, in an in-toto statement, version 1.

Sources: slsa.dev/spec/v1.0/provenance; github.com/in-toto/attestation, spec/v1. A folder has no SHA-256 of its own; its
digest, over names and digests of its files, stands under a name of ours (`trueupTree`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.json import Json, canonical
from trueup.desired.state import BuildPin

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
MEDIA_TYPE = "application/vnd.in-toto+json"
BUILDER = "urn:trueup:builder:local:v1"
"""Who vouches for the statement: this tool, on the machine of whoever ran it. It is not signed."""

FILE_DIGEST, TREE_DIGEST = "sha256", "trueupTree"


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something that was read or made: its name, its digest, whether it is a folder, and where it came from."""

    name: str
    digest: Digest
    is_folder: bool = False
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a builder.

    Attributes:
        started_at: When it began.
        finished_at: When its result was whole.
        tool: Version of this tool.
        tools: Versions of what took part, by name.
        image: Image that it ran in, by its digest; empty for none.
        resolved: Parameters as the builder resolved them.
        accelerator: What is known of the GPU it ran on; empty when there was none.
        simulated: A double made it.
    """

    started_at: datetime
    finished_at: datetime
    tool: str
    tools: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    resolved: Mapping[str, Json] = field(default_factory=dict)
    accelerator: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a build left: its files in order, and its own digest."""

    files: Sequence[Artifact]
    whole: Artifact


def build_type(mode: str) -> str:
    """Return the URI that says how to read the parameters of builds of *mode*."""
    return f"urn:trueup:build:{mode}:v1"


def statement(build: BuildPin, materials: Sequence[Artifact], result: Result, run: Run) -> dict[str, Json]:
    """Return the statement that *run* made *result* of *materials*, as *build* declares.

    Args:
        build: What was asked for; its parameters hold no secrets.
        materials: What was read: the source first, then the other inputs.
        result: What was made.
        run: How.
    """
    subject: list[Json] = [{"name": f.name, "digest": _digest(f)} for f in result.files]
    if result.whole.is_folder:
        subject.append({"name": result.whole.name, "digest": _digest(result.whole)})
    image: list[Json] = [{"name": "image", "uri": run.image, "digest": _image_digest(run.image)}] if run.image else []
    definition: dict[str, Json] = {
        "buildType": build_type(build.mode),
        "externalParameters": {
            "build": {"address": str(build.id), "digest": build.digest, "implicit": build.implicit},
            "mode": build.mode,
            "parameters": dict(build.parameters),
        },
        "internalParameters": {
            "parameters": dict(run.resolved),
            "accelerator": dict(run.accelerator) or None,
            "simulated": run.simulated,
        },
        "resolvedDependencies": [*(_material(m) for m in materials), *image],
    }
    details: dict[str, Json] = {
        "builder": {"id": BUILDER, "version": {"trueup": run.tool, **dict(sorted(run.tools.items()))}},
        "metadata": {
            "invocationId": build.key,
            "startedOn": _time(run.started_at),
            "finishedOn": _time(run.finished_at),
        },
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": PREDICATE_TYPE,
        "predicate": {"buildDefinition": definition, "runDetails": details},
    }


def spelled(value: Mapping[str, Json]) -> bytes:
    """Return a statement as the bytes that are kept, and that its digest is taken over."""
    return canonical(value) + b"\n"


def summary(content: bytes) -> dict[str, Json] | None:
    """Return what a record says of the statement in *content*; None when it is none of ours."""
    try:
        match json.loads(content):
            case {
                "predicateType": "https://slsa.dev/provenance/v1",
                "predicate": {
                    "buildDefinition": {
                        "externalParameters": {"build": {"address": str(address)}, "mode": str(mode)},
                        "internalParameters": {"simulated": bool(simulated)},
                    },
                    "runDetails": {
                        "metadata": {"invocationId": str(key), "startedOn": str(began), "finishedOn": str(ended)},
                    },
                },
            }:
                times: dict[str, Json] = {"startedOn": began, "finishedOn": ended}
                return {"address": address, "mode": mode, "key": key, "simulated": simulated, **times}
            case _:
                return None
    except (ValueError, RecursionError):
        return None


def _material(material: Artifact) -> Json:
    return {"name": material.name, **({"uri": material.uri} if material.uri else {}), "digest": _digest(material)}


def _digest(artifact: Artifact) -> dict[str, Json]:
    return {TREE_DIGEST if artifact.is_folder else FILE_DIGEST: artifact.digest.removeprefix("sha256:")}


def _image_digest(image: str) -> dict[str, Json]:
    _, _, found = image.partition("@sha256:")
    return {FILE_DIGEST: found}


def _time(moment: datetime) -> str:
    """Return a time as the specification asks for it: RFC 3339, in UTC with `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
