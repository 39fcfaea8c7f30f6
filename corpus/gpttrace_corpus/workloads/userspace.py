"""Workloads of libraries: each act is one call of a function of libc (or of libssl) by this process.

`_here` calls without letting go of Python's lock: giving it back and taking it again are mutex calls too.
"""

from __future__ import annotations

import ctypes
import os
import pty
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

_here = ctypes.PyDLL(None, use_errno=True)


def _function(name: str, result: Any = ctypes.c_void_p, *arguments: Any) -> Callable[..., Any]:
    function = getattr(_here, name, None)
    if function is None:
        raise RuntimeError(f"this C library has no {name}")
    function.restype, function.argtypes = result, arguments
    return function  # type: ignore[no-any-return]  # ctypes


_SIZE = 4099  # a prime that nobody else asks for
_ALIGNED = 8209


def allocate(times: int) -> Iterator[None]:
    """Allocate 4099 bytes with malloc `times` times."""
    malloc, free = (
        _function("malloc", ctypes.c_void_p, ctypes.c_size_t),
        _function("free", None, ctypes.c_void_p),
    )
    got = [malloc(_SIZE)] * (times + 1)
    yield
    for place in range(times):
        got[place] = malloc(_SIZE)
    yield
    for address in got:
        free(address)


def free_memory(times: int) -> Iterator[None]:
    """Free memory `times` times."""
    malloc, free = (
        _function("malloc", ctypes.c_void_p, ctypes.c_size_t),
        _function("free", None, ctypes.c_void_p),
    )
    got = [malloc(_SIZE) for _ in range(times)]
    yield
    for address in got:
        free(address)
    yield


def reallocate(times: int) -> Iterator[None]:
    """Change the size of one piece of memory `times` times."""
    malloc, free = (
        _function("malloc", ctypes.c_void_p, ctypes.c_size_t),
        _function("free", None, ctypes.c_void_p),
    )
    realloc = _function("realloc", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    address = malloc(_SIZE)
    yield
    for act in range(times):
        address = realloc(address, _SIZE + act % 2)
    yield
    free(address)


def allocate_aligned(times: int) -> Iterator[None]:
    """Allocate 8209 bytes that begin at a multiple of 64 `times` times (posix_memalign)."""
    memalign = _function("posix_memalign", ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
    free = _function("free", None, ctypes.c_void_p)
    places = (ctypes.c_void_p * times)()
    base, step = ctypes.addressof(places), ctypes.sizeof(ctypes.c_void_p)
    yield
    for act in range(times):
        memalign(base + act * step, 64, _ALIGNED)
    yield
    for address in places:
        free(address)


# --------------------------------------------------------------------------------------------------- threads


def start_pthread(times: int) -> Iterator[None]:
    """Start a thread that ends at once, and wait for it, `times` times (pthread_create, pthread_join)."""
    create = _function("pthread_create", ctypes.c_int, *(ctypes.c_void_p,) * 4)
    join = _function("pthread_join", ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    body = ctypes.cast(_here.getppid, ctypes.c_void_p)  # a C function: the thread must not run Python
    thread = ctypes.c_void_p()
    yield
    for _ in range(times):
        if create(ctypes.byref(thread), None, body, None) == 0:
            join(thread, None)
    yield


def lock_mutex(times: int) -> Iterator[None]:
    """Take and give back a mutex that nobody else wants `times` times."""
    lock = _function("pthread_mutex_lock", ctypes.c_int, ctypes.c_void_p)
    unlock = _function("pthread_mutex_unlock", ctypes.c_int, ctypes.c_void_p)
    mutex = ctypes.create_string_buffer(64)
    yield
    for _ in range(times):
        lock(mutex)
        unlock(mutex)
    yield


def wait_condition(times: int) -> Iterator[None]:
    """Wait on a condition variable until a time that has passed `times` times."""
    wait = _function("pthread_cond_timedwait", ctypes.c_int, *(ctypes.c_void_p,) * 3)
    lock = _function("pthread_mutex_lock", ctypes.c_int, ctypes.c_void_p)
    mutex, condition = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
    past = (ctypes.c_long * 2)(1, 0)
    lock(mutex)
    yield
    for _ in range(times):
        wait(condition, mutex, past)
    yield


def take_semaphore(times: int) -> Iterator[None]:
    """Take a semaphore that is free `times` times."""
    init = _function("sem_init", ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint)
    wait = _function("sem_wait", ctypes.c_int, ctypes.c_void_p)
    semaphore = ctypes.create_string_buffer(64)
    init(semaphore, 0, times)
    yield
    for _ in range(times):
        wait(semaphore)
    yield


def open_stream(times: int) -> Iterator[None]:
    """Open a file as a stream of the library and close it, `times` times."""
    fopen, fclose = (
        _function("fopen", ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p),
        _function("fclose", ctypes.c_int, ctypes.c_void_p),
    )
    fclose(fopen(b"/proc/version", b"r"))
    yield
    for _ in range(times):
        fclose(fopen(b"/proc/version", b"r"))
    yield


def sleep_microseconds(times: int) -> Iterator[None]:
    """Sleep for 100 microseconds with usleep(3), `times` times."""
    usleep = _function("usleep", ctypes.c_int, ctypes.c_uint)
    usleep(1)
    yield
    for _ in range(times):
        usleep(100)
    yield


def lock_for_writing(times: int) -> Iterator[None]:
    """Take a read-write lock that is free for writing, `times` times."""
    lock, unlock, place = _rwlock("pthread_rwlock_wrlock")
    yield
    for _ in range(times):
        lock(place)
        unlock(place)
    yield


def lock_for_reading(times: int) -> Iterator[None]:
    """Take a read-write lock that is free for reading, `times` times."""
    lock, unlock, place = _rwlock("pthread_rwlock_rdlock")
    yield
    for _ in range(times):
        lock(place)
        unlock(place)
    yield


def _rwlock(name: str) -> tuple[Callable[..., Any], Callable[..., Any], Any]:
    place = ctypes.create_string_buffer(128)
    _function("pthread_rwlock_init", ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(place, None)
    return (
        _function(name, ctypes.c_int, ctypes.c_void_p),
        _function("pthread_rwlock_unlock", ctypes.c_int, ctypes.c_void_p),
        place,
    )


# ----------------------------------------------------------------------------------------- libraries and names


def load_library(times: int) -> Iterator[None]:
    """Load the C library once more `times` times (dlopen)."""
    dlopen = _function("dlopen", ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
    dlopen(b"libc.so.6", 2)
    yield
    for _ in range(times):
        dlopen(b"libc.so.6", 2)
    yield


def look_up_symbol(times: int) -> Iterator[None]:
    """Look up one symbol `times` times (dlsym)."""
    dlsym = _function("dlsym", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
    yield
    for _ in range(times):
        dlsym(None, b"getpid")
    yield


def get_variable(times: int) -> Iterator[None]:
    """Read an environment variable that is not set `times` times."""
    getenv = _function("getenv", ctypes.c_void_p, ctypes.c_char_p)
    yield
    for _ in range(times):
        getenv(b"GPTCANARY")
    yield


def look_up_user(times: int) -> Iterator[None]:
    """Look up the user root by name `times` times."""
    getpwnam = _function("getpwnam", ctypes.c_void_p, ctypes.c_char_p)
    getpwnam(b"root")
    yield
    for _ in range(times):
        getpwnam(b"root")
    yield


def look_up_group(times: int) -> Iterator[None]:
    """Look up the group root by name `times` times."""
    getgrnam = _function("getgrnam", ctypes.c_void_p, ctypes.c_char_p)
    getgrnam(b"root")
    yield
    for _ in range(times):
        getgrnam(b"root")
    yield


def ask_locale(times: int) -> Iterator[None]:
    """Ask which locale is set `times` times (setlocale without a new one)."""
    setlocale = _function("setlocale", ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
    yield
    for _ in range(times):
        setlocale(6, None)
    yield


# -------------------------------------------------------------------------------------------------- other calls


def sort_array(times: int) -> Iterator[None]:
    """Sort 64 bytes that are in order already `times` times (qsort), compared by strcmp."""
    qsort = _function("qsort", None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
    compare = ctypes.cast(_here.strcmp, ctypes.c_void_p)
    array = ctypes.create_string_buffer(66)
    yield
    for _ in range(times):
        qsort(array, 64, 1, compare)
    yield


def print_nothing(times: int) -> Iterator[None]:
    """Print an empty text `times` times (printf)."""
    printf = _function("printf", ctypes.c_int, ctypes.c_char_p)
    yield
    for _ in range(times):
        printf(b"")
    yield


def read_clock(times: int) -> Iterator[None]:
    """Read the monotonic clock through the C library `times` times."""
    clock_gettime = _function("clock_gettime", ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
    moment = (ctypes.c_long * 2)()
    yield
    for _ in range(times):
        clock_gettime(1, moment)
    yield


def run_shell(times: int) -> Iterator[None]:
    """Run the shell command `:` `times` times (system)."""
    system = _function("system", ctypes.c_int, ctypes.c_char_p)
    yield
    for _ in range(times):
        system(b":")
    yield


def log_nothing(times: int) -> Iterator[None]:
    """Send a line to the system log `times` times, of a priority that a mask drops before it is sent."""
    mask = _function("setlogmask", ctypes.c_int, ctypes.c_int)
    syslog = _function("syslog", None, ctypes.c_int, ctypes.c_char_p)
    before = mask(1)  # only emergencies
    yield
    for _ in range(times):
        syslog(7, b"")
    yield
    mask(before)


def abort_child(times: int) -> Iterator[None]:
    """Let `times` children call abort, without leaving core files."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    abort = _function("abort", None)
    yield
    for _ in range(times):
        if (child := os.fork()) == 0:
            signal.signal(signal.SIGABRT, signal.SIG_DFL)
            abort()
        os.waitpid(child, 0)
        time.sleep(0.02)  # who prints stacks looks up the names of each child's libraries meanwhile
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


# ---------------------------------------------------------------------------------------------------------- TLS


class _Pair:
    """Two ends of a TLS session in memory; nothing goes over a network, and no certificate is needed."""

    def __init__(self) -> None:
        server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for context in (server, client):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("aNULL:@SECLEVEL=0")
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client, self.server = client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)

    def shake_hands(self) -> None:
        """Take the steps of the handshake in turn until both ends are done."""
        waiting = [self.client, self.server]
        for _ in range(8):
            for end in tuple(waiting):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                waiting.remove(end)
        if waiting:
            raise RuntimeError("the TLS handshake did not end")


def _connected() -> _Pair:
    pair = _Pair()
    try:
        pair.shake_hands()
    except ssl.SSLError as error:
        raise RuntimeError(f"this OpenSSL makes no session without a certificate: {error}") from error
    return pair


def write_tls(times: int) -> Iterator[None]:
    """Write 64 bytes through TLS `times` times."""
    client = _connected().client
    yield
    for _ in range(times):
        client.write(b"x" * 64)
    yield


def read_tls(times: int) -> Iterator[None]:
    """Read 64 bytes through TLS `times` times."""
    pair = _connected()
    server = pair.server
    for _ in range(times):
        pair.client.write(b"x" * 64)
    yield
    for _ in range(times):
        server.read(64)
    yield


def start_tls(times: int) -> Iterator[None]:
    """Take the first step of a handshake as a client in `times` sessions."""
    _connected()
    ends = [_Pair().client for _ in range(times)]
    yield
    for end in ends:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    yield


# -------------------------------------------------------------------------------------------------------- shells


def type_into_bash(times: int) -> Iterator[None]:
    """Type the command `:` `times` times into an interactive bash on a terminal of its own."""
    if (bash := shutil.which("bash", path="/bin:/usr/bin")) is None:
        raise RuntimeError("no bash here")
    own, its = pty.openpty()
    command = [bash, "--norc", "--noprofile", "-i"]
    environment = {"HISTFILE": "", "PS1": "$ ", "TERM": "dumb", "PATH": "/bin:/usr/bin"}
    shell = subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True
    )
    os.close(its)
    time.sleep(0.1)
    yield
    for _ in range(times):
        os.write(own, b":\n")
        _until_prompt(own)
    yield
    shell.kill()  # a typed `exit` would be one more command
    shell.wait(timeout=5)
    os.close(own)


def _until_prompt(terminal: int) -> None:
    seen = b""
    while not seen.endswith(b"$ "):
        seen += os.read(terminal, 4096)
