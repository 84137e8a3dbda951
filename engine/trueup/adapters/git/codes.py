"""Codes of what can go wrong between trueup and the git repository."""

from trueup.core.diagnostics import Code

NOT_A_REPOSITORY = Code(
    "GIT001",
    "Not a git repository",
    "Everything trueup does starts from a git repository, and the folder is not inside one.",
    "Run inside the repository or name it with `-C DIR`; `git init` makes a new one.",
)
NO_COMMITS = Code(
    "GIT002",
    "Repository has no commits",
    "The current branch has no commit yet, so there is no revision to read, compare with or build on.",
    "Make a first commit.",
)
UNKNOWN_REVISION = Code(
    "GIT003",
    "Unknown revision",
    "The name is neither a commit id, a branch, a tag nor an expression that leads to a commit of this repository.",
    "Check the spelling; run `git fetch` when the commit lies on a remote.",
)
SHALLOW = Code(
    "GIT004",
    "Repository is a shallow clone",
    "Older commits were not fetched. What needs history (immutability of versions, audit, rollback) cannot see "
    "beyond the boundary.",
    "Run `git fetch --unshallow`; in GitHub Actions set `fetch-depth: 0` at the checkout step.",
)
DETACHED_HEAD = Code(
    "GIT005",
    "HEAD is detached",
    "A commit is to be made, and no branch is checked out that could hold it.",
    "Check out a branch: `git switch BRANCH`.",
)
GIT_MISSING = Code(
    "GIT006",
    "The git program was not found",
    "trueup reads repositories through the `git` program.",
    "Install git 2.31 or later and make sure that it is on the PATH.",
)
DUBIOUS_OWNERSHIP = Code(
    "GIT007",
    "Repository belongs to another user",
    "Git refuses to work in a repository that another user owns, because its configuration could run programs.",
    "When you trust it: `git config --global --add safe.directory PATH`.",
)
NO_IDENTITY = Code(
    "GIT008",
    "Git does not know who you are",
    "A commit needs an author, and neither user.name and user.email nor GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL are set.",
    'Run `git config user.name "Your Name"` and `git config user.email you@example.com`.',
)
NO_PERMISSION = Code(
    "GIT009",
    "No permission to write",
    "The repository or the file cannot be written by the user who runs this command.",
    "Run as the owner, or correct the permissions of the repository.",
)
DISK_FULL = Code(
    "GIT010",
    "Disk is full",
    "There is no space, or no quota, left where the repository lies. Nothing was changed.",
    "Free some space and run again.",
)
DIRTY_FILE = Code(
    "GIT011",
    "File has uncommitted changes",
    "The file that is to be committed differs from the last commit, and those changes are not trueup's to commit.",
    "Commit or discard your changes of this file first.",
)
BRANCH_MOVED = Code(
    "GIT012",
    "Branch moved meanwhile",
    "Another commit arrived on the branch while this one was made.",
    "Run again.",
)
SIGNING_FAILED = Code(
    "GIT013",
    "Commit could not be signed",
    "`commit.gpgsign` is set and the signing program failed, so no commit was made.",
    "Check the signing key, or unset `commit.gpgsign` for this repository.",
)
LOCKED = Code(
    "GIT014",
    "Another git command is at work",
    "A lock file of git exists, so another git command is running or one was killed.",
    "Wait and run again; when no git runs, remove the lock file that is named.",
)
OBJECT_MISSING = Code(
    "GIT015",
    "Object is missing",
    "A commit names content that the repository does not have: a partial clone, or damage.",
    "Run `git fetch --refetch` in a partial clone, or `git fsck` to find the damage.",
)
GIT_FAILED = Code(
    "GIT016",
    "Git command failed",
    "The `git` program reported an error that has no code of its own.",
    "Read git's own words in the detail.",
)
BARE_REPOSITORY = Code(
    "GIT017",
    "Repository is bare",
    "The repository has no work tree, and specs, policies and the store are found from it.",
    "Run in a clone.",
)
BAD_PATH = Code(
    "GIT031",
    "Path leaves the repository",
    "Files are named by a relative path inside the repository. Absolute paths, `..`, git's own folder and symbolic "
    "links that lead out are refused, so that a pull request cannot read the machine it is checked on.",
    "Name a file inside the repository by its path from the root.",
)
NO_SUCH_FILE = Code(
    "GIT032",
    "File not found",
    "The file does not exist in the revision or work tree that is read.",
    "Check the spelling, and that the file is committed when a commit is read.",
)
NOT_A_FILE = Code(
    "GIT033",
    "Not a regular file",
    "The path is a folder, a submodule, or something else that has no bytes to read.",
    "Name a regular file.",
)
FILE_TOO_LARGE = Code(
    "GIT034",
    "File is too large to include",
    "A file that a spec includes is limited to 1 MB.",
    "Keep large data in the artifact store and refer to it by digest.",
)
COMMIT_NOT_IN_WORK_TREE = Code(
    "GIT035",
    "Commit made, work tree not updated",
    "The commit is on the branch, but the file or the index could not be brought up to date.",
    "Run `git restore --staged --worktree PATH`.",
)
NO_DEFAULT_BRANCH = Code(
    "GIT036",
    "Default branch not found",
    "Neither the branch nor its remote-tracking branch exists here, so versions cannot be compared with what was "
    "merged.",
    "Fetch the branch, or set `defaultBranch` in trueup.yaml.",
)

BRANCH_TAKEN = Code(
    "GIT037",
    "Branch has other commits",
    "A branch of the name that is to be published exists and holds something that trueup did not make. It is "
    "somebody's work, so it is not overwritten.",
    "Merge or keep what is on it under another name, then delete the branch (`git push origin --delete BRANCH`, "
    "`git branch -D BRANCH`) and run again.",
)
BRANCH_CHECKED_OUT = Code(
    "GIT038",
    "Branch is checked out",
    "The branch that is to be published is checked out in a work tree, which would be left behind.",
    "Switch that work tree to another branch: `git switch -`.",
)
BASE_CHANGED = Code(
    "GIT039",
    "File changed meanwhile",
    "The default branch has another version of the file by now than the one that the change was made from.",
    "Run again: the change is worked out anew from what is there now.",
)
PUSH_NOT_ALLOWED = Code(
    "GIT040",
    "No right to use the remote",
    "The remote does not know this user, or does not let them read or push.",
    "Check the credentials that git uses for the remote (`git push --dry-run`), and the rights on the repository.",
)
PUSH_REFUSED = Code(
    "GIT041",
    "Remote does not take the branch",
    "The remote answers and declines the push: a protected branch, a rule for names or commits, or a hook.",
    "Read the remote's own words in the detail; allow branches that begin with `trueup/`.",
)
REMOTE_UNREACHABLE = Code(
    "GIT042",
    "Remote does not answer",
    "The remote of the repository could not be reached. What was committed is kept on its branch here.",
    "Check network and address (`git ls-remote`), and run again.",
)

CODES = (
    NOT_A_REPOSITORY,
    NO_COMMITS,
    UNKNOWN_REVISION,
    SHALLOW,
    DETACHED_HEAD,
    GIT_MISSING,
    DUBIOUS_OWNERSHIP,
    NO_IDENTITY,
    NO_PERMISSION,
    DISK_FULL,
    DIRTY_FILE,
    BRANCH_MOVED,
    SIGNING_FAILED,
    LOCKED,
    OBJECT_MISSING,
    GIT_FAILED,
    BARE_REPOSITORY,
    BAD_PATH,
    NO_SUCH_FILE,
    NOT_A_FILE,
    FILE_TOO_LARGE,
    COMMIT_NOT_IN_WORK_TREE,
    NO_DEFAULT_BRANCH,
    BRANCH_TAKEN,
    BRANCH_CHECKED_OUT,
    BASE_CHANGED,
    PUSH_NOT_ALLOWED,
    PUSH_REFUSED,
    REMOTE_UNREACHABLE,
)
