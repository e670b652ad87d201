"""The drawing functions of ch03, against torch and against counting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch.nn import functional as F

from explorables import ch03_convolution as demos

GEOMETRIES = [(s, p, r) for s in (1, 2, 3) for p in (0, 1, 2) for r in (1, 2, 3)]


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """No figure outlives its test."""
    yield
    plt.close("all")


@pytest.mark.parametrize(("stride", "padding", "dilation"), GEOMETRIES)
def test_output_size_is_that_of_torch(stride: int, padding: int, dilation: int) -> None:
    x, w = torch.zeros(1, 1, demos.INPUTS), torch.zeros(1, 1, demos.KERNEL)
    expected = F.conv1d(x, w, stride=stride, padding=padding, dilation=dilation).shape[-1]
    assert demos.output_size(demos.INPUTS, demos.KERNEL, padding, stride, dilation) == expected


@pytest.mark.parametrize(("stride", "padding", "dilation"), GEOMETRIES)
def test_picture_of_geometry_joins_each_output_with_the_inputs_it_depends_on(
    stride: int, padding: int, dilation: int
) -> None:
    single = torch.eye(demos.INPUTS)[:, None]
    seen = F.conv1d(single, torch.ones(1, 1, demos.KERNEL), stride=stride, padding=padding, dilation=dilation)[:, 0]
    figure = demos.geometry(stride, padding, dilation)
    lines = sorted((line.get_xdata()[1], line.get_xdata()[0]) for line in figure.axes[0].lines)
    inside = [int(place) for _, place in lines if 0 <= place < demos.INPUTS]
    assert len(lines) == demos.KERNEL * seen.shape[1]
    assert np.bincount(inside, minlength=demos.INPUTS).tolist() == seen.sum(1).int().tolist()


def cases_of_cone() -> list[tuple[int, int, str]]:
    return [(layers, kernel, way) for layers in (1, 2, 3, 4) for kernel in (3, 5) for way in demos.WAYS]


def dependencies(stack: list[tuple[int, int, int]]) -> torch.Tensor:
    """Places of the input whose gradient at one unit of the top layer is not zero."""
    x = torch.zeros(1, 1, 301, requires_grad=True)
    y = x
    for kernel, stride, dilation in stack:
        y = F.conv1d(y, torch.ones(1, 1, kernel), stride=stride, dilation=dilation)
    y[0, 0, y.shape[-1] // 2].backward()
    return x.grad[0, 0].nonzero()[:, 0]


@pytest.mark.parametrize(("layers", "kernel", "way"), cases_of_cone())
def test_receptive_field_is_where_the_gradient_reaches(layers: int, kernel: int, way: str) -> None:
    stack = demos.layers_of(way, kernel, layers)
    reached = dependencies(stack)
    assert demos.receptive_field(stack) == int(reached[-1] - reached[0]) + 1


@pytest.mark.parametrize(("layers", "kernel", "way"), cases_of_cone())
def test_cone_marks_as_many_inputs_as_the_gradient_reaches(layers: int, kernel: int, way: str) -> None:
    marked = demos.cone(layers, kernel, way).axes[0].lines[-1].get_xdata()
    reached = dependencies(demos.layers_of(way, kernel, layers))
    assert (np.asarray(marked) - min(marked)).tolist() == (reached - reached[0]).tolist()


def test_every_cone_fits_its_axes() -> None:
    widest = max(demos.receptive_field(demos.layers_of(way, kernel, layers)) for layers, kernel, way in cases_of_cone())
    assert (widest - 1) // 2 <= demos.REACH


@pytest.mark.parametrize("share", demos.SHARES)
def test_shuffle_loses_no_pixel(share: int) -> None:
    assert sorted(demos.partial_shuffle(784, share)) == list(range(784))


def test_shuffle_of_nothing_moves_nothing() -> None:
    assert (demos.partial_shuffle(784, 0) == np.arange(784)).all()


def test_correlation_is_one_for_pictures_of_one_shade() -> None:
    shades = np.random.default_rng(0).normal(size=(200, 1, 1))
    assert np.allclose(demos.correlation_by_distance(np.tile(shades, (1, 12, 12))), 1)


def test_correlation_of_neighbours_is_that_of_numpy() -> None:
    images = np.random.default_rng(0).normal(size=(50, 1, 9)).cumsum(2) * np.ones((1, 9, 1))
    across = [np.corrcoef(images[:, 0, column], images[:, 0, column + 1])[0, 1] for column in range(8)]
    down = np.ones(8 * 9)
    expected = np.mean([*np.repeat(across, 9), *down])
    assert demos.correlation_by_distance(images, np.array([1]))[0] == pytest.approx(expected)


@pytest.mark.parametrize("make", [demos.stride_padding_dilation, demos.receptive_cone, demos.shuffle_pixels])
def test_every_setting_has_words_of_its_own(make) -> None:
    demo = make()
    words = [demo.alt_at(position) for position in demo.positions()]
    assert len(set(words)) == len(words)


def test_correlate_is_the_convolution_of_torch() -> None:
    picture, kernel = demos.pictures()["a ring"], np.array(demos.KERNELS["vertical edges"], dtype=np.float32)
    expected = F.conv2d(torch.from_numpy(picture)[None, None], torch.from_numpy(kernel)[None, None])[0, 0]
    assert np.allclose(demos.correlate(picture, kernel), expected, atol=1e-5)
