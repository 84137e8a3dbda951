"""How every git command is started: nobody outside the repository can redirect it, and it runs nobody's programs."""

from collections.abc import Mapping

_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showSignature=false",
    "safe.bareRepository=explicit",
)
SAFE_OPTIONS = (*(p for setting in _SETTINGS for p in ("-c", setting)), "--literal-pathspecs", "--no-pager")

# Who commits, where the user's own configuration lies, and how remotes are reached. The rest of GIT_* points git
# at another repository, index or object store: a hook or a wrapper script exports it, and it is dropped.
_KEPT_VARIABLES = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH")

_FORCED_VARIABLES = {
    "LC_ALL": "C",
    "LANGUAGE": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
}


def safe_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return *inherited* without what redirects git, and with what keeps it quiet and exact."""
    kept = {k: v for k, v in inherited.items() if not k.startswith("GIT_") or k.startswith(_KEPT_VARIABLES)}
    return kept | _FORCED_VARIABLES
