"""Wrong versions of the exercises on convolution that students write. A docstring's paragraphs are its hints, in
steps."""

import math

import solution
import torch
import torch.nn.functional as F

from autograder.authoring.cases import mistake


@mistake("conv1d")
def kernel_flipped(x, w):
    """The kernel is laid on the signal the wrong way round: its last weight meets the first value of each window.

    Mathematics turns the kernel round in a convolution; deep learning does not. The first weight belongs to the first
    value of the window, the second to the second.

    Both indices grow together: multiply w[j] by x[i + j], without a flip and without x[i - j].
    """
    return solution.conv1d(x, w.flip(0))


@mistake("conv1d")
def keeps_the_width(x, w):
    """Your output is as wide as the signal. It has outputs for places where the kernel does not fit.

    Where the kernel hangs over the end of the signal, your code counts what is missing as zero. That is padding; this
    exercise has none, and a kernel of k weights fits on n values at fewer than n places.

    The last start is at n - k, so i runs over range(n - k + 1).
    """
    return solution.conv1d(F.pad(x, (0, len(w) - 1)), w)


@mistake("conv1d")
def last_place_missing(x, w):
    """All values that are there are right, but the last one is missing.

    Count the places for a small case by hand: how often does a kernel of 3 fit on a signal of 4? Twice, at starts 0
    and 1.

    The last start is n - k and it counts, so i runs over range(n - k + 1) and not over range(n - k).
    """
    return solution.conv1d(x, w)[:-1]


@mistake("conv1d")
def gradient_cut(x, w):
    """The values are right, but no gradient flows back to x and w: they could not be learned.

    Somewhere a tensor became plain numbers (.item(), float(), .numpy(), .detach(), .data) and a new tensor was made of
    those. The new one does not remember where its numbers came from.

    Collect the sums as tensors and join them by torch.stack([...]) instead of torch.tensor([...]).
    """
    k = len(w)
    return torch.tensor([float((x[i : i + k] * w).sum()) for i in range(len(x) - k + 1)], dtype=x.dtype)


@mistake("conv1d")
def window_averaged(x, w):
    """Every output is too small by one factor: the number of weights in the kernel.

    You take the mean over the window. The definition is a sum; a kernel that shall average holds weights of 1/k.

    Use .sum(), or the matrix product @, in place of .mean().
    """
    return solution.conv1d(x, w) / len(w)


@mistake("conv_output_size")
def floor_forgotten(n, k, padding=0, stride=1, dilation=1):
    """Your number of outputs is not a whole number when the stride does not divide the way.

    Half an output does not exist: what is left after the last full step of the stride is not used.

    Divide with // in place of /, before adding the 1.
    """
    return (n + 2 * padding - dilation * (k - 1) - 1) / stride + 1


@mistake("conv_output_size")
def rounds_up(n, k, padding=0, stride=1, dilation=1):
    """You count one output too many whenever the stride leaves a rest.

    An output exists only where the whole kernel fits. After the last full step of the stride the kernel would hang over
    the end.

    Round down: use // (or math.floor), not math.ceil or round.
    """
    return math.ceil((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1


@mistake("conv_output_size")
def padding_on_one_side(n, k, padding=0, stride=1, dilation=1):
    """Without padding you are right, with padding your numbers are too small.

    The padding is added at each of the two ends of the axis, so that the input becomes longer by twice the padding.

    The input's size with its padding is n + 2 * padding.
    """
    return (n + padding - dilation * (k - 1) - 1) // stride + 1


@mistake("conv_output_size")
def reach_is_dilation_times_kernel(n, k, padding=0, stride=1, dilation=1):
    """Without dilation you are right, with dilation your numbers are too small.

    Dilation spreads the gaps between the weights, and k weights have k - 1 gaps: like fence posts. Draw three weights
    with dilation 2: they reach over 5 places, not over 6.

    The kernel reaches over dilation * (k - 1) + 1 places.
    """
    return (n + 2 * padding - dilation * k) // stride + 1


@mistake("conv_output_size")
def dilation_ignored(n, k, padding=0, stride=1, dilation=1):
    """With dilation your numbers are too large: dilation changes nothing in them.

    A dilated kernel has as many weights, but they stand further apart, so it reaches over more places and fits less
    often.

    Put dilation * (k - 1) + 1 in the place of k.
    """
    return (n + 2 * padding - k) // stride + 1


@mistake("conv_output_size")
def first_place_not_counted(n, k, padding=0, stride=1, dilation=1):
    """Your number is always one too small.

    The division counts the steps from one place to the next. The place where the kernel starts is there before any
    step.

    Add 1 after dividing.
    """
    return (n + 2 * padding - dilation * (k - 1) - 1) // stride


@mistake("conv2d")
def channels_swapped(x, w, b=None, stride=1, padding=0):
    """Input and output channels of the kernels are exchanged: there are as many output channels as the input has.

    The first axis of w says which output channel is made, the second which input channel is read. The sum runs over the
    second.

    Write the sum as torch.einsum("nchvij,ocij->nohv", windows, w): o comes first in w, and c disappears.
    """
    x = F.pad(x, (padding,) * 4)
    windows = x.unfold(2, w.shape[2], stride).unfold(3, w.shape[3], stride)
    y = torch.einsum("nchvij,coij->nohv", windows, w)
    return y if b is None else y + b[:, None, None]


@mistake("conv2d")
def height_and_width_swapped(x, w, b=None, stride=1, padding=0):
    """Rows and columns of the kernel are exchanged, so that its height is laid along the width of the picture.

    The axes of w are (out_channel, in_channel, kernel_height, kernel_width), in the same order as height and width of
    x. A square kernel would hide this.

    Kernel row i goes with picture row stride * h + i (axis 2), kernel column j with column stride * v + j (axis 3).
    """
    return solution.conv2d(x, w.transpose(2, 3), b, stride, padding)


@mistake("conv2d")
def kernel_turned_round(x, w, b=None, stride=1, padding=0):
    """The kernel is laid on the picture upside down and backwards.

    Deep learning's convolution does not turn the kernel round: its upper left weight meets the upper left pixel of the
    window.

    Multiply w[o, c, i, j] by x[n, c, stride * h + i, stride * v + j], without a flip.
    """
    return solution.conv2d(x, w.flip(2, 3), b, stride, padding)


@mistake("conv2d")
def bias_forgotten(x, w, b=None, stride=1, padding=0):
    """Without a bias you are right; with one, every output channel is off by a constant of its own.

    The bias is one number for each output channel, added at every place.

    Add b[:, None, None], which stretches over batch, out_height and out_width, unless b is None.
    """
    return solution.conv2d(x, w, None, stride, padding)


@mistake("conv2d")
def bias_along_the_width(x, w, b=None, stride=1, padding=0):
    """Without a bias you are right; with one, sizes clash, because the bias is laid along the width of the output.

    Broadcasting lines up the last axes. The last axis of the output is its width, and the bias belongs to the second,
    the output channels.

    Give it the axes it lacks: b[:, None, None] has the shape (out_channel, 1, 1).
    """
    y = solution.conv2d(x, w, None, stride, padding)
    return y if b is None else y + b


@mistake("conv2d")
def padded_after_the_picture(x, w, b=None, stride=1, padding=0):
    """The shape is right, but with padding the picture stands in the wrong place: the zeros are all at its right and
    lower side.

    Padding surrounds the picture: as many rows of zeros above as below, as many columns left as right.

    F.pad counts from the last axis and takes two numbers for each: F.pad(x, (padding, padding, padding, padding)).
    """
    return solution.conv2d(F.pad(x, (0, 2 * padding, 0, 2 * padding)), w, b, stride)


@mistake("conv2d")
def channels_not_summed(x, w, b=None, stride=1, padding=0):
    """Only the first channel of the picture is read.

    A window reaches through all channels of the picture, and each of them has its own weights in the kernel. The sum
    runs over channels, rows and columns.

    Sum over c as well: w[o] and a window both have the shape (in_channel, kernel_height, kernel_width).
    """
    return solution.conv2d(x[:, :1], w[:, :1], b, stride, padding)


@mistake("conv2d")
def computes_and_throws_away(x, w, b=None, stride=1, padding=0):
    """The values are right, but at stride s you compute about s * s times as much as is asked for.

    You convolve at stride 1 and then keep every s-th row and column. What lies between is computed for nothing, and a
    stride is there to save just that.

    Take only the windows that are needed: x.unfold(2, kernel_height, stride).unfold(3, kernel_width, stride).
    """
    return solution.conv2d(x, w, b, 1, padding)[:, :, ::stride, ::stride]


@mistake("toeplitz")
def transposed(w, n):
    """The matrix is transposed: it has a row for every input and a column for every output.

    T is applied from the left, T @ x, so that it needs a column for each of the n inputs and a row for each output.

    Row i belongs to output i: T[i, i + j] = w[j], with the shape (n - k + 1, n).
    """
    return solution.toeplitz(w, n).T


@mistake("toeplitz")
def band_on_the_wrong_side(w, n):
    """The band lies on the left of the diagonal: output i reads the inputs before i in place of those after it.

    Look at the first row of the matrix. The first output is made of the first k inputs, so that row begins with the
    whole kernel. Yours holds only one weight of it.

    The column is i + j, not i - j (with torch.diag the offset is +j, not -j).
    """
    rows = n - len(w) + 1
    offset = torch.arange(rows)[:, None] - torch.arange(n)
    inside = (offset >= 0) & (offset < len(w))
    return torch.where(inside, w[offset.clamp(0, len(w) - 1)], w.new_zeros(()))


@mistake("toeplitz")
def kernel_backwards(w, n):
    """The band is in the right place, but the kernel runs backwards in every row.

    In row i, the weight in column i is the first of the kernel. Compare with the example of the docstring.

    T[i, i + j] = w[j], without a flip; or T[i, i : i + k] = w for the whole row.
    """
    return solution.toeplitz(w.flip(0), n)


@mistake("toeplitz")
def wraps_around(w, n):
    """Your matrix has n rows: in the last ones the kernel leaves on the right and comes back on the left.

    A matrix that wraps around (a circulant) convolves on a ring. Our signal has ends, and the kernel must fit between
    them.

    There are n - k + 1 rows, one for each place where the kernel fits.
    """
    row = F.pad(w, (0, n - len(w)))
    return torch.stack([row.roll(i) for i in range(n)])


@mistake("toeplitz")
def numbers_copied(w, n):
    """The matrix is right, but no gradient flows back from it to w: it holds copies of the numbers.

    With .item(), .tolist(), float() or torch.tensor(...) a weight becomes a plain number and the way back is lost. The
    whole point of the band is that its entries share one weight.

    Make T = torch.zeros(...) and assign the tensor itself: T[i, i : i + k] = w.
    """
    return solution.toeplitz(w.detach().clone(), n)


@mistake("max_pool2d")
def padded_with_zero(x, k, stride=None, padding=0):
    """Along the edge there are zeros where all values of the picture are negative.

    You pad with zeros, and against negative values a zero wins. Padding must hold something that never wins.

    Pad with minus infinity: F.pad(x, (padding,) * 4, value=-math.inf).
    """
    return solution.max_pool2d(F.pad(x, (padding,) * 4), k, stride)


@mistake("max_pool2d")
def stride_of_one(x, k, stride=None, padding=0):
    """When no stride is given, your windows overlap and there are too many of them.

    The stride of pooling is by default the size of the window, unlike that of a convolution.

    Begin with: if stride is None, stride = k.
    """
    return solution.max_pool2d(x, k, 1 if stride is None else stride, padding)


@mistake("max_pool2d")
def values_and_places(x, k, stride=None, padding=0):
    """You give back two tensors: the largest values, and where they stood.

    That is what x.max(dim=...) gives along an axis, a pair of values and indices. Only the values are asked for.

    Take .values of the pair, or use .amax(dim=(4, 5)), which gives the values alone and takes two axes at once.
    """
    stride = stride or k
    x = F.pad(x, (padding,) * 4, value=-math.inf)
    return x.unfold(2, k, stride).unfold(3, k, stride).flatten(4).max(dim=-1)


@mistake("max_pool2d")
def averaged(x, k, stride=None, padding=0):
    """You have the mean of each window. The largest value is asked for.

    Pooling by the mean exists too, but "was it found somewhere here?" is answered by the largest value: one strong
    answer is not watered down by its neighbours.

    Use .amax(dim=(4, 5)) over rows and columns of the windows, not .mean(...).
    """
    stride = stride or k
    windows = F.pad(x, (padding,) * 4).unfold(2, k, stride).unfold(3, k, stride)
    return windows.mean(dim=(4, 5))


@mistake("max_pool2d")
def rest_kept(x, k, stride=None, padding=0):
    """You have a row or a column too many: windows that hang over the right or lower edge are counted too.

    A window exists only where it fits as a whole. What is left over at the end is not used, as in a convolution.

    The number of rows is (height + 2 * padding - k) // stride + 1, rounded down.
    """
    stride = stride or k
    rest = [-(size + 2 * padding - k) % stride for size in x.shape[2:]]
    x = F.pad(x, (padding, padding + rest[1], padding, padding + rest[0]), value=-math.inf)
    return solution.max_pool2d(x, k, stride)


@mistake("max_pool2d")
def channels_pooled_together(x, k, stride=None, padding=0):
    """Your output has one channel: the maximum was taken over the channels as well.

    Each channel asks a question of its own, and its answers are pooled apart from the others'.

    Take the maximum over the two axes of the window only, and leave batch and channel as they are.
    """
    return solution.max_pool2d(x, k, stride, padding).amax(dim=1, keepdim=True)


@mistake("conv_weight_gradient")
def batch_not_summed(x, grad):
    """You have one gradient for each picture of the batch: your output has an axis too many.

    The same weights read every picture, so each picture adds its part to the one gradient they have.

    Sum over the batch as well: in torch.einsum("ncijhv,nohv->ocij", ...) the letter n is not on the right.
    """
    windows = x.unfold(2, grad.shape[2], 1).unfold(3, grad.shape[3], 1)
    return torch.einsum("ncijhv,nohv->nocij", windows, grad)


@mistake("conv_weight_gradient")
def batch_averaged(x, grad):
    """With one picture you are right; with several, all values are too small by the size of the batch.

    You take the mean over the batch. The chain rule adds up over all uses of a weight. If the loss is a mean, grad
    holds the 1 / batch already.

    Sum over the batch; divide by nothing.
    """
    return solution.conv_weight_gradient(x, grad) / len(x)


@mistake("conv_weight_gradient")
def out_and_in_swapped(x, grad):
    """The first two axes of your gradient are exchanged.

    A gradient has the shape of what it belongs to. w has the axes (out_channel, in_channel, kernel_height,
    kernel_width): the channels of grad come first, those of x second.

    End the einsum in "->ocij", with o from grad and c from x.
    """
    return solution.conv_weight_gradient(x, grad).transpose(0, 1)


@mistake("conv_weight_gradient")
def gradient_turned_round(x, grad):
    """The gradient is laid on the input upside down and backwards.

    That belongs to another rule: the gradient with respect to the *input* uses a kernel that is turned round. For the
    weights nothing is turned: w[i, j] met x[h + i, v + j] in the output at (h, v).

    Multiply grad[n, o, h, v] by x[n, c, h + i, v + j], without a flip.
    """
    return solution.conv_weight_gradient(x, grad.flip(2, 3))


@mistake("conv_weight_gradient")
def first_place_only(x, grad):
    """Only part of the gradient is there: that from the output in the upper left corner.

    The same weight is used at every place of the picture, and each use adds its part.

    Sum over h and v as well: all places of grad, each times the input that the weight met there.
    """
    kernel_height, kernel_width = x.shape[2] - grad.shape[2] + 1, x.shape[3] - grad.shape[3] + 1
    return torch.einsum("ncij,no->ocij", x[:, :, :kernel_height, :kernel_width], grad[:, :, 0, 0])


@mistake("conv_weight_gradient")
def asks_autograd(x, grad):
    """The values are right, but torch computed them: autograd, or a convolution of its own.

    It is right, of course; this exercise asks what it does. The gradient of one weight is a sum over all the places
    where it was used.

    Take windows of x as large as grad: x.unfold(2, out_height, 1).unfold(3, out_width, 1), multiply by grad and sum.
    """
    sizes = [a - g + 1 for a, g in zip(x.shape[2:], grad.shape[2:], strict=True)]
    w = torch.zeros(grad.shape[1], x.shape[1], *sizes, dtype=x.dtype, requires_grad=True)
    with torch.enable_grad():
        y = solution.conv2d(x, w)
        return torch.autograd.grad((y * grad).sum(), w)[0]  # for a grad of its own, torch first imports sympy


@mistake("receptive_field")
def kernels_added(layers):
    """Your receptive field is too large for convolutions at stride 1: you add up the sizes of the kernels.

    A second convolution of 3 sees three outputs whose own windows overlap. It adds two new pixels, not three.

    Begin with 1 and add dilation * (kernel - 1) * jump for each layer, where jump is the product of the strides below.
    """
    return sum(dilation * (kernel - 1) + 1 for kernel, _, dilation in layers)


@mistake("receptive_field")
def own_stride_counted(layers):
    """With strides your number is too large: each layer's own stride already counts for itself.

    A window of a layer lies on the values of the layer below. How far those are apart was set by the strides *before*;
    the layer's own stride says how far its outputs are apart.

    First add to size, then multiply jump by the stride.
    """
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        size += dilation * (kernel - 1) * jump
    return size


@mistake("receptive_field")
def strides_ignored(layers):
    """With strides your number is too small: they change nothing in it.

    After a stride of 2, neighbouring values lie two pixels apart, so that a kernel above it reaches over twice as many
    pixels.

    Keep a second number, jump, that starts at 1 and is multiplied by the stride after each layer.
    """
    return 1 + sum(dilation * (kernel - 1) for kernel, _, dilation in layers)


@mistake("receptive_field")
def strides_summed(layers):
    """With one strided layer you are right; with several your number is off: you add up the strides.

    Two layers of stride 2, one on the other, put neighbouring values four pixels apart, and three of them eight.

    Multiply: jump *= stride.
    """
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump += stride - 1
    return size


@mistake("receptive_field")
def spacing_ignored(layers):
    """With dilation your number is too small: it changes nothing in it.

    A kernel of 3 with dilation 4 has its first and last weight 8 steps apart, not 2.

    Use dilation * (kernel - 1) in the place of kernel - 1.
    """
    return solution.receptive_field([(kernel, stride, 1) for kernel, stride, _ in layers])


@mistake("receptive_field")
def list_emptied(layers):
    """The number is right, but afterwards the caller's list is empty.

    A list is handed over, not copied: what you take out of it with pop is gone for everyone who holds it.

    Go over it with `for kernel, stride, dilation in layers`, which leaves it as it is.
    """
    size, jump = 1, 1
    while layers:
        kernel, stride, dilation = layers.pop(0)
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size


@mistake("SmallCNN")
class ReluForgotten(solution.SmallCNN):
    """Something nonlinear is missing: there is no ReLU after the convolutions.

    A convolution of a convolution is one convolution: without something nonlinear between, the second layer adds
    nothing that a larger kernel could not do. What is negative must become zero before it is pooled and read further.

    Wrap both: x = torch.relu(conv2d(x, self.w1, self.b1, padding=1)), and the same for w2, b2.
    """

    def forward(self, x):
        x = solution.max_pool2d(solution.conv2d(x, self.w1, self.b1, padding=1), 2)
        x = solution.conv2d(x, self.w2, self.b2, padding=1).amax(dim=(2, 3))
        return x @ self.w3.T + self.b3


@mistake("SmallCNN")
class LastReluForgotten(solution.SmallCNN):
    """There is a ReLU after the first convolution but none after the second. On large pictures that hardly shows,
    because the maximum over many places is seldom negative; on small ones it does.

    Both convolutions are followed by a ReLU, so that every channel that found nothing says zero.

    x = torch.relu(conv2d(x, self.w2, self.b2, padding=1)) before the maximum over all places.
    """

    def forward(self, x):
        x = solution.max_pool2d(torch.relu(solution.conv2d(x, self.w1, self.b1, padding=1)), 2)
        x = solution.conv2d(x, self.w2, self.b2, padding=1).amax(dim=(2, 3))
        return x @ self.w3.T + self.b3


@mistake("SmallCNN")
class PoolingForgotten(solution.SmallCNN):
    """The pooling between the two convolutions is missing: the second one sees half as far as it should.

    The shapes fit all the same, because the maximum over all places at the end swallows any height and width.

    Put x = max_pool2d(x, 2) between the two convolutions.
    """

    def forward(self, x):
        x = torch.relu(solution.conv2d(x, self.w1, self.b1, padding=1))
        x = torch.relu(solution.conv2d(x, self.w2, self.b2, padding=1)).amax(dim=(2, 3))
        return x @ self.w3.T + self.b3


@mistake("SmallCNN")
class AveragesPlaces(solution.SmallCNN):
    """At the end you take the mean over all places. The maximum is asked for.

    "Was it there, anywhere?" is answered by the strongest place. In a mean, one clear answer is watered down by all the
    places where there was nothing.

    Use x.amax(dim=(2, 3)) in place of x.mean(dim=(2, 3)).
    """

    def forward(self, x):
        x = solution.max_pool2d(torch.relu(solution.conv2d(x, self.w1, self.b1, padding=1)), 2)
        x = torch.relu(solution.conv2d(x, self.w2, self.b2, padding=1)).mean(dim=(2, 3))
        return x @ self.w3.T + self.b3


@mistake("SmallCNN")
class SoftmaxAtTheEnd(solution.SmallCNN):
    """Your outputs are probabilities: positive, and each row adds up to 1. Scores are asked for.

    The loss (cross-entropy) takes the softmax itself. Taken twice, it squeezes all gradients.

    Return x @ self.w3.T + self.b3 as it is.
    """

    def forward(self, x):
        return super().forward(x).softmax(dim=1)


@mistake("SmallCNN")
class BiasesForgotten(solution.SmallCNN):
    """The biases of the convolutions are there but unused: no gradient flows to b1 and b2.

    They start at zero, so that nothing shows before training; with other values the outputs differ.

    Pass them on: conv2d(x, self.w1, self.b1, padding=1).
    """

    def forward(self, x):
        x = solution.max_pool2d(torch.relu(solution.conv2d(x, self.w1, padding=1)), 2)
        x = torch.relu(solution.conv2d(x, self.w2, padding=1)).amax(dim=(2, 3))
        return x @ self.w3.T + self.b3
