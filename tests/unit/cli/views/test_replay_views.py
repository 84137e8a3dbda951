"""How a replay reads."""

import json
from datetime import timedelta
from xml.etree import ElementTree as ET

import jsonschema

from records import NOON
from trueup.cli.output import Format
from trueup.cli.views.replay import ReplayReport, render, summary
from trueup.cli.views.replay_schema import replay_schema
from trueup.policy.decision import Outcome
from trueup.policy.replayed import ALLOWED, Block, Place, Replay, Source, Verdict

SINCE, UNTIL = NOON - timedelta(days=90), NOON
BLOCK = Block("EV-01", "Deployment/prod/support", ("spec", 0), "it has | no evidence")


def place(number: int, source: Source = Source.RECORD) -> Place:
    name = str(number) if source is Source.RECORD else f"{number:040x}"
    return Place(source, name, NOON - timedelta(days=number), "prod", f"{number:040x}")


def report() -> ReplayReport:
    replay = Replay()
    denied = Verdict(Outcome.DENY, (BLOCK,))
    replay.add(place(1), ALLOWED, denied)
    replay.add(place(2), denied, ALLOWED)
    replay.add(place(3), ALLOWED, ALLOWED)
    replay.add(place(4), ALLOWED, Verdict(Outcome.ERROR, (), ("out of memory",)))
    replay.add(place(5, Source.COMMIT), ALLOWED, denied)
    replay.older[1] = 2
    replay.unasked = 1
    for number in range(21):
        replay.pass_over(place(number, Source.COMMIT), "it is not valid")
    return ReplayReport(replay, SINCE, UNTIL)


NOTHING = ReplayReport(Replay(), SINCE, UNTIL, "prod")


def test_the_text_counts_effects_and_shows_rules_with_examples() -> None:
    lines = render(report(), Format.TEXT).splitlines()
    assert lines[0] == "4 recorded decisions and 1 plan of commits since 2025-12-14: 4 turn out otherwise"
    assert lines[1:4] == [
        "  2 blocked that passed",
        "  1 let through that was blocked",
        "  1 that cannot be decided any more",
    ]
    assert "EV-01: blocks 2 decisions more, no longer blocks 1 decision" in lines
    assert "    record 1 of 2026-03-13, prod: Deployment/prod/support: it has | no evidence" in lines
    assert "    record 2 of 2026-03-12, prod: no longer: Deployment/prod/support: it has | no evidence" in lines
    assert "    record 4 of 2026-03-10, prod: out of memory" in lines
    assert "2 decisions on documents of format 1, which lack facts that rules ask for: not replayed." in lines
    assert "1 more were not replayed." in lines


def test_what_is_counted_and_not_shown_is_told() -> None:
    replay = Replay()
    other = Block("EV-01", "Deployment/prod/chat", (), "it has none either")
    for number in range(4):
        replay.add(place(number), ALLOWED, Verdict(Outcome.DENY, (BLOCK, other)))
    replay.add(place(5), Verdict(Outcome.DENY, (BLOCK,)), Verdict(Outcome.DENY, (other,)))
    lines = render(ReplayReport(replay, SINCE, UNTIL), Format.TEXT).splitlines()
    assert lines[1:3] == [
        "  4 blocked that passed",
        "  1 blocked before and now, by other rules or of other things",
    ]
    assert "EV-01: blocks 4 decisions more, blocks other things in 1 decision" in lines
    shown = [line for line in lines if "it has | no evidence (and 1 more there)" in line]
    assert len(shown) == 3
    assert "    and 2 more" in lines


def test_the_text_fits_a_terminal() -> None:
    assert max(map(len, render(report(), Format.TEXT, width=60).splitlines())) <= 60


def test_a_past_without_decisions_is_told() -> None:
    assert render(NOTHING, Format.TEXT) == "nothing of prod was decided or merged since 2025-12-14"
    assert render(NOTHING, Format.MARKDOWN) == "**nothing of prod was decided or merged since 2025-12-14**"


def test_a_past_that_stays_the_same_is_told() -> None:
    replay = Replay()
    replay.add(place(1), ALLOWED, ALLOWED)
    assert summary(ReplayReport(replay, SINCE, UNTIL)).endswith(": all the same")
    replay.add(place(1), ALLOWED, Verdict(Outcome.DENY, (BLOCK,)))
    assert summary(ReplayReport(replay, SINCE, UNTIL)).endswith(": 1 turns out otherwise")


def test_markdown_has_a_row_for_each_rule_and_keeps_values_inside_their_cells() -> None:
    text = render(report(), Format.MARKDOWN)
    (row,) = [line for line in text.splitlines() if line.startswith("| EV")]
    assert "| 2 | 1 | 0 |" in row
    assert "it has &#124; no evidence" in row
    assert "Cannot be decided: record 4" in text


def test_json_fits_its_schema() -> None:
    for value in (report(), NOTHING):
        jsonschema.validate(json.loads(render(value, Format.JSON)), replay_schema())
    found = json.loads(render(report(), Format.JSON))
    assert found["judged"] == {"record": 4, "commit": 1}
    assert found["effects"] == {"same": 1, "blocks": 2, "lets_through": 1, "other_rules": 0, "error": 1}
    assert found["changed"][3]["reconstructed"] is True
    assert found["not_replayed"]["count"] == 21


def test_junit_has_a_failure_for_each_decision_that_turns_out_otherwise() -> None:
    suite = ET.fromstring(render(report(), Format.JUNIT)).find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "4"
    assert ET.fromstring(render(NOTHING, Format.JUNIT)).get("failures") == "0"
