"""Requests shared between releases, copied and held: a real gateway in front of servers that do as they are told."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving import (
    Answered,
    ask,
    chat,
    gguf,
    pid_of,
    process_target,
    question,
    release_of,
    route,
    scripted,
    server,
    table,
)
from trueup.adapters.targets.process.target import ProcessTarget
from trueup.core.errors import PermanentError, TransientError
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import RouteSpec, ServerSpec
from trueup.ports import Candidate, Route, Split

SUPPORT = ResourceId("Deployment", "support", environment="dev")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST_SECONDS = 60.0


@dataclass(frozen=True)
class Stage:
    """A gateway with a stable release and a new one beside it; the folders steer their servers."""

    target: ProcessTarget
    folder: Path
    stable: ServerSpec
    new: ServerSpec
    address: str

    def share(self, sticky: str = "request", progress: Json = None, **fields: Any) -> None:
        """Put a split in force; *fields* are the candidate's."""
        self.target.route("dev", table(self.split(sticky, progress, **fields)))

    def split(self, sticky: str = "request", progress: Json = None, **fields: Any) -> Route:
        return replace(route(self.stable), split=Split((candidate(self.new, **fields),), sticky, progress))

    def asked(self, name: str) -> list[Any]:
        """Return what the server *name* was asked since it was ready."""
        lines = (self.folder / name / "asked.jsonl").read_text().splitlines()
        return [a for a in map(json.loads, lines) if a["body"]["messages"][-1]["content"].startswith("Which city")]

    def tell(self, name: str, what: str, content: str = "") -> None:
        (self.folder / name / what).write_text(content)


def candidate(by: ServerSpec, name: str = "new", **fields: Any) -> Candidate:
    shown = route(by)
    values = {
        "spec": shown.spec,
        "manifest": shown.manifest,
        "revision": shown.revision,
        "applied_at": shown.applied_at,
    }
    return Candidate(**{"name": name, "release": shown.release, "server": shown.server, **values, **fields})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with process_target(tmp_path / "targets") as target:
        specs = {}
        for name in ("stable", "new"):
            (tmp_path / name).mkdir()
            specs[name] = server(name, interpreter=scripted(tmp_path / name, "good"))
            target.start("dev", specs[name], gguf("v1"))
        target.route("dev", table(route(specs["stable"])))
        yield Stage(target, tmp_path, specs["stable"], specs["new"], target.observe("dev").address)


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_SECONDS
    while not claim():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def who(answer: Answered, stage: Stage) -> str:
    assert answer.status == 200, answer.body
    names = {release_of(stage.stable): "stable", release_of(stage.new): "new"}
    return names[answer.headers["x-trueup-release"]]  # type: ignore[index]


def served(stage: Stage) -> dict[str, int]:
    traffic = stage.target.traffic("dev", SUPPORT, LONG_AGO)
    return {release: len(answers) for release, answers in traffic.served.items()}


def metric(stage: Stage, name: str, **labels: str) -> float:
    text = ask(stage.address, "/metrics").body.decode()
    samples = [s for f in text_string_to_metric_families(text) for s in f.samples if s.name == f"trueup_gateway_{name}"]
    return sum(s.value for s in samples if labels.items() <= s.labels.items())


def test_a_tenth_of_a_hundred_requests_is_ten(stage: Stage) -> None:
    stage.share(weight=10)
    got = Counter(who(chat(stage.address, question()), stage) for _ in range(100))
    assert got == {"stable": 90, "new": 10}
    assert served(stage) == {release_of(stage.stable): 90, release_of(stage.new): 10}
    assert metric(stage, "weight", release=release_of(stage.new)) == 10
    assert metric(stage, "weight", release=release_of(stage.stable)) == 90


def test_a_small_share_is_not_forgotten_when_tables_come_often(stage: Stage) -> None:
    got: Counter[str] = Counter()
    for progress in range(10):
        stage.share(weight=10, progress=progress)
        got.update(who(chat(stage.address, question()), stage) for _ in range(5))
    assert got["new"] == 5


def test_users_stay_with_their_release_when_its_weight_grows(stage: Stage) -> None:
    users = [f"user {n}" for n in range(60)]
    had: set[str] = set()
    for weight in (20, 50, 100):
        stage.share("user", weight=weight)
        named = {u: who(chat(stage.address, question(user=u)), stage) for u in users}
        keyed = {u: who(chat(stage.address, question(), **{"x-trueup-key": u}), stage) for u in users}
        assert named == keyed
        has = {u for u, release in named.items() if release == "new"}
        assert had <= has
        assert abs(len(has) - len(users) * weight / 100) <= 15
        had = has
    assert len(had) == 60


def test_each_release_answers_by_its_own_prompt_under_one_name_and_key(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sesame")
    own = RouteSpec(
        "ignored", (("system", "You are new."),), decoding=(("temperature", 1),), limits=(("maxTokens", 5),)
    )
    keyed = route(stage.stable, keys=(f"file:{tmp_path / 'key'}",), messages=(("system", "You are old."),))
    split = Split((candidate(stage.new, weight=50, spec=own),))
    stage.target.route("dev", table(replace(keyed, split=split)))
    assert chat(stage.address, question()).status == 401
    answers = [chat(stage.address, question(), Authorization="Bearer sesame") for _ in range(2)]
    assert {a.json["model"] for a in answers} == {"support"}
    (old,), (new,) = stage.asked("stable"), stage.asked("new")
    assert [a["body"]["messages"][0]["content"] for a in (old, new)] == ["You are old.", "You are new."]
    assert (new["body"]["temperature"], new["body"]["max_tokens"]) == (1, 5)


@pytest.mark.parametrize("fault", ["fails", "has no server", "takes no such request"])
def test_a_client_does_not_suffer_from_a_canary(stage: Stage, fault: str) -> None:
    spec = route(stage.new).spec
    if fault == "fails":
        stage.tell("new", "fail")
    elif fault == "has no server":
        stage.target.stop("dev", [stage.new.key])
    else:
        spec = replace(spec, messages=(("system", "{{city}}"),), variables=({"name": "city", "required": True},))
    stage.share(weight=50, spec=spec)
    assert {who(chat(stage.address, question()), stage) for _ in range(8)} == {"stable"}
    traffic = stage.target.traffic("dev", SUPPORT, LONG_AGO)
    assert [a.failed for a in traffic.served[release_of(stage.new)]] == [True] * 4
    assert [a.failed for a in traffic.served[release_of(stage.stable)]] == [False] * 8
    assert metric(stage, "failures_total", release=release_of(stage.new)) == 4


def test_a_mistake_of_the_client_is_told_whoever_was_to_answer(stage: Stage) -> None:
    stage.share(weight=100)
    answer = chat(stage.address, question(prompt={"variables": {"nobody": "declared"}}))
    assert (answer.status, answer.error["code"]) == (400, "invalid_prompt_variables")
    assert served(stage) == {}


def test_a_stream_tells_its_release_its_first_word_and_its_refusal(stage: Stage) -> None:
    stage.tell("new", "say", "I cannot help with that")
    stage.share(weight=100)
    assert who(chat(stage.address, question(stream=True)), stage) == "new"
    (answer,) = stage.target.traffic("dev", SUPPORT, LONG_AGO).served[release_of(stage.new)]
    assert answer.refused
    assert answer.first_token_seconds is not None
    assert 0 < answer.first_token_seconds < answer.seconds
    assert answer.completion_tokens == 20


def test_copies_are_answered_counted_and_thrown_away(stage: Stage) -> None:
    stage.tell("stable", "say", "The capital is Tokyo")
    stage.tell("new", "say", "The capital is Kyoto")
    stage.share(mirror=50)
    tools: Any = {"tools": [{"type": "function", "function": {"name": "pay"}}], "tool_choice": "auto"}
    for _ in range(10):
        answer = chat(stage.address, question(**tools))
        assert (who(answer, stage), answer.text) == ("stable", "The capital is Tokyo")
    until(lambda: len(stage.target.traffic("dev", SUPPORT, LONG_AGO).copied.get(release_of(stage.new), ())) == 5)
    traffic = stage.target.traffic("dev", SUPPORT, LONG_AGO)
    assert [a.similarity for a in traffic.copied[release_of(stage.new)]] == [0.75] * 5
    assert set(traffic.served) == {release_of(stage.stable)}
    assert metric(stage, "copies_total", outcome="answered") == 5
    assert metric(stage, "requests_total") == 10
    assert [a["shadow"] for a in stage.asked("new")] == ["1"] * 5
    assert not any({"tools", "tool_choice"} & set(a["body"]) for a in stage.asked("new"))
    assert [a["shadow"] for a in stage.asked("stable")] == [None] * 10
    assert all({"tools", "tool_choice"} <= set(a["body"]) for a in stage.asked("stable"))
    assert b"Kyoto" not in b"".join(p.read_bytes() for p in (stage.folder / "targets").rglob("*") if p.is_file())


def test_a_copied_stream_is_compared_as_well(stage: Stage) -> None:
    stage.share(mirror=100)
    chat(stage.address, question(stream=True))
    until(lambda: bool(stage.target.traffic("dev", SUPPORT, LONG_AGO).copied))
    (copy,) = stage.target.traffic("dev", SUPPORT, LONG_AGO).copied[release_of(stage.new)]
    assert (copy.status, copy.failed, copy.similarity) == (200, False, 1.0)
    assert copy.first_token_seconds is not None


def test_slow_copies_delay_nobody_are_dropped_first_and_end_with_their_split(stage: Stage) -> None:
    stage.tell("new", "wait", "20")
    stage.share(mirror=100)
    begin = time.monotonic()
    for _ in range(70):
        assert who(chat(stage.address, question()), stage) == "stable"
    assert time.monotonic() - begin < 15
    until(lambda: metric(stage, "copies_total", outcome="dropped") == 6)
    stage.share(mirror=0)
    until(lambda: metric(stage, "copies_total", outcome="dropped") == 70)
    assert metric(stage, "in_flight") == 0


def test_a_copy_that_fails_is_the_new_release_s_failure_alone(stage: Stage) -> None:
    stage.tell("new", "fail")
    stage.share(mirror=100)
    assert who(chat(stage.address, question()), stage) == "stable"
    until(lambda: metric(stage, "copies_total", outcome="failed") == 1)
    (copy,) = stage.target.traffic("dev", SUPPORT, LONG_AGO).copied[release_of(stage.new)]
    assert (copy.failed, copy.similarity) == (True, None)


def test_held_requests_go_on_by_the_table_that_follows(stage: Stage) -> None:
    stage.target.route("dev", table(replace(route(stage.stable), held=True)))
    answers: list[Answered] = []
    clients = [threading.Thread(target=lambda: answers.append(chat(stage.address, question()))) for _ in range(5)]
    for client in clients:
        client.start()
    until(lambda: metric(stage, "waiting") == 5)
    # Another table with the same hold wakes nobody for good.
    stage.target.route("dev", table(replace(route(stage.stable), held=True), route(stage.new, "other")))
    time.sleep(0.3)
    assert answers == []
    stage.target.route("dev", table(route(stage.new)))
    for client in clients:
        client.join()
    assert {who(a, stage) for a in answers} == {"new"}
    assert metric(stage, "waiting") == 0


def test_a_held_request_waits_no_longer_than_its_time(stage: Stage) -> None:
    held = route(stage.stable, limits=(("timeoutSeconds", 0.3),))
    stage.target.route("dev", table(replace(held, held=True)))
    answer = chat(stage.address, question())
    assert (answer.status, answer.error["code"]) == (503, "service_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


def test_feedback_goes_to_the_release_that_gave_the_answer(stage: Stage) -> None:
    stage.share(weight=50)
    answers = {who(a, stage): a for a in (chat(stage.address, question()) for _ in range(2))}
    for name, value, seen in (("stable", "up", 1.0), ("new", 0.25, 0.25)):
        told = ask(stage.address, "/v1/feedback", {"id": answers[name].json["id"], "value": value})
        assert (told.status, told.json["value"]) == (200, seen)
    traffic = stage.target.traffic("dev", SUPPORT, LONG_AGO)
    assert [a.feedback for a in traffic.served[release_of(stage.stable)]] == [1.0]
    assert [a.feedback for a in traffic.served[release_of(stage.new)]] == [0.25]
    assert metric(stage, "feedback_total", release=release_of(stage.new), value="down") == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"id": "nobody-said-this", "value": "up"}, 404, "answer_not_found"),
        ({"value": "up"}, 400, "missing_parameter"),
        ({"id": "x"}, 400, "missing_parameter"),
        ({"id": "x", "value": "good"}, 400, "invalid_type"),
        ({"id": "x", "value": 2}, 400, "invalid_type"),
        ({"id": "x", "value": True}, 400, "invalid_type"),
        ({"id": "x", "value": "up", "why": "because"}, 400, "unknown_parameter"),
    ],
)
def test_feedback_that_means_nothing_gets_the_one_error_shape(idle: Stage, body: Json, status: int, code: str) -> None:
    answer = ask(idle.address, "/v1/feedback", body)
    assert (answer.status, answer.error["code"]) == (status, code)


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("idle")
    with process_target(folder / "targets") as target:
        spec = server("good", interpreter=scripted(folder, "good"))
        target.start("dev", spec, gguf("v1"))
        target.route("dev", table(route(spec)))
        yield Stage(target, folder, spec, spec, target.observe("dev").address)


def test_feedback_needs_the_key_of_the_model(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sesame")
    stage.target.route("dev", table(route(stage.stable, keys=(f"file:{tmp_path / 'key'}",)), route(stage.new, "open")))
    name = chat(stage.address, question(), Authorization="Bearer sesame").json["id"]
    said: Json = {"id": name, "value": "up"}
    assert ask(stage.address, "/v1/feedback", said).error["code"] == "answer_not_found"
    assert ask(stage.address, "/v1/feedback", said, {"Authorization": "Bearer sesame"}).status == 200


def test_a_killed_gateway_comes_back_with_the_split_and_says_what_it_forgot(stage: Stage) -> None:
    stage.share(weight=50, progress={"step": 2})
    for _ in range(4):
        chat(stage.address, question())
    killed = pid_of(stage.folder / "targets", "gateways.local")
    before = datetime.now(UTC)
    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        try:
            return ask(stage.address, "/health").status == 200
        except OSError:
            return False

    until(is_back)
    (seen,) = stage.target.observe("dev").routes
    assert seen.split is not None
    assert (seen.split.progress, [c.weight for c in seen.split.candidates]) == ({"step": 2}, [50])
    got = Counter(who(chat(stage.address, question()), stage) for _ in range(10))
    assert got == {"stable": 5, "new": 5}
    traffic = stage.target.traffic("dev", SUPPORT, before - timedelta(seconds=60))
    assert traffic.since > before
    assert sum(len(a) for a in traffic.served.values()) == 10


def test_traffic_is_told_from_the_time_asked_for(stage: Stage) -> None:
    chat(stage.address, question())
    now = datetime.now(UTC)
    traffic = stage.target.traffic("dev", SUPPORT, now)
    assert abs(traffic.since - now) <= timedelta(microseconds=2)
    assert traffic.served == {}
    chat(stage.address, question())
    assert sum(len(a) for a in stage.target.traffic("dev", SUPPORT, now).served.values()) == 1


def test_nobody_can_tell_the_traffic_of_a_gateway_that_does_not_run(tmp_path: Path) -> None:
    with process_target(tmp_path / "targets") as target, pytest.raises(TransientError):
        target.traffic("dev", SUPPORT, LONG_AGO)


def test_changing_weights_under_load_loses_no_request(stage: Stage) -> None:
    end, wrong, count = threading.Event(), [], Counter[str]()

    def load(number: int) -> None:
        while not end.is_set():
            number += 1
            answer = chat(stage.address, question(stream=number % 5 == 0))
            if answer.status != 200:
                wrong.append(answer.body)
            count[answer.headers.get("x-trueup-release", "")] += 1

    clients = [threading.Thread(target=load, args=(n,)) for n in range(3)]
    for client in clients:
        client.start()
    for weight in (0, 10, 50, 100, 0):
        stage.share(weight=weight, mirror=100 if weight < 100 else 0)
        seen = count.total()
        until(lambda seen=seen: count.total() > seen + 20 or bool(wrong))  # type: ignore[misc]
    end.set()
    for client in clients:
        client.join()
    assert wrong == []
    assert set(count) == {release_of(stage.stable), release_of(stage.new)}


def test_a_refused_split_leaves_the_one_in_force(stage: Stage) -> None:
    stage.share(weight=10)
    before = stage.target.observe("dev")
    with pytest.raises(PermanentError, match="GW005"):
        stage.share(weight=101)
    assert stage.target.observe("dev") == before
