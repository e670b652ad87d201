"""What the grader asks of the warm parent: one submission to start. JSON on the wire; it holds no secret."""

import json
from dataclasses import asdict, dataclass

from .limits import Limits
from .records import Tier

__all__ = ["Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """One submission to start.

    `home` is the student's working directory: an existing directory of theirs, or with namespaces the place for a new
    one. `files` is a directory whose regular files are copied into it first, or "". `user` is the uid to become when
    the parent is root. `readable` are paths beyond the system's that the student may read. `mount_point` is an empty
    directory.
    """

    tier: Tier
    limits: Limits
    home: str
    mount_point: str
    user: int
    files: str
    readable: tuple[str, ...]
    seed: int
    landlock_abi: int

    def to_bytes(self) -> bytes:
        """The order as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Order":
        """The order that `to_bytes` wrote."""
        fields = json.loads(data)
        typed = {"tier": Tier(fields["tier"]), "limits": Limits(**fields["limits"])}
        return cls(**{**fields, **typed, "readable": tuple(fields["readable"])})
