"""The config block: unknown settings, settings of other versions, values of a wrong kind."""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.rule import everywhere
from gpttrace.check.static.study import Study, nearest
from gpttrace.language import nodes as n
from gpttrace.language.reference import CONFIG_KEYS, CONFIG_RENAMED, ConfigKey

_ENVIRONMENT_ONLY = frozenset(["max_ast_nodes", "debug_output", "verify_llvm_ir"])
_WITHOUT_EFFECT = frozenset(
    [
        "unstable_macro",
        "unstable_map_decl",
        "unstable_import",
        "unstable_addr",
        "symbol_source",
        "max_type_res_iterations",
    ]
)


@everywhere(n.ConfigEntry)
def entry(study: Study, node: n.ConfigEntry) -> None:
    """One `key = value`."""
    if study.older("0.20"):
        return  # the whole block is refused, and `versions` says so
    name = node.key.lower().removeprefix("bpftrace_")
    known = CONFIG_KEYS.get(name)
    place = node.start, node.start + len(node.key)
    if known is None:
        _unknown(study, place, node.key, name)
    elif known.since and study.older(known.since) and study.older("0.24"):
        message = (
            f"the setting `{name}` came with bpftrace {known.since}, and this host has {study.version_text}"
        )
        study.report(place, "error", "needs-newer-bpftrace", message, "leave it out")
    else:
        if name in _WITHOUT_EFFECT and study.since("0.26"):
            message = f"the setting `{name}` has no effect any more"
            study.report(place, "information", "deprecated", message, "leave it out")
        _value(study, node, known)


def _unknown(study: Study, place: tuple[int, int], key: str, name: str) -> None:
    if name in CONFIG_RENAMED and not study.older("0.24"):
        message = f"`{key}` is now called `{CONFIG_RENAMED[name]}`"
        study.report(place, "information", "deprecated", message, f"write `{CONFIG_RENAMED[name]}`")
        return
    if name in _ENVIRONMENT_ONLY:
        message, hint = (
            f"`{key}` is no setting of a config block",
            f"set BPFTRACE_{name.upper()} in the environment",
        )
    else:
        near = nearest(name, CONFIG_KEYS)
        guess = f"; did you mean `{near}`?" if near else ""
        message, hint = (
            f"there is no setting `{key}`{guess}",
            "known are " + ", ".join(sorted(CONFIG_KEYS)[:8]) + " …",
        )
    study.report(place, "error", "unknown-setting", message, hint)


def _value(study: Study, node: n.ConfigEntry, known: ConfigKey) -> None:
    value = node.value
    if not known.default.isdigit():
        _word(study, node, known)
        return
    if isinstance(value, n.Identifier) or (isinstance(value, n.String) and study.older("0.24")):
        message = f"the setting `{known.name}` is a number"
        study.report(value, "error", "bad-setting", message, f"for example `{known.name} = {known.default}`")


def _word(study: Study, node: n.ConfigEntry, known: ConfigKey) -> None:
    if not known.values:
        return
    text = _text_of(node.value)
    if text is None:
        return
    boolean = set(known.values) == {"true", "false"}
    if boolean:
        if isinstance(node.value, n.Identifier | n.String | n.Bool) and study.older("0.24"):
            message = f"bpftrace {study.version_text} takes 0 or 1 for `{known.name}`"
            hint = f"write `{known.name} = {int(text == 'true')}`"
            study.report(node.value, "error", "bad-setting", message, hint)
        return
    if text not in known.values and (known.name != "stack_mode" or text != "build_id"):
        near = nearest(text, known.values)
        guess = f"; did you mean `{near}`?" if near else ""
        message = f"`{text}` is no value of `{known.name}`{guess}"
        study.report(node.value, "error", "bad-setting", message, f"known are {', '.join(known.values)}")
    elif isinstance(node.value, n.Identifier) and known.name != "stack_mode" and study.older("0.24"):
        message = f"bpftrace {study.version_text} wants the value of `{known.name}` in quotes"
        study.report(node.value, "error", "bad-setting", message, f'write `{known.name} = "{text}"`')


def _text_of(value: n.Expr) -> str | None:
    match value:
        case n.Identifier(name=name):
            return name
        case n.String(value=data):
            return data.decode(errors="replace")
        case n.Bool(value=truth):
            return "true" if truth else "false"
    return None


RULES = (entry,)
CODES = (
    Code(
        "unknown-setting", "error", "gpttrace", "a setting that does not exist",
        "bpftrace refuses a config block with a setting that it does not know.",
        "config = { max_map_key = 10 } BEGIN { exit(); }", "config = { max_map_keys = 10 } BEGIN { exit(); }",
    ),
    Code(
        "bad-setting", "error", "gpttrace", "a value that the setting does not take",
        "Sizes are numbers, switches 0 or 1 (true and false since 0.24), modes words.",
        "config = { max_strlen = abc } BEGIN { exit(); }", "config = { max_strlen = 64 } BEGIN { exit(); }",
    ),
)  # fmt: skip
