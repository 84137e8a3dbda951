"""GitLab, Bitbucket, Azure and Jenkins, by their variables.

https://docs.gitlab.com/ci/variables/predefined_variables/,
https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/,
https://learn.microsoft.com/azure/devops/pipelines/build/variables,
https://www.jenkins.io/doc/book/pipeline/multibranch/
"""

from urllib.parse import quote, urlsplit

from trueup.adapters.pipelines.reading import Variables, address, branch, commit, number, repository
from trueup.ports import Provider, Where


def gitlab(variables: Variables) -> Where:
    """Return where a job of GitLab stands."""
    read = variables.get
    theirs, ours = read("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), read("CI_MERGE_REQUEST_PROJECT_ID")
    # Of a merged-results pipeline, CI_COMMIT_SHA is the merge that was tried. CI_MERGE_REQUEST_DIFF_BASE_SHA is no
    # base to be judged by: whoever opens the request chooses where the branch began.
    return Where(
        Provider.GITLAB,
        read("CI_PIPELINE_SOURCE", ""),
        address(read("CI_SERVER_URL")),
        repository(read("CI_MERGE_REQUEST_PROJECT_PATH")) or repository(read("CI_PROJECT_PATH")),
        number(read("CI_MERGE_REQUEST_IID")),
        branch(read("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")),
        commit(read("CI_MERGE_REQUEST_TARGET_BRANCH_SHA")),
        commit(read("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")) or commit(read("CI_COMMIT_SHA")),
        branch(read("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")) or branch(read("CI_COMMIT_BRANCH")),
        bool(read("CI_MERGE_REQUEST_IID")) and (not theirs or theirs != ours),
        address(read("CI_JOB_URL")),
    )


def bitbucket(variables: Variables) -> Where:
    """Return where a step of Bitbucket Pipelines stands; it runs for no fork."""
    read = variables.get
    page, build = address(read("BITBUCKET_GIT_HTTP_ORIGIN")), number(read("BITBUCKET_BUILD_NUMBER"))
    parts = urlsplit(page)
    return Where(
        Provider.BITBUCKET,
        "pull_request" if read("BITBUCKET_PR_ID") else "push",
        f"{parts.scheme}://{parts.netloc}" if page else "",
        repository(read("BITBUCKET_REPO_FULL_NAME")),
        number(read("BITBUCKET_PR_ID")),
        branch(read("BITBUCKET_PR_DESTINATION_BRANCH")),
        commit(read("BITBUCKET_PR_DESTINATION_COMMIT")),
        commit(read("BITBUCKET_COMMIT")),
        branch(read("BITBUCKET_BRANCH")),
        run=f"{page}/pipelines/results/{build}" if page and build else "",
    )


def azure(variables: Variables) -> Where:
    """Return where a job of Azure Pipelines stands; the repository may be GitHub's."""
    read = variables.get
    request = number(read("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")) or number(read("SYSTEM_PULLREQUEST_PULLREQUESTID"))
    collection, build = address(read("SYSTEM_COLLECTIONURI")), number(read("BUILD_BUILDID"))
    project = quote(read("SYSTEM_TEAMPROJECT", ""))
    home = address(read("BUILD_REPOSITORY_URI"))
    parts = urlsplit(home)
    is_github = read("BUILD_REPOSITORY_PROVIDER") == "GitHub"
    return Where(
        Provider.AZURE,
        read("BUILD_REASON", ""),
        (f"{parts.scheme}://{parts.hostname}" if home else "") if is_github else collection,
        repository(read("BUILD_REPOSITORY_NAME")),
        request,
        branch(read("SYSTEM_PULLREQUEST_TARGETBRANCH")),
        head=commit(read("SYSTEM_PULLREQUEST_SOURCECOMMITID")) or commit(read("BUILD_SOURCEVERSION")),
        branch=branch(read("SYSTEM_PULLREQUEST_SOURCEBRANCH")) or branch(read("BUILD_SOURCEBRANCH")),
        is_fork=request > 0 and read("SYSTEM_PULLREQUEST_ISFORK", "").lower() != "false",
        run=address(f"{collection}/{project}/_build/results?buildId={build}") if collection and build else "",
    )


def jenkins(variables: Variables) -> Where:
    """Return where a build of a multibranch project stands."""
    read = variables.get
    home = address(read("GIT_URL"))
    parts = urlsplit(home)
    return Where(
        Provider.JENKINS,
        "pull_request" if read("CHANGE_ID") else "push",
        f"{parts.scheme}://{parts.hostname}" if home else "",
        repository(parts.path.strip("/").removesuffix(".git")) if home else "",
        number(read("CHANGE_ID")),
        branch(read("CHANGE_TARGET")),
        head=commit(read("GIT_COMMIT")),
        branch=branch(read("CHANGE_BRANCH")) or branch(read("BRANCH_NAME")),
        is_fork=bool(read("CHANGE_FORK")),
        run=address(read("BUILD_URL")),
    )
