"""Which operators a student's code really calls, and what they cost. No text is read: `import x as y` hides nothing."""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


@dataclass(slots=True)
class Watch:
    """What `watch` saw: the forbidden names called, in order of first call, and the FLOPs counted."""

    forbidden: list[str] = field(default_factory=list)
    flops: int = 0
    patterns: tuple[str, ...] = ()

    def see(self, name: str) -> None:
        if _fits(name, self.patterns) and name not in self.forbidden:
            self.forbidden.append(name)


@lru_cache(4096)
def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


class _Dispatched(TorchDispatchMode):
    """Sees every operator that reaches the dispatcher (`convolution`, `_softmax`, `im2col`)."""

    def __init__(self, seen: Watch) -> None:
        super().__init__()
        self._seen = seen

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # otherwise the first use imports torch._dynamo: about a second

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._seen.see(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


class _Counted(TorchDispatchMode):
    """Adds up FLOPs by the formulas of torch's FlopCounterMode, without its table of modules and torch._dynamo."""

    def __init__(self, seen: Watch) -> None:
        super().__init__()
        self._seen = seen

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        formula = flop_registry.get(func.overloadpacket)
        if formula is None and func._can_decompose():  # what no formula knows is counted by its parts
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        out = func(*args, **kwargs)
        if formula is not None:
            self._seen.flops += int(formula(*args, **kwargs, out_val=out))
        return out


class _Called(TorchFunctionMode):
    """Sees calls of torch's Python API (`outer`, `einsum`, `conv2d`), also those that decompose before dispatch."""

    def __init__(self, seen: Watch) -> None:
        super().__init__()
        self._seen = seen

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._seen.see(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {}))


@contextmanager
def _python_calls(seen: Watch) -> Iterator[None]:
    """Sees functions named with a dot in `patterns` (`numpy.convolve`, `scipy.*`), by the module that defines them."""

    known: dict[int, CodeType] = {}  # held, or another could get its number

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            code = frame.f_code
            if id(code) in known:
                return
            known[id(code)] = code
            seen.see(f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_name}")
            seen.see(f"{str(frame.f_globals.get('__name__', '')).split('.')[0]}.{frame.f_code.co_name}")
        elif event == "c_call":
            seen.see(f"{str(getattr(arg, '__module__', '')).split('.')[0]}.{getattr(arg, '__name__', '')}")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before if callable(before) else None)


@contextmanager
def watch(forbid: Sequence[str], *, flops: bool) -> Iterator[Watch]:
    """A `Watch` filled while the block runs.

    forbid: patterns of operator names as in `fnmatch`: "conv*" for torch's, "numpy.convolve" for other libraries'.
    flops: whether to count FLOPs by torch's own formulas (matrix products, convolutions, attention).
    """
    seen = Watch(patterns=tuple(forbid))
    with ExitStack() as stack:
        if flops:
            stack.enter_context(_Counted(seen))
        if any("." not in p for p in forbid):
            stack.enter_context(_Dispatched(seen))
            stack.enter_context(_Called(seen))
        if any("." in p for p in forbid):
            stack.enter_context(_python_calls(seen))
        yield seen


def cotangent(output: torch.Tensor, index: int) -> torch.Tensor:
    """The fixed weights w with which gradients are taken, d(sum w * output): uneven, so that no axis can be swapped."""
    position = torch.arange(output.numel(), dtype=torch.float64, device="cpu")  # some devices know no float64
    return (torch.cos(0.7 * position + 1.0 + index) + 0.1).reshape(output.shape).to(output)
