"""Plugins are found by group and name; built-ins come first and cost no look-up."""

import sys

import pytest

from trueup import plugins
from trueup.core.errors import PermanentError
from trueup.plugins import Plugins


class Source:
    """An adapter that a package would offer."""


@pytest.fixture
def package(tmp_path):
    """An installed distribution that offers two adapters, one of them broken."""
    (tmp_path / "offered_source.py").write_text("class Hub:\n    pass\n")
    info = tmp_path / "offered-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offered\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[trueup.sources]\nhub = offered_source:Hub\nbad = offered_source:Absent\n")
    sys.path.insert(0, str(tmp_path))
    yield
    sys.path.remove(str(tmp_path))
    sys.modules.pop("offered_source", None)


def test_a_built_in_is_given_as_it_is_and_shadows_an_offered_one(package):
    built_in = Source()
    assert Plugins("trueup.sources", {"hub": built_in})["hub"] is built_in


def test_what_an_installed_package_offers_is_made_once(package):
    found = Plugins("trueup.sources", {"file": Source()})
    assert type(found["hub"]).__name__ == "Hub"
    assert found["hub"] is found["hub"]


def test_all_names_are_listed_in_order(package):
    found = Plugins("trueup.sources", {"file": Source()})
    assert list(found) == ["bad", "file", "hub"]
    assert len(found) == 3
    assert "hub" in found
    assert "file" in found
    assert "s3" not in found


def test_an_unknown_name_is_a_key_error():
    with pytest.raises(KeyError):
        Plugins("trueup.sources", {})["s3"]


def test_a_broken_plugin_is_named_with_what_is_wrong(package):
    with pytest.raises(PermanentError, match="offered_source:Absent") as raised:
        Plugins("trueup.sources", {})["bad"]
    assert raised.value.code is plugins.BROKEN
