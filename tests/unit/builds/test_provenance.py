"""Provenance: what was built from what, in the form that other tools read, checked by in-toto's own library."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from artifacts import build_pin
from trueup.builds.provenance import Artifact, Result, Run, build_type, spelled, statement, summary
from trueup.core.digests import digest_of
from trueup.core.json import Json

SOURCE, RESULT, DATA, IMAGE = (digest_of(name) for name in ("source", "result", "data", "image"))
BUILD = build_pin("pytorch", SOURCE, quantization={"format": "fp8"})
RUN = Run(
    datetime(2026, 3, 14, 12, 0, tzinfo=UTC),
    datetime(2026, 3, 14, 13, 30, 5, 999, tzinfo=timezone(timedelta(hours=1))),
    "0.1.0",
    {"torch": "2.13.0", "modelopt": "0.47.0"},
)
FOLDER = Result(
    (Artifact("config.json", digest_of("a")), Artifact("model.safetensors", digest_of("b"))),
    Artifact("Build/b@1", RESULT, is_folder=True),
)
READ = (Artifact("source", SOURCE, is_folder=True, uri="hf://a/b"), Artifact("input 1", DATA))


def made(run: Run = RUN) -> dict[str, Json]:
    return json.loads(spelled(statement(BUILD, READ, FOLDER, run)))


def inner(*place: str, run: Run = RUN) -> Json:
    value: Json = made(run)
    for key in place:
        assert isinstance(value, dict)
        value = value[key]
    return value


@pytest.mark.parametrize(
    "run",
    [
        RUN,
        replace(RUN, image=f"nvcr.io/nvidia/x@{IMAGE}", accelerator={"product": "NVIDIA-H200"}, simulated=True),
        replace(RUN, resolved={"max_seq_len": 8192}),
    ],
)
def test_the_statement_and_its_predicate_are_what_in_toto_and_slsa_define(run: Run) -> None:
    value = made(run)
    Statement.copy_from_pb(ParseDict(value, StatementMessage())).validate()
    definition = ParseDict(value["predicate"], Provenance()).build_definition
    assert definition.build_type == build_type("pytorch")
    assert len(definition.resolved_dependencies) == 2 + bool(run.image)
    for material in definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(material).validate()


def test_each_file_and_the_whole_folder_are_subjects() -> None:
    assert inner("subject") == [
        {"name": "config.json", "digest": {"sha256": digest_of("a").removeprefix("sha256:")}},
        {"name": "model.safetensors", "digest": {"sha256": digest_of("b").removeprefix("sha256:")}},
        {"name": "Build/b@1", "digest": {"trueupTree": RESULT.removeprefix("sha256:")}},
    ]


def test_one_file_is_its_own_subject() -> None:
    file = Artifact("model.gguf", RESULT)
    found = statement(BUILD, (), Result((file,), file), RUN)
    assert found["subject"] == [{"name": "model.gguf", "digest": {"sha256": RESULT.removeprefix("sha256:")}}]


def test_what_was_read_is_named_with_digest_and_address() -> None:
    image = f"nvcr.io/nvidia/x@{IMAGE}"
    assert inner("predicate", "buildDefinition", "resolvedDependencies", run=replace(RUN, image=image)) == [
        {"name": "source", "uri": "hf://a/b", "digest": {"trueupTree": SOURCE.removeprefix("sha256:")}},
        {"name": "input 1", "digest": {"sha256": DATA.removeprefix("sha256:")}},
        {"name": "image", "uri": image, "digest": {"sha256": IMAGE.removeprefix("sha256:")}},
    ]


def test_declared_and_resolved_parameters_stand_apart() -> None:
    run = replace(RUN, resolved={"max_seq_len": 8192}, accelerator={"product": "NVIDIA-H200"})
    assert inner("predicate", "buildDefinition", "externalParameters") == {
        "build": {"address": "Build/b@1", "digest": BUILD.digest, "implicit": False},
        "mode": "pytorch",
        "parameters": {"quantization": {"format": "fp8"}},
    }
    assert inner("predicate", "buildDefinition", "internalParameters", run=run) == {
        "parameters": {"max_seq_len": 8192},
        "accelerator": {"product": "NVIDIA-H200"},
        "simulated": False,
    }


def test_builder_versions_key_and_times_are_said() -> None:
    assert inner("predicate", "runDetails") == {
        "builder": {
            "id": "urn:trueup:builder:local:v1",
            "version": {"modelopt": "0.47.0", "torch": "2.13.0", "trueup": "0.1.0"},
        },
        "metadata": {
            "invocationId": BUILD.key,
            "startedOn": "2026-03-14T12:00:00Z",
            "finishedOn": "2026-03-14T12:30:05Z",
        },
    }


def test_a_summary_says_what_a_record_needs() -> None:
    assert summary(spelled(made(replace(RUN, simulated=True)))) == {
        "address": "Build/b@1",
        "mode": "pytorch",
        "key": BUILD.key,
        "simulated": True,
        "startedOn": "2026-03-14T12:00:00Z",
        "finishedOn": "2026-03-14T12:30:05Z",
    }


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"[" * 100_000, b'{"predicateType": "https://slsa.dev/provenance/v1"}']
)
def test_what_is_no_statement_has_no_summary(content: bytes) -> None:
    assert summary(content) is None
