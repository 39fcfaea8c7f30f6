"""Conditions and literals as bpftrace text. Every string that came from a person is escaped here, in one place."""

from __future__ import annotations

from gpttrace.errors import QuestionRefused
from gpttrace.spec.addresses import address_test
from gpttrace.spec.catalogue import Field
from gpttrace.spec.model import Condition

COMMAND_PID = "cpid"  # bpftrace's own word for the process of the command that it was given
COMM_BYTES = 15  # TASK_COMM_LEN is 16, one of them the closing zero


def quote(text: str) -> str:
    """Return a bpftrace string literal that holds exactly `text`."""
    special = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(special.get(char, char) for char in text) + '"'


def comparison(field: Field, condition: Condition, expr: str) -> str:
    """Return the condition as an expression over `expr`; QuestionRefused where bpftrace has no way to say it."""
    value = condition.value
    if isinstance(value, str) and value in field.values:
        return _named(field, condition)
    if isinstance(value, int):
        return f"{_compared(expr)} {condition.op} {value}"
    if field.name in ("daddr", "saddr"):
        return _address(condition, expr, value)
    if field.name == "pid" and value == COMMAND_PID:
        return f"{expr} {condition.op} {COMMAND_PID}"
    if field.name == "cgroup":
        return f"{expr} {condition.op} cgroupid({quote(value)})"
    return _text(field, condition, expr, value)


def _compared(expr: str) -> str:
    # `a & b == 3` is `a & (b == 3)`, as in C.
    loose = any(f" {op} " in expr for op in ("&", "|", "^", "?", "==", "!=", "<", ">", "&&", "||"))
    return f"({expr})" if loose else expr


def _named(field: Field, condition: Condition) -> str:
    test = field.values[str(condition.value)]
    return test if condition.op == "==" else f"!({test})"


def _address(condition: Condition, expr: str, value: str) -> str:
    test = address_test(expr, value)
    if test is None or condition.op not in ("==", "!="):
        raise QuestionRefused(
            "an address can be compared only where the kernel gives it as a number",
            hint="leave it out and ask for a list or for rows by address",
        )
    return test if condition.op == "==" else f"!({test})"


def _text(field: Field, condition: Condition, expr: str, value: str) -> str:
    if field.name == "comm":
        value = cut_comm(value)
    if condition.op in ("==", "!="):
        return f"{expr} {condition.op} {quote(value)}"
    if condition.op == "startswith":
        return f"strncmp({expr}, {quote(value)}, {len(value.encode())}) == 0"
    raise QuestionRefused(
        f"bpftrace cannot test whether {field.name} {condition.op} a text in every version",
        hint="ask for names that are equal to a text, or that start with it",
    )


def cut_comm(name: str) -> str:
    """Return a process name as the kernel keeps it: its first 15 bytes."""
    return name.encode()[:COMM_BYTES].decode(errors="ignore")
