"""What `rego.metadata.rule()` and `rego.metadata.chain()` are, from METADATA comments, as OPA has them.

Both are known before anything is evaluated, so a call stands for a value that is put in its place.
"""

import re
from collections.abc import Iterable
from typing import Any

from trueup.adapters.policy.embedded.metadata import Block, read_metadata
from trueup.adapters.policy.embedded.syntax import Module, Parts, Rule, static_parts

CALLS = frozenset({("rego", "metadata", "rule"), ("rego", "metadata", "chain")})
_AUTHOR = re.compile(r"(?P<name>[^<]*?)\s*<(?P<email>[^>]*)>")
_FIELDS = ("title", "description", "custom", "organizations", "entrypoint")

Annotation = dict[str, Any]


class Annotations:
    """The METADATA of all modules, by what it is about; read only when a rule asks for it."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._of_rules: dict[tuple[str, int], Annotation] = {}
        self._of_documents: dict[Parts, Annotation] = {}
        self._of_packages: dict[Parts, Annotation] = {}
        for module in sorted(modules, key=lambda m: m.path):
            rules = {rule.span.line: rule for rule in module.rules}
            for block in read_metadata(module.path, module.text.decode())[0]:
                self._take(module, block, rules.get(block.target))

    def _take(self, module: Module, block: Block, rule: Rule | None) -> None:
        said = _spell(block)
        if block.is_package:
            self._of_packages.setdefault(module.package, said)
        elif rule is not None and said["scope"] == "document":
            self._of_documents.setdefault(rule.path, said)
        elif rule is not None:
            self._of_rules[module.path, block.target] = said

    def value(self, module: Module, rule: Rule, call: Parts) -> Any:
        """Return what *call* is inside *rule*."""
        own = self._of_rules.get((module.path, rule.span.line))
        if call[-1] == "rule":
            return own or {}
        chain = [_link(rule.path, own)]
        for path, said in ((rule.path, self._of_documents), (module.package, self._of_packages)):
            if path in said:
                chain.append(_link(path, said[path]))
        for length in range(len(module.package) - 1, 1, -1):
            outer = module.package[:length]
            if self._of_packages.get(outer, {}).get("scope") == "subpackages":
                chain.append(_link(outer, self._of_packages[outer]))
        return chain


def asks_for_annotations(modules: Iterable[Module]) -> bool:
    """Tell whether any rule asks."""
    return any(
        kind == "Call" and static_parts(node["fcn"])[0] in CALLS for m in modules for kind, node, _ in m.expressions
    )


def _link(path: Parts, said: Annotation | None) -> dict[str, Any]:
    return {"path": list(path[1:])} | ({"annotations": said} if said else {})


def _spell(block: Block) -> Annotation:
    fields = block.fields
    said: Annotation = {name: fields[name] for name in _FIELDS if fields.get(name) is not None}
    usual = "package" if block.is_package else "document" if fields.get("entrypoint") else "rule"
    said["scope"] = fields.get("scope") or usual
    if fields.get("authors"):
        said["authors"] = [_author(author) for author in fields["authors"]]
    if fields.get("related_resources"):
        said["related_resources"] = [{"ref": r} if isinstance(r, str) else r for r in fields["related_resources"]]
    return said


def _author(author: Any) -> Any:
    found = _AUTHOR.fullmatch(author.strip()) if isinstance(author, str) else None
    if found:
        return {name: text for name, text in found.groupdict().items() if text}
    return {"name": author} if isinstance(author, str) else author
