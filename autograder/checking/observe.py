"""Runs a student's object on the inputs of a case and reports, as plain data, what it did.

This half of a check may run in the student's own process: it holds no expected value. `diagnose` is the other half.
"""

from __future__ import annotations

import contextlib
import dis
import io
import linecache
import random
import re
import sysconfig
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.random.mtrand import get_bit_generator, set_bit_generator
from torch import nn

from autograder.checking import trees, wire
from autograder.checking.operators import cotangent, watch
from autograder.checking.records import Call, CallRecord, Case, Failure, Observation

CUT_OFF = "the output is cut off from its inputs, so no gradient can flow back"
OVERWRITTEN = "a tensor that is needed on the way back was changed in place"
OURS = (str(Path(__file__).parents[1]), str(Path(torch.__file__).parent), "<frozen")
_LIBRARY = sysconfig.get_path("stdlib")
_PACKAGES = re.compile(r"[/\\](site|dist)-packages[/\\]")
_RAISE = dis.opmap["RAISE_VARARGS"]
_NUMPY = np.random.MT19937()  # in NumPy's place while a student's code is called


class Stop(Exception):
    """Ends an observation early with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def observe(target: Any, case: Case, *, forbid: Sequence[str] = (), kind: str = "function") -> Observation:
    """What `target` does on `case`: one `CallRecord` a call, or a failure.

    Raises nothing for what the student's code does, except KeyboardInterrupt and other non-Exception signals.
    """
    records: list[CallRecord] = []
    seen_forbidden: list[str] = []
    start, started = time.perf_counter(), time.thread_time()
    with _quiet() as notes, _fixed_seed(), torch.inference_mode(False), torch.enable_grad():
        try:
            subject = _construct(target, case, kind)
            for index, call in enumerate(case.calls):
                records.append(_one_call(subject, call, index, case, forbid, seen_forbidden))
            failure = None
        except Stop as stop:
            failure = stop.failure
    return Observation(
        calls=tuple(records),
        failure=failure,
        forbidden=tuple(dict.fromkeys(seen_forbidden)),
        seconds=min(time.perf_counter() - start, time.thread_time() - started),  # a busy machine is not their fault
        notes=tuple(notes),
    )


def answer(
    request: dict[str, Any], tensors: dict[str, torch.Tensor], namespace: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The wire form of `observe`: looks up `request["exercise"]` in `namespace`, runs it, encodes the observation."""
    name = request["exercise"]
    if name not in namespace:
        observation = Observation(failure=Failure("missing", f"{name} is not defined"))
        return wire.encode_observation(observation)
    case = wire.decode_case(request["case"], tensors)
    forbid = tuple(request.get("forbid", ()))
    return wire.encode_observation(observe(namespace[name], case, forbid=forbid, kind=request["kind"]))


def warm() -> None:
    """Answer once, so that the processes which are forked from this one need not set up what every answer uses."""
    case = Case("warm", calls=(Call((torch.ones(2, 2),), names=("x",)),), gradients=("x",))
    spec, tensors = wire.encode_case(case)
    request = {"exercise": "square", "kind": "function", "forbid": ["conv*", "numpy.*"], "case": spec}
    answer(request, tensors, {"square": lambda x: x @ x})


def _construct(target: Any, case: Case, kind: str) -> Any:
    if isinstance(target, type) and kind != "module":
        raise Stop(Failure("not callable", f"{target.__name__} is a class; a function is expected"))
    if not callable(target):
        raise Stop(Failure("not callable", f"it is {trees.type_in_words(target)}, which cannot be called"))
    if kind != "module":
        return target
    if not isinstance(target, type):
        what = "pass the class itself, not one of its objects"
        if not isinstance(target, nn.Module):
            what = f"it is {trees.type_in_words(target)}"
        raise Stop(Failure("not callable", f"a class is expected: {what}"))
    init = case.init or Call()
    module = _run(lambda: target(*_fresh(init.args), **_fresh(dict(init.kwargs))), 0)
    if not isinstance(module, nn.Module):
        raise Stop(Failure("not callable", f"{target.__name__} does not inherit from nn.Module"))
    if "_parameters" not in vars(module):
        raise Stop(Failure("not callable", "its __init__ does not call super().__init__(), which makes it one"))
    if case.state is not None:
        _load(module, case.state)
    return module


def _load(module: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Loads the reference's parameters by name; buffers are the module's own affair. A mismatch is a failure."""
    own = dict(module.named_parameters())
    problems = [f"{k} is missing" for k in state if k not in own]
    problems += [f"{k} is not expected" for k in own if k not in state]
    for k in state:
        if k in own and own[k].shape != state[k].shape:
            problems.append(f"{k} has shape {tuple(own[k].shape)}, expected {tuple(state[k].shape)}")
    if problems:
        raise Stop(Failure("state", "; ".join(problems[:6])))
    if state:
        module.to(next(iter(state.values())).dtype)
    with torch.no_grad():
        for k, parameter in module.named_parameters():
            parameter.copy_(state[k])


def _one_call(subject: Any, call: Call, index: int, case: Case, forbid: Sequence[str], seen: list[str]) -> CallRecord:
    if call.train is not None and isinstance(subject, nn.Module):
        mode = call.train
        _run(lambda: subject.train(mode), index)
    method = call.method
    function = _run(lambda: getattr(subject, method), index) if method else subject
    sources, given = _inputs(call, case)
    before = trees.map_tensors(lambda t: t.detach().clone(), call.inputs())
    with watch(forbid, flops=case.flops is not None) as seen_now:
        output = _run(lambda: function(*given.args, **given.kwargs), index)
        encoder = trees.Encoder(lenient=True)
        spec = _run(lambda: encoder.encode(output), index)  # inside the watch: a generator runs here
    seen.extend(seen_now.forbidden)
    gradients, problem = _gradients(subject, output, sources, case, index)
    return CallRecord(
        output=_run(lambda: trees.decode(spec, encoder.tensors, output=True), index),
        gradients=gradients,
        gradient_problem=problem,
        changed=_changed(before, given.inputs()),
        flops=seen_now.flops,
    )


def _inputs(call: Call, case: Case) -> tuple[dict[str, torch.Tensor], Call]:
    """(leaf tensors to differentiate by path, the call with fresh inputs). Clones of leaves, so in-place work shows."""
    sources: dict[str, torch.Tensor] = {}

    def fresh(name: str, value: Any) -> Any:
        if name not in case.gradients:
            return _fresh(value)

        def tracked(tensor: torch.Tensor) -> torch.Tensor:
            if not tensor.is_floating_point():
                return tensor.clone()
            leaf = tensor.detach().clone().requires_grad_()
            sources[f"{name}#{len(sources)}"] = leaf
            return leaf.clone()

        return trees.map_tensors(tracked, value)

    args = tuple(fresh(call.names[i] if i < len(call.names) else "", a) for i, a in enumerate(call.args))
    kwargs = {k: fresh(k, v) for k, v in call.kwargs.items()}
    return sources, Call(args, kwargs, call.train, call.method, call.names)


def _fresh(value: Any) -> Any:
    """A copy the student may keep: tensors cloned, generators restarted from their seed."""
    if isinstance(value, torch.Generator):
        return torch.Generator().manual_seed(value.initial_seed())
    if isinstance(value, Mapping):
        return {k: _fresh(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_fresh(v) for v in value)
    return trees.map_tensors(lambda t: t.detach().clone(), value)


def _gradients(
    subject: Any, output: Any, sources: dict[str, torch.Tensor], case: Case, index: int
) -> tuple[dict[str, torch.Tensor | None], str]:
    if not case.gradients:
        return {}, ""
    wanted = dict(sources)
    if "parameters" in case.gradients and isinstance(subject, nn.Module):
        wanted |= {f"parameters[{n!r}]": p for n, p in subject.named_parameters()}
    outputs = [v for _, v in trees.leaves(output, "") if isinstance(v, torch.Tensor) and v.is_floating_point()]
    outputs = [v for v in outputs if v.requires_grad and not v.is_meta]
    if not outputs:
        return dict.fromkeys(wanted), CUT_OFF
    loss = torch.stack([(v * cotangent(v, i)).sum().cpu().double() for i, v in enumerate(outputs)]).sum()
    grads = _run(lambda: _differentiate(loss, list(wanted.values())), index)
    if grads is None:
        return dict.fromkeys(wanted), OVERWRITTEN
    return {k: None if g is None else g.detach().cpu() for k, g in zip(wanted, grads, strict=True)}, ""


def _differentiate(loss: torch.Tensor, sources: list[torch.Tensor]) -> tuple[torch.Tensor | None, ...] | None:
    """The gradients, or None where a value that they need was overwritten after it was computed."""
    try:
        return torch.autograd.grad(loss, sources, allow_unused=True)
    except RuntimeError as error:
        if "modified by an inplace operation" in str(error):
            return None
        raise


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the inputs whose values are not what they were."""
    changed = []
    for name, old in before.items():
        pairs = zip(trees.leaves(old, name), trees.leaves(after.get(name), name), strict=False)
        if len(list(trees.leaves(old, ""))) != len(list(trees.leaves(after.get(name), ""))) or not all(
            _same(a, b) for (_, a), (_, b) in pairs
        ):
            changed.append(name)
    return tuple(changed)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        if not isinstance(b, torch.Tensor) or a.shape != b.shape or a.dtype != b.dtype:
            return False
        b = b.detach()
        return bool(((a == b) | ((a != a) & (b != b))).all())
    return isinstance(a, torch.Generator) or bool(a == b)


def _run(step: Callable[[], Any], index: int) -> Any:
    """`step()`, any exception of the student's turned into a failure that says where in their code."""
    try:
        return step()
    except Stop:
        raise
    except (Exception, SystemExit) as error:  # whatever student code raises is a verdict
        raise Stop(_failure(error, index)) from None


def _failure(error: BaseException, index: int) -> Failure:
    steps = _own_steps(error.__traceback__)
    if type(error) is NotImplementedError and steps and _says_raise(steps[-1]):
        called, raising = _defined_as(steps[0]), _defined_as(steps[-1])
        return Failure("not implemented", "not implemented yet", source=raising * (raising != called), call=index)
    message = " ".join(str(error).split())[:300]
    return Failure("raised", message, type(error).__name__, *place(error), call=index)


def place(error: BaseException) -> tuple[int, str]:
    """(line, its text) in the student's own code where `error` came up; (0, "") where none of it took part."""
    steps = _own_steps(error.__traceback__)
    if not steps:
        return 0, ""
    file, line = steps[-1].tb_frame.f_code.co_filename, steps[-1].tb_lineno
    return line, linecache.getline(file, line).strip()[:200]


def _own_steps(tb: TracebackType | None) -> list[TracebackType]:
    """The steps of a traceback in the student's own code, outermost first; none of packages and none of Python."""
    steps = []
    while tb is not None:
        file = tb.tb_frame.f_code.co_filename
        if not file.startswith((*OURS, _LIBRARY)) and not _PACKAGES.search(file):
            steps.append(tb)
        tb = tb.tb_next
    return steps


def _says_raise(step: TracebackType) -> bool:
    """Whether a `raise` stands there, and not a call of something in C that raised, as an operator of torch may."""
    return step.tb_next is None and step.tb_frame.f_code.co_code[step.tb_lasti] == _RAISE


def _defined_as(step: TracebackType) -> str:
    """The name under which the code at a step is defined: of a method the class, of an inner function the outer one."""
    return step.tb_frame.f_code.co_qualname.split(".")[0]


@contextlib.contextmanager
def _quiet() -> Iterator[list[str]]:
    """Collects warnings and stderr as notes: nbgrader scores a test cell with any stderr 0."""
    notes: list[str] = []
    stderr = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stderr(stderr):
        warnings.simplefilter("default")
        yield notes
    notes.extend(f"{w.category.__name__}: {_warning(w)}" for w in caught[:3])
    if stderr.getvalue().strip():
        notes.append(f"stderr: {stderr.getvalue().strip()[:200]}")


def _warning(caught: warnings.WarningMessage) -> str:
    """The words of a warning, without the place in torch's own C++ that it came from."""
    return " ".join(str(caught.message).split(" (Triggered internally")[0].split())[:200]


@contextlib.contextmanager
def _fixed_seed(seed: int = 0) -> Iterator[None]:
    """Every global generator seeded inside, and as it was outside: a check changes nothing in the notebook."""
    numpy_state, python_state = np.random.get_state(legacy=False), random.getstate()
    generator = get_bit_generator()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed formats the stack for each kind of accelerator
        set_bit_generator(_NUMPY)  # to put a state back takes longer than to put the generator back
        np.random.seed(seed)
        random.seed(seed)
        try:
            yield
        finally:
            set_bit_generator(generator)
            if numpy_state["has_gauss"]:  # half of a pair of normal numbers, which goes with the generator
                np.random.set_state(numpy_state)
            random.setstate(python_state)
