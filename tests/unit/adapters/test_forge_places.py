"""Which forge a repository is on."""

import pytest

from trueup.adapters.forges.github import GitHub
from trueup.adapters.forges.gitlab import GitLab
from trueup.adapters.forges.places import ForgePlace, place_of


@pytest.mark.parametrize(
    ("remote", "place"),
    [
        ("git@github.com:shop/llm.git", ForgePlace("github", "https://github.com", "shop/llm")),
        ("https://github.com/shop/llm", ForgePlace("github", "https://github.com", "shop/llm")),
        ("ssh://git@gitlab.com:2222/a/b/llm.git", ForgePlace("gitlab", "https://gitlab.com", "a/b/llm")),
        (
            "https://gitlab.example.com:8443/a/llm.git/",
            ForgePlace("gitlab", "https://gitlab.example.com:8443", "a/llm"),
        ),
        ("git@git.example.com:shop/llm.git", ForgePlace("", "https://git.example.com", "shop/llm")),
        ("/srv/git/llm.git", ForgePlace("", "", "")),
        ("file:///srv/git/llm.git", ForgePlace("", "", "")),
        ("", ForgePlace("", "", "")),
    ],
)
def test_the_address_of_the_remote_tells_the_place(remote, place):
    assert place_of("", "", "", remote) == place


def test_what_is_declared_wins():
    place = place_of("gitlab", "https://git.example.com/", "a/b", "git@github.com:shop/llm.git")
    assert place == ForgePlace("gitlab", "https://git.example.com", "a/b")


def test_a_host_that_only_contains_the_name_is_not_taken_for_it():
    assert place_of("", "", "", "https://notgithub.com/a/b").kind == ""


@pytest.mark.parametrize(
    ("place", "api"),
    [
        (ForgePlace("github", "https://github.com", "a/b"), "https://api.github.com"),
        (ForgePlace("github", "https://ghe.example.com", "a/b"), "https://ghe.example.com/api/v3"),
        (ForgePlace("gitlab", "https://gitlab.com", "a/b"), "https://gitlab.com/api/v4"),
    ],
)
def test_the_api_follows_from_the_address_for_people(place, api):
    assert place.api == api


def test_the_page_that_opens_a_pull_request():
    github = ForgePlace("github", "https://github.com", "a/b").compare("main", "trueup/x")
    assert github == "https://github.com/a/b/compare/main...trueup/x?expand=1"
    gitlab = ForgePlace("gitlab", "https://gitlab.com", "a/b").compare("main", "trueup/x")
    assert gitlab.startswith("https://gitlab.com/a/b/-/merge_requests/new?merge_request%5Bsource_branch%5D=trueup%2Fx")
    assert ForgePlace("", "https://git.example.com", "a/b").compare("main", "x") == ""


def test_each_kind_is_connected_to_as_what_it_is():
    assert isinstance(ForgePlace("github", "https://github.com", "a/b").connect("t"), GitHub)
    assert isinstance(ForgePlace("gitlab", "https://gitlab.com", "a/b").connect("t"), GitLab)
