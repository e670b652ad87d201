"""Wrong versions of the exercises on residual nets that students write. A docstring's paragraphs are its hints."""

import solution
import torch

from autograder.authoring.cases import mistake

# ---- residual ----


@mistake("residual")
def adds_in_place(x, f):
    """The answer is right, but afterwards x is no longer what it was.

    `x += ...` writes into the tensor that you were given. The caller holds the same tensor, and so does autograd.

    Write x + f(x), which makes a new tensor.
    """
    x += f(x)
    return x


@mistake("residual")
def forgets_x(x, f):
    """You return what the branch gives. The input is missing.

    The block should pass its input on and add the branch's answer to it: a branch of zeros gives x, not zeros.

    Return x + f(x).
    """
    return f(x)


@mistake("residual")
def gradient_cut(x, f):
    """The values are right, but the gradient comes back through the branch only.

    The skip is there for the gradient as much as for the values: its share of the derivative is the identity.

    Leave out detach: x + f(x).
    """
    return x.detach() + f(x)


@mistake("residual")
def relu_on_the_sum(x, f):
    """Everything negative has become zero.

    A ReLU after the addition stands in the way of x: it cannot pass through many blocks unchanged. The first residual
    nets had one there; the next ones moved it into the branch.

    Return the sum as it is.
    """
    return torch.relu(x + f(x))


@mistake("residual")
def branch_twice(x, f):
    """The branch was applied to its own output.

    The branch reads x, once, and its answer is added to x.

    x + f(x), not h = f(x) followed by h + f(h).
    """
    h = f(x)
    return h + f(h)


@mistake("residual")
def written_into_the_answer(x, f):
    """The sum is written into the tensor that the branch gave, and that tensor is still needed.

    The branch may have kept it for its gradient. And a branch that gives back its input gives you x itself.

    Not y += x, but x + f(x), which makes a new tensor.
    """
    y = f(x)
    y += x
    return y


# ---- residual_target ----


@mistake("residual_target")
def sign_turned(m, x):
    """Every value has the wrong sign.

    The branch must *add* what is missing: x + F(x) = M(x). If M(x) is larger than x, then F(x) is positive.

    m(x) - x.
    """
    return x - m(x)


@mistake("residual_target")
def target_of_the_block(m, x):
    """That is the target of the whole block. The branch was told too much.

    The input is already in the sum: x + F(x) = M(x). If the branch learned M, the block would give x + M(x).

    Subtract x.
    """
    return m(x)


@mistake("residual_target")
def input_added(m, x):
    """You added the input. It has to be taken away.

    Solve x + F(x) = M(x) for F(x).

    m(x) - x.
    """
    return m(x) + x


@mistake("residual_target")
def map_of_the_target(m, x):
    """You took the difference twice: your answer would be right for a branch whose input were M(x).

    The branch reads x and owes the difference between M(x) and x, not that between M(M(x)) and M(x).

    m(x) - x, with the same x in both places.
    """
    return m(m(x)) - m(x)


# ---- zero_init_last ----


@mistake("zero_init_last")
def bias_kept(layers):
    """The last weights are zero, its bias is not: the block adds the same vector to every input.

    The block is the identity when the branch gives zeros, and a bias is given whatever comes in.

    Set both to zero: torch.zeros_like(W), torch.zeros_like(b).
    """
    *others, (W, b) = layers
    return [*others, (torch.zeros_like(W), b)]


@mistake("zero_init_last")
def weights_kept(layers):
    """The last bias is zero, the weights are not: the block still adds whatever the weights make of its input.

    The branch is to give zeros for every input.

    Set both to zero: torch.zeros_like(W), torch.zeros_like(b).
    """
    *others, (W, b) = layers
    return [*others, (W, torch.zeros_like(b))]


@mistake("zero_init_last")
def all_zeroed(layers):
    """The block is the identity, and it will stay there: all layers are zero.

    The gradient of a layer's weights is made of what comes into it and of the weights after it. With zeros on both
    sides nothing but the last bias ever moves.

    Change the last pair only and keep the others: [*layers[:-1], ...].
    """
    return [(torch.zeros_like(W), torch.zeros_like(b)) for W, b in layers]


@mistake("zero_init_last")
def first_zeroed(layers):
    """The first layer is zero instead of the last: the block is not the identity.

    After a first layer of zeros the later ones still add their biases, and the weights of zeros cannot see the input.

    The last pair is layers[-1].
    """
    W, b = layers[0]
    return [(torch.zeros_like(W), torch.zeros_like(b)), *layers[1:]]


@mistake("zero_init_last")
def zeroed_in_place(layers):
    """The answer is right, but the caller's own last layer was set to zero as well.

    `zero_()` and `[:] = 0` write into the tensors that you were given.

    Make new ones: torch.zeros_like(W).
    """
    for tensor in layers[-1]:
        tensor.mul_(0)
    return list(layers)


@mistake("zero_init_last")
def last_layer_dropped(layers):
    """The list is one pair too short.

    The last layer should be there, at zero, so that it can learn: without it the branch has another shape too.

    Put a pair of zeros where it stood.
    """
    return list(layers[:-1])


# ---- gradient_product ----


@mistake("gradient_product")
def order_reversed(jacobians, skip):
    """The layers are multiplied in the wrong order: with one layer, or one feature, it does not show.

    The matrix on the right acts first. Which layer does the input meet first?

    product = layer @ product, so that each later layer comes to stand on the left.
    """
    return solution.gradient_product(jacobians.flip(0), skip)


@mistake("gradient_product")
def one_skip_around_all(jacobians, skip):
    """Without skips you are right. With them you have one skip, from the input to the very end.

    *Each* layer has its own skip, so the identity is added to each factor before they are multiplied.

    layer = identity + jacobian inside the loop.
    """
    plain = solution.gradient_product(jacobians, False)
    return plain + torch.eye(len(plain), dtype=plain.dtype) if skip else plain


@mistake("gradient_product")
def one_added_everywhere(jacobians, skip):
    """With skips your numbers are wrong, except where there is a single feature.

    jacobian + 1 adds 1 to every entry: it would mean that each output copies the sum of all inputs. The skip copies
    each feature to itself.

    Add torch.eye(features), whose ones stand on the diagonal only.
    """
    return solution.gradient_product(jacobians + 1, False) if skip else solution.gradient_product(jacobians, False)


@mistake("gradient_product")
def multiplied_by_entries(jacobians, skip):
    """You multiply entry by entry. For a single feature that is right.

    The chain rule of vectors is a product of matrices: output i depends on input j through *all* features between.

    Use @ in the place of *.
    """
    product = torch.eye(jacobians.shape[-1], dtype=jacobians.dtype)
    ones = product * skip
    for nth, jacobian in enumerate(jacobians):
        product = (jacobian + ones) * product if nth else jacobian + ones
    return product


@mistake("gradient_product")
def skip_forgotten(jacobians, skip):
    """Without skips you are right; with them your answer does not change.

    A layer that adds its input has the Jacobian I + J, not J.

    Use identity + jacobian when skip is true.
    """
    return solution.gradient_product(jacobians, False)


@mistake("gradient_product")
def jacobians_summed(jacobians, skip):
    """You added the layers up. A stack multiplies them.

    For small branches (I + J2)(I + J1) is nearly I + J1 + J2, but the product J2 J1 is missing.

    Multiply the factors one after the other.
    """
    identity = torch.eye(jacobians.shape[-1], dtype=jacobians.dtype)
    return jacobians.sum(0) + identity * (1 if skip or not len(jacobians) else 0)


# ---- batch_norm ----


def normalize(x, stats, training, momentum, eps, correction=0, kept=1):
    """Batch normalization with the variance of the normalization and the one that is kept divided by B - correction."""
    mean, variance = stats
    if training:
        mean, variance = x.mean(0), x.var(0, correction=correction)
        new = mean, x.var(0, correction=kept)
        stats = tuple(((1 - momentum) * a + momentum * b).detach() for a, b in zip(stats, new, strict=True))
    return (x - mean) / torch.sqrt(variance + eps), stats


@mistake("batch_norm")
def unbiased_variance(x, stats, training, momentum=0.1, eps=1e-5):
    """In training all values are a little too small, by one factor.

    torch.var divides by B - 1 unless it is told otherwise. To normalize, the batch's own variance is meant: the mean of
    the squares, divided by B.

    x.var(dim=0, correction=0), or (x - mean).square().mean(dim=0).
    """
    return normalize(x, stats, training, momentum, eps, correction=1)


@mistake("batch_norm")
def biased_variance_kept(x, stats, training, momentum=0.1, eps=1e-5):
    """The output is right, and so is the running mean. The running variance is a little too small.

    The running variance estimates that of all data, and from a small batch the mean of squares is too small on average.
    That is what B - 1 makes good.

    Keep variance * B / (B - 1).
    """
    return normalize(x, stats, training, momentum, eps, kept=0)


@mistake("batch_norm")
def batch_statistics_at_evaluation(x, stats, training, momentum=0.1, eps=1e-5):
    """In training you are right. At evaluation the answer to one example depends on the others in its batch.

    At evaluation the statistics are those that training has collected. With a single example the batch has no
    variance at all.

    When training is false, normalize by stats.
    """
    return normalize(x, stats, True, momentum, eps)[0], stats if not training else normalize(
        x, stats, True, momentum, eps
    )[1]


@mistake("batch_norm")
def statistics_moved_at_evaluation(x, stats, training, momentum=0.1, eps=1e-5):
    """The output is right, but at evaluation the running statistics moved.

    Evaluation only reads them. If it moved them, a model would change by being tested.

    When training is false, return stats as they came.
    """
    y, kept = solution.batch_norm(x, stats, training, momentum, eps)
    if not training:
        new = x.mean(0), x.var(0, correction=min(1, len(x) - 1))
        kept = tuple(((1 - momentum) * a + momentum * b).detach() for a, b in zip(stats, new, strict=True))
    return y, kept


@mistake("batch_norm")
def statistics_never_moved(x, stats, training, momentum=0.1, eps=1e-5):
    """The output is right, but training leaves the running statistics where they were.

    Evaluation will normalize by them, so training has to collect them: each batch moves them a little.

    Return (1 - momentum) * old + momentum * new for both.
    """
    return solution.batch_norm(x, stats, training, momentum, eps)[0], stats


@mistake("batch_norm")
def momentum_turned_round(x, stats, training, momentum=0.1, eps=1e-5):
    """The running statistics jump nearly all the way to the batch's.

    Here `momentum` is the share of the *batch*: with 0.1 a tenth of the way. (The momentum of an optimizer is the share
    that is kept. The word is the same.)

    (1 - momentum) * old + momentum * new.
    """
    return solution.batch_norm(x, stats, training, 1 - momentum, eps)


@mistake("batch_norm")
def eps_outside_the_root(x, stats, training, momentum=0.1, eps=1e-5):
    """With the usual eps you are nearly right; with a large one it shows that eps stands in the wrong place.

    eps is added to the *variance*. Added to the root, it has another unit and another size.

    (x - mean) / torch.sqrt(variance + eps).
    """
    mean, variance = (x.mean(0), x.var(0, correction=0)) if training else stats
    return (x - mean) / (variance.sqrt() + eps), solution.batch_norm(x, stats, training, momentum, eps)[1]


@mistake("batch_norm")
def divided_by_the_variance(x, stats, training, momentum=0.1, eps=1e-5):
    """Each channel has the wrong size, and a factor of its own.

    If x is in metres, its variance is in square metres. What has the unit of x?

    Divide by the root of the variance.
    """
    mean, variance = (x.mean(0), x.var(0, correction=0)) if training else stats
    return (x - mean) / (variance + eps), solution.batch_norm(x, stats, training, momentum, eps)[1]


@mistake("batch_norm")
def normalizes_each_example(x, stats, training, momentum=0.1, eps=1e-5):
    """In training the rows have mean 0, and the columns should have it.

    Batch normalization compares an example with the *others*, channel by channel. Within one example, that is layer
    normalization, which comes next.

    Take mean and variance over dim=0, the batch.
    """
    y, kept = solution.batch_norm(x, stats, training, momentum, eps)
    if training:
        y = (x - x.mean(1, keepdim=True)) / torch.sqrt(x.var(1, correction=0, keepdim=True) + eps)
    return y, kept


@mistake("batch_norm")
def statistics_carry_gradients(x, stats, training, momentum=0.1, eps=1e-5):
    """All values are right, but the running statistics carry gradients.

    They outlive the step. If they remember how they were computed, every batch of the whole training stays in memory.

    .detach() the new statistics.
    """
    y, kept = solution.batch_norm(x, stats, training, momentum, eps)
    if training:
        new = x.mean(0), x.var(0)
        kept = tuple((1 - momentum) * a + momentum * b for a, b in zip(stats, new, strict=True))
    return y, kept


@mistake("batch_norm")
def statistics_as_constants(x, stats, training, momentum=0.1, eps=1e-5):
    """All values are right, the gradient of x is not.

    The batch's mean and variance depend on x. If x grows, so do they, and the output stays: the gradient
    has to know it.

    Detach the new running statistics only, not the mean and the variance that you normalize by.
    """
    kept = solution.batch_norm(x, stats, training, momentum, eps)[1]
    mean, variance = (x.detach().mean(0), x.detach().var(0, correction=0)) if training else stats
    return (x - mean) / torch.sqrt(variance + eps), kept


@mistake("batch_norm")
def statistics_moved_in_place(x, stats, training, momentum=0.1, eps=1e-5):
    """All values are right, but the running statistics that you were given have moved along.

    `mul_`, `add_` and `+=` write into the caller's tensors. A module does that to its own; here the statistics come in
    as arguments and go out as results.

    Make new tensors: (1 - momentum) * old + momentum * new.
    """
    y, kept = solution.batch_norm(x, stats, training, momentum, eps)
    for old, new in zip(stats, kept, strict=True):
        old.copy_(new)
    return y, stats


@mistake("batch_norm")
def std_plus_eps(x, stats, training, momentum=0.1, eps=1e-5):
    """In training your values are too small, and a large eps counts for too much: you divide by torch's std plus eps.

    torch.std divides by B - 1, and eps belongs to the *variance*, inside the root.

    (x - mean) / torch.sqrt(x.var(dim=0, correction=0) + eps).
    """
    kept = solution.batch_norm(x, stats, training, momentum, eps)[1]
    mean, std = (x.mean(0), x.std(0)) if training else (stats[0], stats[1].sqrt())
    return (x - mean) / (std + eps), kept


# ---- layer_norm ----


@mistake("layer_norm")
def over_the_batch(x, gain, bias, eps=1e-5):
    """Your columns have mean 0. The rows should have it.

    Layer normalization looks at one vector alone, along its features. What you take is batch normalization.

    mean(dim=-1, keepdim=True), and the same for the variance.
    """
    centred = x - x.mean(dim=0, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(dim=0, keepdim=True) + eps) * gain + bias


@mistake("layer_norm")
def over_everything(x, gain, bias, eps=1e-5):
    """Right for a single vector, wrong for several: you normalize the whole tensor at once.

    Each vector has a mean and a variance of its own, and does not know of the others.

    Take them over dim=-1 with keepdim=True.
    """
    centred = x - x.mean()
    return centred / torch.sqrt(centred.square().mean() + eps) * gain + bias


@mistake("layer_norm")
def over_positions_too(x, gain, bias, eps=1e-5):
    """Right for a batch of vectors; for sequences you normalize all positions of one together.

    The words of a sentence keep their own scale each: one vector, one mean, one variance.

    dim=-1 only, not all axes but the first.
    """
    axes = tuple(range(1, x.dim())) or (0,)
    centred = x - x.mean(dim=axes, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(dim=axes, keepdim=True) + eps) * gain + bias


@mistake("layer_norm")
def eps_outside(x, gain, bias, eps=1e-5):
    """With the usual eps you are nearly right; with a large one it shows that eps stands in the wrong place.

    eps is added to the *variance*. Added to the root, it has another unit and another size.

    centred / torch.sqrt(variance + eps).
    """
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True).sqrt() + eps) * gain + bias


@mistake("layer_norm")
def divided_by_n_minus_1(x, gain, bias, eps=1e-5):
    """Before gain and bias, all values are a little too small, by one factor.

    torch.var and torch.std divide by d - 1 unless they are told otherwise. Here the variance is the mean of the
    squares.

    x.var(dim=-1, correction=0, keepdim=True).
    """
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(x.var(dim=-1, keepdim=True) + eps) * gain + bias


@mistake("layer_norm")
def mean_not_subtracted(x, gain, bias, eps=1e-5):
    """The size is right, the mean is not 0.

    You divide by the spread and leave the vector where it was.

    Subtract x.mean(dim=-1, keepdim=True) first.
    """
    return x / torch.sqrt(x.var(dim=-1, correction=0, keepdim=True) + eps) * gain + bias


@mistake("layer_norm")
def gain_and_bias_forgotten(x, gain, bias, eps=1e-5):
    """Every vector has mean 0 and variance 1: the gain and the bias are missing.

    With them the layer can undo the normalization where that helps.

    Multiply by gain and add bias.
    """
    return solution.layer_norm(x, torch.ones_like(gain), torch.zeros_like(bias), eps)


@mistake("layer_norm")
def bias_before_gain(x, gain, bias, eps=1e-5):
    """The bias is multiplied by the gain.

    First the gain, then the bias: y = n * gain + bias, where n is the normalized vector.

    Mind the brackets: (n + bias) * gain is something else.
    """
    return (solution.layer_norm(x, torch.ones_like(gain), torch.zeros_like(bias), eps) + bias) * gain


@mistake("layer_norm")
def torchs_std_plus_eps(x, gain, bias, eps=1e-5):
    """Before gain and bias your values are a little too small, and a large eps counts for too much.

    You divide by torch's std plus eps. torch.std divides by d - 1, and eps belongs to the *variance*, inside the root.
    (A well-known commented implementation of the Transformer has it your way. torch's LayerNorm has not.)

    Divide by torch.sqrt(x.var(dim=-1, correction=0, keepdim=True) + eps).
    """
    return (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + eps) * gain + bias


@mistake("layer_norm")
def keepdim_forgotten(x, gain, bias, eps=1e-5):
    """For one vector alone you are right. With several, the sizes clash: the means lie along the wrong axis.

    x.mean(dim=-1) drops the last axis. Broadcasting then puts what is left beside the *last* axis of x, where the
    features are.

    keepdim=True, for the mean and for the variance.
    """
    return (x - x.mean(-1)) / torch.sqrt(x.var(-1, correction=0) + eps) * gain + bias


@mistake("layer_norm")
def squares_that_cancel(x, gain, bias, eps=1e-5):
    """The formula is right, and the numbers are not where the vector is far from zero.

    You take the mean of the squares minus the square of the mean. For numbers near 300 both are near 90,000, and of
    their difference, about 1, float32 keeps few digits.

    Subtract the mean first, and square what is left: (x - mean).square().mean(dim=-1, keepdim=True).
    """
    mean = x.mean(-1, keepdim=True)
    variance = (x**2).mean(-1, keepdim=True) - mean**2
    return (x - mean) / torch.sqrt(variance + eps) * gain + bias


# ---- pre_norm_block ----


@mistake("pre_norm_block")
def post_for_pre(x, f, gain, bias):
    """Your output is normalized. That is the post-norm block.

    In the pre-norm block nothing is done to the sum, so that x comes through unchanged when the branch gives zeros.

    x + f(layer_norm(x, gain, bias)).
    """
    return solution.layer_norm(x + f(x), gain, bias)


@mistake("pre_norm_block")
def skip_from_the_normalized(x, f, gain, bias):
    """Even with a branch of zeros your block changes x: the skip starts after the normalization.

    The normalized vector goes into the branch and nowhere else. The sum takes x as it came.

    x + f(n), not n + f(n).
    """
    n = solution.layer_norm(x, gain, bias)
    return n + f(n)


@mistake("pre_norm_block")
def branch_normalized(x, f, gain, bias):
    """You normalize what the branch gives. What goes into it should be.

    "Pre" means before the branch.

    f(layer_norm(x, gain, bias)), not layer_norm(f(x), gain, bias).
    """
    return x + solution.layer_norm(f(x), gain, bias)


@mistake("pre_norm_block")
def pre_without_skip(x, f, gain, bias):
    """The input is missing from the sum.

    With a branch of zeros the block should give back x.

    Add x.
    """
    return f(solution.layer_norm(x, gain, bias))


@mistake("pre_norm_block")
def pre_without_norm(x, f, gain, bias):
    """The normalization is missing: gain and bias have no effect.

    The branch should see vectors of one size, however large x has become on its way.

    Put layer_norm(x, gain, bias) into f.
    """
    return x + f(x)


# ---- post_norm_block ----


@mistake("post_norm_block")
def pre_for_post(x, f, gain, bias):
    """Your sum is not normalized. That is the pre-norm block.

    In the post-norm block the branch sees x as it is, and the normalization comes last.

    layer_norm(x + f(x), gain, bias).
    """
    return x + f(solution.layer_norm(x, gain, bias))


@mistake("post_norm_block")
def skip_after_the_norm(x, f, gain, bias):
    """You normalize the branch and then add x. The sum should be normalized.

    The order is: branch, addition, normalization.

    layer_norm(x + f(x), gain, bias), with x inside.
    """
    return x + solution.layer_norm(f(x), gain, bias)


@mistake("post_norm_block")
def post_without_skip(x, f, gain, bias):
    """The input is missing: you normalize the branch's answer alone.

    The block is still residual: it adds x to the branch, and then it normalizes.

    Put x + f(x) into layer_norm.
    """
    return solution.layer_norm(f(x), gain, bias)


@mistake("post_norm_block")
def input_normalized(x, f, gain, bias):
    """You normalize x and not the sum.

    Afterwards the sum has whatever size the branch gives it, and the next block has to cope with it.

    layer_norm goes around the whole sum.
    """
    return solution.layer_norm(x, gain, bias) + f(x)


@mistake("post_norm_block")
def post_without_norm(x, f, gain, bias):
    """The normalization is missing: gain and bias have no effect.

    The sum of x and f(x) is right; it is the last step that is missing.

    layer_norm(x + f(x), gain, bias).
    """
    return x + f(x)


# ---- projection_shortcut ----


@mistake("projection_shortcut")
def width_cropped(x, f, W, stride):
    """The shape is right, but with a stride you take the wrong places: the first ones.

    Output i of the branch looks at the input around place stride * i. The shortcut has to bring that very place.

    x[:, :, ::stride], not x[:, :, :out_width].
    """
    y = f(x)
    return W @ x[:, :, : y.shape[2]] + y


@mistake("projection_shortcut")
def windows_averaged(x, f, W, stride):
    """With a stride your shortcut takes the mean of `stride` neighbours. Asked for is the first of them alone.

    Averaging is a good shortcut too, but another one: the projection of He and colleagues reads every stride-th place.

    x[:, :, ::stride] before W.
    """
    y = f(x)
    pooled = torch.nn.functional.avg_pool1d(x, stride, ceil_mode=True)
    return W @ pooled + y


@mistake("projection_shortcut")
def last_of_each_window(x, f, W, stride):
    """With a stride your places are off: you take the last of every `stride`, not the first.

    The kept places are 0, stride, 2 stride and so on.

    x[:, :, ::stride], without a start.
    """
    places = (torch.arange(0, x.shape[2], stride) + stride - 1).clamp(max=x.shape[2] - 1)
    return W @ x[:, :, places] + f(x)


@mistake("projection_shortcut")
def channels_padded(x, f, W, stride):
    """W has no effect: you fill up the channels with zeros, or cut them off.

    That shortcut exists and has no parameters; but the exercise asks for a projection, in which every new channel is a
    weighted sum of the old ones.

    W @ x[:, :, ::stride].
    """
    y, kept = f(x), x[:, :, ::stride]
    shared = min(y.shape[1], kept.shape[1])
    out = y.clone()
    out[:, :shared] = out[:, :shared] + kept[:, :shared]
    return out


@mistake("projection_shortcut")
def shortcut_alone(x, f, W, stride):
    """The branch is missing from the sum.

    The shortcut stands in for x in x + f(x); the branch is added to it as always.

    W @ x[:, :, ::stride] + f(x).
    """
    return W @ x[:, :, ::stride]


@mistake("projection_shortcut")
def matrix_transposed(x, f, W, stride):
    """The sizes clash: the rows of W are the *new* channels.

    W has the axes (out_channel, in_channel). In W @ x its last axis meets the channels of x.

    Leave W as it is; no .T.
    """
    return W.T @ x[:, :, ::stride] + f(x)
