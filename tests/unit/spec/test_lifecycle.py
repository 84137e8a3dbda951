"""Phases of versions."""

import pytest

from trueup.core.json import Json
from trueup.spec.lifecycle import parts_of, phase_in


@pytest.mark.parametrize(
    ("document", "phase"),
    [
        ({"spec": {"lifecycle": {"phase": "drained"}}}, "drained"),
        ({"spec": {"lifecycle": {"replacement": "tiny@2"}}}, "active"),
        ({"spec": {}}, "active"),
        (3, "active"),
    ],
)
def test_what_says_nothing_is_active(document: Json, phase: str) -> None:
    assert phase_in(document) == phase


def test_a_release_is_made_of_its_parts() -> None:
    release: dict[str, Json] = {
        "model": {"address": "Model/tiny@1"},
        "adapters": [{"address": "Adapter/tone@1"}, 3],
        "prompt": None,
        "build": {"address": "", "mode": "none"},
    }
    assert parts_of(release) == ("Model/tiny@1", "Adapter/tone@1")
    assert parts_of({}) == ()
