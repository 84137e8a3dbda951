"""Each evaluation is run by the tool it declares; what trueup does not run is said to be brought in."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from artifacts import silent
from fakes import FakeClock
from servers import chat_server
from trueup.adapters.evaluators.builtin import BuiltinEvaluator
from trueup.adapters.evaluators.routed import RoutedEvaluator
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, Pin, RequiredEvaluation, RouteSpec
from trueup.ports import EvaluationRequest

DIGEST = Digest("sha256:" + "1" * 64)


def request(tmp_path: Path, **suite: Any) -> EvaluationRequest:
    data = tmp_path / "data.jsonl"
    data.write_text('{"prompt": "is it?", "expected": "yes"}\n')
    spec = {"suite": suite, "tasks": [{"task": "exact_match"}]}
    pin = Pin(ResourceId("Evaluation", "facts", "1"), DIGEST)
    required = RequiredEvaluation(pin, DIGEST, ArtifactPin("file:x", DIGEST, "jsonl"))
    return EvaluationRequest(required, json.dumps({"spec": spec}).encode(), data, DIGEST, RouteSpec("support"), ())


def routed(tmp_path: Path, url: str = "http://127.0.0.1:9") -> RoutedEvaluator:
    def endpoint(environment: str, server: Digest) -> str:
        return url

    return RoutedEvaluator(BuiltinEvaluator(endpoint, FakeClock()), endpoint, FakeClock(), tmp_path)


def refusal(tmp_path: Path, asked: EvaluationRequest) -> str:
    with pytest.raises(PermanentError, match="EVAL006") as caught:
        routed(tmp_path).evaluate("dev", asked, silent)
    return caught.value.detail


@pytest.mark.parametrize("suite", [{}, {"tool": "builtin"}])
def test_what_names_no_other_tool_is_measured_here(tmp_path: Path, suite: dict[str, Any]) -> None:
    with chat_server(lambda body: "yes") as url:
        measured = routed(tmp_path, url).evaluate("dev", request(tmp_path, **suite), silent)
    assert measured.evidence.measurements[0].value == 1.0


@pytest.mark.parametrize("tool", ["garak", "promptfoo", "external"])
def test_a_tool_that_is_not_run_here_has_its_results_brought_in(tmp_path: Path, tool: str) -> None:
    assert "`trueup evaluate --import FILE`" in refusal(tmp_path, request(tmp_path, tool=tool))


def test_a_tool_without_an_interpreter_is_not_run(tmp_path: Path) -> None:
    assert "`suite.interpreter`" in refusal(tmp_path, request(tmp_path, tool="lm-eval"))


def test_a_suite_without_pinned_files_is_not_run(tmp_path: Path) -> None:
    asked = request(tmp_path, tool="inspect", interpreter="python")
    assert "`suite.source`" in refusal(tmp_path, asked)


@pytest.mark.parametrize(
    "route",
    [
        RouteSpec("support", (("system", "Be kind."), ("user", "Hello"))),
        RouteSpec("support", (("user", "Hello"),)),
        RouteSpec("support", (("system", "Be {{how}}."),), variables=({"name": "how"},)),
    ],
)
def test_a_prompt_that_a_tool_has_no_place_for_is_refused(tmp_path: Path, route: RouteSpec) -> None:
    asked = replace(request(tmp_path, tool="inspect", interpreter="python"), suite=tmp_path / "suite.py", route=route)
    assert "more than one system message" in refusal(tmp_path, asked)


def test_a_tool_whose_interpreter_is_not_there_gives_no_result(tmp_path: Path) -> None:
    (tmp_path / "suite.py").write_text("")
    asked = replace(request(tmp_path, tool="inspect", interpreter="no/python"), suite=tmp_path / "suite.py")
    with pytest.raises(PermanentError, match="EEXT001"):
        routed(tmp_path).evaluate("dev", asked, silent)
