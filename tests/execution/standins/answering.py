"""A stand-in for the checker's answering function: calls what the request names with the tensors it is given."""

import torch


def answer(request, tensors, namespace):
    """The named function's result as ({"name": ...}, {"output": tensor}); what it raises, as {"raised": ...}."""
    function = namespace.get(request["name"])
    if function is None:
        return {"missing": request["name"]}, {}
    try:
        result = function(*tensors.values())
    except Exception as problem:
        return {"raised": type(problem).__name__}, {}
    if isinstance(result, dict):
        return {"name": request["name"]}, result
    return {"name": request["name"]}, {
        "output": result if isinstance(result, torch.Tensor) else torch.as_tensor(result)
    }
