"""The commands and their options, as click declares them; what they do is imported when it is done, so that `--help` is quick."""

from __future__ import annotations

from typing import Any

import click

from gpttrace.cli.main import cli
from gpttrace.cli.options import shared


@cli.command()
@click.argument("question", nargs=-1)
@click.option(
    "-c", "--cmd-tool", "cmd_tool", nargs=2, metavar="CMD QUERY", help="Use this tool of bcc (see `tool`)."
)
@shared("for", "pid", "comm", "cgroup", "cmd", "top", "every", "output", "json", "yes")
@shared("writer", "key", "record", "verbose")
def ask(cmd_tool: tuple[str, str] | None, **given: Any) -> int:
    """Answer QUESTION from the live kernel."""
    from gpttrace.cli import asking

    return asking.ask(**given) if cmd_tool is None else asking.ask_tool(cmd_tool, **given)


@cli.command()
@click.argument("question", nargs=-1)
@click.option(
    "--prove", is_flag=True, help="Run it for a moment beside a known workload, and say what it counted."
)
@shared("for", "pid", "comm", "cgroup", "top", "every", "output", "json")
@shared("writer", "key", "record", "verbose")
def generate(**given: Any) -> int:
    """Write the program for QUESTION, do not run it."""
    from gpttrace.cli import asking

    return asking.write(**given)


@cli.command()
@click.argument("file", required=False)
@click.option("-e", "--execute", "text", metavar="PROGRAM", help="The program itself instead of a file.")
@click.option("-p", "--pid", type=click.IntRange(1), help="Attach to this process (uprobes, USDT).")
@shared("for", "cmd", "output", "json", "yes", "verbose")
def run(**given: Any) -> int:
    """Run a bpftrace program from FILE, or `-`."""
    from gpttrace.cli import asking

    return asking.run(**given)


@cli.command()
@click.argument("files", metavar="[FILE]…", nargs=-1)
@click.option("-e", "--execute", "text", metavar="PROGRAM", help="The program itself instead of files.")
@click.option(
    "--level",
    type=click.Choice(["static", "compile", "load", "canary"]),
    help="How far: our own rules, bpftrace's compiler (default), the kernel's verifier, a run beside a known workload.",
)
@click.option(
    "--asked",
    metavar="QUESTION",
    help="What the programs are meant to show; their meaning is held against it.",
)
@click.option("--policy", "policy_file", metavar="FILE", help="A policy that tightens that of this machine.")
@click.option("--bisect", is_flag=True, help="Find the statement that the verifier refuses (loads it often).")
@click.option("--explain", "code", metavar="CODE", help="Say what a finding's code means.")
@click.option("--sarif", is_flag=True, help="SARIF 2.1.0 on standard output, for code hosts.")
@shared("host", "json", "yes", "verbose")
def check(**given: Any) -> int:
    """Say what is wrong with bpftrace programs, without running them."""
    from gpttrace.cli import checking

    return checking.check(**given)


@cli.command()
@click.argument("what", metavar="FILE|RUN")
@click.argument("question", nargs=-1)
@click.option(
    "--writer", type=click.Choice(["auto", "offline", "model"]), default="auto", show_default=True,
    help="Whose words: auto asks no model; a model's sentences are checked.",
)  # fmt: skip
@shared("key", "record", "json")
def explain(**given: Any) -> int:
    """Say what a program does or a run showed, or answer QUESTION about a run.

    FILE is a bpftrace program (`-` is standard input); RUN is an id from `gpttrace runs`, or `last`. QUESTION is answered from
    the run's tables ("only nginx", "top 5", "more than 1 MB"); where they cannot tell, a program that can is shown.
    """
    from gpttrace.cli import explaining

    return explaining.explain(**given)


@cli.group(invoke_without_command=True)
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@shared("json")
@click.pass_context
def runs(context: click.Context, /, **given: Any) -> int:
    """List the runs that were kept; show one."""
    from gpttrace.cli import inspect

    return 0 if context.invoked_subcommand else inspect.list_runs(**given)


@runs.command("show")
@click.argument("run_id", metavar="RUN")
@shared("output", "json")
def runs_show(**given: Any) -> int:
    """Show a kept run again: program, tables, words."""
    from gpttrace.cli import inspect

    return inspect.show_run(**given)


@runs.command("delete")
@click.argument("run_ids", metavar="RUN…", nargs=-1, required=True)
def runs_delete(**given: Any) -> int:
    """Forget kept runs and their tables."""
    from gpttrace.cli import inspect

    return inspect.delete_runs(**given)


@cli.command()
@click.argument("query", nargs=-1)
@click.option(
    "--kind", "kinds", multiple=True, metavar="KIND", help="Only tracepoint, kprobe, fentry … (repeatable)."
)
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option("--describe", metavar="PROBE", help="Fields, types and an example of one probe.")
@shared("host", "json")
def probes(**given: Any) -> int:
    """Find hook points by name, pattern or words."""
    from gpttrace.cli import probing

    return probing.probes(**given)


@cli.group()
def host() -> None:
    """Show what this machine can trace."""


@host.command("show")
@shared("host", "json")
def host_show(**given: Any) -> int:
    """Show bpftrace, the kernel, and what is missing."""
    from gpttrace.cli import hosting

    return hosting.show(**given)


@host.command("save")
@click.argument("file", metavar="FILE")
def host_save(**given: Any) -> int:
    """Write all that is known of this machine to FILE, to check programs for it elsewhere."""
    from gpttrace.cli import hosting

    return hosting.save(**given)


@host.command("doctor")
@shared("json")
def host_doctor(**given: Any) -> int:
    """Say what does not work here, why, and what mends it."""
    from gpttrace.cli import hosting

    return hosting.doctor(**given)


@cli.command()
@click.argument("question", nargs=-1)
@click.option("-c", "--cmd-tool", "cmd_tool", nargs=2, metavar="CMD QUERY", help="Use this tool of bcc.")
@click.option("--list", "list_them", is_flag=True, help="List the tools of this machine.")
@click.option("--describe", metavar="TOOL", help="Show what one tool takes.")
@click.option("-n", "--show", "show_only", is_flag=True, help="Show the command, do not run it.")
@shared("for", "pid", "comm", "cgroup", "top", "every", "output", "json", "yes", "verbose")
def tool(**given: Any) -> int:
    """Answer QUESTION with a tool of bcc."""
    from gpttrace.cli import tooling

    return tooling.tool(**given)


@cli.command()
@click.argument("words", nargs=-1)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only examples with this tag (repeatable).")
@click.option(
    "--kind", "kinds", multiple=True, metavar="KIND", help="Only with probes of this kind (repeatable)."
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    type=click.Choice(["corpus", "catalogue", "bpftrace", "bcc", "user"]),
    help="Only from there (repeatable).",
)
@click.option("--here", is_flag=True, help="Only what this machine can run.")
@click.option("-k", "--limit", type=click.IntRange(1), default=10, show_default=True, help="How many.")
@click.option("--show", metavar="NAME", help="Print one example.")
@shared("host", "json")
def examples(**given: Any) -> int:
    """Find examples, events and tools by words."""
    from gpttrace.cli import indexing

    return indexing.examples(**given)


@cli.group()
def index() -> None:
    """Look after the index of examples."""


@index.command("show")
@shared("json")
def index_show(**given: Any) -> int:
    """Show what is indexed, from where, and what was left out."""
    from gpttrace.cli import indexing

    return indexing.show_index(**given)


@index.command("build")
@shared("json")
def index_build(**given: Any) -> int:
    """Make the index anew from nothing."""
    from gpttrace.cli import indexing

    return indexing.build(**given)


@index.command("add")
@click.argument("folder", metavar="DIR")
@shared("json")
def index_add(**given: Any) -> int:
    """Index the .bt files in and below DIR from now on."""
    from gpttrace.cli import indexing

    return indexing.add(**given)


@index.command("remove")
@click.argument("folder", metavar="DIR")
@shared("json")
def index_remove(**given: Any) -> int:
    """Leave DIR out of the index again."""
    from gpttrace.cli import indexing

    return indexing.remove(**given)


@cli.command("eval")
@click.option(
    "--set", "name", default="heldout", show_default=True, metavar="NAME|FILE", help="Which questions."
)
@click.option(
    "--writer",
    type=click.Choice(["offline", "model"]),
    default="offline",
    show_default=True,
    help="Who answers.",
)
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(["retrieval", "check", "load", "meaning", "comprehension"]),
    help="Leave this piece of the model's loop out (repeatable).",
)
@click.option(
    "--resume", metavar="FILE", help="Keep each mark in FILE; a second run asks only what is not there."
)
@click.option(
    "--check", "level", type=click.Choice(["static", "compile", "load"]), default="static", show_default=True,
    help="What a right program must pass on this machine.",
)  # fmt: skip
@click.option("--recall/--no-recall", "with_recall", default=True, help="Also measure what the index finds.")
@click.option("--details", is_flag=True, help="Name every question that was not answered right.")
@shared("host", "json", "key", "record")
def evaluate(**given: Any) -> int:
    """Ask the questions of a set and count right, wrong and refused answers."""
    from gpttrace.cli import evaluating

    return evaluating.run_evaluation(**given)


@cli.command("mcp")
@click.option(
    "--http", is_flag=False, flag_value="127.0.0.1:8931", metavar="[ADDR]",
    help="Serve over HTTP at HOST:PORT (127.0.0.1:8931) or unix:PATH instead of standard input and output.",
)  # fmt: skip
@click.option(
    "--token-file", metavar="FILE", help="The token of HTTP clients, instead of GPTTRACE_MCP_TOKEN."
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="One more name of this server for HTTP (repeatable).",
)
@click.option(
    "--read-only", is_flag=True, help="Trace nothing and load nothing into the kernel: no run, start, stop."
)
@click.option(
    "--no-run", is_flag=True, help="Trace nothing: no run, start, stop; checks may use the kernel's verifier."
)
@click.option(
    "--max-seconds", type=click.FloatRange(1), help="The longest trace that start may run (default 3600)."
)
@click.option(
    "--runs-a-minute", type=click.IntRange(1), help="Traces that may begin within a minute (default 20)."
)
@click.option("--at-once", type=click.IntRange(1), help="Traces that may run at one time (default 4).")
@shared("verbose")
def serve_mcp(**given: Any) -> int:
    """Serve AI assistants over the Model Context Protocol."""
    from gpttrace.cli import serving

    return serving.mcp(**given)


@cli.command("lsp")
@click.option(
    "--tcp", is_flag=False, flag_value="127.0.0.1:8932", metavar="[ADDR]",
    help="Serve one editor at HOST:PORT (127.0.0.1:8932) instead of standard input and output; then nothing is traced.",
)  # fmt: skip
@click.option("--stdio", is_flag=True, help="Serve on standard input and output, as without options.")
@shared("verbose")
def serve_lsp(**given: Any) -> int:
    """Serve editors over the Language Server Protocol."""
    from gpttrace.cli import serving

    return serving.lsp(**given)


@cli.group()
def setup() -> None:
    """Enter GPTtrace into other programs."""


@setup.command("mcp")
@click.option(
    "--client", type=click.Choice(["claude-desktop", "claude-code", "cursor", "vscode"]),
    help="Which program's file; without it, list them with what to paste.",
)  # fmt: skip
@click.option("--ssh", metavar="HOST", help="The machine to trace is HOST, reached by ssh.")
@click.option("--sudo", is_flag=True, help="Start the server as root through `sudo -n`.")
@click.option("--read-only", is_flag=True, help="A server that traces nothing.")
@click.option("--program", metavar="PATH", help="Where gpttrace is on the machine to trace.")
@click.option("--file", metavar="FILE", help="This file of the client instead, e.g. .vscode/mcp.json.")
@click.option("--show", is_flag=True, help="Only show the change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def setup_mcp(**given: Any) -> int:
    """Enter the MCP server into an AI assistant's settings.

    The change is shown and asked about first; the file as it was is kept beside it.
    """
    from gpttrace.cli import setting_up

    return setting_up.mcp(**given)
