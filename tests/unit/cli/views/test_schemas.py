"""The schemas of outputs are schemas, can be asked for by name, and describe what the views make."""

import io
import json

import pytest
from jsonschema import Draft202012Validator, ValidationError

from states import NOON, Want, applied, desired
from trueup.cli.main import run
from trueup.cli.output import Format, Style
from trueup.cli.views import events
from trueup.cli.views.schemas import OUTPUTS, event_schema, status_schema
from trueup.cli.views.status import render
from trueup.diff.compare import diff
from trueup.diff.status import status
from trueup.rollout.events import Event, Status


def printed(*words: str) -> str:
    out = io.StringIO()
    assert run(["schema", *words], out, io.StringIO(), {}) == 0
    return out.getvalue()


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_schema_is_one_and_is_printed_under_its_name(name: str) -> None:
    schema = json.loads(printed(name))
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert name in printed().split()


def test_an_event_has_its_schema() -> None:
    event = Event(NOON, "fetch", "Model/tiny@1", Status.DONE, "from here", (("bytes", 12),))
    Draft202012Validator(event_schema()).validate(json.loads(events.render(event, Format.NDJSON, Style())))


def test_a_status_with_everything_in_it_has_its_schema_and_one_without_a_key_has_not() -> None:
    state = desired(Want(evaluations=("facts@1",)))
    observed = applied(state)
    shown = json.loads(render(status(state, observed, diff(state, observed)), Format.JSON, Style()))
    validator = Draft202012Validator(status_schema())
    validator.validate(shown)
    assert shown["deployments"][0]["servers"]
    del shown["deployments"][0]["sync"]
    with pytest.raises(ValidationError):
        validator.validate(shown)
