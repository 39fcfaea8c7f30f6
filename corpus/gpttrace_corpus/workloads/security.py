"""Workloads of rights, control groups, namespaces, keys and BPF."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
# As in the kernel's system call tables: x86-64, and the one that newer architectures share.
_NUMBERS = {
    "x86_64": {
        "bpf": 321, "perf_event_open": 298, "add_key": 248, "request_key": 249, "keyctl": 250, "setns": 308, "unshare": 272,
        "capget": 125, "capset": 126, "reboot": 169, "syslog": 103, "fsopen": 430, "landlock_restrict_self": 446,
        "finit_module": 313, "delete_module": 176, "seccomp": 317,
    },
    "aarch64": {
        "bpf": 280, "perf_event_open": 241, "add_key": 217, "request_key": 218, "keyctl": 219, "setns": 268, "unshare": 97,
        "capget": 90, "capset": 91, "reboot": 142, "syslog": 116, "fsopen": 430, "landlock_restrict_self": 446,
        "finit_module": 273, "delete_module": 106, "seccomp": 277,
    },
}  # fmt: skip
_CLONE_NEWUTS = 0x04000000


def _number(name: str) -> int:
    numbers = _NUMBERS.get(platform.machine())
    if numbers is None:
        raise RuntimeError(f"the number of {name} is not known on {platform.machine()}")
    return numbers[name]


def _call(name: str, *arguments: object) -> int:
    """Make a system call; -errno when it fails."""
    result = int(_libc.syscall(_number(name), *arguments))
    return -ctypes.get_errno() if result < 0 else result


def _try(name: str, *arguments: object) -> int:
    """Make a system call for a first time; RuntimeError when the kernel lacks or refuses it."""
    result = _call(name, *arguments)
    if -result in (errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP):
        raise RuntimeError(f"{name}: {os.strerror(-result)}")
    return result


def stat_self(times: int) -> Iterator[None]:
    """Ask for the attributes of one file `times` times: no right is used and nothing is made."""
    yield
    for _ in range(times):
        os.stat("/")
    yield


# ------------------------------------------------------------------------------------------ control groups


def _cgroup_root() -> Path:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, *_ = line.split()
        if kind == "cgroup2" and os.access(folder, os.W_OK):
            return Path(folder)
    raise RuntimeError("no version 2 hierarchy of control groups is mounted")


def make_cgroup(times: int) -> Iterator[None]:
    """Make and remove one control group `times` times."""
    folder = _cgroup_root() / f"gptcanary-{os.getpid()}"
    folder.mkdir()
    folder.rmdir()
    yield
    for _ in range(times):
        os.mkdir(folder)
        os.rmdir(folder)
    yield


def join_cgroup(times: int) -> Iterator[None]:
    """Move this process from one control group into another `times` times; two groups are used in turn."""
    root = _cgroup_root()
    own = next(
        line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")
    )
    folders = [root / f"gptcanary-{os.getpid()}-{side}" for side in "ab"]
    files = []
    try:
        for folder in folders:
            folder.mkdir()
            files.append(os.open(folder / "cgroup.procs", os.O_WRONLY))
        os.write(files[1], b"0")
    except OSError as error:
        raise RuntimeError(
            f"this process cannot be moved to another control group: {error.strerror}"
        ) from error
    yield
    for act in range(times):
        os.write(files[act % 2], b"0")
    yield
    (root / own.lstrip("/") / "cgroup.procs").write_text("0")
    for file, folder in zip(files, folders, strict=True):
        os.close(file)
        folder.rmdir()


def fill_cgroup(times: int) -> Iterator[None]:
    """Move this process into an empty control group and back `times` times."""
    root = _cgroup_root()
    own = next(
        line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")
    )
    folder = root / f"gptcanary-{os.getpid()}"
    folder.mkdir()
    there, back = (os.open(each / "cgroup.procs", os.O_WRONLY) for each in (folder, root / own.lstrip("/")))
    yield
    for _ in range(times):
        os.write(there, b"0")
        os.write(back, b"0")
    yield
    os.close(there)
    os.close(back)
    folder.rmdir()


def freeze_cgroup(times: int) -> Iterator[None]:
    """Freeze and thaw an empty control group `times` times."""
    folder = _cgroup_root() / f"gptcanary-{os.getpid()}"
    folder.mkdir()
    try:
        file = os.open(folder / "cgroup.freeze", os.O_WRONLY)
    except OSError as error:
        folder.rmdir()
        raise RuntimeError("control groups cannot be frozen here") from error
    yield
    for _ in range(times):
        os.pwrite(file, b"1", 0)
        os.pwrite(file, b"0", 0)
    yield
    os.close(file)
    folder.rmdir()


# ------------------------------------------------------------------------------------ namespaces and roots


def unshare_uts(times: int) -> Iterator[None]:
    """Get a UTS namespace (host name) of its own `times` times; the first ones end with this process."""
    _try("unshare", _CLONE_NEWUTS)
    yield
    for _ in range(times):
        _call("unshare", _CLONE_NEWUTS)
    yield


def enter_namespace(times: int) -> Iterator[None]:
    """Enter the UTS namespace that this process is in already `times` times."""
    file = os.open("/proc/self/ns/uts", os.O_RDONLY)
    _try("setns", file, _CLONE_NEWUTS)
    yield
    for _ in range(times):
        _call("setns", file, _CLONE_NEWUTS)
    yield
    os.close(file)


def change_root(times: int) -> Iterator[None]:
    """Make the root folder the root folder `times` times."""
    os.chroot("/")
    yield
    for _ in range(times):
        os.chroot("/")
    yield


def set_hostname(times: int) -> Iterator[None]:
    """Set the host name to what it is `times` times, in a UTS namespace of its own; each act needs CAP_SYS_ADMIN once."""
    _try("unshare", _CLONE_NEWUTS)
    name = os.uname().nodename.encode()
    yield
    for _ in range(times):
        _libc.sethostname(name, len(name))
    yield


def open_mount_context(times: int) -> Iterator[None]:
    """Prepare the mount of a tmpfs `times` times and let go of it."""
    os.close(_try("fsopen", b"tmpfs", 1))
    yield
    for _ in range(times):
        os.close(_call("fsopen", b"tmpfs", 1))
    yield


# ---------------------------------------------------------------------------------------------- privileges


def set_capabilities(times: int) -> Iterator[None]:
    """Set the capabilities to what they are `times` times."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    _try("capget", header, data)
    yield
    for _ in range(times):
        _call("capset", header, data)
    yield


def give_up_privileges(times: int) -> Iterator[None]:
    """Set no_new_privs `times` times; it holds until this process ends."""
    yield
    for _ in range(times):
        _libc.prctl(38, 1, 0, 0, 0)
    yield


class _Filter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _Filters(ctypes.Structure):
    _fields_ = (("count", ctypes.c_ushort), ("filters", ctypes.POINTER(_Filter)))


def install_seccomp_filter(times: int) -> Iterator[None]:
    """Install a seccomp filter that allows everything `times` times; the filters end with this process."""
    program = _Filters(1, ctypes.pointer(_Filter(0x06, 0, 0, 0x7FFF0000)))  # return SECCOMP_RET_ALLOW
    _try("seccomp", 1, 0, ctypes.byref(program))
    yield
    for _ in range(times):
        _call("seccomp", 1, 0, ctypes.byref(program))
    yield


def restrict_nothing(times: int) -> Iterator[None]:
    """Ask `times` times for a Landlock rule set that does not exist; each is refused."""
    _try("landlock_restrict_self", -1, 0)
    yield
    for _ in range(times):
        _call("landlock_restrict_self", -1, 0)
    yield


def reboot_refused(times: int) -> Iterator[None]:
    """Call reboot(2) with a wrong magic number `times` times: the kernel refuses it before it looks at what is wanted."""
    yield
    for _ in range(times):
        _call("reboot", 1, 2, 0, None)
    yield


def load_no_module(times: int) -> Iterator[None]:
    """Ask for a module to be loaded from a descriptor that is not open `times` times."""
    _try("finit_module", -1, b"", 0)
    yield
    for _ in range(times):
        _call("finit_module", -1, b"", 0)
    yield


def remove_no_module(times: int) -> Iterator[None]:
    """Ask for a module to be removed that is not loaded `times` times."""
    _try("delete_module", b"gptcanary_none", 0o4000)
    yield
    for _ in range(times):
        _call("delete_module", b"gptcanary_none", 0o4000)
    yield


def ask_kernel_log(times: int) -> Iterator[None]:
    """Ask how large the kernel's log buffer is `times` times."""
    _try("syslog", 10, None, 0)
    yield
    for _ in range(times):
        _call("syslog", 10, None, 0)
    yield


# ---------------------------------------------------------------------------------------------------- keys

_PROCESS_KEYRING = -2
_ARGUMENTS = (b"user", b"gptcanary", b"secret", 6, _PROCESS_KEYRING)


def add_key(times: int) -> Iterator[None]:
    """Put one key into the keyring of this process `times` times; it goes with the process."""
    _try("add_key", *_ARGUMENTS)
    yield
    for _ in range(times):
        _call("add_key", *_ARGUMENTS)
    yield


def request_key(times: int) -> Iterator[None]:
    """Look for a key that is there `times` times."""
    _try("add_key", *_ARGUMENTS)
    yield
    for _ in range(times):
        _call("request_key", b"user", b"gptcanary", None, 0)
    yield


def ask_keyring(times: int) -> Iterator[None]:
    """Ask for the number of the process keyring `times` times (KEYCTL_GET_KEYRING_ID)."""
    _try("keyctl", 0, _PROCESS_KEYRING, 1)
    yield
    for _ in range(times):
        _call("keyctl", 0, _PROCESS_KEYRING, 1)
    yield


# ------------------------------------------------------------------------------------------------------ BPF

_MAP_CREATE, _PROG_LOAD, _PROG_TEST_RUN = 0, 5, 10


def _attributes(*fields: tuple[int, int, int], name_at: int | None = None) -> ctypes.Array[ctypes.c_char]:
    """Return an empty union bpf_attr with (offset, size, value) filled in, and a name."""
    text = bytearray(120)
    for offset, size, value in fields:
        text[offset : offset + size] = value.to_bytes(size, "little")
    if name_at is not None:
        text[name_at : name_at + 8] = b"gpt_test"
    return ctypes.create_string_buffer(bytes(text), len(text))


def _program() -> tuple[ctypes.Array[ctypes.c_char], tuple[object, ...]]:
    # r0 = 0; exit: a socket filter that lets nothing through, which is never attached
    code = ctypes.create_string_buffer(bytes([0xB7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]), 16)
    licence = ctypes.create_string_buffer(b"GPL")
    pointers = (8, 8, ctypes.addressof(code)), (16, 8, ctypes.addressof(licence))
    attributes = _attributes((0, 4, 1), (4, 4, 2), *pointers, name_at=48)
    return attributes, (code, licence)


def load_bpf_program(times: int) -> Iterator[None]:
    """Load a BPF program of two instructions `times` times; it is attached nowhere."""
    attributes, _kept = _program()
    os.close(_loaded(attributes))
    yield
    for _ in range(times):
        os.close(_call("bpf", _PROG_LOAD, attributes, len(attributes)))
    yield


def _loaded(attributes: ctypes.Array[ctypes.c_char]) -> int:
    file = _try("bpf", _PROG_LOAD, attributes, len(attributes))
    if file < 0:
        raise RuntimeError(f"the kernel takes no BPF program: {os.strerror(-file)}")
    return file


def make_bpf_map(times: int) -> Iterator[None]:
    """Make an array map of one element `times` times."""
    attributes = _attributes((0, 4, 2), (4, 4, 4), (8, 4, 8), (12, 4, 1), name_at=28)
    file = _try("bpf", _MAP_CREATE, attributes, len(attributes))
    if file < 0:
        raise RuntimeError(f"the kernel makes no BPF map: {os.strerror(-file)}")
    os.close(file)
    yield
    for _ in range(times):
        os.close(_call("bpf", _MAP_CREATE, attributes, len(attributes)))
    yield


def test_bpf_program(times: int) -> Iterator[None]:
    """Run a loaded BPF program on 64 bytes of test data `times` times."""
    attributes, _kept = _program()
    file = _loaded(attributes)
    packet = ctypes.create_string_buffer(64)
    test = _attributes((0, 4, file), (8, 4, 64), (16, 8, ctypes.addressof(packet)))
    if (result := _try("bpf", _PROG_TEST_RUN, test, len(test))) < 0:
        raise RuntimeError(f"the kernel does no test runs: {os.strerror(-result)}")
    yield
    for _ in range(times):
        _call("bpf", _PROG_TEST_RUN, test, len(test))
    yield
    os.close(file)


def open_perf_event(times: int) -> Iterator[None]:
    """Open a software event that never fires (PERF_COUNT_SW_DUMMY) on this process `times` times."""
    attributes = bytearray(64)
    attributes[0:16] = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + (9).to_bytes(8, "little")
    buffer = ctypes.create_string_buffer(bytes(attributes), 64)
    os.close(_try("perf_event_open", buffer, 0, -1, -1, 0))
    yield
    for _ in range(times):
        os.close(_call("perf_event_open", buffer, 0, -1, -1, 0))
    yield


def check_temporary(times: int) -> Iterator[None]:
    """Open one file of its own `times` times: what the security hooks of opens are asked about."""
    with tempfile.NamedTemporaryFile(prefix="gptcanary-") as file:
        name = file.name
        yield
        for _ in range(times):
            os.close(os.open(name, os.O_RDONLY))
        yield
