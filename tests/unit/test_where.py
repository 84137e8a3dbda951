"""Where a run stands, as a value."""

from trueup.ports import Provider, Where


def test_a_pull_request_has_a_number() -> None:
    assert not Where().is_pull_request
    assert Where(number=7).is_pull_request


def test_every_provider_has_a_name_for_people() -> None:
    assert [p.label for p in Provider] == ["GitHub", "GitLab", "Bitbucket", "Azure", "Jenkins", "git"]
