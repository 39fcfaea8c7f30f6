"""The kernel modules of Debian's cloud kernels whose trace points and functions the catalogue and the examples use."""

from __future__ import annotations

from pathlib import Path

from tests.kernels.lab import Vm

from gpttrace.host import Host

# What one release does not have as a module is built in there, or not at all.
MODULES = (
    "xfs", "btrfs", "nfs", "nfsd", "nfsv4", "sunrpc", "rpcrdma", "kvm", "f2fs", "cifs", "fuse", "overlay", "bridge", "tcp_bbr",
    "sctp", "vsock", "zram", "loop", "dm_mod", "raid1", "nvme", "scsi_mod", "virtio_net", "9p", "netfs", "fscache", "cachefiles",
    "ext4", "jbd2", "erofs", "ib_core", "nf_conntrack", "nf_tables", "mptcp", "exfat", "vfat", "tun", "veth",
)  # fmt: skip


def load_modules(vm: Vm) -> None:
    """Load every module that a machine has."""
    vm.run("sh", "-c", f"for m in {' '.join(MODULES)}; do modprobe $m 2>/dev/null; done; true", timeout=240)


def host_with_modules(vm: Vm, path: Path) -> Host:
    """Save the host in a machine with its modules loaded, and load it here."""
    load_modules(vm)
    saved = vm.run("gpttrace", "host", "save", "/tmp/modules.host", timeout=240)
    if saved.exit != 0:
        raise AssertionError(saved)
    path.write_bytes(vm.run("cat", "/tmp/modules.host").raw)
    return Host.load(path)
