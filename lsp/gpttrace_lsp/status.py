"""Status: by which bpftrace, on which machine and with which rights scripts are checked; in a few words, and in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpttrace.host import Host

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

NOTIFICATION = "gpttrace/status"


class Status:
    """What was found out so far; told to clients that have a place for it, when it changes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._ran: str | None = None
        self._why: str | None = None
        self._told: dict[str, Any] | None = None

    def compiled(self, ran: str, why: str | None) -> None:
        """Take by which rights bpftrace was asked just now, and why not or not wholly."""
        if (ran, why) != (self._ran, self._why):
            self._ran, self._why = ran, why
            self._send()

    async def tell(self) -> None:
        """Tell it, whether it changed or not."""
        await self.server.hosting.ready(self.server.options)
        self._told = None
        self._send()

    def _send(self) -> None:
        said = self.now()
        if self.server.panel and said != self._told:
            self._told = said
            self.server.protocol.notify(NOTIFICATION, said)

    def now(self) -> dict[str, Any]:
        """Return `text`, `detail` (Markdown) and `level` (ok, warning, error)."""
        hosting = self.server.hosting
        if hosting.problem is not None:
            hint = f"\n\n{hosting.problem.hint}" if hosting.problem.hint else ""
            return _said(
                "gpttrace: " + _short(hosting.problem.message), hosting.problem.message + hint, "error"
            )
        if hosting.host is None:
            return _said("gpttrace", "looking at this machine", "ok")
        return self._of(hosting.host)

    def _of(self, host: Host) -> dict[str, Any]:
        tool = f"bpftrace {'.'.join(map(str, host.version))}" if host.version else "no bpftrace"
        way = self._ran or ("root" if host.is_root else "")
        if host.saved:
            way = f"host file {host.name}" + (f" · {way}" if self._ran not in (None, "none") else "")
        parts = [tool, "static only" if self._ran == "none" else way]
        lines = [f"**{tool}** for {host.name}, kernel {host.kernel}"]
        if host.tool_problem is not None and not host.saved:
            lines += list(host.tool_problem)
        if self._why:
            lines.append(self._why)
        level = "warning" if self._ran == "none" or (host.tool is None and not host.saved) else "ok"
        return _said(" · ".join(part for part in parts if part), "\n\n".join(lines), level)


def _said(text: str, detail: str, level: str) -> dict[str, Any]:
    return {"text": text, "detail": detail, "level": level}


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
