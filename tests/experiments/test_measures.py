"""What K2 and K3 measure, against numpy, scipy and torch's own convolution."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg
import torch

from experiments import k2, k3


def test_correlation_by_distance_is_the_mean_of_numpys():
    images = torch.rand(40, 4, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    pixels = np.corrcoef(images.flatten(1).T.numpy()).reshape(4, 5, 4, 5)
    across = [pixels[row, column, row, column + 2] for row in range(4) for column in range(3)]
    down = [pixels[row, column, row + 2, column] for row in range(2) for column in range(5)]
    found = k2.correlation_by_distance(images, farthest=2, inked=0)
    assert found[1] == pytest.approx(np.mean(across + down), abs=1e-5)


def test_pixels_without_ink_do_not_count():
    images = torch.rand(40, 4, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    framed = torch.nn.functional.pad(images, (3, 3, 3, 3))
    expected = k2.correlation_by_distance(images, 3, 0.01)
    assert k2.correlation_by_distance(framed, 3, 0.01) == pytest.approx(expected, abs=1e-6)


def test_the_matrix_of_a_signal_is_scipys_toeplitz():
    kernel = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    expected = scipy.linalg.toeplitz([2, 1, 0, 0, 0, 0], [2, 3, 0, 0, 0, 0])
    np.testing.assert_array_equal(k3.toeplitz(kernel, 1, 6), expected)


@pytest.mark.parametrize("shape", [(3, 3), (1, 5), (5, 3)], ids=str)
def test_the_matrix_of_a_picture_is_torchs_convolution(shape):
    kernel, pictures = torch.randn(shape, dtype=torch.float64), torch.randn(2, 6, 9, dtype=torch.float64)
    padding = (shape[0] // 2, shape[1] // 2)
    expected = torch.nn.functional.conv2d(pictures[:, None], kernel[None, None], padding=padding).flatten(1)
    torch.testing.assert_close(pictures.flatten(1) @ k3.toeplitz(kernel, 6, 9).T, expected, rtol=0, atol=1e-13)


def test_patches_times_kernel_is_the_convolution():
    pictures = torch.randn(2, 6, 9, dtype=torch.float64)
    kernel = torch.randn(3, 5, dtype=torch.float64)
    by_hand = (k3.patches(pictures, kernel.shape) @ kernel.reshape(-1, 1)).reshape(pictures.shape)
    expected = torch.nn.functional.conv2d(pictures[:, None], kernel[None, None], padding=(1, 2))[:, 0]
    torch.testing.assert_close(by_hand, expected)


@pytest.mark.parametrize("rows", [4, 30], ids=["too-few", "enough"])
def test_least_squares_is_numpys_of_least_norm(rows):
    inputs, targets = torch.randn(rows, 9, dtype=torch.float64), torch.randn(rows, 2, dtype=torch.float64)
    expected = np.linalg.pinv(inputs.numpy()) @ targets.numpy()
    np.testing.assert_allclose(k3.least_squares(inputs, targets), expected, atol=1e-10)


def test_adam_arrives_at_least_squares_when_there_are_enough_examples():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(80, 9, dtype=torch.float64, generator=generator)
    targets = torch.randn(80, 2, dtype=torch.float64, generator=generator)
    found = k3.adam(inputs, targets, replace(k3.DEFAULT, adam_steps=1000))
    torch.testing.assert_close(found, k3.least_squares(inputs, targets), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [([0.5, 0.05, 0.01], 20), ([0.05, 0.5, 0.01], 40), ([0.01, 0.01, 0.01], 10), ([0.01, 0.01, 0.5], None)],
    ids=["falls", "rises-and-falls", "at-once", "never"],
)
def test_needed_is_where_the_error_stays_below_the_goal(errors, expected):
    assert k3.needed(errors, (10, 20, 40), goal=0.1) == expected


def test_the_dense_layer_needs_as_many_clean_examples_as_inputs():
    settings = replace(k3.DEFAULT, length=12, examples=(1, 11, 12), adam_steps=1, test_signals=50)
    errors = k3.learn_signals(0, 0.0, settings)
    assert errors["dense_least_squares"][1] > 0.05
    assert errors["dense_least_squares"][2] < 1e-9
    assert errors["convolution_least_squares"][0] < 1e-9
