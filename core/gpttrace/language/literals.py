"""The values of literals: integers with their suffixes and strings with their escapes.

What is accepted was measured on 0.17.0, 0.23.2 and 0.27.1: no version takes `0b1` or `0o7`, strings escape exactly
`\\n \\t \\r \\" \\\\`, `\\xHH` and octal, an exponent has one digit before it, and time units are newer than 0.23.
"""

from __future__ import annotations

import re

UNITS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_C_SUFFIX = re.compile(r"[uU]?(?:[lL]|ll|LL)?")
_INTEGER = re.compile(
    r"0[xX](?P<hex>[0-9a-fA-F](?:[0-9a-fA-F_]*[0-9a-fA-F])?)"
    r"|(?P<mantissa>[0-9](?:[0-9_]*[0-9])?)(?:[eE](?P<exponent>[0-9]{1,6}))?(?P<suffix>[A-Za-z]*)"
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.)|$)", re.DOTALL)
_SIMPLE = {"n": b"\n", "t": b"\t", "r": b"\r", '"': b'"', "\\": b"\\"}
LARGEST = 2**64 - 1


def integer(text: str) -> tuple[int, str | None]:
    """Return the value of an integer literal and what is wrong with it, if anything (the value is 0 then)."""
    match = _INTEGER.fullmatch(text)
    if match is None or text[:2].lower() in ("0b", "0o") or (text[:2].lower() == "0x" and not match["hex"]):
        return 0, _why(text)
    suffix = match["suffix"] or ""
    scale = UNITS.get(suffix, 1 if _C_SUFFIX.fullmatch(suffix) else 0)
    if not scale:
        return 0, f"unknown number suffix `{suffix}`"
    digits = (match["hex"] or match["mantissa"]).replace("_", "")
    if len(digits) > 24 or int(match["exponent"] or 0) > 24:
        return 0, "this integer is too large for 64 bits"
    if match["exponent"] and len(digits) > 1:
        return 0, "a number with an exponent has one digit before the `e` (15e3 is written 15000)"
    if match["hex"]:
        value = int(digits, 16)
    elif digits.startswith("0") and len(digits) > 1 and not match["exponent"]:
        if set(digits) - set("01234567"):
            return 0, "a number that begins with 0 is octal and has only the digits 0 to 7"
        value = int(digits, 8)
    else:
        value = int(digits) * 10 ** int(match["exponent"] or 0)
    value *= scale
    return (value, None) if value <= LARGEST else (0, "this integer is too large for 64 bits")


def _why(text: str) -> str:
    if text[:2] in ("0b", "0B", "0o", "0O"):
        return f"`{text}` is no number; bpftrace writes numbers in decimal, hexadecimal (0x1f) or octal (017)"
    if text[:2] in ("0x", "0X"):
        return f"`{text}` is no hexadecimal number"
    return f"`{text}` is neither a number nor a name"


def unescape(body: str) -> tuple[bytes, list[tuple[int, int, str]]]:
    """Return the bytes of a string's inside and its faults as (offset, length, sentence)."""
    if "\\" not in body:
        return body.encode("utf-8", "surrogatepass"), []
    out = bytearray()
    faults = []
    end = 0
    for match in _ESCAPE.finditer(body):
        out += body[end : match.start()].encode("utf-8", "surrogatepass")
        end = match.end()
        if match[1] is not None:
            out.append(int(match[1], 16))
        elif match[2] is not None and int(match[2], 8) <= 0xFF:
            out.append(int(match[2], 8))
        elif match[3] in _SIMPLE:
            out += _SIMPLE[match[3]]
        else:
            out += match[0].encode("utf-8", "surrogatepass")
            word = "octal escape above `\\377`" if match[2] else f"unknown escape `{match[0]}`"
            faults.append((match.start(), end - match.start(), f"{word} in a string"))
    out += body[end:].encode("utf-8", "surrogatepass")
    return bytes(out), faults
