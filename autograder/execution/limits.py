"""What one submission may use."""

from dataclasses import asdict, dataclass

__all__ = ["Limits"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one submission, in seconds, bytes and counts. Memory and processes come on top of the warm parent's.

    Example:
        >>> Limits(cell_seconds=5).cell_seconds
        5
    """

    start_seconds: float = 20.0  # from fork to the first line of student code
    cell_seconds: float = 60.0
    answer_seconds: float = 60.0
    notebook_seconds: float = 600.0  # wall clock of the whole submission
    grace_seconds: float = 1.0  # between the interrupt and the kill
    cpu_seconds: int = 1200  # of each process
    memory_bytes: int = 2048 * _MIB
    processes: int = 64  # threads count
    disk_bytes: int = 200 * _MIB
    files: int = 5000
    file_bytes: int = 100 * _MIB
    open_files: int = 256
    stream_bytes: int = _MIB  # printed text kept per cell
    outputs: int = 500  # display outputs kept per cell
    reply_bytes: int = 16 * _MIB  # JSON of one reply: all outputs of a cell
    shown_bytes: int = 32 * _MIB  # JSON of all replies to cells: what a notebook shows in all is kept to its end
    tensor_bytes: int = 256 * _MIB  # tensors of one reply
    threads: int = 1  # of torch, inside the submission

    def __post_init__(self):
        for name, value in asdict(self).items():
            if not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"Limits.{name}: expected a number above 0, got {value!r}; give a larger one")
