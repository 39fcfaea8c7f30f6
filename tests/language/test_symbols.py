"""What maps, variables and printing calls of a program are."""

from __future__ import annotations

import pytest

from gpttrace.language import Symbols, is_integer, parse, symbols
from gpttrace.language import nodes as n
from gpttrace.language.formats import format_pieces, format_specs


def fields(point: n.AttachPoint, name: str) -> str | None:
    return {"filename": "char *", "bytes": "unsigned int", "ret": "long", "comm": "char[16]"}.get(name)


def found(text: str) -> Symbols:
    tree = parse(text)
    assert tree.findings == []
    return symbols(tree, fields)


LATENCY = """
kprobe:vfs_read { @start[tid] = nsecs; @name[tid] = str(arg1); }
kretprobe:vfs_read /@start[tid]/ {
  $took = (nsecs - @start[tid]) / 1000;
  @us[comm, @name[tid]] = hist($took);
  @bytes = sum(retval);
  delete(@start[tid]); delete(@name, tid);
}
interval:s:1 { print(@us, 5); clear(@us); }
"""


def test_maps_have_keys_values_units_and_places() -> None:
    maps = found(LATENCY).maps
    assert {name: (m.keys, m.key_names, m.value, m.unit) for name, m in maps.items()} == {
        "@start": (("uint32",), ("tid",), "uint64", "ns"),
        "@name": (("uint32",), ("tid",), "string", None),
        "@us": (("string", "string"), ("comm", "name"), "hist", "us"),
        "@bytes": (None, (), "sum", None),
    }
    assert [use.how for use in maps["@start"].uses] == ["write", "read", "read", "delete"]
    assert [use.how for use in maps["@us"].uses] == ["write", "print", "clear"]
    assert len(maps["@us"].places("clear")) == 1


def test_variables_belong_to_their_probe_and_have_types() -> None:
    variables = found("BEGIN { $x = 1; } END { $x = comm; $y = (struct sock *)0; $z = $x; }").variables
    assert {key: v.type for key, v in variables.items()} == {
        (0, "x"): "int64",
        (1, "x"): "string",
        (1, "y"): "struct sock *",
        (1, "z"): "string",
    }


def test_loop_variables_are_pairs_of_key_and_value() -> None:
    found_here = found(
        'BEGIN { @a[pid, comm] = count(); for ($kv : @a) { printf("%d %d", $kv.0.0, $kv.1); } }'
    )
    assert found_here.variables[0, "kv"].type == "tuple(tuple(uint32,string),count)"
    assert [(a.name, a.type) for a in found_here.prints[0].args] == [("key_1", "uint32"), ("value", "count")]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("pid", "uint32"), ("comm", "string"), ("nsecs", "uint64"), ("kstack", "kstack"), ("ustack(perf, 5)", "ustack"),
        ("curtask", "struct task_struct *"), ("1", "int64"), ("-1", "int64"), ("5u", "uint64"), ("true", "bool"),
        ('"a"', "string"), ("str(arg0)", "string"), ("buf(arg0, 4)", "buf"), ("ksym(arg0)", "ksym"), ("usym(arg0)", "usym"),
        ("ntop(arg0)", "inet"), ("macaddr(arg0)", "mac"), ('strftime("%H", nsecs)', "timestamp"), ('reg("ip")', "uint64"),
        ("pid == 1", "bool"), ("pid + 1", "uint64"), ("pid - tid", "uint64"), ("1 - 2", "int64"), ("!pid", "bool"),
        ("(uint8)pid", "uint8"), ("*(uint16 *)arg0", "uint16"),
        ("(pid, comm)", "tuple(uint32,string)"),
        ("(pid, (comm, 1)).1.0", "string"), ("pid ? comm : comm", "string"), ("args.bytes", "uint32"), ("args->ret", "int64"),
        ("args.nope", "unknown"), ("(a = pid).a", "uint32"), ("sizeof(pid)", "uint64"), ("@never", "unknown"),
        ("$1", "int64"), ("cgroup_path(1)", "string"), ("strncmp(comm, comm, 1)", "int64"), ("has_key(@x, 1)", "bool"),
        ("{ let $z = 1; comm }", "string"), ("bswap((uint16)1)", "uint16"),
    ],
)  # fmt: skip
def test_expressions_have_the_type_that_bpftrace_gives_them(text: str, kind: str) -> None:
    tree = parse(f"tracepoint:a:b {{ $x = {text}; }}")
    assert tree.findings == []
    stmt = tree.probes[0].body.body[0]
    assert isinstance(stmt, n.Assign)
    assert symbols(tree, fields).type_of(stmt.value, 0) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("count()", "count"), ("sum(pid)", "sum"), ("avg(pid)", "avg"), ("min(1)", "min"), ("max(1)", "max"),
        ("stats(1)", "stats"), ("hist(1)", "hist"), ("lhist(1, 0, 10, 1)", "lhist"), ("tseries(1, 1s, 5)", "tseries"),
        ("kstack", "kstack"), ("(1, comm)", "tuple(int64,string)"), ("comm", "string"), ("5", "int64"),
    ],
)  # fmt: skip
def test_a_map_has_the_kind_of_what_is_assigned_to_it(text: str, kind: str) -> None:
    assert found(f"BEGIN {{ @m = {text}; }}").maps["@m"].value == kind


def test_increments_and_keys_given_as_tuples_type_a_map() -> None:
    maps = found("BEGIN { @n++; @t[(pid, comm)] = 1; $k = (pid, comm); @u[$k] = 1; }").maps
    assert maps["@n"].value == "int64"
    assert maps["@t"].keys == ("uint32", "string")
    assert maps["@u"].keys == ("tuple(uint32,string)",)


def test_a_declared_map_keeps_its_kind_of_table() -> None:
    assert found("let @m = lruhash(10);\nBEGIN { @m[1] = 1; }").maps["@m"].declared == "lruhash"


@pytest.mark.parametrize(
    ("args", "names"),
    [
        ("pid, comm, nsecs", ["pid", "comm", "nsecs"]),
        ("str(args->filename), args.ret", ["filename", "ret"]),
        ("$fd, @x[tid], @", ["fd", "x", "value"]),
        ("pid, pid, pid", ["pid", "pid_2", "pid_3"]),
        ("nsecs - @t[tid], (nsecs - @t[tid]) / 1000, (elapsed - @t[1]) / 1e6", ["duration_ns", "duration_us", "duration_ms"]),
        ("args.bytes / 1024, 5 * args.len", ["bytes", "len"]),
        ("ksym(args.ip), ntop(2, args.daddr), usym(reg(\"ip\"))", ["ip", "daddr", "ip_2"]),
        ("$r >= 0 ? $r : -1, pid == 1 ? \"a\" : \"b\"", ["r", "pid"]),
        ("strftime(\"%H\", nsecs), kstack(3), (uint32)arg0", ["time", "kstack", "arg0"]),
        ("1, 2", ["value", "value_2"]),
        ("$task->mm->total_vm, $skb.len", ["total_vm", "len"]),
    ],
)  # fmt: skip
def test_printed_columns_are_named_as_a_person_would(args: str, names: list[str]) -> None:
    calls = found(f'tracepoint:a:b {{ printf("x", {args}); }}').prints
    assert [argument.name for argument in calls[0].args] == names


def test_a_duration_has_its_unit_through_variables_and_clocks() -> None:
    text = 'BEGIN { $now = nsecs; $d = ($now - @t[tid]) / 1000; printf("%d %d %d", $now, $d, $d / 1000); }'
    assert [a.unit for a in found(text).prints[0].args] == ["ns", "us", "ms"]


def test_printing_calls_are_listed_with_format_and_arguments() -> None:
    calls = found(
        'BEGIN { printf("%-16s|%5lld\\n", comm, pid); print(@m, 3); time("%H"); print((1, comm)); @m = 1; }'
    ).prints
    assert [(call.function, call.format, call.map) for call in calls] == [
        ("printf", b"%-16s|%5lld\n", None),
        ("print", None, "@m"),
        ("time", b"%H", None),
        ("print", None, None),
    ]
    first, second = (argument.spec for argument in calls[0].args)
    assert first is not None
    assert (first.flags, first.width, first.conversion) == ("-", 16, "s")
    assert second is not None
    assert (second.width, second.length, second.conversion) == (5, "ll", "d")


def test_formats_split_into_text_and_specs() -> None:
    pieces = format_pieces(b"a%%b%-5.3s%05llx %rh%p%")
    assert [piece if isinstance(piece, bytes) else piece.conversion for piece in pieces] == [
        b"a%b", "s", "x", b" ", "rh", "p", b"%",
    ]  # fmt: skip
    spec = format_specs(b"%-5.3s")[0]
    assert (spec.width, spec.precision, spec.start, spec.end) == (5, 3, 0, 6)


def test_builtins_functions_and_macros_that_are_used_are_listed() -> None:
    here = found("macro twice(x) { x * 2 }\nBEGIN { print(twice(pid)); exit(); @ = comm(); }")
    assert set(here.builtins) == {"pid", "comm"}
    assert set(here.functions) == {"print", "exit"}
    assert set(here.macros) == {"twice"}


def test_integers_of_all_spellings_are_known() -> None:
    assert [is_integer(kind) for kind in ("int8", "uint64", "u32", "__s16", "string", "enum e")] == [
        True
    ] * 4 + [False, True]
