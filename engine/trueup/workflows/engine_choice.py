"""Which policy engine judges: the one declared on the branch a change is to be merged into, never the change's own.

A pull request that could name the engine could name a server that always agrees, and have a token sent to it. Only the
embedded engine may be chosen by anybody: it is nobody's server.
"""

from dataclasses import replace

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Revision
from trueup.spec.engines import EMBEDDED, EngineChoice
from trueup.workflows.loading import PROJECT_FILE, Invalid, read_project
from trueup.workflows.workspace import Workspace


def engine_in_force(workspace: Workspace, asked: str = "") -> EngineChoice | Invalid:
    """Return the engine that judges what is in the work tree; *asked* is a kind that the user names instead."""
    if asked == EMBEDDED:
        return EngineChoice()
    project, problems = read_project(workspace.tree(""))
    if project is None:
        return Invalid(problems)
    if project.engine.kind == EMBEDDED and not asked:
        return EngineChoice()
    base = workspace.base(Revision(""), project.default_branch)
    if not base.is_known:
        # What is merged is not in this clone. A server that only the change may have named is not asked.
        return EngineChoice()
    if base.revision:
        there = workspace.tree(base.revision)
        if not isinstance(there.read(PROJECT_FILE), Diagnostic):
            project, problems = read_project(there)
    if project is None:
        return Invalid(problems)
    return replace(project.engine, kind=asked or project.engine.kind)
