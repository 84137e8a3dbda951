"""What all tests share."""

import pytest
from hypothesis import HealthCheck, settings

from faults_told import PROPERTY, lines

# A law does not become false because the machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files instead of comparing with them; review then reads the diff."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected files of golden tests")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which faults were tried and survived; tests record them as properties, which workers hand over."""
    # What was recorded while a test ran or was cleaned up is all in the report of the latter.
    reports = [r for kind in ("", "error") for r in terminalreporter.getreports(kind) if r.when == "teardown"]
    rows = [value for report in reports for name, value in report.user_properties if name == PROPERTY]
    for number, line in enumerate(lines(rows)):
        if not number:
            terminalreporter.section("faults tried")
        terminalreporter.line(line)
