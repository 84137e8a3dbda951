"""Values of servers, as targets will render them; one folder of cases for each way to serve."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trueup.builds.serving import Artifact, artifact_of_checkpoint, artifact_of_engine, serve
from trueup.builds.triton import TritonOptions, engine_repository, llm_api_repository

HERE = Path(__file__).parent
CASES = sorted(path.stem for path in (HERE / "cases").glob("*.json"))


def artifact(case: Mapping[str, Any]) -> Artifact:
    if "engine" in case:
        return artifact_of_engine(case["engine"], "/model")
    return artifact_of_checkpoint(case["build"], "/model")


def values(case: Mapping[str, Any]) -> Any:
    subject, arguments = artifact(case), case.get("arguments", {})
    options = TritonOptions(**case.get("options", {}))
    match case["served"]:
        case "trtllm-serve":
            return serve(subject, arguments, gpus_per_node=case.get("gpusPerNode", 8)).to_json()
        case "triton-engine":
            return engine_repository(subject, "/repository", options).to_json()
        case "triton-llm-api":
            return llm_api_repository(subject, arguments, "/repository", options).to_json()
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("name", CASES)
def test_values_are_as_recorded(name: str, update_golden: bool) -> None:
    found = json.dumps(values(json.loads((HERE / "cases" / f"{name}.json").read_text())), indent=2) + "\n"
    expected = HERE / "expected" / f"{name}.json"
    if update_golden:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(found)
    assert found == expected.read_text()


def test_there_is_a_case_for_each_way_to_serve() -> None:
    ways = {json.loads((HERE / "cases" / f"{name}.json").read_text())["served"] for name in CASES}
    assert ways == {"trtllm-serve", "triton-engine", "triton-llm-api"}
