"""Finds out who runs us and what is reviewed: variables and the event in, one value out."""

from typing import Any

from trueup.adapters.pipelines.github import github
from trueup.adapters.pipelines.others import azure, bitbucket, gitlab, jenkins
from trueup.adapters.pipelines.reading import Variables
from trueup.ports import Where


def where(variables: Variables, event: Any = None) -> Where:
    """Return where this run stands.

    Args:
        variables: Of the process.
        event: The payload behind `GITHUB_EVENT_PATH`, parsed; None where there is none, or it cannot be read.
    """
    if _is_on(variables, "GITHUB_ACTIONS"):
        return github(variables, event)
    if _is_on(variables, "GITLAB_CI"):
        return gitlab(variables)
    if variables.get("BITBUCKET_BUILD_NUMBER"):
        return bitbucket(variables)
    if _is_on(variables, "TF_BUILD"):
        return azure(variables)
    if variables.get("JENKINS_URL"):
        return jenkins(variables)
    return Where()


def _is_on(variables: Variables, name: str) -> bool:
    return variables.get(name, "").lower() == "true"
