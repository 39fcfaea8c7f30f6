"""What the language's own words mean: functions, aggregations, builtins, settings, numbers, conversions, types, parameters."""

from __future__ import annotations

from gpttrace.host import Host
from gpttrace.language import nodes as n
from gpttrace.language.formats import FormatSpec, format_specs
from gpttrace.language.literals import UNITS
from gpttrace.language.parameters import CONVERSIONS, FORMS, parameters
from gpttrace.language.reference import (
    AGGREGATIONS,
    BUILTINS,
    CONFIG_KEYS,
    FUNCTIONS,
    MAP_KIND_WORDS,
    Builtin,
    Function,
)
from gpttrace_lsp.completion.versions import is_newer
from gpttrace_lsp.hover.telling import Telling, quoted
from gpttrace_lsp.look import Look

_SMALL = 1024


def function_hover(name: str, host: Host | None) -> Telling | None:
    """Return what a function or an aggregation does, and since when bpftrace has it."""
    known = FUNCTIONS.get(name) or AGGREGATIONS.get(name)
    if known is None:
        return None
    told = Telling().code(signature(known)).say(known.words)
    rows = dict.fromkeys((each.name, each.words) for form in FORMS.get(name, ()) for each in form)
    told.table(("parameter", "what it is"), list(rows), code=1)
    if known.unsafe:
        told.say("It changes the machine: it runs only with `--unsafe`.")
    return told.say(_since(host, known.since))


def signature(known: Function) -> str:
    """Return `name(arguments): type`, one line for each form; arguments that may be left out are in brackets."""
    returns = (
        "" if known.returns in ("none", "unknown") or known.name in AGGREGATIONS else f": {known.returns}"
    )
    forms = FORMS.get(known.name) or ((),)
    return "\n".join(f"{known.name}({parameters(form)}){returns}" for form in forms)


def builtin_hover(look: Look, name: str, kind: str, item: int) -> Telling | None:
    """Return what a builtin is; `kind` is its type where it stands."""
    known = BUILTINS.get(name)
    if known is None:
        return None
    told = _builtin(known, known.type if kind == "unknown" else kind)
    if name.startswith("arg") and name[3:].isdigit():
        told.say(_argument(look, int(name[3:]), item))
    if name == "retval":
        told.say(_result(look, item))
    return told.say(_since(look.host, known.since))


def builtin_words(name: str, host: Host | None) -> Telling | None:
    """Return what a builtin is, wherever it stands."""
    known = BUILTINS.get(name)
    return _builtin(known, known.type).say(_since(host, known.since)) if known is not None else None


def _builtin(known: Builtin, kind: str) -> Telling:
    told = Telling().code(known.name if kind in ("unknown", "args") else f"{known.name}: {kind}")
    return told.say(known.words + (f", in {known.unit}" if known.unit else ""))


def _result(look: Look, item: int) -> str | None:
    probe = look.tree.items[item]
    for point in probe.points if isinstance(probe, n.Probe) and look.host is not None else ():
        kernel = point.kind in ("kretprobe", "fexit") and look.host is not None
        function = look.host.function(":".join(point.parts)) if kernel and look.host else None
        if function is not None:
            return f"{quoted(function.returns)} of {quoted(function.name)}"
    return None


def _argument(look: Look, number: int, item: int) -> str | None:
    probe = look.tree.items[item]
    for point in probe.points if isinstance(probe, n.Probe) and look.host is not None else ():
        function = look.host.function(":".join(point.parts)) if point.kind == "kprobe" and look.host else None
        if function is not None and number < len(function.params):
            word, kind = function.params[number]
            return f"{quoted(f'{kind} {word}')} of {quoted(function.name)}"
    return None


def _since(host: Host | None, version: str) -> str | None:
    if not version:
        return None
    here = ".".join(map(str, host.version[:2])) if host is not None and is_newer(version, host) else ""
    return f"Since bpftrace {version}" + (f": **this one is {here} and lacks it**." if here else ".")


def config_hover(key: str, host: Host | None) -> Telling | None:
    """Return what a setting of the config block does."""
    if key == "config":
        return (
            Telling()
            .code("config = { key = value; … }")
            .say("settings of this script")
            .say(_since(host, "0.20"))
        )
    known = CONFIG_KEYS.get(key.lower().removeprefix("bpftrace_"))
    if known is None:
        return None
    told = (
        Telling()
        .code(f"{known.name} = {known.default}")
        .say(f"{known.words}; {quoted(known.default)} when it is not set")
    )
    if known.values:
        told.say("It is one of " + ", ".join(quoted(each) for each in known.values) + ".")
    return told.say(_since(host, known.since))


def map_kind_hover(word: str) -> Telling | None:
    """Return what a kind of map does."""
    return Telling().code(f"{word}(keys)").say(MAP_KIND_WORDS[word]) if word in MAP_KIND_WORDS else None


def number_hover(node: n.Integer) -> Telling | None:
    """Return a number in other ways of writing it; None for one that is as plain as can be."""
    text, value = node.text, node.value
    unit = text.lstrip("0123456789_")
    if text[:2].lower() != "0x" and unit in UNITS:
        return Telling().code(f"{text} = {value:,} ns")
    plain = text.isdigit() and (len(text) == 1 or not text.startswith("0"))
    if plain and value < _SMALL:
        return None
    ways = [f"{value:,}", *([hex(value)] if text[:2].lower() != "0x" else [])]
    if plain:
        ways = [f"{value:,}", hex(value)]
    if value >= _SMALL and value & (value - 1) == 0:
        ways.append(f"2^{value.bit_length() - 1}")
    told = Telling().code(f"{text} = " + " = ".join(ways))
    octal = text.isdigit() and text.startswith("0") and len(text) > 1
    return told.say("A number that begins with 0 is octal.") if octal else told


def positional_hover(number: int) -> Telling:
    """Return what `$1` or `$#` is."""
    if number < 0:
        return Telling().code("$#").say("how many arguments stand behind the script on the command line")
    told = Telling().code(f"${number}")
    told.say(f"argument {number} behind the script on the command line; 0 when it is not given")
    return told.say(f"as a number {quoted(f'${number}')}, as a text {quoted(f'str(${number})')}")


def conversion_at(look: Look, node: n.String, offset: int) -> tuple[int, FormatSpec, int, int] | None:
    """Return (number, conversion, start, end) of the conversion of a format at a place."""
    raw = node.text.encode("utf-8", "surrogatepass")
    for number, spec in enumerate(format_specs(raw)):
        start = node.start + len(raw[: spec.start].decode("utf-8", "replace"))
        end = start + len(raw[spec.start : spec.end].decode("utf-8", "replace"))
        if start <= offset < end or offset == end == node.end - 1:
            return number, spec, start, end
    return None


def conversion_hover(look: Look, call: n.Call, number: int, spec: FormatSpec, item: int) -> Telling:
    """Return how a conversion prints its argument, and which argument that is."""
    words, _ = CONVERSIONS.get("d" if spec.conversion == "i" else spec.conversion, ("a value", ""))
    width = f", {'at the left of' if '-' in spec.flags else 'in'} {spec.width} columns" if spec.width else ""
    told = Telling()
    if number + 1 < len(call.args):
        arg = call.args[number + 1]
        kind = look.type_at(arg, item)
        shown = look.text[arg.start : arg.end]
        told.code(shown if kind == "unknown" else f"{shown}: {kind}")
    else:
        told.say(f"**there is no argument {number + 1} behind this format**")
    return told.say(words + width)
