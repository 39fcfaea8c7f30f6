"""Inside a virtual machine: run what the host asks for, one command after the other, until the host goes away.

Requests and answers are lines of JSON over a virtio port (`lab.py` is the other end); bytes travel as base64. A request is
`{"argv", "stdin", "timeout", "env", "cwd"}`; its answer `{"exit", "stdout", "stderr", "seconds"}`, where `exit` is negative for a
signal and null when the time limit (in seconds) ended it. The first answer is to no request: the
machine is up.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

PORT = "laboratory"


def find_port() -> str:
    """Return the device of the port that the host named."""
    for name in Path("/sys/class/virtio-ports").glob("*/name"):
        if name.read_text().strip() == PORT:
            return f"/dev/{name.parent.name}"
    raise SystemExit(f"the host gave this machine no port that is called {PORT}")


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command to its end, or kill its whole session at the time limit."""
    began = time.monotonic()
    try:
        child = subprocess.Popen(
            request["argv"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **request["env"]},
            cwd=request["cwd"],
            start_new_session=True,
        )
    except OSError as error:
        return answer(127, b"", str(error).encode(), began)
    code, out, err = finish(child, base64.b64decode(request["stdin"]), request["timeout"])
    return answer(code, out, err, began)


def finish(child: subprocess.Popen[bytes], stdin: bytes, timeout: float) -> tuple[int | None, bytes, bytes]:
    """Wait for a command; None in place of its exit status when time was up."""
    try:
        out, err = child.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return None, *child.communicate()
    return child.returncode, out, err


def answer(code: int | None, out: bytes, err: bytes, began: float) -> dict[str, Any]:
    """Return an answer as it goes over the port."""
    return {
        "exit": code,
        "stdout": base64.b64encode(out).decode(),
        "stderr": base64.b64encode(err).decode(),
        "seconds": time.monotonic() - began,
    }


def main() -> None:
    """Serve the host until it closes the port."""
    with open(find_port(), "r+b", buffering=0) as port, open(port.fileno(), "rb", closefd=False) as lines:
        send(port.fileno(), json.dumps(answer(0, b"", b"", time.monotonic())).encode() + b"\n")
        for line in lines:
            send(port.fileno(), json.dumps(run(json.loads(line))).encode() + b"\n")


def send(port: int, data: bytes) -> None:
    """Write all of it: a port takes as much as it has room for."""
    while data:
        data = data[os.write(port, data[:65536]) :]


if __name__ == "__main__":
    main()
