"""The kinds: which there are, and a resource's declaration as a typed, frozen model.

The models are pydantic's and are imported on first use, kind by kind: a command that reads no resource pays
nothing. The rest of the engine takes them from the accessors below and never names pydantic. The modules have
plural names because Python binds a module's name in its package once it is imported, over a function's.
"""

from functools import lru_cache, reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Any, cast

from trueup.core.frozen import dataclass

if TYPE_CHECKING:
    from trueup.spec.kinds.base import Declared
    from trueup.spec.kinds.builds import Build
    from trueup.spec.kinds.datasets import Dataset
    from trueup.spec.kinds.deployments import Deployment
    from trueup.spec.kinds.environments import Environment
    from trueup.spec.kinds.evaluations import Evaluation
    from trueup.spec.kinds.models import Adapter, Model
    from trueup.spec.kinds.policy_exceptions import PolicyException
    from trueup.spec.kinds.projects import Project
    from trueup.spec.kinds.prompts import Prompt
    from trueup.spec.kinds.systems import System
    from trueup.spec.resource import Resource

    AnyKind = (
        System
        | Model
        | Adapter
        | Dataset
        | Prompt
        | Evaluation
        | Build
        | Environment
        | Deployment
        | PolicyException
        | Project
    )

API_VERSION = "trueup/v1alpha1"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind: its name, whether it has versions, and the module of its model."""

    name: str
    versioned: bool
    module: str


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("System", versioned=False, module="systems"),
        Kind("Model", versioned=True, module="models"),
        Kind("Adapter", versioned=True, module="models"),
        Kind("Dataset", versioned=True, module="datasets"),
        Kind("Prompt", versioned=True, module="prompts"),
        Kind("Evaluation", versioned=True, module="evaluations"),
        Kind("Build", versioned=True, module="builds"),
        Kind("Environment", versioned=False, module="environments"),
        Kind("Deployment", versioned=False, module="deployments"),
        Kind("PolicyException", versioned=False, module="policy_exceptions"),
        Kind("Project", versioned=False, module="projects"),
    )
}
"""Every kind by name, in the order people meet them."""


def model_class(kind: str) -> "type[Declared]":
    """Return the model of *kind*, a name of `KINDS`; imports it on first use."""
    module = import_module(f"trueup.spec.kinds.{KINDS[kind].module}")
    return cast("type[Declared]", getattr(module, kind))


def model_of(resource: "Resource") -> "AnyKind":
    """Return what *resource* declares as its kind's frozen model, defaults filled in."""
    return _read(resource.id.kind, resource.canonical)


# Hundreds of deployments ask for the same environment, evaluations and models; frozen, they can be shared.
@lru_cache(maxsize=512)
def _read(kind: str, canonical: bytes) -> "AnyKind":
    return cast("AnyKind", model_class(kind).model_validate_json(canonical))


def _expect(resource: "Resource", kind: str) -> Any:
    if resource.id.kind != kind:
        raise TypeError(f"{resource.id} is not a {kind}")
    return model_of(resource)


def system(resource: "Resource") -> "System":
    """Return a System's declaration."""
    return cast("System", _expect(resource, "System"))


def model(resource: "Resource") -> "Model":
    """Return a Model's declaration."""
    return cast("Model", _expect(resource, "Model"))


def adapter(resource: "Resource") -> "Adapter":
    """Return an Adapter's declaration."""
    return cast("Adapter", _expect(resource, "Adapter"))


def dataset(resource: "Resource") -> "Dataset":
    """Return a Dataset's declaration."""
    return cast("Dataset", _expect(resource, "Dataset"))


def prompt(resource: "Resource") -> "Prompt":
    """Return a Prompt's declaration, with the text of its files."""
    return cast("Prompt", _expect(resource, "Prompt"))


def evaluation(resource: "Resource") -> "Evaluation":
    """Return an Evaluation's declaration."""
    return cast("Evaluation", _expect(resource, "Evaluation"))


def build(resource: "Resource") -> "Build":
    """Return a Build's declaration; its `spec` is a union over `mode`."""
    return cast("Build", _expect(resource, "Build"))


def environment(resource: "Resource") -> "Environment":
    """Return an Environment's declaration."""
    return cast("Environment", _expect(resource, "Environment"))


def deployment(resource: "Resource") -> "Deployment":
    """Return a Deployment's declaration."""
    return cast("Deployment", _expect(resource, "Deployment"))


def policy_exception(resource: "Resource") -> "PolicyException":
    """Return a PolicyException's declaration."""
    return cast("PolicyException", _expect(resource, "PolicyException"))


def project(resource: "Resource") -> "Project":
    """Return a Project's declaration."""
    return cast("Project", _expect(resource, "Project"))


def __getattr__(name: str) -> Any:
    """Import the model of a kind when it is asked for by name (PEP 562)."""
    if name in KINDS:
        return model_class(name)
    if name == "AnyKind":
        return reduce(or_, (model_class(kind) for kind in KINDS))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
