"""The translator of the demo: the Transformer of K10 with its weights rounded to bytes, for a page to load."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from experiments import k10, models, transformer, translation


@dataclass(frozen=True, slots=True)
class TranslatorSettings:
    """How the model of the demo is trained; the same as K10's, with more sentences."""

    sentences: int = 20_000
    test_sentences: int = 500
    d_model: int = 48
    heads: int = 4
    d_ff: int = 192
    layers: int = 2
    batch: int = 64
    steps: int = 1200
    every: int = 1200
    apart: int = 40
    warmup: int = 300
    smoothing: float = 0.1
    seed: int = 4


TRANSLATOR = TranslatorSettings()


def trained() -> tuple[dict[str, Tensor], dict[str, object]]:
    """The trained tensors, each matrix as whole numbers from -127 to 127 with a `.scale` for every row; and words."""
    settings = TRANSLATOR
    pairs = translation.corpus(settings.sentences, settings.test_sentences, settings.seed)
    model, curve = k10.learned(settings, pairs, settings.seed)
    tensors = in_bytes(model)
    restore(model, tensors)
    return tensors, {
        "words": translation.vocabulary(),
        "parameters": models.count_parameters(model),
        "exact": round(curve[-1][0], 4),
        "exact_in_bytes": round(transformer.exact(model, pairs.new_source, pairs.new_target), 4),
        "new_sentences": len(pairs.new),
        "training": asdict(settings),
        "torch": torch.__version__.split("+")[0],
    }


def in_bytes(model: transformer.Transformer) -> dict[str, Tensor]:
    """The parameters, matrices as int8 and a scale for every row."""
    stored = {}
    for name, value in model.state_dict().items():
        if value.dim() == 2:
            scale = value.abs().amax(1).clamp_min(1e-12) / 127
            stored[name], stored[f"{name}.scale"] = (value / scale[:, None]).round().to(torch.int8), scale
        else:
            stored[name] = value.clone()
    return {name: value.detach().contiguous() for name, value in stored.items()}


@torch.no_grad()
def restore(model: transformer.Transformer, stored: dict[str, Tensor]) -> None:
    """Gives a model the parameters that `in_bytes` stored."""
    for name, value in model.state_dict().items():
        scale = stored.get(f"{name}.scale")
        value.copy_(stored[name] if scale is None else stored[name] * scale[:, None])
