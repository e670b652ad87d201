"""What K8 and K9 measure: nets of equal size, blocks that start as the identity, distances that do not round."""

import math

import pytest
import torch

from experiments import data, k8, k9
from experiments.models import count_parameters


@pytest.mark.parametrize("depth", [4, 16])
def test_all_kinds_of_nets_have_the_same_parameters_and_as_many_layers_as_they_say(depth):
    nets = [k8.classifier(40, 8, depth, kind) for kind in k8.LABELS]
    assert len({count_parameters(net) for net in nets}) == 1
    assert {len(k8.linears(net)) for net in nets} == {depth}


def test_residual_and_plain_blocks_differ_by_their_input_before_the_last_relu():
    x = torch.randn(6, 5, generator=torch.Generator().manual_seed(0)).abs()
    plain, residual = k8.Block(5, k8.PLAIN), k8.Block(5, k8.RESIDUAL)
    residual.load_state_dict(plain.state_dict())
    branch = plain.norms[1](plain.second(torch.relu(plain.norms[0](plain.first(x)))))
    torch.testing.assert_close(plain(x), torch.relu(branch))
    torch.testing.assert_close(residual(x), torch.relu(x + branch))


def test_a_block_that_starts_at_zero_gives_back_what_a_relu_gave_it():
    x = torch.randn(6, 5, generator=torch.Generator().manual_seed(0)).abs()
    assert torch.equal(k8.Block(5, k8.ZERO)(x), x)


def test_weights_that_keep_numbers_at_their_size_do_so_and_those_of_torch_do_not():
    x, sizes = torch.randn(4000, 64, generator=torch.Generator().manual_seed(0)), {}
    for kind in (k8.PLAIN, k8.SIZED):
        torch.manual_seed(0)
        sizes[kind] = float(k8.branch(64, kind)(x).square().mean().detach())
    assert sizes[k8.SIZED] == pytest.approx(1, abs=0.2)
    assert sizes[k8.PLAIN] < 0.2


def test_a_branch_at_zero_gives_zeros():
    assert not k8.branch(5, k8.ZERO)(torch.ones(2, 5)).any()


def test_gradient_norms_are_those_of_backward():
    x, y = data.mnist1d(50, 0)
    net = k8.classifier(40, 8, 4, k8.RESIDUAL)
    found = k8.gradient_norms(net, x, y)
    torch.nn.functional.cross_entropy(net(x), y).backward()
    assert found == pytest.approx([float(layer.weight.grad.norm()) for layer in k8.linears(net)], rel=1e-5)


def test_attention_is_torchs():
    x, (layer, *_) = k9.tokens(k9.QUICK, seed=1)
    q, k, v = (x @ layer[name] for name in ("query", "key", "value"))
    expected = torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]
    torch.testing.assert_close(k9.attention(x, layer), expected, rtol=0, atol=1e-12)


def test_the_distance_of_equal_tokens_is_zero_and_that_of_centred_ones_one():
    x = torch.randn(7, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert k9.distance(x[:1].expand(7, 4)) < 1e-15
    assert k9.distance(x - x.mean(0)) == pytest.approx(1)


def test_exact_distances_are_the_plain_ones_where_these_are_not_rounded():
    x, layers = k9.tokens(k9.DEFAULT, seed=2)
    plain, h = [k9.distance(x)], x
    for layer in layers[:3]:
        h = k9.attention(h, layer)
        plain.append(k9.distance(h))
    assert k9.exact_distances(x, layers[:3]) == pytest.approx(plain, rel=1e-6)


def test_exact_distances_go_where_float64_shows_rounding_errors_only():
    x, layers = k9.tokens(k9.DEFAULT, seed=2)
    logs = [math.log10(value) for value in k9.exact_distances(x, layers[:5])]
    assert logs[-1] < -40
    assert (logs[-1] - logs[-2]) / (logs[-2] - logs[-3]) == pytest.approx(3, abs=0.3)


def test_a_verdict_says_when_plain_nets_do_not_degrade():
    from experiments import load

    result = load("k8")
    for found in result["numbers"]["loss"][k8.PLAIN].values():
        found["mean"] = [*found["mean"][:-1], 0.5]
    assert "the claim fails" in k8.summary(result)["verdict"]


def test_a_verdict_says_when_attention_alone_does_not_collapse():
    from experiments import load

    result = load("k9")
    result["numbers"]["distance"][k9.ATTENTION]["mean"][-1] = 0.5
    assert "the claim fails" in k9.summary(result)["verdict"]
