"""The system-call filter: compiled once in the warm parent by libseccomp, loaded by prctl(2) in each submission."""

import ctypes
import errno
import tempfile

from .kernel import Prctl, checked, libc, prctl

__all__ = ["available", "compile_filter", "compile_signal_filter", "load"]

REFUSED = """
ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr
unshare setns bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
keyctl add_key request_key kexec_load kexec_file_load init_module finit_module delete_module
open_by_handle_at name_to_handle_at quotactl quotactl_fd swapon swapoff reboot sethostname setdomainname acct
settimeofday clock_settime adjtimex clock_adjtime iopl ioperm syslog vhangup nfsservctl personality
mknod mknodat move_pages migrate_pages lookup_dcookie fanotify_init
shmget shmat shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink
setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
setpriority ioprio_set sched_setattr memfd_secret
""".split()  # noqa: SIM905 - a column of quotes would hide the names
# Landlock does not cover these; libraries that call them on their own files expect success.
IGNORED = """
sched_setscheduler sched_setparam chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat
utime utimes utimensat futimesat
""".split()  # noqa: SIM905
# memfd pages escape every memory limit but a cgroup's; clone3 keeps its flags where no filter sees them.
ABSENT = ("memfd_create", "clone3")
_NAMESPACE_FLAGS = (0x10000000, 0x20000000, 0x20000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x80)
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_AF_UNIX = 1
_DATAGRAM_LIKE = (2, 3, 5)  # SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET: could address a foreign path without connect()


def available() -> str:
    """An empty string when filters can be compiled here, else the reason why not."""
    try:
        import pyseccomp

        pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    except (ImportError, OSError, RuntimeError, AttributeError) as problem:
        return f"pyseccomp or libseccomp is missing ({problem}); install pyseccomp and the package libseccomp2"
    return ""


class _Builder:
    """A filter under construction that steps over names which this libseccomp does not know."""

    def __init__(self):
        import pyseccomp

        self.library = pyseccomp
        self.filter = pyseccomp.SyscallFilter(pyseccomp.ALLOW)  # a foreign architecture (i386, x32) is killed

    def refuse(self, name: str, code: int, *conditions: tuple[int, ...]) -> None:
        rules = [self.library.Arg(*condition) for condition in conditions]
        try:
            self.filter.add_rule(self.library.ERRNO(code), name, *rules)
        except (OSError, ValueError):  # a call this kernel generation does not have cannot be made
            return

    def program(self) -> bytes:
        with tempfile.TemporaryFile() as file:
            self.filter.export_bpf(file)
            file.seek(0)
            return file.read()


def compile_filter(namespaces: bool) -> bytes:
    """The BPF program for a tier; without namespaces it also refuses connect() and sockets that reach by path."""
    build = _Builder()
    no, masked = build.library.NE, build.library.MASKED_EQ
    for names, code in ((REFUSED, errno.EPERM), (IGNORED, 0), (ABSENT, errno.ENOSYS)):
        for name in names:
            build.refuse(name, code)
    build.refuse("socket", errno.EACCES, (0, no, _AF_UNIX))
    build.refuse("socketpair", errno.EACCES, (0, no, _AF_UNIX))
    if not namespaces:
        build.refuse("connect", errno.EACCES)
        for kind in _DATAGRAM_LIKE:
            build.refuse("socket", errno.EACCES, (1, masked, 0xF, kind))
    for flag in _NAMESPACE_FLAGS:
        build.refuse("clone", errno.EPERM, (0, masked, flag, flag))
    build.refuse("prlimit64", errno.EPERM, (0, no, 0))  # a process of the same user may lower another's limits
    build.refuse("sched_setaffinity", errno.EPERM, (0, no, 0))
    for request in _TERMINAL_INJECTION:
        build.refuse("ioctl", errno.EPERM, (1, masked, 0xFFFFFFFF, request))
    return build.program()


def compile_signal_filter(process: int) -> bytes:
    """The BPF program that lets a process signal only itself: for kernels whose Landlock does not scope signals."""
    build = _Builder()
    no, equal = build.library.NE, build.library.EQ
    for name in ("kill", "tgkill"):
        build.refuse(name, errno.EPERM, (0, no, process))
    for name in ("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"):
        build.refuse(name, errno.EPERM)
    for command in (8, 10, 15):  # F_SETOWN, F_SETSIG, F_SETOWN_EX
        build.refuse("fcntl", errno.EPERM, (1, equal, command))
    return build.program()


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def load(program: bytes) -> None:
    """Put a compiled filter into force for this process and its children, for good."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = _Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    prctl(Prctl.NO_NEW_PRIVS, 1)
    zero = ctypes.c_ulong(0)
    checked(libc.prctl(Prctl.SECCOMP, ctypes.c_ulong(2), ctypes.byref(header), zero, zero), "seccomp")
