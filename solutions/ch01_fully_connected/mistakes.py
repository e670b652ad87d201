"""Wrong versions that students of chapter 1 really write. A docstring is three hints: the sight, the idea, the line."""

import itertools

import solution
import torch

from autograder.authoring import mistake


@mistake("linear")
def weight_not_transposed(x, W, b):
    """The shapes clash: the last axis of x meets the first axis of W, which counts outputs.

    W holds one row for each output. A matrix product pairs rows of the left with *columns* of the right.

    x @ W.T has shape (batch, d_out).
    """
    return x @ W + b


@mistake("linear")
def reshaped_instead_of_transposed(x, W, b):
    """The shape is right and almost every number is wrong.

    `reshape` pours the same numbers, in reading order, into another shape; it does not turn rows into columns.

    Write W.T where W.reshape(...) stands.
    """
    return x @ W.reshape(W.shape[1], W.shape[0]) + b


@mistake("linear")
def bias_forgotten(x, W, b):
    """Every column is off by one number of its own.

    Without an offset, an input of zeros can only give zeros. The layer has one offset for each output.

    Add b at the end: shape (d_out,) lines up with (batch, d_out) from the right.
    """
    return x @ W.T + 0 * b


@mistake("relu_backward")
def masked_by_grad(grad, x):
    """Negative gradients are lost, and gradients pass where the value did not.

    The ReLU decided by the sign of its *input*; on the way back it repeats that decision. The sign of the gradient is
    free.

    The mask is x > 0, not grad > 0.
    """
    return grad * (grad > 0)


@mistake("relu_backward")
def mask_only(grad, x):
    """The answer holds only zeros and ones: the incoming gradient is gone.

    The chain rule multiplies: the slope of the ReLU (0 or 1) times the gradient that arrives.

    grad * (x > 0)
    """
    return (x > 0).to(grad.dtype)


@mistake("relu_backward")
def passes_at_zero(grad, x):
    """All is right except where x is exactly 0.

    At 0 the ReLU has a corner. Any slope from 0 to 1 could be defended; the convention, here and in torch, is 0.

    Use > and not >=.
    """
    return grad * (x >= 0)


@mistake("relu_backward")
def multiplied_by_the_value(grad, x):
    """Where the signal passes, the gradient is scaled by the value of x.

    The slope of max(x, 0) is 1 on the right of 0, however large x is.

    Multiply by the mask (x > 0), not by relu(x).
    """
    return grad * x.clamp(min=0)


@mistake("softmax")
def overflows(x, dim):
    """For ordinary scores all is right; for large ones there are NaNs.

    exp(89) is beyond float32: it becomes inf, and inf / inf is NaN. Softmax does not change when one constant is
    subtracted from all scores.

    Subtract x.amax(dim=dim, keepdim=True) first.
    """
    exponentials = torch.exp(x)
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


@mistake("softmax")
def always_the_last_axis(x, dim):
    """Right along the last axis, wrong along any other.

    The caller says along which axis the probabilities sum to 1.

    Pass `dim` on to both amax and sum.
    """
    return solution.softmax(x, -1)


@mistake("softmax")
def one_maximum_for_all(x, dim):
    """The row with the largest score is right; a row far below it is NaN.

    One maximum for the whole tensor keeps the large row from overflowing and lets all others vanish: 0 / 0.

    Take the maximum along dim only: x.amax(dim=dim, keepdim=True).
    """
    exponentials = torch.exp(x - x.max())
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


@mistake("softmax")
def sums_over_everything(x, dim):
    """All probabilities of the whole tensor together sum to 1.

    Each row (or column) is a distribution of its own: the sum runs along one axis and leaves the others.

    sum(dim=dim, keepdim=True), not sum().
    """
    exponentials = torch.exp(x - x.max())
    return exponentials / exponentials.sum()


@mistake("softmax")
def normalized_without_exp(x, dim):
    """The values sum to 1, but some are negative or above 1.

    Scores may be negative. The exponential makes every one positive before they are divided by their sum.

    Divide exp(x - max) by its sum, not x by its sum.
    """
    return x / x.sum(dim=dim, keepdim=True)


@mistake("cross_entropy")
def softmax_twice(logits, target):
    """The loss is too flat: it hardly ever comes near 0, however sure and right the net is.

    The loss takes *scores* and applies the softmax itself. Probabilities put in as scores are squeezed once more.

    Take the logarithm of the softmax of the logits, once.
    """
    return solution.cross_entropy(solution.softmax(logits, 1), target)


@mistake("cross_entropy")
def sum_for_mean(logits, target):
    """The loss is too large by the number of examples.

    A mean keeps its size when the batch grows; a sum would make the learning rate depend on the batch size.

    .mean() over the batch, not .sum().
    """
    return solution.cross_entropy(logits, target) * len(target)


@mistake("cross_entropy")
def log_of_zero(logits, target):
    """For a net that is sure and wrong the loss is infinite.

    In float32 the probability exp(-400) is 0, and log(0) is -inf. The logarithm and the exponential cancel on paper:
    let them.

    log softmax = x - max - log(sum(exp(x - max))).
    """
    rows = torch.arange(len(target))
    return -torch.log(solution.softmax(logits, 1)[rows, target]).mean()


@mistake("cross_entropy")
def one_maximum_for_the_batch(logits, target):
    """Right for ordinary scores; infinite as soon as the scores of one example lie far below those of another.

    One maximum for the whole batch lets every exponential of a low row become 0, and log(0) is -inf. Examples of a
    batch know nothing of one another.

    Take the maximum of each row: logits.amax(dim=1, keepdim=True).
    """
    shifted = logits - logits.max()
    log_probabilities = shifted - torch.exp(shifted).sum(dim=1, keepdim=True).log()
    return -log_probabilities[torch.arange(len(target)), target].mean()


@mistake("cross_entropy")
def every_target_for_every_example(logits, target):
    """The mean is taken over too many numbers: every example is scored on the targets of all the others too.

    `a[:, target]` picks, from *every* row, the columns of all targets: a table (batch, batch), of which only the
    diagonal is wanted.

    Index rows and columns in pairs: log_probabilities[torch.arange(len(target)), target].
    """
    return sum(solution.cross_entropy(logits, column.expand(len(target))) for column in target) / len(target)


@mistake("cross_entropy")
def sign_forgotten(logits, target):
    """The loss is negative, and it would be *largest* for the best net.

    The logarithm of a probability is at most 0. The loss is minus that.

    Put a minus in front.
    """
    return -solution.cross_entropy(logits, target)


@mistake("cross_entropy")
def mean_over_classes_too(logits, target):
    """The loss ignores the target: it averages over all classes.

    Only the probability of the *right* class counts.

    Pick log_probabilities[torch.arange(batch), target] before the mean.
    """
    return -torch.log(solution.softmax(logits, 1).clamp_min(1e-30)).mean()


@mistake("mlp_forward")
def relu_on_the_last_layer(x, params):
    """Every negative score has become 0.

    Scores go into a softmax, which needs negative ones as much as positive ones. The nonlinearity stands *between*
    layers.

    Loop over params[:-1] with the ReLU, then apply the last layer without it.
    """
    return solution.mlp_forward(x, params).clamp(min=0)


@mistake("mlp_forward")
def softmax_at_the_end(x, params):
    """Every row is positive and sums to 1: these are probabilities.

    The loss works out the softmax itself, in a form that does not overflow, and wants the scores.

    Return what the last layer gives, as it is.
    """
    return solution.softmax(solution.mlp_forward(x, params), 1)


@mistake("mlp_forward")
def nonlinearity_forgotten(x, params):
    """With one layer all is right, with several it is not.

    Without anything between them, two layers are one: W2 (W1 x) = (W2 W1) x. Depth would buy nothing.

    Apply .clamp(min=0) after every layer but the last.
    """
    for W, b in params:
        x = solution.linear(x, W, b)
    return x


@mistake("mlp_forward")
def relu_before_the_layer(x, params):
    """The negative part of the input itself is lost.

    The ReLU follows a layer; the data come first and go into the first layer as they are.

    x = linear(x, W, b), then the ReLU, not the other way round.
    """
    for W, b in params:
        x = solution.linear(x.clamp(min=0), W, b)
    return x


@mistake("mlp_backward")
def bias_gradient_averaged(x, params, target):
    """The weights' gradients are right, the biases' are too small by the number of examples.

    The 1/N of the loss is already in the gradient that arrives. The offset was added to every example, so it collects
    the sum of their gradients.

    grad.sum(dim=0), not grad.mean(dim=0).
    """
    return [(dW, db / len(x)) for dW, db in solution.mlp_backward(x, params, target)]


@mistake("mlp_backward")
def batch_size_forgotten(x, params, target):
    """All gradients are too large by the number of examples.

    The loss is a mean over the batch, and the derivative of a mean keeps its 1/N.

    Divide (softmax - one-hot) by len(target) at the start.
    """
    return [(dW * len(x), db * len(x)) for dW, db in solution.mlp_backward(x, params, target)]


@mistake("mlp_backward")
def divided_twice(x, params, target):
    """All gradients are too small by the number of examples.

    The 1/N belongs to the loss. It is in the gradient that arrives at the scores, and walks back through all layers
    with it.

    Divide once, at the start; then grad.T @ inputs[layer] and grad.sum(dim=0) as they are.
    """
    return [(dW / len(x), db / len(x)) for dW, db in solution.mlp_backward(x, params, target)]


@mistake("mlp_backward")
def scores_for_probabilities(x, params, target):
    """No gradient is right, not even those of the last layer.

    What the net *believed* minus what is true: the walk back begins with probabilities, and the net gives scores.

    grad = softmax(scores, 1), then subtract 1 at the target.
    """
    return _walk_back(x, params, target, lambda scores: scores.clone(), relu=True)


@mistake("mlp_backward")
def relu_not_passed_back(x, params, target):
    """The last layer's gradients are right, those before it are not.

    On the way back every step of the way forward appears again, the ReLUs too.

    Before the gradient enters an earlier layer: grad = relu_backward(grad, before[layer]).
    """
    return _walk_back(x, params, target, lambda scores: solution.softmax(scores, 1), relu=False)


def _walk_back(x, params, target, believe, *, relu):
    """A backward pass in which what is believed of the scores, and whether a ReLU lets pass, are given."""
    inputs, before = [], []
    for W, b in params:
        inputs.append(x)
        before.append(solution.linear(x, W, b))
        x = before[-1].clamp(min=0)
    one_hot = torch.eye(before[-1].shape[1], dtype=x.dtype)[target]
    grad = (believe(before[-1]) - one_hot) / len(target)
    grads = []
    for layer in reversed(range(len(params))):
        if relu and layer < len(params) - 1:
            grad = solution.relu_backward(grad, before[layer])
        grads.append((grad.T @ inputs[layer], grad.sum(dim=0)))
        grad = grad @ params[layer][0]
    return grads[::-1]


@mistake("mlp_backward")
def layers_reversed(x, params, target):
    """The gradients are all there, in the wrong order: the last layer's comes first.

    The walk goes from the last layer to the first, so the list grows backwards.

    Return grads[::-1].
    """
    return solution.mlp_backward(x, params, target)[::-1]


@mistake("he_init")
def variance_one_over_n(fan_in, fan_out, generator):
    """The spread is too small by a factor of the square root of 2.

    1 / fan_in keeps a signal's size when nothing stands between the layers. The ReLU removes half of its square, and
    the 2 makes up for it.

    The standard deviation is (2 / fan_in) ** 0.5.
    """
    return torch.randn(fan_out, fan_in, generator=generator) * (1 / fan_in) ** 0.5


@mistake("he_init")
def fan_out_for_fan_in(fan_in, fan_out, generator):
    """The spread follows the number of outputs.

    How large a sum gets depends on how many terms it *has*: that is the number of inputs.

    Divide by fan_in.
    """
    return torch.randn(fan_out, fan_in, generator=generator) * (2 / fan_out) ** 0.5


@mistake("he_init")
def variance_as_standard_deviation(fan_in, fan_out, generator):
    """The weights are far too small.

    2 / fan_in is the variance. torch.randn draws with standard deviation 1, and a factor scales the standard deviation.

    Multiply by the square root.
    """
    return torch.randn(fan_out, fan_in, generator=generator) * (2 / fan_in)


@mistake("he_init")
def shape_of_the_transpose(fan_in, fan_out, generator):
    """The spread is right, the shape is (fan_in, fan_out).

    W keeps one row for each output, as in `linear`.

    torch.randn(fan_out, fan_in, generator=generator)
    """
    return solution.he_init(fan_in, fan_out, generator).T


@mistake("he_init")
def generator_ignored(fan_in, fan_out, generator):
    """The numbers have the right spread, but the same seed does not give the same net twice.

    Randomness that cannot be repeated cannot be checked. The generator carries the seed.

    Pass generator=generator to torch.randn.
    """
    return torch.randn(fan_out, fan_in) * (2 / fan_in) ** 0.5


@mistake("he_init")
def seed_of_its_own(fan_in, fan_out, generator):
    """The numbers have the right spread, but every seed gives the same net.

    The caller chooses the seed. A generator that is made, or seeded, inside the function always starts at one place.

    Pass the generator that you were given to torch.randn.
    """
    own = torch.Generator().manual_seed(0)
    return torch.randn(fan_out, fan_in, generator=own) * (2 / fan_in) ** 0.5


@mistake("he_init")
def uniform_for_normal(fan_in, fan_out, generator):
    """Mean and spread are right, the shape of the distribution is not: it is flat and has edges.

    A uniform distribution of the same variance is a common choice too, but the exercise asks for a normal one.

    torch.randn, not torch.rand.
    """
    edge = (6 / fan_in) ** 0.5
    return (2 * torch.rand(fan_out, fan_in, generator=generator) - 1) * edge


@mistake("count_parameters")
def biases_forgotten(sizes):
    """The count is too small by the number of units outside the input.

    Each unit has an offset of its own beside its weights.

    Add d_out for every layer.
    """
    return sum(a * b for a, b in itertools.pairwise(sizes))


@mistake("count_parameters")
def input_has_biases(sizes):
    """The count is too large by the width of the input.

    The input is given, not computed: it has neither weights nor offsets.

    Offsets belong to sizes[1:].
    """
    return solution.count_parameters(sizes) + sizes[0]


@mistake("count_parameters")
def bias_for_each_input(sizes):
    """The count is off by the difference of the input's width and the output's.

    An offset is added to what a unit *gives*, so a layer has as many of them as outputs.

    Add d_out for every layer, not d_in.
    """
    return sum(a * b + a for a, b in itertools.pairwise(sizes))


@mistake("count_parameters")
def one_bias_a_layer(sizes):
    """The count is too small: each layer was given a single offset.

    b has shape (d_out,): one offset for each output.

    Add d_out, not 1.
    """
    return sum(a * b + 1 for a, b in itertools.pairwise(sizes))
