"""Walking and rewriting trees."""

from __future__ import annotations

from gpttrace.language import nodes as n
from gpttrace.language import parse, rewrite, to_text, walk

TEXT = 'kprobe:f /pid == 1/ { @a[pid] = count(); printf("%d", pid); }'


def test_a_walk_meets_parents_before_children_in_source_order() -> None:
    kinds = [type(node).__name__ for node in walk(parse(TEXT))]
    assert kinds == [
        "Program", "Probe", "AttachPoint", "Binary", "Identifier", "Integer", "Block",
        "Assign", "Map", "Identifier", "Call", "ExprStmt", "Call", "String", "Identifier",
    ]  # fmt: skip


def test_a_walk_enters_the_values_of_records() -> None:
    names = [
        node.name
        for node in walk(parse("BEGIN { $x = (a = pid, b = tid); }"))
        if isinstance(node, n.Identifier)
    ]
    assert names == ["pid", "tid"]


def test_rewriting_replaces_removes_and_inserts_and_leaves_the_original_alone() -> None:
    tree = parse(TEXT)

    def change(node: n.Node) -> n.Node | list[n.Stmt] | None:
        match node:
            case n.Identifier(name="pid"):
                return n.Identifier("tid")
            case n.Assign():
                return [node, n.ExprStmt(n.Call("exit", []))]
            case n.ExprStmt(expr=n.Call(name="printf")):
                return None
        return node

    changed = rewrite(tree, change)
    assert to_text(changed) == "kprobe:f\n/tid == 1/\n{\n\t@a[tid] = count();\n\texit();\n}\n"
    assert tree == parse(TEXT)


def test_rewriting_sees_children_first_and_keeps_places() -> None:
    seen: list[str] = []

    def note(node: n.Node) -> n.Node:
        seen.append(type(node).__name__)
        return node

    tree = parse("BEGIN { $x = 1 + 2; }")
    twin = rewrite(tree, note)
    assert seen.index("Integer") < seen.index("Binary") < seen.index("Assign") < seen.index("Program")
    assert [(a.start, a.end) for a in walk(twin)] == [(a.start, a.end) for a in walk(tree)]
    assert all(a is not b for a, b in zip(walk(twin), walk(tree), strict=True))


def test_an_optional_part_can_be_left_out() -> None:
    def without(node: n.Node) -> n.Node | None:
        return None if isinstance(node, n.Binary) and node.op == "==" else node

    assert to_text(rewrite(parse(TEXT), without).probes[0]).startswith("kprobe:f {")
