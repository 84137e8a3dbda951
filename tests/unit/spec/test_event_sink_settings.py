"""Where changes are told of must be one place that can be one."""

import pytest
from pydantic import ValidationError

from trueup.spec.kinds.projects import EventSinkSettings


@pytest.mark.parametrize(
    "place", [{"url": "https://events.example.com/in"}, {"url": "http://localhost:8080"}, {"file": "events.jsonl"}]
)
def test_a_sink_is_an_address_or_a_file(place: dict[str, str]) -> None:
    sink = EventSinkSettings.model_validate({"name": "lake", "type": "cloudevents", **place})
    assert (sink.url or "", sink.file or "") == (place.get("url", ""), place.get("file", ""))


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ({}, "needs one place"),
        ({"url": "https://events.example.com", "file": "events.jsonl"}, "needs one place"),
        ({"url": "https://user:secret@example.com"}, "not the address of a server"),
        ({"url": "events.example.com"}, "not the address of a server"),
        ({"file": "events.jsonl", "type": "kafka"}, "cloudevents"),
        ({"file": "events.jsonl", "token": "plain-secret"}, "token"),
    ],
)
def test_another_sink_is_refused(place: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        EventSinkSettings.model_validate({"name": "lake", "type": "cloudevents", **place})
