"""Opening, naming, changing and removing files: what the events of `events/files.toml` should count."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_INOTIFY_ADD_WATCH_MASK = 0x2  # IN_MODIFY
_AT_FDCWD = -100


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="gptcanary-"))


def _paths(folder: Path, times: int, make: bool = False) -> list[bytes]:
    paths = [bytes(folder / f"file{number}") for number in range(times)]
    for path in paths if make else []:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return paths


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def open_file(times: int) -> Iterator[None]:
    """Open one file `times` times; each act is one successful openat(2) and one close(2)."""
    path = b"/etc/hostname" if os.path.exists(b"/etc/hostname") else b"/proc/version"
    yield
    for _ in range(times):
        os.close(os.open(path, os.O_RDONLY))
    yield


def open_missing(times: int) -> Iterator[None]:
    """Open a file that is not there; each act is one openat(2) that fails with ENOENT."""
    yield
    for _ in range(times):
        with suppress(FileNotFoundError):
            os.open(b"/gptcanary-is-not-there", os.O_RDONLY)
    yield


def stat_file(times: int) -> Iterator[None]:
    """Ask for the attributes of one file; each act is one newfstatat(2) or stat(2) and no open."""
    yield
    for _ in range(times):
        os.stat(b"/proc/version")
    yield


def close_file(times: int) -> Iterator[None]:
    """Close `times` descriptors that were opened before; each act is one close(2)."""
    opened = [os.open(b"/proc/version", os.O_RDONLY) for _ in range(times)]
    yield
    for fd in opened:
        os.close(fd)
    yield


def create_file(times: int) -> Iterator[None]:
    """Make `times` new files; each act is one openat(2) with O_CREAT and one close(2)."""
    folder = _folder()
    paths = _paths(folder, times)
    yield
    for path in paths:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    yield
    shutil.rmtree(folder)


def delete_file(times: int) -> Iterator[None]:
    """Delete `times` files; each act is one unlink(2)."""
    folder = _folder()
    paths = _paths(folder, times, make=True)
    yield
    for path in paths:
        os.unlink(path)
    yield
    shutil.rmtree(folder)


def rename_file(times: int) -> Iterator[None]:
    """Rename one file again and again; each act is one rename(2)."""
    folder = _folder()
    names = [bytes(folder / "a"), bytes(folder / "b")]
    os.close(os.open(names[0], os.O_CREAT | os.O_WRONLY, 0o600))
    yield
    for number in range(times):
        os.rename(names[number % 2], names[(number + 1) % 2])
    yield
    shutil.rmtree(folder)


def make_directory(times: int) -> Iterator[None]:
    """Make `times` folders; each act is one mkdir(2)."""
    folder = _folder()
    paths = _paths(folder, times)
    yield
    for path in paths:
        os.mkdir(path)
    yield
    shutil.rmtree(folder)


def remove_directory(times: int) -> Iterator[None]:
    """Remove `times` empty folders; each act is one rmdir(2)."""
    folder = _folder()
    paths = _paths(folder, times)
    for path in paths:
        os.mkdir(path)
    yield
    for path in paths:
        os.rmdir(path)
    yield
    shutil.rmtree(folder)


def list_directory(times: int) -> Iterator[None]:
    """List one folder; each act is two getdents64(2): the entries and the end. (It also opens and closes the folder.)"""
    folder = _folder()
    _paths(folder, 3, make=True)
    name = bytes(folder)
    yield
    for _ in range(times):
        os.listdir(name)
    yield
    shutil.rmtree(folder)


def link_file(times: int) -> Iterator[None]:
    """Give one file `times` further names; each act is one link(2) or linkat(2)."""
    folder = _folder()
    (source,) = _paths(folder, 1, make=True)
    names = [source + b"-%d" % number for number in range(times)]
    yield
    for name in names:
        os.link(source, name)
    yield
    shutil.rmtree(folder)


def symlink_file(times: int) -> Iterator[None]:
    """Make `times` symbolic links; each act is one symlink(2)."""
    folder = _folder()
    paths = _paths(folder, times)
    yield
    for path in paths:
        os.symlink(b"nowhere", path)
    yield
    shutil.rmtree(folder)


def read_link(times: int) -> Iterator[None]:
    """Read where one symbolic link points; each act is one readlink(2)."""
    yield
    for _ in range(times):
        os.readlink(b"/proc/self/exe")
    yield


def chmod_file(times: int) -> Iterator[None]:
    """Change the permissions of one file by its name; each act is one chmod(2) or fchmodat(2)."""
    folder = _folder()
    (path,) = _paths(folder, 1, make=True)
    yield
    for number in range(times):
        os.chmod(path, 0o600 if number % 2 else 0o640)
    yield
    shutil.rmtree(folder)


def chown_file(times: int) -> Iterator[None]:
    """Give one file its own owner again, by its name; each act is one chown(2) or fchownat(2)."""
    folder = _folder()
    (path,) = _paths(folder, 1, make=True)
    uid, gid = os.getuid(), os.getgid()
    yield
    for _ in range(times):
        os.chown(path, uid, gid)
    yield
    shutil.rmtree(folder)


def truncate_file(times: int) -> Iterator[None]:
    """Set the length of one open file; each act is one ftruncate(2)."""
    with tempfile.TemporaryFile() as file:
        fd = file.fileno()
        yield
        for number in range(times):
            os.ftruncate(fd, 4096 * number)
        yield


def check_access(times: int) -> Iterator[None]:
    """Ask whether a file may be read; each act is one access(2) or faccessat(2)."""
    yield
    for _ in range(times):
        os.access(b"/proc/version", os.R_OK)
    yield


def seek_file(times: int) -> Iterator[None]:
    """Move the position in one open file; each act is one lseek(2)."""
    fd = os.open(b"/proc/version", os.O_RDONLY)
    yield
    for number in range(times):
        os.lseek(fd, number % 2, os.SEEK_SET)
    yield
    os.close(fd)


def take_lease(times: int) -> Iterator[None]:
    """Take a lease on a file of its own and give it back; each act is one F_SETLEASE for reading."""
    with _leased() as fd:
        yield
        for _ in range(times):
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        yield


def break_lease(times: int) -> Iterator[None]:
    """Take a lease on a file and open it for writing without waiting; each act breaks one lease."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    with _leased() as fd:
        path = f"/proc/self/fd/{fd}"
        yield
        for _ in range(times):
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            with suppress(BlockingIOError):
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        yield
    signal.signal(signal.SIGIO, before)


@contextmanager
def _leased() -> Iterator[int]:
    """Open a file on which a lease can be taken; RuntimeError where the file system has none."""
    folder = _folder()
    path = folder / "leased"
    path.touch()
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        raise RuntimeError(f"no leases here: {error.strerror}") from error
    try:
        yield fd
    finally:
        os.close(fd)
        shutil.rmtree(folder)


def lock_file(times: int) -> Iterator[None]:
    """Lock and unlock one file; each act is two flock(2)."""
    with tempfile.TemporaryFile() as file:
        fd = file.fileno()
        yield
        for _ in range(times):
            fcntl.flock(fd, fcntl.LOCK_EX)
            fcntl.flock(fd, fcntl.LOCK_UN)
        yield


def lock_record(times: int) -> Iterator[None]:
    """Lock and unlock the first ten bytes of one file; each act is two fcntl(2) with F_SETLK."""
    with tempfile.TemporaryFile() as file:
        fd = file.fileno()
        yield
        for _ in range(times):
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10)
            fcntl.lockf(fd, fcntl.LOCK_UN, 10)
        yield


def fallocate_file(times: int) -> Iterator[None]:
    """Reserve 64 KiB more of one file each time; each act is one fallocate(2)."""
    with tempfile.TemporaryFile(dir="/var/tmp") as file:
        fd = file.fileno()
        yield
        for number in range(times):
            os.posix_fallocate(fd, 65536 * number, 65536)
        yield


def _xattr_file() -> tuple[Path, bytes]:
    folder = Path(tempfile.mkdtemp(prefix="gptcanary-", dir="/var/tmp"))
    (path,) = _paths(folder, 1, make=True)
    try:
        os.setxattr(path, b"user.gptcanary", b"0")
    except OSError as error:
        shutil.rmtree(folder)
        raise RuntimeError(f"extended attributes do not work in /var/tmp: {error}") from error
    return folder, path


def read_xattr(times: int) -> Iterator[None]:
    """Read one extended attribute; each act is one getxattr(2)."""
    folder, path = _xattr_file()
    yield
    for _ in range(times):
        os.getxattr(path, b"user.gptcanary")
    yield
    shutil.rmtree(folder)


def write_xattr(times: int) -> Iterator[None]:
    """Set one extended attribute; each act is one setxattr(2)."""
    folder, path = _xattr_file()
    yield
    for number in range(times):
        os.setxattr(path, b"user.gptcanary", b"%d" % number)
    yield
    shutil.rmtree(folder)


def watch_file(times: int) -> Iterator[None]:
    """Ask to be told of changes to one file; each act is one inotify_add_watch(2)."""
    fd = _checked(_LIBC.inotify_init1(0))
    yield
    for _ in range(times):
        _checked(_LIBC.inotify_add_watch(fd, b"/proc/version", _INOTIFY_ADD_WATCH_MASK))
    yield
    os.close(fd)


def mark_file(times: int) -> Iterator[None]:
    """Put a fanotify mark on one folder; each act is one fanotify_mark(2)."""
    fd = _LIBC.fanotify_init(0, os.O_RDONLY)
    if fd < 0:
        raise RuntimeError(f"fanotify_init: {os.strerror(ctypes.get_errno())}")
    mask = ctypes.c_uint64(0x8)  # FAN_CLOSE_WRITE
    folder = _folder()
    name = bytes(folder)
    yield
    for _ in range(times):
        _checked(_LIBC.fanotify_mark(fd, 1, mask, _AT_FDCWD, name))
    yield
    os.close(fd)
    shutil.rmtree(folder)


def dup_file(times: int) -> Iterator[None]:
    """Duplicate one descriptor onto another; each act is one dup2(2) or dup3(2)."""
    fd = os.open(b"/proc/version", os.O_RDONLY)
    other = os.open(b"/proc/version", os.O_RDONLY)
    yield
    for _ in range(times):
        os.dup2(fd, other)
    yield
    os.close(fd)
    os.close(other)


def change_directory(times: int) -> Iterator[None]:
    """Go to the root folder; each act is one chdir(2)."""
    before = os.open(".", os.O_RDONLY)
    yield
    for _ in range(times):
        os.chdir(b"/")
    yield
    os.fchdir(before)
    os.close(before)


def set_times(times: int) -> Iterator[None]:
    """Set the times of one file by its name; each act is one utimensat(2)."""
    folder = _folder()
    (path,) = _paths(folder, 1, make=True)
    yield
    for number in range(times):
        os.utime(path, (number, number))
    yield
    shutil.rmtree(folder)


def make_node(times: int) -> Iterator[None]:
    """Make `times` named pipes; each act is one mknod(2) or mknodat(2)."""
    folder = _folder()
    paths = _paths(folder, times)
    yield
    for path in paths:
        os.mkfifo(path)
    yield
    shutil.rmtree(folder)


def stat_filesystem(times: int) -> Iterator[None]:
    """Ask how full a file system is; each act is one statfs(2)."""
    buffer = ctypes.create_string_buffer(512)
    yield
    for _ in range(times):
        _checked(_LIBC.statfs(b"/proc", buffer))
    yield


def mount_tmpfs(times: int) -> Iterator[None]:
    """Mount and unmount a small tmpfs; each act is one mount(2) and one umount2(2)."""
    folder = _folder()
    name = bytes(folder)
    if _LIBC.mount(b"none", name, b"tmpfs", 0, b"size=4k") != 0:
        os.rmdir(folder)
        raise RuntimeError(f"mount: {os.strerror(ctypes.get_errno())}")
    _checked(_LIBC.umount2(name, 0))
    yield
    for _ in range(times):
        _checked(_LIBC.mount(b"none", name, b"tmpfs", 0, b"size=4k"))
        _checked(_LIBC.umount2(name, 0))
    yield
    os.rmdir(folder)


def churn_file(times: int) -> Iterator[None]:
    """Make and delete files one after the other; each act is one openat(2) with O_CREAT and one unlink(2) of the same name."""
    folder = _folder()
    paths = _paths(folder, times)
    yield
    for path in paths:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        os.unlink(path)
    yield
    shutil.rmtree(folder)
