"""The shape of the tree where the language is tricky."""

from __future__ import annotations

import pytest

from gpttrace.language import nodes as n
from gpttrace.language import parse, to_text


def expression(text: str) -> n.Expr:
    tree = parse(f"BEGIN {{ $x = {text}; }}")
    assert tree.findings == []
    stmt = tree.probes[0].body.body[0]
    assert isinstance(stmt, n.Assign)
    return stmt.value


def points(text: str) -> list[n.AttachPoint]:
    tree = parse(text + " { }")
    assert tree.findings == []
    return tree.probes[0].points


def number(value: int) -> n.Integer:
    return n.Integer(str(value), value)


@pytest.mark.parametrize(
    ("text", "kind", "parts", "offset"),
    [
        ("BEGIN", "begin", [], None),
        ("end", "end", [], None),
        ("t:sched:sched_switch", "tracepoint", ["sched", "sched_switch"], None),
        ("k:vfs_*", "kprobe", ["vfs_*"], None),
        ("kretprobe:ext4:ext4_[rw]*", "kretprobe", ["ext4", "ext4_[rw]*"], None),
        ("kprobe:f+0x10", "kprobe", ["f"], 16),
        ("uprobe:/bin/bash:readline+12", "uprobe", ["/bin/bash", "readline"], 12),
        ("u:/usr/lib/*/libc.so.6:malloc", "uprobe", ["/usr/lib/*/libc.so.6", "malloc"], None),
        ('ur:"/opt/my app/x":"ns::f(int, char)"', "uretprobe", ["/opt/my app/x", "ns::f(int, char)"], None),
        ("uprobe:/bin/x:cpp:f", "uprobe", ["/bin/x", "cpp", "f"], None),
        ("uprobe:./a@b.c:22", "uprobe", ["./a@b.c", "22"], None),
        ("uprobe:$1:f", "uprobe", ["$1", "f"], None),
        ("usdt:/usr/bin/python3:python:gc__start", "usdt", ["/usr/bin/python3", "python", "gc__start"], None),
        ("U:*:gc__start", "usdt", ["*", "gc__start"], None),
        ("i:s:1", "interval", ["s", "1"], None),
        ("interval:5s", "interval", ["5s"], None),
        ("profile:hz:99", "profile", ["hz", "99"], None),
        ("p:99", "profile", ["99"], None),
        ("h:cache-misses:1000000", "hardware", ["cache-misses", "1000000"], None),
        ("s:page-faults:1", "software", ["page-faults", "1"], None),
        ("w:0x1000:8:rw", "watchpoint", ["0x1000", "8", "rw"], None),
        ("aw:f+arg1:4:w", "asyncwatchpoint", ["f+arg1", "4", "w"], None),
        ("kfunc:vfs_read", "fentry", ["vfs_read"], None),
        ("fr:vmlinux:vfs_read", "fexit", ["vmlinux", "vfs_read"], None),
        ("rt:sys_enter", "rawtracepoint", ["sys_enter"], None),
        ("rawtracepoint:vmlinux:sched_switch", "rawtracepoint", ["vmlinux", "sched_switch"], None),
        ("it:task:/sys/fs/bpf/pin", "iter", ["task", "/sys/fs/bpf/pin"], None),
        ("self:signal:SIGUSR1", "self", ["signal", "SIGUSR1"], None),
        ("test:a", "test", ["a"], None),
        ("bench:a", "bench", ["a"], None),
        ("tracepoint : sched :  sched_switch", "tracepoint", ["sched", "sched_switch"], None),
    ],
)
def test_every_kind_of_attach_point_is_known_with_its_parts(
    text: str, kind: str, parts: list[str], offset: int | None
) -> None:
    (point,) = points(text)
    assert (point.kind, point.parts, point.offset) == (kind, parts, offset)


def test_attach_points_may_stand_on_lines_of_their_own_with_comments_and_a_comma_at_the_end() -> None:
    found = points("t:a:b, // one\n/* two */ k:f\n,\nEND,\n")
    assert [point.text for point in found] == ["t:a:b", "k:f", "END"]


def test_operators_bind_as_in_c() -> None:
    assert expression("1 + 2 * 3") == n.Binary("+", number(1), n.Binary("*", number(2), number(3)))
    assert expression("1 - 2 - 3") == n.Binary("-", n.Binary("-", number(1), number(2)), number(3))
    assert to_text(expression("1 | 2 ^ 3 & 4 == 5 < 6 << 7 + 8 * 9")) == "1 | 2 ^ 3 & 4 == 5 < 6 << 7 + 8 * 9"
    both = expression("1 || 2 && 3")
    assert isinstance(both, n.Binary)
    assert both.op == "||"


def test_prefixes_bind_tighter_than_operators_and_weaker_than_what_is_appended() -> None:
    assert expression("-1 + 2") == n.Binary("+", n.Unary("-", number(1)), number(2))
    assert expression("*$p++") == n.Unary("*", n.Unary("++", n.Variable("p"), True))
    assert expression("(uint8)$a.b") == n.Cast(n.TypeName("uint8"), n.Member(n.Variable("a"), "b"))


@pytest.mark.parametrize("text", ["pid", "$x", "1", "nsecs", "@a", "comm"])
def test_parentheses_around_a_value_are_no_cast(text: str) -> None:
    value = expression(f"({text}) - 1")
    assert isinstance(value, n.Binary)
    assert isinstance(value.left, n.Paren)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(uint64)pid", "uint64"),
        ("(struct task_struct *)curtask", "struct task_struct *"),
        ("(struct a**)0", "struct a **"),
        ("(uint8[4])1", "uint8[4]"),
        ('(string[16])"a"', "string[16]"),
        ("(size_t)(pid)", "size_t"),
        ("(my_type *)0", "my_type *"),
        ("(enum color)1", "enum color"),
        ("(int32)-1", "int32"),
    ],
)
def test_casts_to_all_kinds_of_types_are_seen(text: str, kind: str) -> None:
    value = expression(text)
    assert isinstance(value, n.Cast)
    assert value.type == n.TypeName(kind)


def test_a_type_may_be_that_of_an_expression() -> None:
    value = expression("(typeof(@a[1]))5")
    assert isinstance(value, n.Cast)
    assert value.type == n.TypeName("typeof(@a[1])", n.Map("@a", [number(1)]))


def test_a_slash_in_a_predicate_divides_unless_the_block_follows() -> None:
    tree = parse("BEGIN /arg0 / 2 / 3 > 1/ { }")
    assert tree.findings == []
    assert to_text(tree.probes[0].predicate or n.BadExpr("")) == "arg0 / 2 / 3 > 1"


def test_maps_tell_a_list_of_keys_from_a_tuple_and_from_no_keys() -> None:
    assert expression("@") == n.Map("@")
    assert expression("@x[1, 2]") == n.Map("@x", [number(1), number(2)])
    assert expression("@x[(1, 2)]") == n.Map("@x", [n.Tuple([number(1), number(2)])])
    assert expression("@x[1][2]") == n.Index(n.Map("@x", [number(1)]), number(2))


def test_tuples_records_and_parentheses_are_told_apart() -> None:
    assert expression("()") == n.Tuple([])
    assert expression("(1,)") == n.Tuple([number(1)])
    assert expression("(1)") == n.Paren(number(1))
    assert expression("(a = 1, b = 2)") == n.Record([("a", number(1)), ("b", number(2))])
    assert expression("$t.0.1") == n.Member(n.Member(n.Variable("t"), "0"), "1")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x1F", 31),
        ("0755", 493),
        ("1_000_000", 1_000_000),
        ("0x1_0", 16),
        ("5e3", 5000),
        ("10ull", 10),
        ("5ms", 5_000_000),
        ("2h", 7_200_000_000_000),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_numbers_have_the_value_that_bpftrace_gives_them(text: str, value: int) -> None:
    assert expression(text) == n.Integer(text, value)


def test_strings_hold_the_bytes_after_their_escapes() -> None:
    value = expression(r'"a\n\t\r\"\\\x41\101\0é"')
    assert isinstance(value, n.String)
    assert value.value == b'a\n\t\r"\\AA\0\xc3\xa9'


def test_ternaries_chain_to_the_right_and_may_leave_out_the_middle() -> None:
    assert expression("1 ? 2 : 3 ? 4 : 5") == n.Ternary(
        number(1), number(2), n.Ternary(number(3), number(4), number(5))
    )
    assert expression("1 ?: 2") == expression("1 ? : 2") == n.Ternary(number(1), None, number(2))


def test_a_block_is_a_value_by_its_last_expression_without_a_semicolon() -> None:
    value = expression("{ let $y = 1; $y }")
    assert isinstance(value, n.BlockExpr)
    assert value.value == n.Variable("y")
    assert len(value.body.body) == 1


def test_the_branches_of_a_macro_yield_and_those_of_a_probe_do_not() -> None:
    tree = parse("macro m(x) { if (x) { 1 } else { 2 } }\nBEGIN { if (1) { @++ } }")
    assert tree.findings == []
    yields = [
        stmt.yields
        for branch in (tree.macros[0].body.body.body[0], tree.probes[0].body.body[0])
        if isinstance(branch, n.If)
        for stmt in branch.then.body
        if isinstance(stmt, n.ExprStmt)
    ]
    assert yields == [True, False]


def test_parentheses_around_a_whole_condition_belong_to_the_statement() -> None:
    tree = parse("BEGIN { if (1 == 1) { } while ((1)) { } unroll (5) { } if comptime (1) { } }")
    first, second, third, last = tree.probes[0].body.body
    assert isinstance(first, n.If)
    assert isinstance(first.cond, n.Binary)
    assert isinstance(second, n.While)
    assert second.cond == n.Paren(number(1))
    assert isinstance(third, n.Unroll)
    assert third.count == number(5)
    assert isinstance(last, n.If)
    assert last.comptime


def test_loops_go_over_maps_and_ranges_with_or_without_parentheses() -> None:
    tree = parse("BEGIN { for ($kv : @m) { } for $i : 0..$n { } }")
    over, counted = tree.probes[0].body.body
    assert isinstance(over, n.For)
    assert over.over == n.Map("@m")
    assert isinstance(counted, n.For)
    assert counted.over == n.Range(number(0), n.Variable("n"))


def test_what_stands_before_the_probes_is_kept_in_order() -> None:
    tree = parse(
        "#!/usr/bin/env bpftrace\n#include <a.h>\nstruct s { int x; struct { char c[4]; } y; } __attribute__((packed));\n"
        'import "lib.bt";\nconfig = { a = 1; b = word; c = "s" }\nlet @m = hash(10);\nmacro f($a, @b, c) { $a }\n'
        "fn g($a: uint64, $b: struct s *): uint64 { return $a; }\nBEGIN { }"
    )
    assert tree.findings == []
    assert tree.shebang == "#!/usr/bin/env bpftrace"
    assert [type(item).__name__ for item in tree.items] == [
        "CDefinition", "CDefinition", "Import", "Config", "MapDecl", "Macro", "Subprogram", "Probe",
    ]  # fmt: skip
    assert tree.c_definitions[1].text.endswith("__attribute__((packed));")
    assert tree.config is not None
    assert [entry.key for entry in tree.config.entries] == ["a", "b", "c"]
    assert (tree.maps[0].name, tree.maps[0].kind, tree.maps[0].args) == ("@m", "hash", [number(10)])
    assert tree.macros[0].params == [n.Variable("a"), n.Map("@b"), n.Identifier("c")]
    assert [param.type.text for param in tree.subprograms[0].params] == ["uint64", "struct s *"]
    assert tree.imports[0].path.value == b"lib.bt"


def test_comments_are_kept_with_their_places() -> None:
    text = "// a\nBEGIN /* b */ { print(1); // c\n}\n/* d */"
    tree = parse(text)
    assert [comment.text for comment in tree.comments] == ["// a", "/* b */", "// c", "/* d */"]
    assert all(text[c.start : c.end] == c.text for c in tree.comments)


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert parse("\ufeffBEGIN { }").findings == []
    assert parse("\ufeff#!/usr/bin/bpftrace\nBEGIN { }".encode()).shebang == "#!/usr/bin/bpftrace"


def test_equality_looks_at_meaning_and_not_at_places() -> None:
    assert parse("BEGIN{$x=1;}") == parse("BEGIN {\n\t$x = 1 // c\n}")
    assert parse("BEGIN { $x = 1; }") != parse("BEGIN { $x = 0x1; }")
    assert parse("BEGIN { }") != parse("END { }")
