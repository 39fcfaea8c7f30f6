"""A made host knows what it was told and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from gpttrace.host import Host, Knowledge


def test_a_made_host_answers_from_its_file(made_host: Callable[..., Host]) -> None:
    host = made_host(
        version=(0, 27, 1),
        tracepoints={"sched:sched_switch": {"prev_comm": "char[16]", "prev_pid": "pid_t"}},
        functions=["ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)"],
        structs={"file": {"f_flags": "unsigned int", "f_path": "struct path *"}},
        enums={"sock_state": {"TCP_LISTEN": 10, "TCP_GONE": -1}},
        rawtracepoints={"sched_switch": "bool preempt, struct task_struct *prev"},
        iterators={"task": {"task": "struct task_struct *"}},
        untyped=["old_function"],
        broken={"hardware": ("no counters", "use software")},
    )
    knowledge: Knowledge = host
    function = knowledge.function("vfs_read")
    file = host.struct("struct file")
    prev = host.tracepoint_fields("sched:sched_switch")["prev_comm"]
    raw = host.fields("rawtracepoint", "sched_switch")

    assert host.saved
    assert host.version == (0, 27, 1)
    assert (prev.type, prev.size, prev.is_string) == ("char[16]", 16, True)
    assert function is not None
    assert function.params[0] == ("file", "struct file *")
    assert function.returns == "ssize_t"
    assert file is not None
    assert file.members["f_path"].type == "struct path *"
    assert (host.constant("TCP_LISTEN"), host.constant("TCP_GONE"), host.constant("TCP_NONE")) == (
        10,
        -1,
        None,
    )
    assert raw is not None
    assert list(raw) == ["preempt", "prev"]
    assert list(host.match("iter", "*")) == ["task"]
    assert list(host.match("kprobe", "*")) == ["old_function", "vfs_read"]
    assert list(host.match("fentry", "*")) == ["vfs_read"]
    assert host.why_not("hardware") == ("no counters", "use software")
    assert host.typedef("pid_t") == "int"
    assert host.fields("tracepoint", "sched:nothing") is None
