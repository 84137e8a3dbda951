"""No secret enters the ledger, even where no policy forbids it in a document."""

import pytest

from trueup.ledger.codec import encode
from trueup.observed.state import Hold
from trueup.workflows.holding import place_hold
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, KilledError, document

KEY = "sk-live-abcdefghijklmnop1234"
SECRET = Declared(model="smol@1", prompt="support@9")


def declare_a_secret(workspace: FakeWorkspace) -> None:
    workspace.files = {
        **workspace.files,
        "spec/prompts/support-9.yaml": document(
            "Prompt",
            "support",
            {"template": f"Use {KEY} for it.", "modelConfig": {"max_tokens": 5}},
            version="9",
            annotations={"password": "hunter2hunter2"},
        ),
    }
    workspace.commit()


def spelled(workspace: FakeWorkspace) -> bytes:
    records = list(workspace.ledger.records())
    attached = [workspace.ledger.attachment(digest) or b"" for r in records for digest, _ in r.draft.attachments]
    return b"".join([*map(encode, records), *attached])


@pytest.fixture
def workspace(make) -> FakeWorkspace:
    made: FakeWorkspace = make(SECRET)
    declare_a_secret(made)
    return made


def test_a_record_of_an_apply_keeps_no_secret_of_a_document(workspace: FakeWorkspace) -> None:
    workspace.apply()
    assert workspace.served()
    assert b"(masked)" in spelled(workspace)
    assert KEY.encode() not in spelled(workspace)
    assert b"hunter2" not in spelled(workspace)


def test_what_serves_is_not_masked(workspace: FakeWorkspace) -> None:
    workspace.apply()
    (route,) = workspace.work.observe("dev").routes
    assert KEY in str(route.route)
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    assert planned.plan.changes == ()


def test_the_record_of_a_killed_run_keeps_no_secret(workspace: FakeWorkspace) -> None:
    workspace.journal.keep_open = True
    with pytest.raises(KilledError):
        workspace.apply()
    workspace.journal.keep_open = False
    workspace.ledger.stored.clear()  # killed before it recorded
    workspace.apply()
    assert workspace.ledger.stored
    assert b"support@9" in spelled(workspace)
    assert KEY.encode() not in spelled(workspace)


def test_a_hold_keeps_no_secret_of_its_reason(workspace: FakeWorkspace) -> None:
    workspace.apply()
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    (deployment,) = planned.desired.deployments
    hold = Hold("dev", deployment.id, deployment.release.digest, f"leaked {KEY}", "Ada", workspace.clock.now())
    place_hold(workspace, hold, workspace.head)
    assert KEY.encode() not in spelled(workspace)
