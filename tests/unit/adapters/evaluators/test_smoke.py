"""The first completion of a server: what makes no sense is found, and what is only unusual is not."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from servers import chat_server
from trueup.adapters.evaluators.smoke import problem_of, smoke
from trueup.core.errors import PermanentError, TransientError


def completion(text: Any, logprob: Any = -0.5, **message: Any) -> dict[str, Any]:
    logprobs = {"content": [{"token": "x", "logprob": logprob}]}
    return {"choices": [{"message": {"content": text, **message}, "logprobs": logprobs}]}


@pytest.mark.parametrize(
    "found",
    [
        completion("Hello!"),
        completion("Hm."),
        completion("..."),
        completion("", reasoning_content="The user says hello, so"),
        {"choices": [{"message": {"content": "Hello!"}, "logprobs": None}]},
        {"choices": [{"message": {"content": "你好"}, "logprobs": {"content": [{"token": "x"}]}}]},
    ],
)
def test_an_answer_is_an_answer(found: Mapping[str, Any]) -> None:
    assert problem_of(found) == ""


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (completion(""), "nothing"),
        (completion(" \n "), "nothing"),
        (completion(None), "nothing"),
        (completion([]), "nothing"),
        ({}, "nothing"),
        ({"choices": []}, "nothing"),
        (completion("DDDDDDDD"), "nothing but `D`"),
        (completion("? ? ? ?"), "nothing but `?`"),
        (completion("Hello!", None), "no numbers"),
        (completion("Hello!", float("nan")), "no numbers"),
        (completion("Hello!", float("-inf")), "no numbers"),
        (completion("Hello!", "low"), "no numbers"),
    ],
)
def test_what_makes_no_sense_is_found(found: Mapping[str, Any], problem: str) -> None:
    assert problem in problem_of(found)


def test_a_server_is_asked_twice_before_it_is_taken_for_broken() -> None:
    seen: list[dict[str, Any]] = []
    with chat_server(lambda body: "" if len(seen) == 1 else "Four.", seen) as url:
        smoke(url, "tiny", 5)
    with chat_server(lambda body: "DDDDDDDD") as url, pytest.raises(PermanentError, match="EVAL011"):
        smoke(url, "tiny", 5)


def test_a_server_that_gives_no_probabilities_is_asked_without_them() -> None:
    seen: list[dict[str, Any]] = []
    with chat_server(lambda body: (422, b"unknown field") if "logprobs" in body else "Hello!", seen) as url:
        smoke(url, "tiny", 5)
    assert [b.get("logprobs") for b in seen] == [True, None]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ((200, b"{"), PermanentError, "EVAL005"),
        ((400, b"no"), PermanentError, "EVAL004"),
        ((500, b"no"), TransientError, "EVAL004"),
        ((200, json.dumps([]).encode()), PermanentError, "EVAL011"),
    ],
)
def test_no_completion_at_all_is_an_error(answer: Any, error: type[Exception], code: str) -> None:
    with chat_server(lambda body: answer) as url, pytest.raises(error, match=code):
        smoke(url, "tiny", 5)
