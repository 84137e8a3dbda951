"""Help with references that lead nowhere."""

import pytest

from trueup.core.digests import BlobId
from trueup.core.ids import ResourceId
from trueup.spec.references import Broken, check, target_of
from trueup.spec.resource import Origin, Reference

ORIGIN = Origin("a.yaml", BlobId(""), 0, 1)


def hint_for(target: ResourceId, declared: list[ResourceId]) -> str:
    reference = Reference(("spec", "x"), target)
    documents = [Broken(i, ORIGIN, ()) for i in declared]
    naming = Broken(ResourceId("System", "here"), ORIGIN, (reference,))
    ((_, problem),) = check({}, {d.id: d for d in (*documents, naming)})
    return problem.hint


def model(name: str, version: str) -> ResourceId:
    return ResourceId("Model", name, version)


def test_a_reference_is_read_as_its_field_means_it():
    assert target_of("Model", "tiny@1") == model("tiny", "1")
    assert target_of("System", "support", "dev") == ResourceId("System", "support")
    assert target_of("Deployment", "chat", "dev") == ResourceId("Deployment", "chat", environment="dev")


@pytest.mark.parametrize(
    ("versions", "hint"),
    [
        (["1"], "version 9 does not exist; 1 does"),
        (["10", "2", "1"], "version 9 does not exist; 1, 2 and 10 do"),
        (["1.10", "1.9", "beta"], "version 9 does not exist; beta, 1.9 and 1.10 do"),
    ],
)
def test_a_missing_version_says_which_there_are_in_the_order_of_people(versions, hint):
    assert hint_for(model("tiny", "9"), [model("tiny", v) for v in versions]) == hint


def test_a_missing_name_says_what_is_close():
    assert hint_for(model("tinny", "1"), [model("tiny", "1"), model("large", "1")]) == "did you mean `tiny@1`?"


def test_a_name_like_no_other_says_what_is_declared():
    declared = [model("alpha", "1"), model("beta", "1")]
    assert hint_for(model("zzz", "1"), declared) == "declared: alpha@1 and beta@1"
    assert hint_for(model("zzz", "1"), []) == "no Model is declared at all"
    many = [model(f"model-{i}", "1") for i in range(9)]
    assert hint_for(model("zzz", "7"), many) == "declare it; there are 9 others of its kind"


def test_a_deployment_of_another_environment_says_where_it_is():
    declared = [ResourceId("Deployment", "chat", environment=e) for e in ("prod", "dev")]
    wanted = ResourceId("Deployment", "chat", environment="two")
    assert hint_for(wanted, declared) == "`chat` is declared in dev and prod, not in two"
    close = ResourceId("Deployment", "chatt", environment="dev")
    assert hint_for(close, declared) == "did you mean `chat`?"
