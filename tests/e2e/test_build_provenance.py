"""How what serves was built: beside the artifact, in the ledger, in the plan, and in a bill of materials for others."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from scratch import ROOT, Scratch

from repositories import git
from trueup.core.digests import digest_of_bytes


def statement_of(scratch: Scratch, key: str) -> bytes:
    name = key.removeprefix("sha256:")
    return (scratch.folder / ".trueup/store/objects" / name[:2] / name / "provenance.json").read_bytes()


def check(bill: Any) -> None:
    version = SchemaVersion.from_version(bill["specVersion"])
    assert JsonStrictValidator(version).validate_str(json.dumps(bill)) is None


def test_a_build_is_proven_in_store_and_ledger_and_the_next_plan_finds_it_cached(served: Scratch) -> None:
    (record,) = served.builds()
    build = record["body"]["build"]
    content = statement_of(served, build["key"])
    assert build["provenance"] == digest_of_bytes(content)
    said = json.loads(content)
    assert (said["_type"], said["predicateType"]) == (
        "https://in-toto.io/Statement/v1",
        "https://slsa.dev/provenance/v1",
    )
    assert "gguf" in said["predicate"]["runDetails"]["builder"]["version"]
    attached = f"refs/trueup/ledger:attachments/{build['provenance'].removeprefix('sha256:')}"
    assert record["attachments"] == [build["provenance"]]
    commit = served.git("log", "--format=%H", "--grep=Trueup-Sequence: 1$", "refs/trueup/ledger").split()[0]
    assert served.git("show", f"{commit}:{attached.partition(':')[2]}").strip() == content.decode().strip()
    assert served.trueup("audit", "verify").code == 0
    served.change("spec/deployments/dev/support.yaml", ("support@1", "support@2"))
    assert "build: cached, " in served.trueup("plan", "-e", "dev").out


def test_a_build_that_has_to_be_made_is_estimated_in_the_plan(scratch: Scratch) -> None:
    planned = scratch.trueup("plan", "-e", "dev").out
    assert "build: to be made, " in planned
    assert "estimate: about 1 s and " in planned


def test_a_deployment_has_a_bill_with_the_hash_of_what_serves(served: Scratch) -> None:
    bill = served.trueup("bom", "Deployment/dev/support").json
    check(bill)
    main = bill["metadata"]["component"]
    key = next(p["value"] for p in main["properties"] if p["name"] == "trueup:build:key")
    said = json.loads(statement_of(served, key))
    assert main["hashes"] == [{"alg": "SHA-256", "content": said["subject"][0]["digest"]["sha256"]}]
    assert main["externalReferences"][0]["type"] == "attestation"
    assert served.trueup("bom", "Deployment/dev/support").json == bill


def test_what_has_no_bill_is_an_error_with_what_to_name(scratch: Scratch) -> None:
    done = scratch.trueup("bom", "Prompt/support@1", code=1)
    assert "BOM001" in done.err
    assert done.out == ""
    assert scratch.trueup("bom", "Model/tiny@1", "--spec-version", "1.5", code=1).out == ""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """The specification of this repository, whole, without any artifact."""
    folder: Path = tmp_path_factory.mktemp("own") / "trueup"
    shutil.copytree(ROOT / "spec", folder / "spec")
    shutil.copy(ROOT / "trueup.yaml", folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Declare everything")
    return Scratch(folder)


@pytest.mark.parametrize("version", ["1.6", "1.7"])
@pytest.mark.parametrize(
    "reference",
    [
        "Model/smollm2-135m-instruct@1",
        "Model/tiny@1",
        "Model/tiny@3-leaky",
        "Deployment/dev/assistant",
        "Deployment/dev/support",
        "Deployment/prod/support",
        "Deployment/staging/support",
    ],
)
def test_every_bill_of_this_repositorys_own_spec_is_valid(example: Scratch, reference: str, version: str) -> None:
    done = example.look("bom", reference, "--spec-version", version)
    assert done.code == 0, done
    check(done.json)
    assert done.json["specVersion"] == version
