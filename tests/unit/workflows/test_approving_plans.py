"""Approving a plan: who may, what is signed, and which approvals a plan is judged with."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from trueup.core.digests import Revision
from trueup.core.errors import PermanentError, TransientError
from trueup.ledger.record import RecordKind
from trueup.plan.codec import read_saved_plan, write_saved_plan
from trueup.plan.saved import SavedPlan, save_plan
from trueup.policy.approval_list import Standing
from trueup.policy.decision import Outcome
from trueup.policy.facts.approving import AllowedKey, Given, Review, Reviews
from trueup.ports import Base
from trueup.reconcile.codes import DIRTY
from trueup.workflows import codes
from trueup.workflows.approving import Approval, Proposed, approval_of, propose, propose_saved, sign
from trueup.workflows.circumstances import change_of
from trueup.workflows.explain import explain
from trueup.workflows.planning import Invalid, Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage

Make = Callable[..., FakeWorkspace]
GRACE, KEY = "grace@example.com", "ssh-ed25519 AAAA"
ALLOWED = AllowedKey(GRACE, ssh=KEY)
APPROVALS: dict[str, Any] = {"required": 1, "signers": [{"member": GRACE, "ssh": KEY}]}
ENVIRONMENT = "spec/environments/dev.yaml"


def asking(make: Make, approvals: Any = None, **stage: Any) -> FakeWorkspace:
    """Return a workspace of Grace, in whose dev a change by Ada needs an approval."""
    workspace = make(Declared(), dev=Stage(**{"approvals": APPROVALS if approvals is None else approvals, **stage}))
    workspace.actor = f"Grace <{GRACE}> on desk"
    workspace.signs_as = ALLOWED
    workspace.author = "Ada <ada@example.com>"
    return workspace


def proposed(workspace: FakeWorkspace, environment: str = "dev") -> Proposed:
    found = propose(workspace, environment, "HEAD")
    assert isinstance(found, Proposed), found
    return found


def saved_plan(workspace: FakeWorkspace, targets: tuple[str, ...] = ()) -> SavedPlan:
    planned = make_plan(workspace, "dev", targets=targets)
    assert isinstance(planned, Planned)
    expires = datetime(2027, 1, 1, tzinfo=UTC)
    saved = read_saved_plan(
        write_saved_plan(save_plan(planned.plan, planned.desired, planned.observed, None, expires)), "plan.json"
    )
    assert isinstance(saved, SavedPlan)
    return saved


def refused(workspace: FakeWorkspace, found: Proposed | None = None) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        sign(workspace, approval_of(workspace, found or proposed(workspace)))
    return caught.value


def test_a_plan_is_approved_by_a_tag_that_names_it(make: Make) -> None:
    workspace = asking(make)
    before = proposed(workspace)
    assert before.standing.missing == ("1 of 1",)
    after = sign(workspace, approval_of(workspace, before))
    assert after.standing.missing == ()
    ((name, message, revision),) = workspace.tagged
    assert name == f"trueup/approve/{before.plan.id[7:19]}/grace"
    assert message == f"Approve a plan for dev\n\nTrueup-Approve: {before.plan.id}\nTrueup-Environment: dev\n"
    assert revision == workspace.head


def test_the_command_for_another_machine_says_the_same(make: Make) -> None:
    found = proposed(asking(make))
    command = Approval("trueup/approve/a/grace", "Subject\n\nTrueup-Approve: x\n", found).command
    words = "git tag --sign -m 'Subject' -m 'Trueup-Approve: x' trueup/approve/a/grace"
    assert command == f"{words} {found.plan.revision}"


def test_approving_twice_is_one_tag(make: Make) -> None:
    workspace = asking(make)
    sign(workspace, approval_of(workspace, proposed(workspace)))
    again = approval_of(workspace, proposed(workspace))
    assert (again.is_new, again.tag) == (False, workspace.tagged[0][0])


def test_two_people_of_one_name_have_two_tags(make: Make) -> None:
    other = AllowedKey("grace@other.example", ssh="ssh-ed25519 BBBB")
    signers = [*APPROVALS["signers"], {"member": other.member, "ssh": other.ssh}]
    workspace = asking(make, {"required": 2, "signers": signers})
    sign(workspace, approval_of(workspace, proposed(workspace)))
    workspace.actor, workspace.signs_as = f"Grace <{other.member}> on desk", other
    assert sign(workspace, approval_of(workspace, proposed(workspace))).standing.missing == ()
    assert workspace.tagged[1][0].endswith("/grace-other-example")
    workspace.given = (*workspace.given, replace(workspace.given[1], name=workspace.tagged[1][0], status="expired"))
    workspace.given = tuple(g for g in workspace.given if g.status == "expired" or g.by == GRACE)
    assert approval_of(workspace, proposed(workspace)).tag.endswith("/grace-other-example-2")


def test_who_has_no_address_has_a_tag_all_the_same(make: Make) -> None:
    workspace = asking(make)
    workspace.actor = "somebody"
    assert approval_of(workspace, proposed(workspace)).tag.endswith("/approver")


def test_authors_do_not_approve_their_own_change(make: Make) -> None:
    workspace = asking(make)
    workspace.actor = "A. L. <ada@example.com> on desk"
    assert refused(workspace).code is codes.OWN_CHANGE
    assert workspace.tagged == []


def test_an_author_is_told_under_another_of_their_addresses(make: Make) -> None:
    people = [{"member": GRACE, "also": ["ada@example.com"]}]
    assert refused(asking(make, {**APPROVALS, "people": people})).code is codes.OWN_CHANGE


def test_the_key_of_another_does_not_make_an_author_another(make: Make) -> None:
    workspace = asking(make, {"required": 1, "signers": [{"member": "ada@example.com", "ssh": KEY}]})
    workspace.signs_as = AllowedKey("ada@example.com", ssh=KEY)
    error = refused(workspace)
    assert error.code is codes.WOULD_NOT_COUNT
    assert "author's own approval" in error.detail
    assert workspace.tagged == []


def test_outside_production_authors_approve_where_the_environment_says_so(make: Make) -> None:
    workspace = asking(make, {**APPROVALS, "separateAuthor": False})
    workspace.actor = "Ada <ada@example.com> on desk"
    assert sign(workspace, approval_of(workspace, proposed(workspace))).standing.missing == ()


def test_a_key_that_nobody_declared_is_told_and_leaves_no_tag(make: Make) -> None:
    workspace = asking(make)
    workspace.signs_as = AllowedKey(GRACE, ssh="ssh-ed25519 CCCC")
    error = refused(workspace)
    assert error.code is codes.WOULD_NOT_COUNT
    assert error.detail == "Its signature is by no key that this environment allows (SHA256:CCCC)."
    assert workspace.tagged == []


def test_without_a_key_it_says_how_to_set_one_up(make: Make) -> None:
    workspace = asking(make)
    workspace.signs_as = None
    error = refused(workspace)
    assert error.code is codes.NOT_SIGNED
    assert "user.signingKey" in error.hint


def test_where_git_does_not_sign_the_command_is_told(make: Make) -> None:
    workspace = asking(make)
    workspace.signing = lambda: "a key"  # type: ignore[method-assign]  # a key that is set up and locked
    workspace.signs_as = None
    assert "git tag --sign" in refused(workspace).hint


def test_where_signatures_do_not_count_none_is_made(make: Make) -> None:
    error = refused(asking(make, {**APPROVALS, "sources": ["review", "trailer"]}))
    assert (error.code, error.detail) == (codes.NO_SIGNATURES, "`dev` takes approvals from review, trailer.")


def test_a_plan_without_changes_needs_no_approval(make: Make) -> None:
    workspace = asking(make, {**APPROVALS, "required": 0})
    workspace.apply()
    assert refused(workspace).code is codes.NOTHING_TO_APPROVE


def test_the_plan_that_is_asked_for_is_approved_and_no_other(make: Make) -> None:
    workspace = asking(make)
    plan = proposed(workspace).plan
    for asked in (plan.id, plan.id[7:19], plan.id[7:]):
        assert isinstance(propose(workspace, "dev", "HEAD", asked), Proposed)
    workspace.declare(Declared(threads=2))
    with pytest.raises(PermanentError) as caught:
        propose(workspace, "dev", "HEAD", plan.id)
    assert caught.value.code is codes.OTHER_PLAN


def test_a_declaration_that_is_wrong_cannot_be_approved(make: Make) -> None:
    workspace = asking(make)
    saved = saved_plan(workspace)
    workspace.files[ENVIRONMENT] = b"kind: [\n"
    workspace.commit()
    assert isinstance(propose(workspace, "dev", "HEAD"), Invalid)
    assert isinstance(
        propose_saved(workspace, replace(saved, plan=replace(saved.plan, revision=workspace.head))), Invalid
    )


def test_a_work_tree_with_changes_cannot_be_approved(make: Make) -> None:
    workspace = asking(make)
    workspace.files["spec/deployments/dev/support.yaml"] += b"\n"
    for attempt in (lambda: propose(workspace, "dev", ""), lambda: propose_saved(workspace, saved_plan(workspace))):
        with pytest.raises(PermanentError) as caught:
            attempt()
        assert caught.value.code is DIRTY


def test_a_saved_plan_is_approved_with_what_it_is_narrowed_to(make: Make) -> None:
    workspace = asking(make)
    workspace.declare(Declared(), Declared("other"))
    saved = saved_plan(workspace, ("other",))
    found = propose_saved(workspace, saved)
    assert isinstance(found, Proposed)
    assert (found.plan.id, found.is_elsewhere) == (saved.plan.id, False)
    assert found.plan.id != proposed(workspace).plan.id


def test_a_saved_plan_of_what_ran_on_another_machine_is_held_to_its_commit(make: Make) -> None:
    here = asking(make)
    saved = saved_plan(here)
    elsewhere = replace(saved.plan, inputs=replace(saved.plan.inputs, observed=saved.plan.inputs.policy))
    found = propose_saved(here, replace(saved, plan=elsewhere))
    assert isinstance(found, Proposed)
    assert found.is_elsewhere
    forged = replace(elsewhere, inputs=replace(elsewhere.inputs, desired=saved.plan.inputs.policy))
    with pytest.raises(PermanentError) as caught:
        propose_saved(here, replace(saved, plan=forged))
    assert caught.value.code is codes.OTHER_PLAN
    assert "desired state changed" in caught.value.detail


def test_where_the_environment_runs_a_saved_plan_has_to_fit_it(make: Make) -> None:
    workspace = asking(make, {**APPROVALS, "required": 0})
    saved = saved_plan(workspace)
    workspace.apply()
    with pytest.raises(PermanentError) as caught:
        propose_saved(workspace, saved)
    assert "observed state changed" in caught.value.detail


# What a plan is judged with.


def judged(workspace: FakeWorkspace, environment: str = "dev") -> Any:
    planned = make_plan(workspace, environment, "HEAD")
    assert isinstance(planned, Planned), planned
    return json.loads(planned.judged.document)


def governed(workspace: FakeWorkspace, declared: dict[str, Any] | None) -> None:
    """Commit dev with other approvals, while what was there before governs."""
    base = workspace.head
    document = json.loads(workspace.files[ENVIRONMENT])
    document["spec"]["approvals"] = declared
    workspace.files[ENVIRONMENT] = json.dumps(document).encode()
    workspace.commit()
    workspace.governed_by = Base(base)


def test_a_change_cannot_allow_its_own_key(make: Make) -> None:
    workspace = asking(make, {"required": 1})
    governed(workspace, APPROVALS)
    judged(workspace)
    assert workspace.approvals_asked[-1][0] == ()
    workspace.governed_by = Base()
    judged(workspace)
    assert workspace.approvals_asked[-1][0] == (ALLOWED,)


def test_a_change_cannot_give_itself_a_role_or_a_source(make: Make) -> None:
    roles = [{"role": "risk-owner", "count": 1, "members": [GRACE]}]
    workspace = asking(make, {**APPROVALS, "sources": ["signature"]})
    governed(workspace, {**APPROVALS, "roles": roles})
    workspace.given = (Given("tag", "t", GRACE, judged(workspace)["plan"]["id"], workspace.head, "good", "SHA256:k"),)
    (found,) = judged(workspace)["approvals"]
    assert found["roles"] == []


def test_the_keys_of_an_environment_that_is_new_count_when_it_is_merged(make: Make) -> None:
    workspace = asking(make)
    workspace.governed_by = Base(workspace.head)
    workspace.declare(Declared(), Declared(environment="next"), next=Stage(approvals=APPROVALS, port=8181))
    judged(workspace, "next")
    assert workspace.approvals_asked[-1][0] == ()


def test_the_change_that_brings_trueup_is_governed_by_itself(make: Make) -> None:
    workspace = asking(make)
    files, workspace.files = workspace.files, {"README.md": b"a shop"}
    before = workspace.commit()
    workspace.files = files
    workspace.commit()
    workspace.governed_by = Base(before)
    judged(workspace)
    assert workspace.approvals_asked[-1][0] == (ALLOWED,)


def test_where_nobody_knows_the_base_nobody_approves(make: Make) -> None:
    workspace = asking(make)
    workspace.governed_by = Base(is_known=False)
    judged(workspace)
    assert all(keys == () for keys, _, _ in workspace.approvals_asked)


def test_an_approval_for_another_environment_counts_for_that_one_alone(make: Make) -> None:
    workspace = make(
        Declared(),
        Declared(environment="next"),
        dev=Stage(approvals=APPROVALS),
        next=Stage(approvals=APPROVALS, port=1),
    )
    other = proposed(workspace, "next").plan.id
    replayed = Given("tag", "t", GRACE, other, workspace.head, "good", "SHA256:k")
    workspace.given = (replayed, replace(replayed, name="t2", environment="next"))
    document = judged(workspace)
    assert document["approvals"] == []
    assert [r["name"] for r in document["approvalsNotCounted"]] == ["t"]
    assert [a["name"] for a in judged(workspace, "next")["approvals"]] == ["t"]


def test_a_commit_that_changes_the_plan_voids_its_approvals_and_one_that_does_not_keeps_them(make: Make) -> None:
    workspace = asking(make)
    sign(workspace, approval_of(workspace, proposed(workspace)))
    workspace.files["README.md"] = b"hello"
    workspace.commit()
    assert proposed(workspace).standing.missing == ()
    workspace.declare(Declared(threads=2))
    found = proposed(workspace)
    assert found.standing.missing == ("1 of 1",)
    assert "the plan is now" in found.standing.listed[0].why


def test_before_the_first_apply_approvals_of_the_commit_before_are_asked_for(make: Make) -> None:
    workspace = asking(make)
    first = workspace.head
    workspace.declare(Declared(threads=2))
    judged(workspace)
    assert workspace.approvals_asked[-1][2] == (workspace.head, first)


def reviewed(workspace: FakeWorkspace, commit: Revision) -> Standing:
    workspace.reviewed = Reviews((Review("gh", "", "approved", commit),))
    return proposed(workspace).standing


def test_a_review_of_a_commit_that_declares_the_same_counts(make: Make) -> None:
    people = [{"member": GRACE, "login": "gh"}]
    workspace = asking(make, {"required": 1, "people": people})
    first = workspace.head
    workspace.files["README.md"] = b"merged"
    workspace.commit()
    assert reviewed(workspace, first).missing == ()
    assert reviewed(workspace, workspace.head).missing == ()
    workspace.declare(Declared(threads=2))
    late = reviewed(workspace, first)
    assert late.missing == ("1 of 1",)
    assert "which does not declare what commit" in late.listed[0].why


def test_a_review_of_a_commit_that_declares_nothing_counts_nothing(make: Make) -> None:
    workspace = asking(make, {"required": 1, "people": [{"member": GRACE, "login": "gh"}]})
    files = dict(workspace.files)
    workspace.files[ENVIRONMENT] = b"kind: [\n"
    broken = workspace.commit()
    workspace.files = files
    workspace.commit()
    assert reviewed(workspace, broken).missing == ("1 of 1",)


def test_a_review_of_a_commit_that_is_not_here_counts_nothing(make: Make) -> None:
    workspace = asking(make, {"required": 1, "people": [{"member": GRACE, "login": "gh"}]})
    here = workspace.tree

    def tree(revision: str) -> Any:
        if revision == "9" * 40:
            raise TransientError(codes.OTHER_PLAN, "it is not in this clone")
        return here(revision)

    workspace.tree = tree  # type: ignore[method-assign]  # a clone without that commit
    assert reviewed(workspace, Revision("9" * 40)).missing == ("1 of 1",)


def test_reviews_are_not_asked_for_where_they_do_not_count(make: Make) -> None:
    workspace = asking(make, {"required": 1, "sources": ["signature"]})
    assert reviewed(workspace, workspace.head).listed == ()


def test_a_forge_that_was_not_reached_is_told(make: Make) -> None:
    workspace = asking(make)
    workspace.reviewed = Reviews(problem="the forge does not answer: no network")
    (listed,) = proposed(workspace).standing.listed
    assert listed.why == "the forge does not answer: no network"


def test_explaining_a_deployment_tells_its_approvals(make: Make) -> None:
    workspace = asking(make)
    lines = _approvals_of(explain(workspace, "Deployment/dev/support"))
    assert lines == ["missing: 1 of 1"]
    sign(workspace, approval_of(workspace, proposed(workspace)))
    (line,) = _approvals_of(explain(workspace, "Deployment/dev/support"))
    assert line.endswith(f"by {GRACE} counts")
    workspace.given = (replace(workspace.given[0], status="revoked"),)
    assert "does not count: the key was revoked" in _approvals_of(explain(workspace, "Deployment/dev/support"))[0]


def _approvals_of(found: Any) -> list[str]:
    return [line for s in found.sections if s.title == "Approvals" for line in s.lines]


def test_the_record_says_who_approved_by_what_and_with_which_key(make: Make) -> None:
    workspace = asking(make, {**APPROVALS, "required": 0})
    sign(workspace, approval_of(workspace, proposed(workspace)))
    assert workspace.apply().denied is None
    record = next(r for r in workspace.ledger.records() if r.draft.kind is RecordKind.APPLY)
    assert isinstance(record.draft.body, dict)
    (found,) = record.draft.body["approvals"]  # type: ignore[misc,union-attr]  # JSON
    assert (found["email"], found["source"], found["key"]) == (GRACE, "tag", "SHA256:AAAA")  # type: ignore[index,call-overload]  # JSON


def test_what_is_not_committed_yet_may_be_approved_by_the_id_its_plan_will_have(make: Make) -> None:
    workspace = asking(make)
    workspace.files["spec/deployments/dev/support.yaml"] += b"\n"
    workspace.reviewed = Reviews((Review("gh", GRACE, "approved", workspace.head),))
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    workspace.given = (Given("tag", "t", GRACE, planned.plan.id, "", "good", "SHA256:k"),)
    change = change_of(workspace, planned.loaded, planned.plan, planned.observed)
    assert change.given == workspace.given, "and by no review, which is of a commit"
    assert workspace.approvals_asked[-1][2] == ()


def test_apply_looks_at_approvals_again_under_its_lock(make: Make) -> None:
    def wants_one(facts: Any) -> Any:
        return [] if facts["approvals"] else [{"id": "AP", "severity": "critical", "msg": "nobody approved"}]

    workspace = asking(make, {**APPROVALS, "required": 0})
    workspace.engine.rules.append(wants_one)
    sign(workspace, approval_of(workspace, proposed(workspace)))
    planned = make_plan(workspace, "dev")
    assert isinstance(planned, Planned)
    assert planned.judged.decision.outcome is Outcome.ALLOW
    good, workspace.given = workspace.given, (replace(workspace.given[0], status="revoked"),)
    denied = workspace.apply(expected=planned.plan.inputs).denied
    assert denied is not None
    assert [v.message for v in denied.violations] == ["nobody approved"]
    workspace.given = good
    assert workspace.apply(expected=planned.plan.inputs).denied is None
