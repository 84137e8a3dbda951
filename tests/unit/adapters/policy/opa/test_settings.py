"""Settings of an engine on a server."""

from pathlib import Path

import pytest

from trueup.adapters.policy.opa.client import OpaServer
from trueup.adapters.policy.opa.settings import (
    EngineSettingsError,
    OpaSettings,
    certificate_files,
    check_settings,
    read_token,
)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://localhost:8181", "localhost:8181"),
        ("https://opa.example.com", "opa.example.com:443"),
        ("http://opa/", "opa:80"),
        ("https://[::1]:8443", "[::1]:8443"),
    ],
)
def test_a_url_names_host_and_port(url: str, server: str) -> None:
    check_settings(OpaSettings(url))
    assert OpaSettings(url).server == server


@pytest.mark.parametrize(
    "settings",
    [
        OpaSettings(""),
        OpaSettings("opa.example.com:8181"),
        OpaSettings("ftp://opa"),
        OpaSettings("http://"),
        OpaSettings("http://opa:99999"),
        OpaSettings("http://opa:0"),
        OpaSettings("http://[::1"),
        OpaSettings("http://opa/behind/a/path"),
        OpaSettings("http://opa?x"),
        OpaSettings("http://user:password@opa"),
        OpaSettings("http://opa.example.com", token="env:TOKEN"),
        OpaSettings("https://opa", key="k.pem"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_sent(settings: OpaSettings) -> None:
    with pytest.raises(EngineSettingsError) as caught:
        OpaServer(settings, Path())
    assert caught.value.code.id == "POL046"


def test_a_token_may_go_unencrypted_to_this_machine_alone() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        check_settings(OpaSettings(f"http://{host}:8181", token="env:TOKEN"))


def test_a_token_is_found_by_its_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t").write_text(" abc\n")
    monkeypatch.setenv("T", "xyz")
    assert read_token(OpaSettings("http://localhost", token="file:t"), tmp_path) == "abc"
    assert read_token(OpaSettings("http://localhost", token="env:T"), tmp_path) == "xyz"
    assert read_token(OpaSettings("http://localhost"), tmp_path) == ""


@pytest.mark.parametrize(
    "reference", ["env:ABSENT_TOKEN", "file:absent", "file:empty", "file:two", "hunter2", "file:bytes"]
)
def test_a_reference_to_no_token_is_told_without_its_value(tmp_path: Path, reference: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "two").write_text("a\nb\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(EngineSettingsError) as caught:
        read_token(OpaSettings("http://localhost", token=reference), tmp_path)
    assert "hunter2" not in str(caught.value)


def test_files_of_certificates_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    assert certificate_files(OpaSettings("https://h", ca="ca.pem"), tmp_path) == (str(tmp_path / "ca.pem"), None)
    assert certificate_files(OpaSettings("https://h"), tmp_path) == (True, None)
    with pytest.raises(EngineSettingsError, match=r"`certificate`.*c\.pem"):
        certificate_files(OpaSettings("https://h", certificate="c.pem"), tmp_path)
