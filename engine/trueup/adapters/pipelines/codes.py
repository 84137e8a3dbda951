"""Codes of what keeps `trueup ci` from doing what a pipeline asked for."""

from trueup.core.diagnostics import Code

BASE_MISSING = Code(
    "CI001",
    "The branch that governs is not in this clone",
    "A pull request is judged by the rules of the branch it is to be merged into. That branch was not fetched, and its "
    "own rules must not take their place.",
    "Fetch it before: GitHub `fetch-depth: 0`, GitLab `GIT_DEPTH: 0` and `git fetch origin BRANCH`, Bitbucket "
    "`clone: {depth: full}`, Azure `fetchDepth: 0`. Or name it with `--base`.",
)
NO_TOKEN = Code(
    "CI002",
    "There is no token to comment with",
    "A comment was asked for, and neither `forge.token` nor `GITHUB_TOKEN` or `GITLAB_TOKEN` leads to a token.",
    "Give the job a token that may write comments, or leave `--comment` out: the comment lies in the folder.",
)
NO_FORGE = Code(
    "CI003",
    "Comments cannot be written there",
    "trueup writes comments on GitHub and GitLab. What runs this job does not tell that the pull request is there.",
    "Post `comment.md` of the output folder by a step of your own.",
)
UNSAFE_FOLDER = Code(
    "CI004",
    "Output folder cannot be used",
    "The folder, or something in it, is a link or no plain file. A pull request could bring one that leads elsewhere.",
    "Name a folder outside the repository, or remove what lies there.",
)
UNSAFE_COMMENT = Code(
    "CI005",
    "The folder holds no comment of trueup's",
    "The comment of a folder is posted only when it has the first line, the size and the few shapes that `trueup ci` "
    "writes. This one was made otherwise, or changed.",
    "Look at what wrote the folder; a job of a pull request from a fork may write what it likes.",
)
UNKNOWN_REQUEST = Code(
    "CI006",
    "Nobody says which pull request is meant",
    "The run that posts names no pull request, and the commit that it is about is not the newest one of the pull "
    "request that the folder names, which anybody may have written.",
    "Name it with `--pull-request`, from something that the pull request cannot change.",
)

CODES = (BASE_MISSING, NO_TOKEN, NO_FORGE, UNSAFE_FOLDER, UNSAFE_COMMENT, UNKNOWN_REQUEST)
