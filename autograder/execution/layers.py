"""Which layers of confinement this machine gives, found by trying each in a process that is thrown away."""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass

from .records import Tier

__all__ = ["Layers", "probe"]


@dataclass(frozen=True, slots=True)
class Layers:
    """What holds here. An empty reason means that the layer works; otherwise it says why it does not."""

    system: str
    user: int
    namespaces: str
    landlock_abi: int
    seccomp: str

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers that can be had, strongest first."""
        found = []
        if not self.namespaces and not self.seccomp:
            found.append(Tier.NAMESPACES)
        if self.landlock_abi and not self.seccomp:
            found.append(Tier.PLAIN)
        return (*found, Tier.NONE) if self.system == "Linux" else ()

    def to_json(self) -> dict:
        """The fields as JSON data."""
        return asdict(self)


def probe() -> Layers:
    """The layers of this machine. Needs a single-threaded process that has not forked yet."""
    if platform.system() != "Linux":
        reason = f"{platform.system()} has no such layer"
        return Layers(platform.system(), -1, reason, 0, reason)
    from . import landlock, seccomp

    return Layers("Linux", os.getuid(), _try(_namespaces), landlock.abi(), seccomp.available())


def _try(attempt: Callable[[], None]) -> str:
    """An empty string when `attempt` succeeds in a child process, else what it raised."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            attempt()
        except BaseException as problem:
            os.write(writing, f"{type(problem).__name__}: {problem}".encode()[:1000])
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def _namespaces() -> None:
    """Enter every namespace and build a whole root: some systems allow the first and then refuse the mounts."""
    from .namespaces import Root, enter, system_paths

    with tempfile.TemporaryDirectory() as mount_point:
        enter()
        root = Root(mount_point, tuple(system_paths()), "/home/student", 1 << 20, 100, 1 << 20, os.getuid())
        failure = _try(root.enter)
        if failure:
            raise OSError(failure)


if __name__ == "__main__":
    json.dump(probe().to_json(), sys.stdout)
