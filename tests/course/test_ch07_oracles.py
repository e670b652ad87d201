"""The solutions of ch07_residual against torch's own layers and autograd."""

import pytest
import torch
from torch import nn

TINY = {"rtol": 0, "atol": 1e-12}


def test_a_block_with_the_target_as_its_branch_computes_the_map(solution, normal):
    x, W = normal(4, 3), normal(3, 3)
    block = solution.residual(x, lambda h: solution.residual_target(lambda v: torch.tanh(v @ W), h))
    torch.testing.assert_close(block, torch.tanh(x @ W), **TINY)


def test_a_stack_of_blocks_with_zero_last_layers_is_the_identity(solution, normal):
    x = y = normal(5, 4)
    for _ in range(6):
        layers = solution.zero_init_last([(normal(7, 4), normal(7)), (normal(4, 7), normal(4))])
        branch = nn.Sequential(nn.Linear(4, 7), nn.ReLU(), nn.Linear(7, 4)).double()
        with torch.no_grad():
            for layer, (W, b) in zip((branch[0], branch[2]), layers, strict=True):
                layer.weight.copy_(W)
                layer.bias.copy_(b)
        y = solution.residual(y, branch)
    assert torch.equal(x, y)


@pytest.mark.parametrize("skip", [False, True])
def test_gradient_product_is_autograds_jacobian_of_the_stack(solution, normal, skip):
    jacobians = normal(4, 3, 3)

    def stack(x):
        for jacobian in jacobians:
            x = jacobian @ x + (x if skip else 0)
        return x

    expected = torch.autograd.functional.jacobian(stack, normal(3))
    torch.testing.assert_close(solution.gradient_product(jacobians, skip), expected, **TINY)


@pytest.mark.parametrize("momentum", [0.1, 0.4])
def test_ten_batches_and_an_evaluation_are_those_of_torchs_batch_norm(solution, normal, momentum):
    layer = nn.BatchNorm1d(3, momentum=momentum, affine=False).double()
    stats = layer.running_mean.clone(), layer.running_var.clone()
    for _ in range(10):
        x = 3 * normal(5, 3) + 1
        y, stats = solution.batch_norm(x, stats, True, momentum)
        torch.testing.assert_close(y, layer(x), **TINY)
    torch.testing.assert_close(stats, (layer.running_mean, layer.running_var), **TINY)
    x = normal(1, 3)
    torch.testing.assert_close(solution.batch_norm(x, stats, False)[0], layer.eval()(x), **TINY)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 5, 4)])
def test_layer_norm_is_torchs(solution, normal, shape):
    x, gain, bias = normal(*shape), normal(4), normal(4)
    expected = torch.nn.functional.layer_norm(x, (4,), gain, bias)
    torch.testing.assert_close(solution.layer_norm(x, gain, bias), expected, **TINY)


@pytest.mark.parametrize("norm_first", [True, False])
def test_two_blocks_are_torchs_encoder_layer(solution, normal, norm_first):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(6, 2, 9, dropout=0.0, batch_first=True, norm_first=norm_first).double()
    block = solution.pre_norm_block if norm_first else solution.post_norm_block
    x = normal(2, 5, 6)
    attended = block(x, lambda h: layer.self_attn(h, h, h)[0], layer.norm1.weight, layer.norm1.bias)
    feed_forward = nn.Sequential(layer.linear1, nn.ReLU(), layer.linear2)
    out = block(attended, feed_forward, layer.norm2.weight, layer.norm2.bias)
    torch.testing.assert_close(out, layer(x), **TINY)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_projection_is_torchs_convolution_of_kernel_one(solution, normal, stride):
    x, W, kernel = normal(2, 3, 8), normal(5, 3), normal(5, 3, 3)

    def branch(v):
        return torch.nn.functional.conv1d(v, kernel, stride=stride, padding=1)

    expected = torch.nn.functional.conv1d(x, W[:, :, None], stride=stride) + branch(x)
    torch.testing.assert_close(solution.projection_shortcut(x, branch, W, stride), expected, **TINY)
