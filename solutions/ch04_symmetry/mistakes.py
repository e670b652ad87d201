"""Wrong versions that students write of the exercises on symmetry. A docstring is three hints: sight, idea, line."""

import solution
import torch
import torch.nn.functional as F

from autograder.authoring.cases import mistake


@mistake("act")
def turned_before_mirrored(g, x):
    """Turns alone are right and the mirror alone is right; together they are not.

    The two do not commute: a turn after a mirror is another element than a mirror after a turn. The order is part of
    the definition.

    First `x = x.flip(-1)` if there is a mirror, and only then the turns.
    """
    turns, mirror = g
    x = torch.rot90(x, turns, dims=(-2, -1))
    return x.flip(-1) if mirror else x


@mistake("act")
def turned_clockwise(g, x):
    """The picture turns the wrong way round: with the clock. After two turns nobody can tell.

    Against the clock, the right edge of the picture comes to lie on top.

    `torch.rot90(x, turns, dims=(-2, -1))` turns against the clock; exchanged dims, or a negative number of turns, with
    it.
    """
    return solution.act((-g[0], g[1]), x)


@mistake("act")
def mirrored_upside_down(g, x):
    """The mirror exchanges top and bottom. It should exchange left and right.

    Left and right are two ends of the axis `width`. That is the last one.

    Flip the last axis: `x.flip(-1)`.
    """
    turns, mirror = g
    return torch.rot90(x.flip(-2) if mirror else x, turns, dims=(-2, -1))


@mistake("act")
def mirror_ignored(g, x):
    """The turns are right, but a mirror changes nothing.

    An element has two parts, the turns and whether there is a mirror.

    Take g apart with `turns, mirror = g`, and flip the last axis if `mirror` is true.
    """
    return solution.act((g[0], False), x)


@mistake("act")
def first_axes_turned(g, x):
    """A single picture is right. In a batch with channels it is the batch that turns, not the pictures.

    Height and width are the last two axes, however many come before them. Counted from the front they are the first
    two only when the picture stands alone.

    Count from the end: `dims=(-2, -1)`.
    """
    turns, mirror = g
    return torch.rot90(x.flip(-1) if mirror else x, turns, dims=(0, 1))


@mistake("equivariance_error")
def tests_invariance(f, g, x):
    """A filter with every symmetry gets an error above 0. Yours asks whether the output *stays* when the input moves.

    That is invariance. Equivariance asks whether the output moves *with* the input: f(g x) against g f(x).

    Compare `f(act(g, x))` with `act(g, f(x))`.
    """
    y = f(x)
    return (f(solution.act(g, x)) - y).square().sum().sqrt() / y.square().sum().sqrt()


@mistake("equivariance_error")
def input_not_moved(f, g, x):
    """Your number says how much g moves the output, whatever f does with a picture that is moved.

    Two ways lead from x to the answer: move, then compute; compute, then move. Both have one move in them.

    The first is `f(act(g, x))`, the second `act(g, f(x))`.
    """
    y = f(x)
    return (y - solution.act(g, y)).square().sum().sqrt() / y.square().sum().sqrt()


@mistake("equivariance_error")
def not_relative(f, g, x):
    """Your error is the size of the difference. It grows when the output is multiplied by ten, though f fails no worse.

    A difference is large or small only beside something. Here that is the output itself.

    Divide by the norm of f(x): `y.square().sum().sqrt()`.
    """
    y = f(x)
    return (f(solution.act(g, x)) - solution.act(g, y)).square().sum().sqrt()


@mistake("equivariance_error")
def beside_the_moved_picture(f, g, x):
    """Right when f is equivariant, a little off when it is not: you divide by the norm of f(g x).

    The definition sets the difference beside f(x), the answer to the picture as it stands. Turning an answer does not
    change its norm; turning the picture first may.

    Divide by the norm of `f(x)`.
    """
    moved = f(solution.act(g, x))
    return (moved - solution.act(g, f(x))).square().sum().sqrt() / moved.square().sum().sqrt()


@mistake("equivariance_error")
def differences_cancel(f, g, x):
    """Your error is too small: differences above and below zero cancel in the sum.

    A norm squares first, so that every difference counts, whichever its sign.

    `difference.square().sum().sqrt()`, not `difference.sum()`.
    """
    y = f(x)
    return (f(solution.act(g, x)) - solution.act(g, y)).sum().abs() / y.square().sum().sqrt()


@mistake("equivariance_error")
def root_forgotten(f, g, x):
    """Your error is the square of the right one.

    A norm is the root of the sum of the squares; the root must stand in the numerator and in the denominator.

    `difference.square().sum().sqrt() / y.square().sum().sqrt()`
    """
    return solution.equivariance_error(f, g, x).square()


@mistake("augment_orbit")
def label_not_transformed(x, y, group):
    """The pictures are right, but every label is what it was: an arrow that was turned up is still called "right".

    Here the label says something about the direction, and the direction moves with the picture.

    For each element `(turns + (2 - y if mirror else y)) % 4`.
    """
    return torch.cat([solution.act(g, x) for g in group]), y.repeat(len(group))


@mistake("augment_orbit")
def label_turned_backwards(x, y, group):
    """The labels of quarter turns are off by two: they turn the other way than the pictures.

    A turn against the clock makes "right" (0) into "up" (1), so that the label grows.

    Add the turns, do not take them away.
    """
    labels = [((2 - y if mirror else y) - turns) % 4 for turns, mirror in group]
    return solution.augment_orbit(x, y, group)[0], torch.cat(labels)


@mistake("augment_orbit")
def mirror_keeps_label(x, y, group):
    """Turns are right. Under a mirror an arrow to the right is still called "right", though it points left.

    The mirror exchanges 0 and 2, and leaves 1 and 3.

    Use `2 - y` in the place of y when there is a mirror.
    """
    labels = [(turns + y) % 4 for turns, _ in group]
    return solution.augment_orbit(x, y, group)[0], torch.cat(labels)


@mistake("augment_orbit")
def label_turned_before_mirrored(x, y, group):
    """Turns alone and mirrors alone are right; the labels of an odd number of turns with a mirror are off by two.

    The label must go the same way as its picture: first the mirror, then the turns.

    `(turns + 2 - y) % 4`: the mirror, 2 - y, stands inside, and the turns are added to what it gave.
    """
    labels = [(2 - (turns + y) if mirror else turns + y) % 4 for turns, mirror in group]
    return solution.augment_orbit(x, y, group)[0], torch.cat(labels)


@mistake("augment_orbit")
def label_not_wrapped(x, y, group):
    """Some of your labels are above 3, or below 0. There are only four directions.

    After 3, down, comes 0 again: one more quarter turn makes an arrow that points down point to the right.

    Take the remainder, `% 4`, of what you have added up.
    """
    labels = [turns + (2 - y if mirror else y) for turns, mirror in group]
    return solution.augment_orbit(x, y, group)[0], torch.cat(labels)


@mistake("augment_orbit")
def labels_out_of_step(x, y, group):
    """Pictures and labels are all there, but they do not stand side by side.

    The pictures come element by element: all under the first, then all under the second. The labels come picture by
    picture.

    Join both lists in the same way: `torch.cat(pictures), torch.cat(labels)`.
    """
    pictures, labels = solution.augment_orbit(x, y, group)
    return pictures, labels.reshape(len(group), -1).T.reshape(-1)


@mistake("group_average")
def inputs_averaged(f, group, x):
    """You take the mean of the pictures and ask once. The result cannot be changed by the group, but much is lost.

    A mean of a picture and its mirror image is a blurred picture of both. The mean of the *answers* keeps what f saw in
    each.

    Call f for every element, then take the mean: `torch.stack([f(act(g, x)) for g in group]).mean(dim=0)`.
    """
    return f(torch.stack([solution.act(g, x) for g in group]).mean(dim=0))


@mistake("group_average")
def answers_summed(f, group, x):
    """Your scores are too large, by as many times as the group has elements.

    A sum is not changed by the group either, but scores should not grow with its size.

    Divide by `len(group)`, or take the mean over the first axis.
    """
    return len(group) * solution.group_average(f, group, x)


@mistake("group_average")
def largest_answer(f, group, x):
    """Each score is too large: it is the largest over the group.

    A maximum is invariant too, and some networks use it. Here the mean is asked for.

    `mean(dim=0)` in the place of `amax(dim=0)`.
    """
    return torch.stack([f(solution.act(g, x)) for g in group]).amax(dim=0)


@mistake("group_average")
def identity_left_out(f, group, x):
    """The picture as it stands is missing from your mean.

    Doing nothing is an element of every group. Without it the mean is not invariant: what is missing depends on how the
    picture stood.

    Go over the whole of `group`, the first element included.
    """
    return solution.group_average(f, group[1:] or group, x)


@mistake("group_average")
def answers_not_averaged(f, group, x):
    """There is one axis too many: the answers for all elements, side by side.

    They are invariant only as a collection: moving the picture changes their order.

    Take the mean over the axis that counts the elements.
    """
    return torch.stack([f(solution.act(g, x)) for g in group])


@mistake("reynolds")
def inverse_forgotten(W, group):
    """For elements that undo themselves you are right; for others not: the output is moved on, not back.

    Move the input by g, apply W, and then undo the move. To undo is to apply the inverse.

    `torch.linalg.inv(g) @ W @ g`, not `g @ W @ g`.
    """
    return torch.stack([g @ W @ g for g in group]).mean(dim=0)


@mistake("reynolds")
def only_input_moved(W, group):
    """Your matrix forgets everything but the sum of the features: it is invariant, not equivariant.

    You move the input and leave the output where it is. Then all rows of W are averaged along the group.

    Move the output back as well: `torch.linalg.inv(g)` stands on the left of W.
    """
    return torch.stack([W @ g for g in group]).mean(dim=0)


@mistake("reynolds")
def only_output_moved(W, group):
    """You move the output and leave the input where it is, so that each column of W is averaged along the group.

    What is asked for moves the input first, applies W to what was moved, and then moves the answer back.

    `torch.linalg.inv(g) @ W @ g`: g stands on the right of W, where it meets the input.
    """
    return torch.stack([torch.linalg.inv(g) @ W for g in group]).mean(dim=0)


@mistake("reynolds")
def transpose_for_inverse(W, group):
    """For permutations you are right. For matrices that stretch you are not.

    The transpose is the inverse only if the matrix is orthogonal, as permutations and turns are.

    Use `torch.linalg.inv(g)` in the place of `g.T`.
    """
    return torch.stack([g.T @ W @ g for g in group]).mean(dim=0)


@mistake("reynolds")
def summed_over_group(W, group):
    """Your matrix is too large, by as many times as the group has elements.

    A matrix that is equivariant already should come out as it went in.

    Divide by the number of elements.
    """
    return len(group) * solution.reynolds(W, group)


@mistake("deep_set")
def largest_for_sum(x, mask, inner, outer):
    """You take the largest value over the elements; the sum is asked for.

    Both do not ask for the order. But a maximum cannot count: three equal elements look like one.

    `.sum(dim=1)` in the place of `.amax(dim=1)`.
    """
    (W1, b1), (W2, b2) = inner, outer
    hidden = torch.relu(x @ W1.T + b1) * mask[:, :, None]
    return hidden.amax(dim=1) @ W2.T + b2


@mistake("deep_set")
def mean_for_sum(x, mask, inner, outer):
    """You divide by the number of elements; the sum is asked for.

    A mean cannot tell a set from the same set twice over, and it has no value for an empty set.

    Leave the division out.
    """
    (W1, b1), (W2, b2) = inner, outer
    hidden = torch.relu(x @ W1.T + b1) * mask[:, :, None]
    return hidden.sum(dim=1) / mask.sum(dim=1, keepdim=True) @ W2.T + b2


@mistake("deep_set")
def padding_counted(x, mask, inner, outer):
    """Sets without padding are right; in others the padding is added up as if it were real.

    What stands in padded places means nothing. Even zeros would count, because b1 is added to them.

    Multiply by the mask *after* the inner layer and before the sum: `hidden * mask[:, :, None]`.
    """
    return solution.deep_set(x, torch.ones_like(mask), inner, outer)


@mistake("deep_set")
def masked_too_early(x, mask, inner, outer):
    """The padding is set to zero before the inner layer, and still counts: ReLU(b1) is added for each padded place.

    An element of zeros is an element. The mask must act on what is added up.

    Multiply `hidden` by the mask, not `x`.
    """
    return solution.deep_set(x * mask[:, :, None], torch.ones_like(mask), inner, outer)


@mistake("deep_set")
def summed_too_early(x, mask, inner, outer):
    """The elements are added up before the inner layer reads them, so it only ever sees their sum.

    The set {1, -1} and the set {5, -5} have the same sum. What tells them apart is the ReLU of each element *before*
    the sum.

    First `hidden = torch.relu(x @ W1.T + b1)` for every element, then the sum over elements.
    """
    (W1, b1), (W2, b2) = inner, outer
    total = (x * mask[:, :, None]).sum(dim=1)
    return torch.relu(total @ W1.T + b1) @ W2.T + b2


@mistake("deep_set")
def outer_layer_before_the_sum(x, mask, inner, outer):
    """Your outer layer reads every element and its answers are added up, so that b2 is in the sum many times.

    For W2 it makes no difference whether it comes before the sum or after. The bias does: it is meant for the set,
    once, and a set without an element still has it.

    First the sum of the hidden numbers, then one outer layer: `total @ W2.T + b2`.
    """
    (W1, b1), (W2, b2) = inner, outer
    answers = torch.relu(x @ W1.T + b1) @ W2.T + b2
    return (answers * mask[:, :, None]).sum(dim=1)


@mistake("deep_set")
def relu_forgotten(x, mask, inner, outer):
    """Something nonlinear is missing: without the ReLU your network sees the sum of the elements and their number only.

    Linear layers and sums may be exchanged, so that everything becomes one linear layer of the sum.

    `torch.relu(x @ W1.T + b1)`
    """
    (W1, b1), (W2, b2) = inner, outer
    hidden = (x @ W1.T + b1) * mask[:, :, None]
    return hidden.sum(dim=1) @ W2.T + b2


@mistake("lift_conv_c4")
def kernel_not_turned(x, w, padding=0):
    """All four maps are the same: the kernel stands upright in each.

    The four maps are what *one* kernel finds in four positions.

    Turn the kernel before each convolution: `act((turns, False), w)`.
    """
    return F.conv2d(x, w, padding=padding)[:, :, None].expand(-1, -1, 4, -1, -1)


@mistake("lift_conv_c4")
def channels_turned(x, w, padding=0):
    """Sizes clash as soon as the kernel turns: it is its channels that turn, and not its rows and columns.

    torch.rot90 turns the first two axes unless it is told which. The first two axes of w are out_channel and
    in_channel.

    Use `act((turns, False), w)`, or name the axes: `torch.rot90(w, turns, dims=(2, 3))`.
    """
    return torch.stack([F.conv2d(x, torch.rot90(w, turns), padding=padding) for turns in range(4)], dim=2)


@mistake("lift_conv_c4")
def kernel_turned_clockwise(x, w, padding=0):
    """Maps 0 and 2 are right, 1 and 3 are exchanged: the kernel turns with the clock.

    Then the group axis runs the other way round than in the formula, and the answers move back by one place, not on.

    `act((turns, False), w)`, with turns from 0 to 3.
    """
    return solution.lift_conv_c4(x, w, padding)[:, :, [0, 3, 2, 1]]


@mistake("lift_conv_c4")
def roll_forgotten(x, w, padding=0):
    """Each map stands upright: you turned the picture back under the kernel and left the map in that frame.

    Then a turn of the picture only exchanges the maps, and does not turn them; or your maps do not even have the same
    shape. Turn the kernel and leave the picture, so that places stay places and the answers roll along the group axis.

    `F.conv2d(x, act((turns, False), w), padding=padding)`
    """
    maps = [F.conv2d(solution.act(((4 - turns) % 4, False), x), w, padding=padding) for turns in range(4)]
    return torch.stack(maps, dim=2)


@mistake("lift_conv_c4")
def group_axis_before_channels(x, w, padding=0):
    """The axes stand in another order: yours has the group before the channels.

    The shape asked for is (batch, out_channel, 4, out_height, out_width).

    Stack along the third axis: `dim=2`.
    """
    return solution.lift_conv_c4(x, w, padding).transpose(1, 2)


@mistake("lift_conv_c4")
def kernel_mirrored(x, w, padding=0):
    """Half of the maps are wrong: the kernel is flipped, not turned.

    Flips along the two axes give four positions too, and form a group; it is that of two mirrors. A quarter turn
    exchanges rows and columns.

    Turn with `act((turns, False), w)` or `torch.rot90`.
    """
    kernels = [w, w.flip(-1), w.flip(-2, -1), w.flip(-2)]
    return torch.stack([F.conv2d(x, k, padding=padding) for k in kernels], dim=2)


@mistake("group_conv_c4")
def group_axis_not_permuted(x, w, padding=0):
    """Map 0 is right, the others are not: the kernel turns in the plane but asks the same maps as before.

    When a pattern turns, each edge in it points elsewhere. What was asked of map s is to be asked of map s + 1.

    Roll along the group axis too: `act((turns, False), w).roll(turns, dims=2)`.
    """
    maps = [F.conv2d(x.flatten(1, 2), solution.act(g, w).flatten(1, 2), padding=padding) for g in solution.C4]
    return torch.stack(maps, dim=2)


@mistake("group_conv_c4")
def group_axis_rolled_backwards(x, w, padding=0):
    """Maps 0 and 2 are right, 1 and 3 are not: the group axis rolls the wrong way.

    After t turns, the map s is read with what stood at s - t. So what stood at 0 moves to t: on, not back.

    `.roll(turns, dims=2)`, not `.roll(-turns, dims=2)`.
    """
    kernels = [solution.act(g, w).roll(-g[0], dims=2) for g in solution.C4]
    return torch.stack([F.conv2d(x.flatten(1, 2), k.flatten(1, 2), padding=padding) for k in kernels], dim=2)


@mistake("group_conv_c4")
def turned_in_the_group_only(x, w, padding=0):
    """Map 0 is right, the others are not: the kernel rolls along the group axis but does not turn in the plane.

    For kernels of one pixel that is enough, for larger ones not: "to the right of" becomes "above".

    Turn and roll: `act((turns, False), w).roll(turns, dims=2)`.
    """
    kernels = [w.roll(turns, dims=2) for turns in range(4)]
    return torch.stack([F.conv2d(x.flatten(1, 2), k.flatten(1, 2), padding=padding) for k in kernels], dim=2)


@mistake("group_conv_c4")
def group_not_mixed(x, w, padding=0):
    """Each of your output maps reads one map of the input only.

    The sum runs over s as well: an eye is made of edges in every direction, and so must hear all four.

    Flatten channels and group into one axis of in_channel * 4 and convolve once for each turn.
    """
    maps = [F.conv2d(x[:, :, g[0]], solution.act(g, w)[:, :, 0], padding=padding) for g in solution.C4]
    return torch.stack(maps, dim=2)


@mistake("group_conv_c4")
def kernels_turned_clockwise(x, w, padding=0):
    """Maps 0 and 2 are right, 1 and 3 are exchanged: kernels turn and roll consistently, but with the clock.

    The third axis counts turns against the clock, as in the layer before.

    Loop over turns 0 to 3 with `act((turns, False), w).roll(turns, dims=2)`.
    """
    return solution.group_conv_c4(x, w, padding)[:, :, [0, 3, 2, 1]]
