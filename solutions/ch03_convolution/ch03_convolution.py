# %% [markdown]
# # Convolution: told about place
#
# A fully connected layer has a weight of its own for every pair of input and output. It is told nothing: that two
# pixels are neighbours, it has to find out from data, and again at every place of the picture. A convolution is told
# two things: *near things belong together* (an output looks at a small window only) and *a pattern is the same pattern
# wherever it stands* (every window is read with the same weights).
#
# In this notebook you write a convolution from nothing, first along a line, then on pictures; you write it as a matrix,
# find out what its weights learn from, add the two things that a convolutional network needs besides, and put all of it
# together in a small network. When everything passes, the last cells train that network, and you push digits around
# under it, with your own `conv2d` doing the work.
#
# **How to work.** Each exercise is one cell. Read the text and the docstring, replace `raise NotImplementedError` by
# your code, run the cell, then run the check below it. The check tells you what differs and where;
# `check.hint(conv1d)` says more, one step at a time. Shapes are written with the names of their axes:
# `(batch, channel, height, width)`.

# %%
import math

import torch
import torch.nn.functional as F
from IPython.display import display
from torch import Tensor, nn

# %%
from autograder import Check

check = Check("ch03_convolution")

# %% [markdown]
# ## 1. A window that slides along a line
#
# Lay a short row of weights, the **kernel**, on a signal. Multiply each weight by the value under it and add up: that
# is one output. Move the kernel one step to the right and do it again, until its end meets the end of the signal.
#
# $$y_i = \sum_{j=0}^{k-1} w_j \, x_{i+j}, \qquad i = 0, \dots, n-k$$
#
# A kernel of $k$ weights fits on a signal of $n$ values at $n - k + 1$ places. With $x = (1, 2, 3, 4)$ and
# $w = (1, 10, 100)$ there are two of them:
#
# $$y_0 = 1 \cdot 1 + 10 \cdot 2 + 100 \cdot 3 = 321, \qquad y_1 = 1 \cdot 2 + 10 \cdot 3 + 100 \cdot 4 = 432.$$
#
# The kernel is *not* turned round. Mathematics calls this a cross-correlation and keeps "convolution" for the sum with
# $x_{i-j}$. Deep learning calls this one convolution, and so does this course: the weights are learned, so it does not
# matter which end they are counted from, as long as everybody counts from the same.


# %% exercise="conv1d"
def conv1d(x: Tensor, w: Tensor) -> Tensor:
    """The kernel w laid on x at every place where it fits.

    y[i] = sum over j of w[j] * x[i + j]

    x: (width,), the signal
    w: (kernel_width,), the kernel; never longer than the signal
    returns: (width - kernel_width + 1,)

    Gradients must flow back to x and to w, so stay with torch operations on tensors. torch's own convolutions are not
    allowed here, nor in the rest of the notebook.

    >>> conv1d(torch.tensor([1., 2., 3., 4.]), torch.tensor([1., 10., 100.]))
    tensor([321., 432.])
    """
    ### BEGIN SOLUTION
    windows = x.unfold(0, len(w), 1)  # (width,) -> (out_width, kernel_width)
    return windows @ w  # (out_width,)
    ### END SOLUTION


# %% check="conv1d"
check(conv1d)

# %% [markdown] think="why-shared"
# **Think!** A fully connected layer from $n$ inputs to $n - k + 1$ outputs has $n\,(n - k + 1)$ weights; this layer has
# $k$. For $n = 784$ and $k = 5$, how many times fewer? And what can the fully connected layer say that this one cannot?
#
# <details><summary>Answer</summary>
#
# $784 \cdot 780 / 5 = 122{,}304$ times fewer. The fully connected layer can treat places differently: "a dark pixel
# *here* means something else than a dark pixel *there*", and it can join far places. The convolution has given both
# away. Where they were not needed, that is a gift: each of the 5 weights is learned from 780 places at once.
#
# </details>

# %% [markdown]
# ## 2. How large is what comes out?
#
# Three settings change where the kernel is laid.
#
# - **Padding** $p$ puts $p$ zeros at *each* end of the signal, which becomes $n + 2p$ long.
# - **Dilation** $r$ spreads the kernel: neighbouring weights stand $r$ apart, so the kernel reaches over
#   $r\,(k - 1) + 1$ places. Dilation 1 is the plain kernel.
# - **Stride** $s$ moves the kernel by $s$ places at a time.
#
# Count the places. From the first to the last start of the kernel there are $n + 2p - r\,(k-1) - 1$ steps of one; a
# stride takes $s$ of them at a time and what is left over at the end is not used; and the first place itself counts:
#
# $$\left\lfloor \frac{n + 2p - r\,(k - 1) - 1}{s} \right\rfloor + 1$$
#
# With $n = 28$, $k = 3$, $p = 1$, $s = 2$: the kernel can start at $28 + 2 - 2 = 28$ places, 27 steps from first to
# last; every second one makes $\lfloor 27/2 \rfloor + 1 = 14$.


# %% exercise="conv_output_size"
def conv_output_size(n: int, k: int, padding: int = 0, stride: int = 1, dilation: int = 1) -> int:
    """How many outputs a convolution gives along one axis.

    n: size of the input along that axis
    k: number of weights of the kernel along it; you may assume that the kernel fits
    padding: zeros added at each of the two ends
    stride: places from one output to the next
    dilation: places from one weight of the kernel to the next
    returns: a whole number (int)

    >>> conv_output_size(28, 3, padding=1, stride=2)
    14
    >>> conv_output_size(10, 3, dilation=4)
    2
    """
    ### BEGIN SOLUTION
    reach = dilation * (k - 1) + 1
    return (n + 2 * padding - reach) // stride + 1
    ### END SOLUTION


# %% check="conv_output_size"
check(conv_output_size)

# %% [markdown]
# ## 3. Pictures, with channels
#
# On a picture the window slides down and to the right. Two things are new.
#
# - A picture has **channels** (red, green, blue; later: features). A window takes all of them at one place, and the sum
#   runs over channels, rows and columns.
# - A layer looks for several patterns at once. Each has a kernel of its own and makes one **output channel**, so that
#   the weights are `w (out_channel, in_channel, kernel_height, kernel_width)`, and there is one bias for each output
#   channel.
#
# $$y_{n,o,h,v} = b_o + \sum_{c} \sum_{i} \sum_{j} w_{o,c,i,j} \; x_{n,\,c,\;s h + i,\;s v + j}$$
#
# Here $n$ counts the pictures of the batch, $h$ and $v$ are row and column of the output, $s$ is the stride, and $x$
# has its padding on. One picture of one channel, with the kernel $(1\;\;10)$, one row high and two columns wide:
#
# $$\begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \end{pmatrix} \;\to\;
# \begin{pmatrix} 1 + 20 & 2 + 30 \\ 4 + 50 & 5 + 60 \end{pmatrix} = \begin{pmatrix} 21 & 32 \\ 54 & 65 \end{pmatrix}$$
#
# You may loop over the places of the output, over the places of the kernel, or not at all: `x.unfold(axis, size, step)`
# gives all windows along one axis at once (the new axis comes last). Loop over as little as you can: your network
# trains with this function. And compute only what is asked for: the check counts floating-point operations, and at
# stride $s$ a picture costs about $s^2$ times less than at stride 1.


# %% exercise="conv2d"
def conv2d(x: Tensor, w: Tensor, b: Tensor | None = None, stride: int = 1, padding: int = 0) -> Tensor:
    """The convolution of pictures x with the kernels w, plus one bias for each output channel.

    y[n, o, h, v] = b[o] + sum over c, i, j of w[o, c, i, j] * x[n, c, stride * h + i, stride * v + j]
    where n counts the pictures and x has its padding on.

    x: (batch, in_channel, height, width)
    w: (out_channel, in_channel, kernel_height, kernel_width)
    b: (out_channel,), or None for no bias
    stride: rows, and columns, from one output to the next
    padding: rows and columns of zeros added on each of the four sides; F.pad may be used
    returns: (batch, out_channel, out_height, out_width), their sizes as conv_output_size says

    x and w stay as they are, and gradients must flow to x, w and b.

    >>> conv2d(torch.tensor([[[[1., 2., 3.], [4., 5., 6.]]]]), torch.tensor([[[[1., 10.]]]]))
    tensor([[[[21., 32.],
              [54., 65.]]]])
    """
    ### BEGIN SOLUTION
    kernel_height, kernel_width = w.shape[2:]
    x = F.pad(x, (padding,) * 4)  # (batch, in_channel, height + 2 padding, width + 2 padding)
    # (batch, in_channel, out_height, out_width, kernel_height, kernel_width)
    windows = x.unfold(2, kernel_height, stride).unfold(3, kernel_width, stride)
    y = torch.einsum("nchvij,ocij->nohv", windows, w)  # (batch, out_channel, out_height, out_width)
    return y if b is None else y + b[:, None, None]
    ### END SOLUTION


# %% check="conv2d"
check(conv2d)

# %% [markdown]
# ## 4. A convolution is a matrix
#
# What exercise 1 computes is linear in $x$, so there is a matrix $T$ with $T x = w * x$. Row $i$ holds the kernel,
# moved $i$ places to the right, and zeros elsewhere. For $w = (1, 10)$ and $n = 4$:
#
# $$T = \begin{pmatrix} 1 & 10 & 0 & 0 \\ 0 & 1 & 10 & 0 \\ 0 & 0 & 1 & 10 \end{pmatrix}$$
#
# Every diagonal holds one value; such matrices are called **Toeplitz**. This is the prior made visible: a fully
# connected layer may fill all $3 \times 4$ entries as it likes, a convolution sets ten of them by rule and leaves two
# to be learned. So a fully connected layer *can* be a convolution. The chapter measures how many examples it needs to
# find out.


# %% exercise="toeplitz"
def toeplitz(w: Tensor, n: int) -> Tensor:
    """The matrix T for which T @ x equals conv1d(x, w), for every signal x of width n.

    T[i, i + j] = w[j], and every other entry is 0.

    w: (kernel_width,), at most n long
    n: width of the signals
    returns: (n - kernel_width + 1, n), of the dtype of w

    Gradients must flow from the matrix back to w: each weight stands in many entries, and learns from all of them.

    >>> toeplitz(torch.tensor([1., 10.]), 4)
    tensor([[ 1., 10.,  0.,  0.],
            [ 0.,  1., 10.,  0.],
            [ 0.,  0.,  1., 10.]])
    """
    ### BEGIN SOLUTION
    k = len(w)
    T = w.new_zeros(n - k + 1, n)  # (out_width, width)
    for i in range(len(T)):
        T[i, i : i + k] = w
    return T
    ### END SOLUTION


# %% check="toeplitz"
check(toeplitz)

# %% [markdown]
# ## 5. The strongest answer in the neighbourhood
#
# After a convolution every place has an answer to "is my pattern here?". Often it is enough to know whether it was
# found *somewhere near*. **Max pooling** keeps the largest value of each window, each channel for itself. Usually the
# windows do not overlap: the stride is the size of the window, and a picture becomes half as high and half as wide.
#
# $$y_{n,c,h,v} = \max_{0 \le i, j < k} \; x_{n,\,c,\;s h + i,\;s v + j}$$
#
# One picture of one channel, pooled with $k = 2$:
#
# $$\begin{pmatrix} -1 & -5 & -2 & -7 \\ -3 & -4 & -6 & -8 \end{pmatrix} \;\to\; \begin{pmatrix} -1 & -2 \end{pmatrix}$$
#
# All values of this picture are negative, and so are the answers. Keep that in mind when you pad: what must the padding
# hold so that it never wins? What is left over at the right and lower edge, because the next window would stand over
# it, is not used.


# %% exercise="max_pool2d"
def max_pool2d(x: Tensor, k: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """The largest value of every window of k rows and k columns, for each channel on its own.

    y[n, c, h, v] = max over i, j in 0..k-1 of x[n, c, stride * h + i, stride * v + j]
    where x has its padding on. A padded place never wins.

    x: (batch, channel, height, width)
    k: rows and columns of a window
    stride: rows, and columns, from one window to the next; None means k, so that the windows do not overlap
    padding: rows and columns added on each of the four sides, at most k // 2
    returns: (batch, channel, out_height, out_width), their sizes as conv_output_size says

    torch's own pooling is not allowed. The gradient goes to the place that won.

    >>> max_pool2d(torch.tensor([[[[-1., -5., -2., -7.], [-3., -4., -6., -8.]]]]), 2)
    tensor([[[[-1., -2.]]]])
    """
    ### BEGIN SOLUTION
    stride = stride or k
    x = F.pad(x, (padding,) * 4, value=-math.inf)  # (batch, channel, height + 2 padding, width + 2 padding)
    windows = x.unfold(2, k, stride).unfold(3, k, stride)  # (batch, channel, out_height, out_width, k, k)
    return windows.amax(dim=(4, 5))  # (batch, channel, out_height, out_width)
    ### END SOLUTION


# %% check="max_pool2d"
check(max_pool2d)

# %% [markdown]
# ## 6. What a kernel learns from
#
# Training needs $\partial \mathcal{L} / \partial w$. Take the line of exercise 1 first. The weight $w_j$ meets
# $x_{i+j}$ in the output $y_i$, for every $i$. If $g_i = \partial \mathcal{L} / \partial y_i$ says how much the loss
# grows with $y_i$, the chain rule adds up over all places where the weight was used:
#
# $$\frac{\partial \mathcal{L}}{\partial w_j} = \sum_i g_i \; x_{i+j}$$
#
# That is itself a convolution: of the input, with the output's gradient as kernel. With $x = (1, 2, 3, 4)$ and
# $g = (1, 10)$ it is $(1 + 20,\; 2 + 30,\; 3 + 40) = (21, 32, 43)$: three numbers, one for each weight.
#
# On pictures, the same weight is used at every place of *every picture of the batch*, so the sum runs over pictures,
# rows and columns:
#
# $$\frac{\partial \mathcal{L}}{\partial w_{o,c,i,j}} = \sum_n \sum_h \sum_v g_{n,o,h,v} \; x_{n,\,c,\;h + i,\;v + j}$$
#
# It is a sum and not a mean: if the loss is a mean over the batch, $g$ holds the $1/B$ already.


# %% exercise="conv_weight_gradient"
def conv_weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """The gradient of the loss with respect to the kernels of y = conv2d(x, w), at stride 1 and without padding.

    dL/dw[o, c, i, j] = sum over n, h, v of grad[n, o, h, v] * x[n, c, h + i, v + j]

    x: (batch, in_channel, height, width), the input
    grad: (batch, out_channel, out_height, out_width), the gradient of the loss with respect to y
    returns: (out_channel, in_channel, kernel_height, kernel_width)

    The size of the kernel is not given: it follows from height - kernel_height + 1 = out_height, and the same for the
    width. Write the sum yourself, without autograd.

    >>> conv_weight_gradient(torch.tensor([[[[1., 2., 3., 4.]]]]), torch.tensor([[[[1., 10.]]]]))
    tensor([[[[21., 32., 43.]]]])
    """
    ### BEGIN SOLUTION
    out_height, out_width = grad.shape[2:]
    # (batch, in_channel, kernel_height, kernel_width, out_height, out_width)
    windows = x.unfold(2, out_height, 1).unfold(3, out_width, 1)
    return torch.einsum("ncijhv,nohv->ocij", windows, grad)  # (out_channel, in_channel, kernel_height, kernel_width)
    ### END SOLUTION


# %% check="conv_weight_gradient"
check(conv_weight_gradient)

# %% [markdown] think="more-gradient-than-pixels"
# **Think!** One weight of a convolution gets a term of gradient from every place of every picture; one weight of a
# fully connected layer gets one term from every picture. Say in one sentence what that means for the number of
# pictures each needs.
#
# <details><summary>Answer</summary>
#
# A picture with a thousand windows is, to a convolution, something like a thousand examples of what its kernel should
# do (fewer in fact, because neighbouring windows overlap and resemble each other), and to a fully connected layer it
# is one.
#
# </details>

# %% [markdown]
# ## 7. How far does one output see?
#
# One convolution of size 3 sees three pixels. A second on top sees three outputs of the first, which together see five
# pixels. The part of the input that one output can depend on is its **receptive field**. Follow it from the input up
# with two numbers:
#
# - `size`: how many pixels one value of this layer sees; a pixel sees one, itself.
# - `jump`: how many pixels lie between two neighbouring values of this layer; between pixels, one.
#
# A layer with kernel $k$ and dilation $r$ reads values of which the first and the last are $r\,(k-1)$ steps apart, and
# each step is `jump` pixels: `size` grows by $r\,(k-1)$ jumps. A stride $s$ then multiplies `jump` by $s$, *for the
# layers above*:
#
# $$R = 1 + \sum_{l} r_l\,(k_l - 1) \prod_{m < l} s_m$$
#
# A convolution of 3, a pooling of 2 with stride 2, a convolution of 3: `size` goes 1, then $1 + 2 = 3$, then
# $3 + 1 = 4$; the stride makes `jump` 2; then $4 + 2 \cdot 2 = 8$ pixels.


# %% exercise="receptive_field"
def receptive_field(layers: list[tuple[int, int, int]]) -> int:
    """How many input places, along one axis, one output of a stack of layers can depend on.

    R = 1 + sum over layers l of dilation_l * (kernel_l - 1) * (product of the strides of all layers before l)

    layers: (kernel, stride, dilation) of every layer, from the input up; a pooling layer counts as one too.
        The list belongs to the caller: leave it as it is. Without a layer the answer is 1.
    returns: a whole number (int)

    >>> receptive_field([(3, 1, 1), (2, 2, 1), (3, 1, 1)])
    8
    """
    ### BEGIN SOLUTION
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size
    ### END SOLUTION


# %% check="receptive_field"
check(receptive_field)

# %% [markdown]
# ## 8. All together: a small convolutional network
#
# | step | what it does | shape, for a picture of $16 \times 16$ and `channels=(8, 16)` |
# |---|---|---|
# | | the input | `(batch, 1, 16, 16)` |
# | `conv2d`, $3 \times 3$, padding 1, then ReLU | looks for small patterns | `(batch, 8, 16, 16)` |
# | `max_pool2d`, 2 | keeps the strongest of four | `(batch, 8, 8, 8)` |
# | `conv2d`, $3 \times 3$, padding 1, then ReLU | looks for patterns of patterns | `(batch, 16, 8, 8)` |
# | maximum over all places | was it there, anywhere? | `(batch, 16)` |
# | fully connected | weighs what was found | `(batch, 10)` |
#
# The step to look at is the fifth. A convolution is **equivariant**: shift the picture, and its answers shift with it.
# The maximum over all places is **invariant**: it does not ask where. That one line, and not the word "convolutional",
# is what lets the network keep a digit that moves. And the example of exercise 7 was this network: each value that the
# maximum is taken over sees 8 x 8 pixels, as much as one of the digits below.
#
# Build it out of *your* `conv2d` and `max_pool2d`. Weights that shall be trained are wrapped in `nn.Parameter` and
# kept as attributes, so that `model.parameters()` finds them. `he_weight` gives weights of a sensible size to begin
# with; biases may begin at zero.


# %%
def he_weight(*shape: int) -> Tensor:
    """Random weights of the given shape, first axis the outputs: normal, with variance 2 / inputs of one output."""
    return torch.randn(shape) * math.sqrt(2 / math.prod(shape[1:]))


# %% exercise="SmallCNN"
class SmallCNN(nn.Module):
    """A convolutional network of two layers that says how much a picture looks like each class.

    SmallCNN(in_channels, channels, classes), with channels = (first, second), has six parameters, by these names:

    w1: (first, in_channels, 3, 3)     b1: (first,)
    w2: (second, first, 3, 3)          b2: (second,)
    w3: (classes, second)              b3: (classes,)

    x (batch, in_channels, height, width)
      -> conv2d with w1, b1, padding 1, then ReLU          (batch, first, height, width)
      -> max_pool2d over windows of 2                      (batch, first, height // 2, width // 2)
      -> conv2d with w2, b2, padding 1, then ReLU          (batch, second, height // 2, width // 2)
      -> the maximum over all places of each channel       (batch, second)
      -> w3 times it, plus b3                              (batch, classes)

    The result are scores (logits), without a softmax: the loss takes care of that.

    >>> model = SmallCNN(in_channels=1, channels=(8, 16), classes=10)
    >>> model(torch.zeros(5, 1, 16, 16)).shape
    torch.Size([5, 10])
    >>> sum(p.numel() for p in model.parameters())
    1418
    """

    def __init__(self, in_channels: int, channels: tuple[int, int], classes: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        first, second = channels
        self.w1 = nn.Parameter(he_weight(first, in_channels, 3, 3))
        self.b1 = nn.Parameter(torch.zeros(first))
        self.w2 = nn.Parameter(he_weight(second, first, 3, 3))
        self.b2 = nn.Parameter(torch.zeros(second))
        self.w3 = nn.Parameter(he_weight(classes, second))
        self.b3 = nn.Parameter(torch.zeros(classes))
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, in_channels, height, width); returns scores (batch, classes)."""
        ### BEGIN SOLUTION
        x = torch.relu(conv2d(x, self.w1, self.b1, padding=1))  # (batch, first, height, width)
        x = max_pool2d(x, 2)  # (batch, first, height // 2, width // 2)
        x = torch.relu(conv2d(x, self.w2, self.b2, padding=1))  # (batch, second, height // 2, width // 2)
        x = x.amax(dim=(2, 3))  # (batch, second)
        return x @ self.w3.T + self.b3  # (batch, classes)
        ### END SOLUTION


# %% check="SmallCNN"
check(SmallCNN)

# %% [markdown]
# ## Your functions at work
#
# The cells below need nothing from you but that every exercise passes. They take 1,797 handwritten digits of 8 x 8
# pixels (they ship with scikit-learn), put them in the middle of a canvas of 16 x 16, and lay kernels on them with
# your `conv2d`. Move the digit and watch the map: whatever happens to the picture happens to it.

# %%
CANVAS = 16
MARGIN = 4
SHIFTS = range(1 - MARGIN, MARGIN)  # one pixel short of the edge, so that no answer of a kernel falls off the canvas
KERNELS = {
    "left edges": [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]],
    "upper edges": [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]],
    "blur": [[1 / 9] * 3] * 3,
    "spots": [[-1.0, -1.0, -1.0], [-1.0, 8.0, -1.0], [-1.0, -1.0, -1.0]],
}


def digits_on_canvas() -> tuple[Tensor, Tensor]:
    """Pictures (batch, 1, 16, 16) with values 0 to 1, each an 8 x 8 digit in the middle, and their labels (batch,)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16  # (batch, 1, 8, 8)
    return F.pad(pictures, (MARGIN,) * 4), torch.tensor(digits.target)


def draw_feature_map(kernel, shift, digit):
    """The digit {digit}, moved by {shift}, and what your conv2d with the kernel for {kernel} answers."""
    import matplotlib.pyplot as plt

    pictures, labels = digits_on_canvas()
    x = pictures[labels == digit][:1].roll(shift, dims=3)  # (1, 1, 16, 16)
    y = conv2d(x, torch.tensor(KERNELS[kernel])[None, None], padding=1)  # (1, 1, 16, 16)
    figure, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.9))
    left.imshow(x[0, 0], cmap="gray_r")
    left.set_title("the picture")
    size = float(y.abs().max())
    right.imshow(y[0, 0], cmap="RdBu_r", vmin=-size, vmax=size)
    right.set_title(f"{kernel} (red: yes)")
    for axes in (left, right):
        axes.set_xlabel("column")
        axes.set_ylabel("row")
    return figure


# %%
if check.unlocked():
    from explorables import choice, explore, steps

    demo = explore(
        draw_feature_map,
        kernel=choice(list(KERNELS)),
        shift=steps(SHIFTS, unit="px", start=0),
        digit=choice({str(d): d for d in (0, 1, 3, 7)}, start=3),
        max_frames=112,
        caption="A kernel answers where its pattern stands. The map moves with the digit: convolution is equivariant.",
        try_this="Which parts of the 0 does 'left edges' call red, and which blue? Move it. Did any value change?",
    )
    display(demo)

# %% [markdown]
# Last, the network. Your `SmallCNN` and a fully connected network with ten times its weights are trained on the same
# digits, all standing *in the middle*. Then both are shown the test digits moved sideways, which neither has seen.


# %%
def fit(model: nn.Module, pictures: Tensor, labels: Tensor, steps: int = 400) -> nn.Module:
    """The model, trained with Adam on batches of 64 for a number of steps."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        batch = torch.randint(len(pictures), (64,))
        loss = F.cross_entropy(model(pictures[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@torch.no_grad()
def accuracy(model: nn.Module, pictures: Tensor, labels: Tensor, shift: int) -> float:
    """The share of pictures that the model names rightly when all are moved sideways by `shift` pixels."""
    return float((model(pictures.roll(shift, dims=3)).argmax(dim=1) == labels).float().mean())


# %%
if check.unlocked():
    torch.set_num_threads(1)  # networks as small as these are fastest on one thread
    torch.manual_seed(3)
    PICTURES, LABELS = digits_on_canvas()
    order = torch.randperm(len(PICTURES))
    train, TEST = order[:1400], order[1400:]
    dense = nn.Sequential(nn.Flatten(), nn.Linear(CANVAS * CANVAS, 56), nn.ReLU(), nn.Linear(56, 10))
    MODELS = {
        "your SmallCNN": fit(SmallCNN(1, (8, 16), 10), PICTURES[train], LABELS[train]),
        "fully connected": fit(dense, PICTURES[train], LABELS[train]),
    }
    ACCURACIES = {name: [accuracy(m, PICTURES[TEST], LABELS[TEST], s) for s in SHIFTS] for name, m in MODELS.items()}
    for name, model in MODELS.items():
        print(f"{name}: {sum(p.numel() for p in model.parameters()):,} parameters")
    if ACCURACIES["your SmallCNN"][SHIFTS.index(0)] < 0.3:
        print(
            "Yours learned next to nothing. Weights that begin all alike stay alike: begin w1, w2, w3 with he_weight."
        )


# %%
def draw_answers(shift, example):
    """{example}, moved by {shift}: what both networks say, and their accuracy at every shift."""
    import matplotlib.pyplot as plt

    x = PICTURES[TEST][example : example + 1].roll(shift, dims=3)  # (1, 1, 16, 16)
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.2, 5.6))
    top.imshow(x[0, 0], cmap="gray_r")
    top.set_xlabel("column")
    top.set_ylabel("row")
    answers = []
    for name, model in MODELS.items():
        with torch.no_grad():
            p = model(x).softmax(dim=1)[0]  # (class,)
        answers.append(f"{name}: {int(p.argmax())} ({100 * float(p.max()):.0f} %)")
        bottom.plot(list(SHIFTS), ACCURACIES[name], marker="o", label=name)
    top.set_title("\n".join([f"what is this {int(LABELS[TEST][example])}?", *answers]))
    top.set(xticks=(0, 5, 10, 15), yticks=(0, 5, 10, 15))
    bottom.axvline(shift, color="grey", linewidth=1)
    bottom.axhline(0.1, color="grey", linestyle=":", linewidth=1)
    bottom.set(xlabel="shift (pixels)", ylabel="accuracy (share of 397)", ylim=(0, 1.02))
    bottom.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return figure


if check.unlocked():
    demo = explore(
        draw_answers,
        shift=steps(SHIFTS, unit="px", start=0),
        example=choice({f"test digit {i + 1}": i for i in range(6)}),
        play="shift",
        caption="Accuracy on test digits that are moved; both networks were trained on digits in the middle only. "
        "The dotted line is guessing.",
        try_this="Which shifts does your network mind more, odd ones or even ones? Which layer has a stride of 2?",
    )
    display(demo)

# %% [markdown] think="odd-and-even"
# **Think!** Every convolution in your network is equivariant and the last maximum is invariant. Yet your network names
# fewer digits rightly after a shift of one pixel than after a shift of two. Why? And what would you change?
#
# <details><summary>Answer</summary>
#
# The pooling moves in steps of two. After a shift of two pixels each window holds exactly what its neighbour held
# before, and the maximum over all places sees the same values. After a shift of one, every window holds another
# mixture of pixels, and the second convolution reads something that it was never trained on. Whatever moves in steps
# of $s$ keeps shifts by multiples of $s$ only. Pool at stride 1 (`max_pool2d(x, 2, stride=1)`), pay nearly four times
# as much for the second convolution, and train again: the teeth of the curve are gone. Experiment K1 of the chapter
# measures the same on larger digits.
#
# </details>
