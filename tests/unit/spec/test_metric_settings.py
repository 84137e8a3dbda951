"""Where a project's queries are asked."""

import pytest
from pydantic import ValidationError

from trueup.spec.kinds.projects import MetricSettings


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9090",
        "https://prometheus.example.com",
        "https://m.example.com/prometheus/",
        "http://[::1]:9090",
    ],
)
def test_an_address_of_a_server_is_taken(url):
    assert MetricSettings.model_validate({"prometheus": url}).prometheus == url


@pytest.mark.parametrize(
    "settings",
    [
        {"prometheus": "prometheus:9090"},
        {"prometheus": "https://user:secret@example.com"},
        {"prometheus": "https://example.com/?q=1"},
        {"prometheus": "file:///etc/passwd"},
        {"prometheus": "https://"},
        {"token": "env:TOKEN"},
        {"prometheus": "https://example.com", "token": "a secret"},
    ],
)
def test_what_is_no_address_is_refused(settings):
    with pytest.raises(ValidationError):
        MetricSettings.model_validate(settings)
