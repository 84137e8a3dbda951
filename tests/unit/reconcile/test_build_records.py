"""The ledger keeps how each artifact that serves was built, once, with the statement beside the record."""

import json

from trueup.core.digests import Digest, digest_of_bytes
from trueup.ledger.record import Record, RecordKind
from trueup.observed.state import ObservedState
from trueup.workflows.planning import Planned, make_plan
from workspaces import Declared, FakeWorkspace, Stage

TINY = Declared()


def builds(workspace: FakeWorkspace) -> list[Record]:
    return [r for r in workspace.ledger.records() if r.draft.kind is RecordKind.BUILD]


def test_an_apply_that_builds_records_the_provenance(make) -> None:
    workspace = make(TINY)
    workspace.apply()
    (record,) = builds(workspace)
    (key,) = workspace.store.built
    body = record.draft.body
    assert isinstance(body, dict)
    build = body["build"]
    assert isinstance(build, dict)
    entry = workspace.store.entry(key)
    assert entry is not None
    assert (build["key"], build["mode"], build["simulated"], build["result"]) == (key, "gguf", False, entry.digest)
    assert record.draft.resources == (build["address"],)
    content = workspace.ledger.attachment(digest_of_bytes(entry.provenance), record)
    assert content == entry.provenance
    assert json.loads(content)["predicateType"] == "https://slsa.dev/provenance/v1"
    assert workspace.ledger.verify()[1] == ()


def test_a_changed_statement_is_found_by_verification(make) -> None:
    workspace = make(TINY)
    workspace.apply()
    (record,) = builds(workspace)
    ((digest, _),) = record.draft.attachments
    workspace.ledger.attachments[digest] = b"{}"
    _, problems = workspace.ledger.verify()
    assert [p.code.id for p in problems] == ["LED008"]


def test_the_same_build_is_recorded_once(make) -> None:
    workspace = make(TINY, Declared(name="again"), dev=Stage(), staging=Stage())
    workspace.apply()
    workspace.declare(Declared(name="third"))
    workspace.apply()
    assert len(builds(workspace)) == 1


def test_what_is_served_as_it_was_fetched_was_built_by_nobody(make) -> None:
    workspace = make(Declared(model="smol@1"))
    workspace.apply()
    assert builds(workspace) == []


def test_a_build_that_a_killed_run_made_is_recorded_before_it_serves(make) -> None:
    workspace = make(TINY)
    workspace.apply()
    workspace.ledger.stored.clear()
    workspace.ledger.attachments.clear()
    workspace.store.built.clear()
    workspace.work.stop("dev", [s.key for s in workspace.work.observe("dev").servers])
    workspace.apply()
    assert workspace.store.built == []
    assert len(builds(workspace)) == 1


def test_what_a_double_built_is_observed_and_makes_another_state(make) -> None:
    workspace = make(TINY)
    workspace.apply()
    (key,) = workspace.store.built

    def observed() -> ObservedState:
        planned = make_plan(workspace, "dev")
        assert isinstance(planned, Planned)
        return planned.observed

    before = observed()
    assert before.simulated == frozenset()
    workspace.store.simulated.add(key)
    assert observed().simulated == {key}
    assert observed().digest != before.digest


def test_the_size_of_a_source_is_observed_while_its_build_is_missing(make) -> None:
    workspace = make(TINY)
    workspace.apply()
    (key,) = workspace.store.built

    def sizes() -> tuple[tuple[Digest, int], ...]:
        planned = make_plan(workspace, "dev")
        assert isinstance(planned, Planned)
        return planned.observed.sizes

    assert sizes() == ()
    workspace.store.remove(key)
    ((_, size),) = sizes()
    assert size > 0
