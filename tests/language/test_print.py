"""Text from trees: layout, comments, and the parentheses that a tree built by code needs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpttrace.language import format_tree, parse, rewrite, to_text
from gpttrace.language import nodes as n

UGLY = """// top
BEGIN{$x=1;if($x>0&&pid!=5){@a[pid,comm]=count()}else if(1){exit()}else{@b++}}  // behind
t:a:b,k:f/pid==1/{print((1,2));// here
for($kv:@a){printf("%d\\n",$kv.1)}

// alone
unroll(3){@c+=1}
// last
}"""

PRETTY = """// top
BEGIN {
\t$x = 1;
\tif ($x > 0 && pid != 5) {
\t\t@a[pid, comm] = count();
\t} else if (1) {
\t\texit();
\t} else {
\t\t@b++;
\t}
} // behind

t:a:b,
k:f
/pid==1/
{
\tprint((1, 2)); // here
\tfor ($kv : @a) {
\t\tprintf("%d\\n", $kv.1);
\t}

\t// alone
\tunroll (3) {
\t\t@c += 1;
\t}
\t// last
}
"""


def test_a_program_is_laid_out_as_the_tools_of_bpftrace_are() -> None:
    assert format_tree(parse(UGLY.replace("k:f/pid", "k:f /pid"))) == PRETTY.replace("pid==1", "pid == 1")


def test_printing_twice_changes_nothing() -> None:
    once = format_tree(parse(UGLY))
    assert format_tree(parse(once)) == once


def test_no_comment_swallows_code() -> None:
    tree = parse("BEGIN { if (1) { } // a\n else { } // b\n print(1); }")
    again = parse(format_tree(tree))
    assert again.findings == []
    assert again == tree
    assert len(again.comments) == 2


def test_a_dereference_at_the_start_of_a_predicate_does_not_open_a_comment() -> None:
    tree = parse("kprobe:f / *$p == 1/ { }")
    assert tree.findings == []
    assert parse(to_text(tree)) == tree
    bare = parse("kprobe:f / *$p/ { }")
    assert parse(to_text(bare)) == bare


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (
            n.Binary("*", n.Binary("+", n.Identifier("a"), n.Identifier("b")), n.Identifier("c")),
            "(a + b) * c",
        ),
        (
            n.Binary("-", n.Identifier("a"), n.Binary("-", n.Identifier("b"), n.Identifier("c"))),
            "a - (b - c)",
        ),
        (n.Binary("-", n.Binary("-", n.Identifier("a"), n.Identifier("b")), n.Identifier("c")), "a - b - c"),
        (n.Unary("!", n.Binary("==", n.Identifier("a"), n.Identifier("b"))), "!(a == b)"),
        (n.Unary("-", n.Unary("-", n.Identifier("a"))), "- -a"),
        (n.Member(n.Cast(n.TypeName("struct s *"), n.Identifier("a")), "b", True), "((struct s *)a)->b"),
        (n.Cast(n.TypeName("uint8"), n.Binary("+", n.Identifier("a"), n.Identifier("b"))), "(uint8)(a + b)"),
        (
            n.Binary("+", n.Ternary(n.Identifier("a"), None, n.Identifier("b")), n.Identifier("c")),
            "(a ?: b) + c",
        ),
        (n.Tuple([n.Identifier("a")]), "(a,)"),
        (n.Map("@x", [n.Tuple([n.Identifier("a"), n.Identifier("b")])]), "@x[(a, b)]"),
        (n.Index(n.Unary("*", n.Variable("p")), n.Identifier("i")), "(*$p)[i]"),
    ],
)
def test_a_tree_built_by_code_gets_the_parentheses_it_needs(tree: n.Expr, text: str) -> None:
    assert to_text(tree) == text


names = st.sampled_from(["pid", "tid", "arg0", "nsecs"]).map(n.Identifier)
leaves = st.one_of(
    names,
    st.integers(0, 2**64 - 1).map(lambda value: n.Integer(str(value), value)),
    st.sampled_from(["a", "b"]).map(n.Variable),
    st.sampled_from(["@", "@m"]).map(n.Map),
)
OPERATORS = ["||", "&&", "|", "^", "&", "==", "!=", "<", ">", "<=", ">=", "<<", ">>", "+", "-", "*", "/", "%"]


def grow(inner: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Expr]:
    return st.one_of(
        st.builds(n.Binary, st.sampled_from(OPERATORS), inner, inner),
        st.builds(n.Unary, st.sampled_from(["-", "!", "~", "*"]), inner),
        st.builds(n.Unary, st.just("&"), st.just(n.Variable("v"))),
        st.builds(n.Ternary, inner, inner, inner),
        st.builds(n.Cast, st.sampled_from(["uint8", "struct s *", "int32[4]"]).map(n.TypeName), inner),
        st.builds(n.Member, inner, st.just("f"), st.booleans()),
        st.builds(n.Member, inner, st.just("0")),
        st.builds(n.Index, inner, inner),
        st.builds(n.Call, st.just("f"), st.lists(inner, max_size=3)),
        st.builds(n.Map, st.just("@k"), st.lists(inner, min_size=1, max_size=2)),
        st.lists(inner, min_size=2, max_size=3).map(n.Tuple),
    )


def without_parentheses(node: n.Node) -> n.Node:
    while isinstance(node, n.Paren):
        node = node.inner
    return node


@settings(max_examples=300, deadline=None)
@given(st.recursive(leaves, grow, max_leaves=25))
def test_any_expression_built_by_code_prints_to_text_that_means_the_same(tree: n.Expr) -> None:

    text = to_text(tree)
    program = parse(f"BEGIN {{ $x = {text}; }}")
    assert program.findings == [], text
    stmt = program.probes[0].body.body[0]
    assert isinstance(stmt, n.Assign)
    assert rewrite(stmt.value, without_parentheses) == tree, text
