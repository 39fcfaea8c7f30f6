"""How big a program becomes: probes behind wildcards, statements behind unroll and macros, maps, strings, timers, settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from gpttrace.check.policy.rules import Policy
from gpttrace.language import Finding, Program, children
from gpttrace.language import nodes as n
from gpttrace.language.literals import integer

TOO_DEEP = 1 << 62
_EVERYTHING = 100_000  # what a pattern of kinds matches
_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
_LIMITED_SETTINGS = {
    "max_map_keys": "map_keys",
    "max_probes": "probes",
    "max_bpf_progs": "probes",
    "max_strlen": "string_length",
}
_FIXED_SETTINGS = {"log_size": 64_000_000, "perf_rb_pages": 65_536, "max_cat_bytes": 1_048_576, "max_type_res_iterations": 16,
                   "on_stack_limit": 512}  # fmt: skip


class Counts(Protocol):
    """What this room asks of a host."""

    def count(self, kind: str, pattern: str = "*") -> int: ...


def size_findings(program: Program, policy: Policy, host: Counts | None) -> Iterator[Finding]:
    """Yield what is larger than the policy allows."""
    yield from _probes(program, policy, host)
    yield from _statements(program, policy)
    for entry in (entry for item in program.items if isinstance(item, n.Config) for entry in item.entries):
        yield from _setting(entry, policy)
    for declared in program.maps:
        yield from _map_size(declared, policy)
    for probe in program.probes:
        for point in probe.points:
            yield from _rate(point, policy)


def over(node: n.Node, code: str, message: str, hint: str) -> Finding:
    """Return a finding of the policy at a node."""
    return Finding(node.start, node.end, "error", code, message, hint, "policy")


def _probes(program: Program, policy: Policy, host: Counts | None) -> Iterator[Finding]:
    total = 0
    for probe in program.probes:
        for point in probe.points:
            total += _matches(point, host)
            if total > policy.probes:
                yield over(
                    point,
                    "policy-probes",
                    f"the program reaches {_told(total)} attach points up to here; the policy allows {policy.probes:,}",
                    "name fewer of them, or a narrower pattern; `gpttrace probes PATTERN` lists what one matches",
                )
                return


def _told(total: int) -> str:
    return f"{total:,}" if total < _EVERYTHING else "any number of"


def _matches(point: n.AttachPoint, host: Counts | None) -> int:
    written = ":".join(point.parts)
    if not any(mark in written + point.kind for mark in "*?["):
        return 1
    if "*" in point.kind or "?" in point.kind:
        return _EVERYTHING
    if host is None or point.kind in ("uprobe", "uretprobe", "usdt"):
        return 1  # where we cannot count, bpftrace's own limit of probes holds; a run sets it from the policy
    return host.count(point.kind, written)


def _statements(program: Program, policy: Policy) -> Iterator[Finding]:
    weigh = _Weight({macro.name: macro for macro in program.macros})
    for item in program.items:
        weight = weigh.of(item)
        if weight > policy.statements:
            told = "without end" if weight >= TOO_DEEP else f"{weight:,} statements"
            yield over(
                item,
                "policy-statements",
                f"with its loops unrolled and its macros expanded this is {told}; the policy allows {policy.statements:,}",
                "unroll less, or use while or for, which the kernel runs as loops",
            )


class _Weight:
    """The number of statements of a node after unroll and macros; a macro that calls itself weighs TOO_DEEP."""

    def __init__(self, macros: dict[str, n.Macro]) -> None:
        self._macros = macros
        self._known: dict[str, int] = {}

    def of(self, node: n.Node) -> int:
        """Return the weight of a node, without going deeper than Python may."""
        total = 0
        stack: list[tuple[n.Node, int]] = [(node, 1)]
        while stack and total < TOO_DEEP:
            at, times = stack.pop()
            if isinstance(at, n.Stmt):
                total += times
            if isinstance(at, n.Unroll):
                times *= _count(at.count)
                stack.append((at.body, times))
                continue
            name = at.name if isinstance(at, n.Call | n.Identifier) else ""
            if name in self._macros:
                total += times * self._macro(name)
            stack += [(child, times) for child in children(at)]
        return min(total, TOO_DEEP)

    def _macro(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = TOO_DEEP  # while it is being weighed: then it calls itself
            self._known[name] = self.of(self._macros[name].body)
        return self._known[name]


def _count(expr: n.Expr) -> int:
    while isinstance(expr, n.Paren):
        expr = expr.inner
    # A count that is not written out can be anything up to bpftrace's own limit of 100.
    return max(expr.value, 1) if isinstance(expr, n.Integer) else 100


def _setting(entry: n.ConfigEntry, policy: Policy) -> Iterator[Finding]:
    key = entry.key.lower().removeprefix("bpftrace_")
    limit = getattr(policy, _LIMITED_SETTINGS[key]) if key in _LIMITED_SETTINGS else _FIXED_SETTINGS.get(key)
    if limit is None:
        return
    value = entry.value
    if isinstance(value, n.Integer) and value.value <= limit:
        return
    yield over(
        entry,
        "policy-setting",
        f"{entry.key} is set above {limit:,}, which the policy allows at most",
        f"set it to {limit} or less, or leave it out",
    )


def _map_size(declared: n.MapDecl, policy: Policy) -> Iterator[Finding]:
    for arg in declared.args:
        if not isinstance(arg, n.Integer) or arg.value > policy.map_keys:
            yield over(
                declared,
                "policy-map-size",
                f"{declared.name} is declared with more than {policy.map_keys:,} keys, which the policy allows at most",
                f"declare it with {policy.map_keys} or fewer",
            )


def _rate(point: n.AttachPoint, policy: Policy) -> Iterator[Finding]:
    if point.kind not in ("profile", "interval"):
        return
    hz = _per_second(point.parts)
    if hz is not None and hz <= policy.hz:
        return
    told = "at a rate that cannot be told" if hz is None else f"{hz:,.0f} times a second"
    yield over(
        point,
        "policy-rate",
        f"{point.text} fires {told} on each CPU; the policy allows {policy.hz:,}",
        f"use {point.kind}:hz:99, or at most {point.kind}:hz:{policy.hz}",
    )


def _per_second(parts: list[str]) -> float | None:
    """Return how often `hz:99`, `us:1e3` or `10ms` fires (bpftrace takes `1_000` and `0x1` too); None for what is no number."""
    if not 1 <= len(parts) <= 2:
        return None
    value, trouble = integer(parts[-1])
    if trouble or value <= 0:
        return None
    if len(parts) == 1:
        return 1e9 / value  # in nanoseconds, or with a unit of its own
    if parts[0] == "hz":
        return float(value)
    return _UNITS[parts[0]] / value if parts[0] in _UNITS else None
