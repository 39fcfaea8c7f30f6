"""May this program run here? The answer stands on its tree, with every macro and `#define` put in place.

Nothing that is spelled differently gets through: kinds are resolved (`k:` is `kprobe`), patterns are held against patterns, C
text is read as clang reads it. A program that our parser cannot read whole is not allowed, whatever bpftrace might make of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from gpttrace.check.policy.patterns import point_fits
from gpttrace.check.policy.preamble import definitions, expanded, readings
from gpttrace.check.policy.rules import ORDERS, Policy
from gpttrace.check.policy.sensitive import sensitive_reads
from gpttrace.check.policy.size import Counts, over, size_findings
from gpttrace.language import Finding, Program, walk
from gpttrace.language import nodes as n
from gpttrace.language.reference import FUNCTIONS

_WRITES = frozenset(["skboutput"])
_CALL = re.compile(r"([a-z_]+)\(")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`no` is denied, `ask` needs a person's approval; `findings` say where and why, `reads` what data it is about."""

    allowed: Literal["yes", "ask", "no"]
    findings: tuple[Finding, ...] = ()
    reads: tuple[str, ...] = ()


def judge(
    program: Program,
    policy: Policy,
    host: Counts | None = None,
    *,
    seconds: float | None = None,
    rows: int | None = None,
) -> Verdict:
    """Hold a program, and what its run asks for, against a policy."""
    found = [*_run_limits(program, policy, seconds, rows), *_of_tree(program, policy, host)]
    whole = program
    if definitions(program):
        found += _defined_calls(program, policy)
        opened = expanded(program)
        if opened is None:
            found.append(over(program.c_definitions[0], "policy-define", *_ENDLESS))
        else:
            whole = opened
            found += (
                [_at_define(each, program) for each in _of_tree(opened, policy, host)]
                if opened is not program
                else []
            )
    reads = list(sensitive_reads(whole, policy.sensitive_probes))
    asks = [_sensitive(node, what, policy, program, whole) for node, what in reads]
    if program.ok and not whole.ok:
        found.append(over(program.c_definitions[0], "policy-define", *_BROKEN))
    denied = bool(found) or not program.ok
    allowed: Literal["yes", "ask", "no"] = "no" if denied or (asks and policy.sensitive == "deny") else "yes"
    if asks and allowed == "yes" and policy.sensitive == "ask":
        allowed = "ask"
    shown = asks if policy.sensitive != "allow" else []
    return Verdict(allowed, _unique([*found, *shown]), tuple(dict.fromkeys(what for _, what in reads)))


def changes_the_machine(program: Program) -> bool:
    """Tell whether a program calls a function that acts on the machine, in words or through a `#define`."""
    whole = expanded(program) or program
    calls = [node.name for item in whole.items for node in walk(item) if isinstance(node, n.Call)]
    return any(name in FUNCTIONS and FUNCTIONS[name].unsafe for name in calls)


_BROKEN = ("with its #defines put in place this cannot be read", "write out what they stand for")
_ENDLESS = ("a #define that contains itself does not come to an end", "write the value out")


def _run_limits(
    program: Program, policy: Policy, seconds: float | None, rows: int | None
) -> Iterator[Finding]:
    first = program.probes[0].points[0] if program.probes and program.probes[0].points else program
    if seconds is not None and seconds > policy.seconds:
        yield over(
            first,
            "policy-seconds",
            f"a run of {seconds:g} s is asked for; the policy allows {policy.seconds:g}",
            f"use --for {policy.seconds:g}s",
        )
    if rows is not None and rows > policy.rows:
        yield over(
            first,
            "policy-rows",
            f"{rows:,} rows are asked for; the policy allows {policy.rows:,}",
            "ask for fewer",
        )


def _of_tree(program: Program, policy: Policy, host: Counts | None) -> Iterator[Finding]:
    yield from _preamble(program, policy)
    for item in program.items:
        for node in walk(item):
            if isinstance(node, n.Call):
                yield from _call(node, policy)
            elif isinstance(node, n.Import | n.ImportStmt):
                yield from _import(node, policy)
            elif isinstance(node, n.AttachPoint):
                yield from _point(node, policy)
    yield from size_findings(program, policy, host)


def _defined_calls(program: Program, policy: Policy) -> Iterator[Finding]:
    # Also of a name that is not used: what its value becomes together with other text is not for us to guess.
    for value in definitions(program).values():
        for name in _CALL.findall(value):
            item = program.c_definitions[0]
            yield from _call(n.Call(name, [], start=item.start, end=item.end), policy)


def _preamble(program: Program, policy: Policy) -> Iterator[Finding]:
    allowed = ORDERS["includes"]
    for reading in readings(program):
        if allowed.index(reading.reach) > allowed.index(policy.includes):
            shown = f"{reading.word} {reading.target}".strip()
            yield over(
                reading.item,
                "policy-include",
                f"`{shown}` makes the compiler read a file that the policy does not open to programs",
                "kernel types come from BTF without an include; else include a header by its plain name: <linux/sched.h>",
            )


def _import(node: n.Import | n.ImportStmt, policy: Policy) -> Iterator[Finding]:
    path = node.path.value.decode(errors="replace")
    plain = not path.startswith(("/", "~")) and ".." not in path.split("/")
    if policy.imports == "any" or (policy.imports == "folder" and plain) or path.startswith("stdlib/"):
        return
    yield over(
        node,
        "policy-import",
        f"import of {path!r}: the policy does not let programs bring in other files",
        "put what is needed into the program itself",
    )


def _call(call: n.Call, policy: Policy) -> Iterator[Finding]:
    function = FUNCTIONS.get(call.name)
    if call.name in policy.deny_functions:
        yield over(call, "policy-denied-function", f"{call.name}() is denied by the policy", "do without it")
    elif call.name in _WRITES and not policy.unsafe:
        yield over(call, "policy-unsafe-function", f"{call.name}() writes files as root", "do without it")
    elif function is not None and function.unsafe and not policy.unsafe:
        yield over(
            call,
            "policy-unsafe-function",
            f"{call.name}() changes the machine that is looked at ({function.words}); the policy allows only looking",
            "do without it: print what you want to know",
        )


def _point(point: n.AttachPoint, policy: Policy) -> Iterator[Finding]:
    if any(point_fits(point, pattern) for pattern in policy.deny_probes):
        yield over(
            point, "policy-denied-probe", f"{point.text} is denied by the policy", "use another hook point"
        )


def _sensitive(node: n.Node, what: str, policy: Policy, program: Program, whole: Program) -> Finding:
    denied = policy.sensitive == "deny"
    severity: Literal["error", "warning"] = "error" if denied else "warning"
    hint = (
        "count it instead of reading it"
        if denied
        else "a person has to approve it: --yes on the command line"
    )
    message = f"this reads {what}" + (", which the policy denies" if denied else "")
    found = Finding(node.start, node.end, severity, "policy-sensitive", message, hint, "policy")
    return found if whole is program else _at_define(found, program)


def _at_define(found: Finding, program: Program) -> Finding:
    # Places in the opened text are not places of the user's: the definitions are what made it so.
    items = program.c_definitions
    return replace(found, start=items[0].start, end=items[-1].end)


def _unique(findings: list[Finding]) -> tuple[Finding, ...]:
    best: dict[tuple[str, str], Finding] = {}
    for each in findings:
        best.setdefault((each.code, each.message), each)
    return tuple(sorted(best.values(), key=lambda each: (each.start, each.end)))
