"""Signature help: the parameters of the call that the cursor is in, one form for each way to call it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types as t

from gpttrace.host import Host
from gpttrace.language import nodes as n
from gpttrace.language.formats import format_specs
from gpttrace.language.parameters import CONVERSIONS, FORMS, Form, Parameter
from gpttrace.language.reference import AGGREGATIONS, FORMATTING, FUNCTIONS
from gpttrace_lsp.completion import place_in
from gpttrace_lsp.completion.calls import OpenCall, open_call
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.versions import is_newer
from gpttrace_lsp.look import Look

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server


@dataclass(frozen=True, slots=True)
class Reader:
    """What the client can show."""

    markdown: bool = False
    places: bool = True  # parameters as places in the label rather than as words

    @classmethod
    def of(cls, can: t.ClientCapabilities) -> Reader:
        """Read it from what the client said."""
        own = can.text_document.signature_help if can.text_document else None
        form = own.signature_information if own else None
        return cls(
            markdown=t.MarkupKind.Markdown in ((form.documentation_format if form else None) or ()),
            places=bool(
                form and form.parameter_information and form.parameter_information.label_offset_support
            ),
        )


def register(server: Server) -> None:
    """Register signature help."""

    @server.feature(
        t.TEXT_DOCUMENT_SIGNATURE_HELP,
        t.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=[")"]),
    )
    async def helped(params: t.SignatureHelpParams) -> t.SignatureHelp | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        await server.hosting.ready(server.options)
        look = document.looked
        place = await place_in(document, document.lines.offset(params.position))
        return signature_help(place, look, server.hosting.host, Reader.of(server.client_capabilities))


def signature_help(
    place: Place, look: Look | None, host: Host | None, reader: Reader | None = None
) -> t.SignatureHelp | None:
    """Return the forms of the call at a place and which parameter is written; None outside of calls that are known."""
    reader = reader or Reader()
    call = open_call(place.inside) if place.sort != "comment" else None
    if call is None:
        return None
    own = _own_form(call.name, look)
    forms: tuple[Form, ...]
    if own is not None:
        forms, words = (own,), ""
    elif call.name in FORMS:
        forms, words = _forms(call), _words(call.name, host)
    else:
        return None
    signatures = [_signature(call.name, form, words, _active(form, call), reader) for form in forms]
    best = _best(forms, call)
    return t.SignatureHelp(
        signatures, active_signature=best, active_parameter=signatures[best].active_parameter
    )


def _forms(call: OpenCall) -> tuple[Form, ...]:
    template = call.format if call.name in FORMATTING else None
    specs = format_specs(template.encode()) if template is not None else []
    if not specs:
        return FORMS[call.name]
    first = FORMS[call.name][0][0]
    values = [
        Parameter(f"%{spec.conversion}", CONVERSIONS.get(spec.conversion, ("a value", ""))[0])
        for spec in specs
    ]
    return ((first, *values),)


def _own_form(name: str, look: Look | None) -> Form | None:
    """Return the parameters of a macro or function of the script."""
    for item in look.tree.items if look is not None else ():
        if isinstance(item, n.Macro | n.Subprogram) and item.name == name:
            return tuple(_own_parameter(each) for each in item.params)
    return None


def _own_parameter(each: n.Node) -> Parameter:
    match each:
        case n.Param(name=name, type=kind):
            return Parameter(f"${name.lstrip('$')}", f"`{kind.text}`")
        case n.Variable(name=name):
            return Parameter(f"${name}", "a variable, or a value that is put into one")
        case n.Map(name=name):
            return Parameter(name, "a map")
        case n.Identifier(name=name):
            return Parameter(name, "an expression, put in as it is written")
    return Parameter("…", "")


def _words(name: str, host: Host | None) -> str:
    known = AGGREGATIONS.get(name) or FUNCTIONS.get(name)
    if known is None:
        return ""
    text = f"{known.words[:1].upper()}{known.words[1:]}."
    if known.unsafe:
        text += " Needs `--unsafe`."
    return f"{text} Since bpftrace {known.since}, not here." if is_newer(known.since, host) else text


def _active(form: Form, call: OpenCall) -> int | None:
    if call.argument < len(form):
        return call.argument
    # One past the end: no parameter is marked.
    return len(form) - 1 if form and form[-1].more else len(form)


def _best(forms: tuple[Form, ...], call: OpenCall) -> int:
    """Return the form that takes what is written: enough parameters, and a word where a word is wanted."""
    first = call.texts[0] if call.texts else ""
    fitting = [at for at, form in enumerate(forms) if call.argument < len(form) or (form and form[-1].more)]
    if call.name == "print" and first and not first.startswith("@") and call.argument == 0:
        return 1
    if call.name in ("kstack", "ustack", "dw_ustack") and first[:1].isalpha():
        return 1
    return fitting[0] if fitting else 0


def _signature(
    name: str, form: Form, words: str, active: int | None, reader: Reader
) -> t.SignatureInformation:
    label, parameters = f"{name}(", []
    for at, each in enumerate(form):
        label += ", " if at else ""
        shown = (
            f"[{each.name}]"
            if each.optional and not each.more
            else f"{each.name}…"
            if each.more
            else each.name
        )
        place = len(label), len(label) + len(shown)
        said = _documentation(each.words, reader) if each.words else None
        parameters.append(t.ParameterInformation(place if reader.places else shown, said))
        label += shown
    return t.SignatureInformation(
        f"{label})",
        documentation=_documentation(words, reader) if words else None,
        parameters=parameters,
        active_parameter=active,
    )


def _documentation(text: str, reader: Reader) -> t.MarkupContent | str:
    if reader.markdown:
        return t.MarkupContent(t.MarkupKind.Markdown, text)
    return text.replace("**", "").replace("`", "")
