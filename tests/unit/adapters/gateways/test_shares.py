"""How requests are shared between releases, what is remembered of answers, and who waits: without any network."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving import route, server, table
from trueup.adapters.gateways.local.answers import EventRewriter, renamed
from trueup.adapters.gateways.local.assignment import Turns, by_user
from trueup.adapters.gateways.local.calls import CHAT_PATH, Asked, call
from trueup.adapters.gateways.local.errors import ApiError
from trueup.adapters.gateways.local.heard import Heard, similarity
from trueup.adapters.gateways.local.measures import Answer, Measures
from trueup.adapters.gateways.local.recent import Recent
from trueup.adapters.gateways.local.stored import document_of, read_document
from trueup.adapters.gateways.local.table import Serving, compile_table
from trueup.adapters.gateways.local.waiting import Waiting
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.ports import Candidate, Route, Split

STABLE = route(server("v1"))
WEIGHTS = st.integers(1, 100)


def candidate(name: str, weight: float = 0.0, mirror: float = 0.0, of: Route | None = None) -> Candidate:
    r = of or route(server(name), f"{name}-alone")
    return Candidate(name, r.release, r.server, r.spec, r.manifest, r.revision, r.applied_at, weight, mirror)


def shared(*candidates: Candidate, sticky: str = "request", progress: Json = None) -> Route:
    return replace(STABLE, split=Split(candidates, sticky, progress))


def serving(*candidates: Candidate, sticky: str = "request") -> Serving:
    (found,) = compile_table(document_of(table(shared(*candidates, sticky=sticky)), {})).by_model.values()
    return found


def test_a_split_reads_back_as_it_was_stored() -> None:
    stored = table(shared(candidate("new", 12.5, 30), sticky="user", progress={"step": [1, None]}), port=1)
    held = table(replace(STABLE, held=True))
    for each in (stored, held):
        assert read_document(json.loads(json.dumps(document_of(each, {}))))[0] == each


def test_a_table_without_a_split_is_stored_as_ever() -> None:
    document: Any = document_of(table(STABLE), {})
    assert document["format"] == 1
    (stored,) = document["table"]["routes"]
    assert not {"split", "held"} & set(stored)


def test_an_older_gateway_does_not_take_a_split_for_a_plain_table() -> None:
    assert document_of(table(shared(candidate("new", 1))), {})["format"] == 2
    assert document_of(table(replace(STABLE, held=True)), {})["format"] == 2


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (shared(candidate("new", -1)), "weight -1"),
        (shared(candidate("new", 101)), "weight 101"),
        (shared(candidate("new", mirror=-0.5)), "mirror -0.5"),
        (shared(candidate("new", mirror=100.5)), "mirror 100.5"),
        (shared(candidate("a", 60), candidate("b", 60)), "sum to 120"),
        (shared(candidate("a", 1), candidate("a", 1)), "`a`, `a`"),
        (shared(candidate("", 1)), "names of their own"),
        (shared(candidate("new", 1), sticky="cookie"), "`cookie`"),
    ],
)
def test_a_split_that_cannot_be_served_is_refused(bad: Route, says: str) -> None:
    with pytest.raises(PermanentError, match="GW005") as caught:
        compile_table(document_of(table(bad), {}))
    assert says in caught.value.detail


@pytest.mark.parametrize(
    "damage",
    [
        lambda split: split.update(candidates=7),
        lambda split: split["candidates"][0].pop("weight"),
        lambda split: split["candidates"][0].update(weight="much"),
        lambda split: split["candidates"][0].pop("release"),
    ],
)
def test_a_split_of_another_shape_is_damage(damage: object) -> None:
    from trueup.core.digests import digest_of

    document = json.loads(json.dumps(document_of(table(shared(candidate("new", 1))), {})))
    damage(document["table"]["routes"][0]["split"])  # type: ignore[operator]
    document["digest"] = digest_of({k: document[k] for k in ("table", "keys")})
    with pytest.raises(PermanentError, match="GW002"):
        compile_table(document)


def test_weights_of_thirds_may_miss_the_whole_by_a_rounding() -> None:
    third = 100 / 3
    assert serving(*(candidate(n, third) for n in "abc")).weight == pytest.approx(0, abs=1e-9)


def test_a_template_of_a_candidate_is_checked() -> None:
    broken = route(server("x"), "x", messages=(("system", "{{#if}}"),))
    with pytest.raises(PermanentError, match="GW003"):
        serving(candidate("new", 1, of=broken))


def test_name_keys_and_rate_are_the_stable_release_s_and_limits_of_tokens_the_candidate_s() -> None:
    own = route(server("x"), "other", keys=("env:X",), limits=(("maxTokens", 5), ("requestsPerMinute", 1)))
    (new,) = serving(candidate("new", 1, of=own)).candidates
    assert (new.route.spec.model_name, new.keys.is_open, new.most_tokens) == ("support", True, 5)


@given(st.lists(WEIGHTS, min_size=1, max_size=4).filter(lambda w: sum(w) <= 100))
def test_a_hundred_requests_are_shared_exactly(weights: list[int]) -> None:
    found, turns = serving(*(candidate(str(n), w) for n, w in enumerate(weights))), Turns()
    got = Counter(turns.choose(found, "").name for _ in range(100))
    wanted = Counter({str(n): w for n, w in enumerate(weights)})
    wanted[""] = 100 - sum(weights)
    assert got == +wanted


@given(st.integers(1, 99), st.integers(1, 300))
def test_no_request_is_far_from_its_turn(weight: int, requests: int) -> None:
    found, turns = serving(candidate("new", weight)), Turns()
    got = sum(turns.choose(found, "").name == "new" for _ in range(requests))
    assert abs(got - requests * weight / 100) <= 1


def test_a_release_without_weight_gets_nothing_whatever_it_was_owed() -> None:
    turns = Turns()
    for _ in range(49):
        turns.choose(serving(candidate("new", 1)), "")
    got = {turns.choose(serving(candidate("new", 0, 5)), "").name for _ in range(200)}
    assert got == {""}
    assert {turns.choose(serving(candidate("new", 100)), "").name for _ in range(200)} == {"new"}


def test_what_is_owed_outlives_a_new_table_and_not_its_deployment() -> None:
    turns = Turns()
    got = [turns.choose(serving(candidate("new", 2)), "").name for _ in range(50)]
    assert got.count("new") == 1
    for _ in range(24):
        turns.choose(serving(candidate("new", 2)), "")
    turns.forget({"Deployment/dev/support": 1})
    assert "new" in [turns.choose(serving(candidate("new", 2)), "").name for _ in range(2)]
    turns.forget({})
    assert "new" not in [turns.choose(serving(candidate("new", 2)), "").name for _ in range(25)]


@given(WEIGHTS, st.integers(1, 200))
def test_copies_come_evenly(mirror: int, requests: int) -> None:
    found, turns = serving(candidate("new", 0, mirror)), Turns()
    got = sum(len(turns.copied_to(found, found)) for _ in range(requests))
    assert got == requests * mirror // 100


def test_who_answers_gets_no_copy() -> None:
    found, turns = serving(candidate("new", 100, 100)), Turns()
    assert turns.copied_to(found, found.candidates[0]) == ()
    assert turns.copied_to(found, found) == found.candidates


SHARES = st.lists(st.integers(0, 100), min_size=1, max_size=3)


@given(st.text(min_size=1), SHARES, st.data())
def test_a_user_leaves_a_release_only_for_one_that_gained_on_it(
    user: str, before: list[int], data: st.DataObject
) -> None:
    after = data.draw(st.lists(st.integers(0, 100), min_size=len(before), max_size=len(before)))
    if sum(before) > 100 or sum(after) > 100:
        return
    one, other = (serving(*(candidate(str(n), w) for n, w in enumerate(ws)), sticky="user") for ws in (before, after))
    had, has = by_user(one, user), by_user(other, user)
    old, new = ({s.name: s.weight for s in of.all()} for of in (one, other))
    if had.name != has.name:
        assert new[has.name] * old[had.name] > old[has.name] * new[had.name]


@given(st.text(min_size=1), st.integers(0, 100), st.integers(0, 100))
def test_a_user_of_the_canary_stays_when_its_weight_grows(user: str, one: int, other: int) -> None:
    small, large = sorted((one, other))
    if by_user(serving(candidate("new", small), sticky="user"), user).name == "new":
        assert by_user(serving(candidate("new", large), sticky="user"), user).name == "new"


def test_users_are_shared_by_weight() -> None:
    found = serving(candidate("a", 20), candidate("b", 30), sticky="user")
    got = Counter(by_user(found, f"user {n}").name for n in range(4000))
    assert {n: round(c / 40) for n, c in got.items()} == {
        "": pytest.approx(50, abs=3),
        "a": pytest.approx(20, abs=3),
        "b": pytest.approx(30, abs=3),
    }


def test_users_without_a_name_take_turns() -> None:
    found, turns = serving(candidate("new", 50), sticky="user"), Turns()
    assert Counter(turns.choose(found, "").name for _ in range(10)) == {"": 5, "new": 5}
    assert len({turns.choose(found, "ann").name for _ in range(10)}) == 1


def asked(**body: Json) -> Asked:
    return Asked(CHAT_PATH, {"model": "support", "messages": [{"role": "user", "content": "Hi"}], **body}, "")


def test_a_copy_carries_no_tools() -> None:
    request = asked(tools=[{"type": "function"}], tool_choice="auto", parallel_tool_calls=False)
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(call(serving(), request, is_copy=True).body)
    assert {"tools", "tool_choice", "parallel_tool_calls"} <= set(call(serving(), request).body)


@pytest.mark.parametrize("template_format", ["mustache", "fstring", "jinja2"])
def test_a_prompt_without_variables_is_put_first(template_format: str) -> None:
    kind = route(server("x"), messages=(("system", "Be kind."),), template_format=template_format)
    (found,) = compile_table(document_of(table(kind), {})).by_model.values()
    assert call(found, asked()).body["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]
    with pytest.raises(ApiError, match="no variable"):
        call(found, asked(prompt={"variables": {"x": 1}}))


def test_only_late_answers_are_lost_and_that_is_told() -> None:
    recent, found = Recent(100.0, kept=3), serving()
    for at in (101.0, 102.0, 103.0):
        recent.add(found, Answer(status=200, at=at))
    assert recent.since(found.address, 0.0) == 100.0
    recent.add(found, Answer(status=200, at=104.0))
    assert recent.since(found.address, 0.0) == 101.0
    assert recent.since(found.address, 103.5) == 103.5
    assert recent.since("Deployment/dev/other", 0.0) == 100.0
    (kept,) = recent.answers(found.address, 102.5, copied=False).values()
    assert [a.at for a in kept] == [103.0, 104.0]
    assert recent.answers(found.address, 0.0, copied=True) == {}


def test_releases_of_long_ago_are_forgotten_and_that_is_told() -> None:
    recent = Recent(0.0)
    for number in range(130):
        (one,) = compile_table(document_of(table(route(server(str(number)))), {})).by_model.values()
        recent.add(one, Answer(status=200, at=float(number + 1)))
    assert recent.since(one.address, 0.0) == 2.0
    assert len(recent.answers(one.address, 0.0, copied=False)) == 128


def test_feedback_is_known_for_the_last_answers_only() -> None:
    recent, found = Recent(0.0), serving()
    measures = Measures().of(found)
    for number in range(20_001):
        recent.give(found, Answer(id=str(number)), measures)
    recent.give(found, Answer(), measures)
    assert recent.given("0") is None
    given_ = recent.given("1")
    assert given_ is not None
    assert given_.address == found.address
    assert recent.given("") is None


def test_who_thinks_again_is_counted_once() -> None:
    measures, answer = Measures().of(serving()), Answer(status=200)
    for value in (0.0, 1.0):
        measures.judge(answer, value)
    assert (answer.feedback, measures.feedback) == (1.0, {"down": 1})


def test_a_failure_is_blamed_once() -> None:
    measures, answer = Measures().of(serving()), Answer(status=400)
    measures.add(answer)
    measures.blame(answer)
    measures.blame(answer)
    assert (measures.failures, answer.failed) == (1, True)


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [("", "", 1.0), ("a", "", 0.0), ("A b", "a B", 1.0), ("a a b", "a b b", 2 / 3), ("a b c d", "a b x y", 0.5)],
)
def test_similarity_is_the_share_of_common_words(one: str, other: str, share: float) -> None:
    assert similarity(one, other) == pytest.approx(share)


@given(st.text(), st.text())
def test_similarity_is_a_share_and_has_no_sides(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) == similarity(other, one) <= 1
    assert similarity(one, one) == 1


@pytest.mark.parametrize("event", [{}, {"choices": []}, {"choices": 7}, {"choices": [7]}, {"choices": [{"delta": {}}]}])
def test_events_without_words_are_passed_over(event: dict[str, Json]) -> None:
    heard = Heard()
    heard.add(event)
    assert (heard.text, heard.wants_more, heard.refuses) == ("", True, False)


def test_no_more_is_heard_than_is_looked_at() -> None:
    heard = Heard(5)
    heard.add({"choices": [{"text": "I cannot do that"}]})
    assert (heard.text, heard.wants_more) == ("I can", False)


def test_a_stream_is_heard_until_enough_is_known() -> None:
    heard = Heard(8)
    events = EventRewriter("m", answer := Answer(), heard)
    for word in ("I'm ", "sorry", ", no"):
        events.line(b"data: " + json.dumps({"id": "c1", "choices": [{"delta": {"content": word}}]}).encode() + b"\n")
    assert (heard.text, answer.id) == ("I'm sorr", "c1")


TRICKY = st.sampled_from(['"model":"inner"', "model", "inner", '\\"model\\":', "x"])


@given(st.lists(TRICKY), st.sampled_from([",", ", "]), st.sampled_from([":", ": "]), st.booleans())
def test_only_the_model_s_name_is_replaced(words: list[str], comma: str, colon: str, nested: bool) -> None:
    value: dict[str, Json] = {"id": "c1", "choices": [{"message": {"content": " ".join(words)}}], "model": "inner"}
    if nested:
        value = {"x": {"model": "inner"}, **value}
    body = json.dumps(value, separators=(comma, colon)).encode()
    answer = Answer()
    assert json.loads(renamed(body, "public ü", answer, Heard())) == {**value, "model": "public ü"}
    assert answer.id == "c1"


def test_an_answer_without_a_name_gets_one() -> None:
    answers = [Answer(), Answer()]
    names = [json.loads(renamed(b'{"model":"inner"}', "m", a, Heard()))["id"] for a in answers]
    assert names == [a.id for a in answers]
    assert len(set(names)) == 2


def test_who_waits_goes_on_when_it_is_time_and_not_before() -> None:
    async def scene() -> tuple[int, bool, int]:
        waiting = Waiting()
        open_: list[int] = []
        task = asyncio.create_task(waiting.until(lambda: bool(open_), 5))
        await asyncio.sleep(0)
        waiting.wake()
        await asyncio.sleep(0.01)
        counted, early = waiting.count, task.done()
        open_.append(1)
        waiting.wake()
        await task
        return counted, early, waiting.count

    assert asyncio.run(scene()) == (1, False, 0)


def test_too_many_do_not_wait_and_nobody_waits_too_long() -> None:
    async def scene() -> list[int]:
        waiting = Waiting(most=2)
        ended = await asyncio.gather(*(waiting.until(lambda: False, 0.05) for _ in range(3)), return_exceptions=True)
        return [e.retry_after for e in ended if isinstance(e, ApiError) and e.status == 503]

    assert asyncio.run(scene()) == [1, 1, 1]
