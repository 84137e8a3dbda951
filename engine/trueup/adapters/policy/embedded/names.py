"""What the names in a bundle stand for: rules, functions, imports or builtins."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from trueup.adapters.policy.embedded.syntax import Module, Node, Parts, Rule, is_reference, static_parts, walk


class Names:
    """The rules of all modules, by their paths."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules = tuple(modules)
        self.rules: dict[Parts, list[Rule]] = defaultdict(list)
        self._below: dict[Parts, set[Parts]] = defaultdict(set)
        for rule in (r for m in self.modules for r in m.rules):
            if rule.path not in self.rules:
                for length in range(1, len(rule.path) + 1):
                    self._below[rule.path[:length]].add(rule.path)
            self.rules[rule.path].append(rule)

    def resolve(self, module: Module, parts: Parts) -> Parts | None:
        """Return the path from `data` on that *parts* means in *module*; None for a variable or a builtin."""
        if not parts:
            return None
        if parts[0] in module.imports:
            target = module.imports[parts[0]] + parts[1:]
            return target if target[0] == "data" else None
        if parts[0] == "data":
            return parts
        local = (*module.package, *parts)
        return local if self._below.get(local[: len(module.package) + 1]) else None

    def arities(self, path: Parts) -> set[int]:
        """Return the numbers of arguments of the function at *path*; empty when there is none."""
        return {rule.arity for rule in self.rules.get(path, ()) if rule.arity}

    def touched(self, path: Parts) -> set[Parts]:
        """Return the rules that a reference to *path* may read: those above it, at it and below it."""
        above = {path[:length] for length in range(2, len(path)) if path[:length] in self.rules}
        return above | self._below.get(path, set())

    def references(self, module: Module, rule: Rule) -> Iterator[tuple[Parts, Node]]:
        """Yield what *rule* reads below `data`, without its own head and without what it calls."""
        local = local_names(module, rule)
        for kind, node, _ in rule.expressions:
            if is_reference(kind) and not _is_own_head(rule, kind, node):
                parts = static_parts({kind: node})[0]
                target = None if parts[:1] and parts[0] in local else self.resolve(module, parts)
                if target is not None:
                    yield target, node

    def dependencies(self, module: Module, rule: Rule) -> Iterator[Parts]:
        """Yield the rules that *rule* reads or calls."""
        for target, _ in self.references(module, rule):
            yield from self.touched(target)
        for kind, node, _ in rule.expressions:
            if kind == "Call":
                target_of_call = self.resolve(module, static_parts(node["fcn"])[0])
                if target_of_call is not None:
                    yield from self.touched(target_of_call)


def _is_own_head(rule: Rule, kind: str, node: Node) -> bool:
    definition = next(iter(rule.node["head"].values())) if "head" in rule.node else rule.node
    return definition["refr"].get(kind) is node


def local_names(module: Module, rule: Rule) -> set[str]:
    """Return the names that are variables inside *rule* and hide a rule of the same name."""
    found: set[str] = set()
    for kind, node, _ in rule.expressions:
        match kind:
            case "SomeVars":
                found.update(module.word(span) for span in node["vars"])
            case "SomeIn":
                found.update(_variables([node["key"], node["value"]]))
            case "Every":
                found.update(module.word(span) for span in (node["key"], node["value"]) if span)
            case "AssignExpr" if node["op"] == "ColEq":
                found.update(_variables(node["lhs"]))
            case "Func":
                found.update(_variables(node["args"]))
            case _:
                pass
    return found


def _variables(node: object) -> set[str]:
    return {body["value"] for kind, body, _ in walk(node) if kind == "Var"}
