"""Cell outputs from a student's process, made into valid nbformat 4 outputs or refused."""

from typing import Any

from .frames import Malformed

__all__ = ["clean"]

_MAX_TRACEBACK = 1000


def clean(outputs: Any, at_most: int) -> tuple[dict[str, Any], ...]:
    """`outputs` rebuilt field by field; raises `Malformed` when they are not nbformat outputs.

    Lone surrogates, which no notebook file can hold, become question marks.
    """
    if not isinstance(outputs, list) or len(outputs) > at_most:
        raise Malformed(f"expected a list of at most {at_most} outputs")
    try:
        return tuple(_output(output) for output in outputs)
    except RecursionError:
        raise Malformed("an output is nested too deeply") from None


def _output(output: Any) -> dict[str, Any]:
    kind = output.get("output_type") if isinstance(output, dict) else None
    build = _KINDS.get(kind) if isinstance(kind, str) else None
    if build is None:
        raise Malformed(f"an output has the type {str(kind)[:50]!r}")
    return {"output_type": kind, **build(output)}


def _stream(output: dict[str, Any]) -> dict[str, Any]:
    if output.get("name") not in ("stdout", "stderr"):
        raise Malformed("a stream is neither stdout nor stderr")
    return {"name": output["name"], "text": _text(output.get("text"))}


def _display(output: dict[str, Any]) -> dict[str, Any]:
    return {"data": _bundle(output.get("data")), "metadata": _object(output.get("metadata", {}))}


def _result(output: dict[str, Any]) -> dict[str, Any]:
    return {**_display(output), "execution_count": count(output.get("execution_count"))}


def _error(output: dict[str, Any]) -> dict[str, Any]:
    lines = output.get("traceback")
    if not isinstance(lines, list) or len(lines) > _MAX_TRACEBACK:
        raise Malformed("a traceback is not a short list")
    return {
        "ename": _text(output.get("ename")),
        "evalue": _text(output.get("evalue")),
        "traceback": [_text(line) for line in lines],
    }


_KINDS = {"stream": _stream, "display_data": _display, "execute_result": _result, "error": _error}


def count(value: Any) -> int | None:
    """An execution count, or None; raises `Malformed` for anything else."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31):
        return value
    raise Malformed("an execution count is not a small number")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Malformed(f"expected text, got {type(value).__name__}")
    return value.encode("utf-8", "replace").decode()


def _bundle(value: Any) -> dict[str, Any]:
    return {kind: data if _is_json(kind) else _lines(data) for kind, data in _object(value).items()}


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _lines(value: Any) -> str | list[str]:
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value)):
        return value
    raise Malformed("the data of a mime type is neither text nor lines")


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("a mime bundle or its metadata is not an object")
    return _json(value)


def _json(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(name): _json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value
