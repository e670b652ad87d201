"""Wrong versions that students of chapter 0 really write. A docstring is three hints: the sight, the idea, the line."""

import solution
import torch

from autograder.authoring.cases import mistake


@mistake("outer")
def axis_missing(a, b):
    """The two vectors meet on one and the same axis, so they are multiplied element by element, or do not fit at all.

    The table has two axes: one for a, one for b. Which axis does each vector lack?

    `a[:, None]` has shape (row, 1) and `b[None, :]` has shape (1, column); multiply those.
    """
    return a * b


@mistake("outer")
def axes_swapped(a, b):
    """Every product is there, but the table lies on its side: rows and columns are exchanged.

    `out[i, j] = a[i] * b[j]`: the first axis counts along a.

    Put `None` after the axis of a and before the axis of b, not the other way round.
    """
    return b[:, None] * a[None, :]


@mistake("outer")
def added(a, b):
    """The table has the right shape and holds sums in place of products.

    Broadcasting fits the shapes for any operation. The outer product asks for one in particular.

    Keep the `None`s, and write `*` for `+`.
    """
    return a[:, None] + b[None, :]


@mistake("outer")
def gradient_cut(a, b):
    """The values are right, but no gradient flows back to a and b.

    A Python number taken out of a tensor (`float(...)`, `.item()`, `.tolist()`) has forgotten how it was computed.

    Stay with tensors: `a[:, None] * b[None, :]` needs neither a loop nor `torch.tensor(...)`.
    """
    return torch.tensor([[float(x) * float(y) for y in b] for x in a])


@mistake("row_normalize")
def keepdim_dropped(X):
    """The sums of the rows are laid along the columns. With as many rows as columns that goes through without a word.

    A sum removes its axis: what is left has shape (row,), and broadcasting lines shapes up from the right, so it meets
    the axis `column`.

    `X.sum(dim=1, keepdim=True)` has shape (row, 1), which meets the right axis.
    """
    return X / X.sum(dim=1)


@mistake("row_normalize")
def columns_normalized(X):
    """The columns sum to one, the rows do not.

    `dim` is the axis that disappears in the sum, not the one that stays.

    To add up along a row is to sum over `dim=1`, the columns.
    """
    return X / X.sum(dim=0, keepdim=True)


@mistake("row_normalize")
def whole_table_normalized(X):
    """All the numbers together sum to one. Each row should.

    `sum()` without `dim` adds up everything, and one number comes out for the whole table.

    Say which axis disappears, and keep its place: `dim=1, keepdim=True`.
    """
    return X / X.sum()


@mistake("row_normalize")
def changed_in_place(X):
    """The result is right, and the caller's X is gone: it was overwritten.

    `X /= s` writes into the memory of X. `X = X / s` makes a new tensor.

    `return X / X.sum(dim=1, keepdim=True)`
    """
    X /= X.sum(dim=1, keepdim=True)
    return X


@mistake("batched_matmul")
def second_transposed(A, B):
    """Rows of A meet rows of B. Unless B is square, the sizes do not even fit.

    In a matrix product a row of A meets a *column* of B: the shared axis is the last of A and the second of B.

    Sum `A[b, i, k] * B[b, k, j]` over k: give A a new last axis and B a new axis in second place.
    """
    return solution.batched_matmul(A, B.transpose(1, 2))


@mistake("batched_matmul")
def batch_summed(A, B):
    """The examples were added together: the batch axis is missing.

    Examples of a batch know nothing of one another. Only the inner axis is summed.

    Sum over the one axis `inner`, after the new axes are in place: `dim=2`.
    """
    return solution.batched_matmul(A, B).sum(dim=0)


@mistake("batched_matmul")
def first_matrix_for_all(A, B):
    """The first example is right, the others are not: each of them was multiplied with the first matrix of B.

    B has a batch axis as well: example b of A belongs with example b of B.

    Index with a colon, `B[:, None, :, :]`, so that the batch axis stays.
    """
    return solution.batched_matmul(A, B[:1])


@mistake("batched_matmul")
def result_transposed(A, B):
    """Every matrix of the result is transposed.

    The rows of the result are the rows of A, its columns are the columns of B.

    Of the four axes (batch, row, inner, column), sum over the third: what is left is in order.
    """
    return solution.batched_matmul(A, B).transpose(1, 2)


@mistake("one_hot")
def classes_from_max(y, num_classes):
    """There are too few columns whenever the last class does not occur in the batch.

    A batch is a sample: the labels in it do not say how many classes there are. The argument does.

    Compare with `torch.arange(num_classes)`, not with `torch.arange(y.max() + 1)`.
    """
    return solution.one_hot(y, int(y.max()) + 1)


@mistake("one_hot")
def counted_from_one(y, num_classes):
    """Each 1 stands one column too far to the left.

    Labels start at 0, so label 0 belongs in the first column.

    Use y as it is: `y[:, None] == torch.arange(num_classes)`.
    """
    return solution.one_hot((y - 1) % num_classes, num_classes)


@mistake("one_hot")
def classes_from_one(y, num_classes):
    """Each 1 stands one column too far to the left, and examples of the first class have none.

    Labels start at 0. A row of classes that starts at 1 has no place for them.

    `torch.arange(num_classes)` counts from 0 to num_classes - 1; nothing is to be added.
    """
    return (y[:, None] == torch.arange(1, num_classes + 1)).float()


@mistake("one_hot")
def left_whole(y, num_classes):
    """The ones stand in the right places, but they are whole numbers.

    Weights are floating-point numbers, and PyTorch refuses to multiply a matrix of the one kind with one of the other.

    `.float()` in the place of `.int()` or `.long()`.
    """
    return solution.one_hot(y, num_classes).long()


@mistake("one_hot")
def left_boolean(y, num_classes):
    """The ones stand in the right places, but they are True and False, with which a network cannot calculate.

    A comparison gives bool. Weights and gradients are floating-point numbers.

    Add `.float()` to the comparison.
    """
    return solution.one_hot(y, num_classes).bool()


@mistake("one_hot")
def classes_first(y, num_classes):
    """The table is transposed: classes run down, examples run across.

    The batch axis comes first, here and in the whole course.

    The labels get the new axis: `y[:, None]`, not the classes.
    """
    return solution.one_hot(y, num_classes).T


@mistake("masked_mean")
def divided_by_n(x, mask):
    """The means are too small: they were divided by the padded length.

    What was not counted in the sum may not be counted in the number of steps either.

    Divide by the number of True's in each row of the mask, `mask.sum(dim=1)`, with an axis for the features.
    """
    return torch.where(mask[:, :, None], x, 0.0).mean(dim=1)


@mistake("masked_mean")
def mask_inverted(x, mask):
    """You have the mean of the padding.

    True means "this step is real". In other libraries a mask says which entries to leave out.

    Keep x where mask is True, without a `~`.
    """
    return solution.masked_mean(x, ~mask)


@mistake("masked_mean")
def multiplied_by_mask(x, mask):
    """Where padding holds an infinity, the mean is not a number.

    Zero times infinity is NaN: to multiply with a mask does not remove a value, it only weighs it with zero.

    `torch.where(mask[:, :, None], x, 0.0)` puts a zero in the place of whatever stands there.
    """
    kept = mask[:, :, None]
    return (x * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)


@mistake("masked_mean")
def empty_is_nan(x, mask):
    """A sequence without a real step gives NaN: zero divided by zero.

    The mean of nothing is not defined by the formula; the docstring defines it.

    Let the count be at least 1: `count.clamp(min=1)`.
    """
    kept = mask[:, :, None]
    return torch.where(kept, x, 0.0).sum(dim=1) / kept.sum(dim=1)


@mistake("masked_mean")
def product_and_quotient(x, mask):
    """NaN in two places: where a sequence has no real step, and where padding is not a finite number.

    Zero divided by zero is NaN, and so is zero times infinity. A mask that is multiplied weighs a value with zero, and
    does not remove it.

    `torch.where(mask[:, :, None], x, 0.0)` for the sum, and `.clamp(min=1)` for the count.
    """
    kept = mask[:, :, None]
    return (x * kept).sum(dim=1) / kept.sum(dim=1)


@mistake("masked_mean")
def counted_over_the_batch(x, mask):
    """The means are too small: they were divided by the number of real steps of the whole batch.

    Every sequence has a length of its own, and examples of a batch know nothing of one another.

    `mask.sum(dim=1)`, not `mask.sum()`, with an axis for the features.
    """
    return torch.where(mask[:, :, None], x, 0.0).sum(dim=1) / mask.sum().clamp(min=1)


@mistake("masked_mean")
def mask_read_as_a_length(x, mask):
    """Right where the real steps come first, wrong where padding stands before or between them.

    The number of True's says how many steps are real, and not which.

    Let the mask itself choose: `torch.where(mask[:, :, None], x, 0.0)`, not `x[:, :length]`.
    """
    first = torch.arange(mask.shape[1]) < mask.sum(dim=1, keepdim=True)
    return solution.masked_mean(x, first)


@mistake("stable_logsumexp")
def overflow(x, dim):
    """Right for small values, infinite for large ones.

    exp of 89 is more than float32 can hold, and exp of -104 is zero, whose logarithm is minus infinity.

    Subtract the largest value along dim before exp, and add it back after log.
    """
    return x.exp().sum(dim=dim).log()


@mistake("stable_logsumexp")
def maximum_not_added_back(x, dim):
    """Nothing overflows, but each result is too small by the largest value of its row.

    `log(sum(exp(x))) = m + log(sum(exp(x - m)))`: what is taken out inside has to come back outside.

    Add the maximum to the logarithm, without the axis that you kept for subtracting.
    """
    return (x - x.amax(dim=dim, keepdim=True)).exp().sum(dim=dim).log()


@mistake("stable_logsumexp")
def one_maximum_for_all(x, dim):
    """The row with the largest value is right; a row far below it comes out as minus infinity.

    One maximum for the whole tensor keeps the large row from overflowing and lets all others vanish.

    Take the maximum along dim only: `x.amax(dim=dim, keepdim=True)`.
    """
    largest = x.max()
    return largest + (x - largest).exp().sum(dim=dim).log()


@mistake("stable_logsumexp")
def axis_kept(x, dim):
    """The values are right, but an axis of size 1 is left over.

    The maximum needs its axis while you subtract it. The result should not have it.

    Sum without keepdim, and add `largest.squeeze(dim)`.
    """
    return solution.stable_logsumexp(x, dim).unsqueeze(dim)


@mistake("stable_logsumexp")
def every_axis_squeezed(x, dim):
    """Right, until another axis has size 1 too: then that one is gone as well, and what is added no longer lines up.

    `squeeze()` without an argument removes *every* axis of size 1, not only the one that you kept for subtracting.

    Say which: `largest.squeeze(dim)`.
    """
    largest = x.amax(dim=dim, keepdim=True)
    return largest.squeeze() + (x - largest).exp().sum(dim=dim).log()


@mistake("relative_error")
def absolute_error(x, y):
    """You return how far apart x and y are, whatever their size.

    An error of 0.01 is small beside 1000 and large beside 0.02.

    Divide by the larger of the two lengths.
    """
    return (x - y).norm()


@mistake("relative_error")
def divided_by_second(x, y):
    """The answer changes when x and y change places, and is infinite when y is zero.

    Which of the two is right is not known when two results are compared. Treat them alike.

    Divide by `torch.maximum(x.norm(), y.norm())`.
    """
    difference = (x - y).norm()
    return difference / y.norm() if x.norm() > 0 or y.norm() > 0 else difference


@mistake("relative_error")
def divided_by_first(x, y):
    """The answer changes when x and y change places.

    Which of the two is right is not known when two results are compared. Treat them alike.

    Divide by `torch.maximum(x.norm(), y.norm())`.
    """
    return (x - y).norm() / x.norm() if x.norm() > 0 else y.norm()


@mistake("relative_error")
def nan_for_zeros(x, y):
    """Two tensors of zeros give NaN: zero divided by zero.

    They are equal, so their error is 0. And a NaN is neither above nor below any tolerance.

    Ask whether the larger length is zero before you divide.
    """
    return (x - y).norm() / torch.maximum(x.norm(), y.norm())


@mistake("relative_error")
def epsilon_hides_small_values(x, y):
    """Fine at ordinary size; far too small an error when the values themselves are tiny.

    A number added below the line to avoid 0/0 is a unit of measurement in disguise: beside 1e-12, 1e-8 is a lot.

    Divide by the larger length itself, and treat the case of two zeros on its own.
    """
    return (x - y).norm() / (torch.maximum(x.norm(), y.norm()) + 1e-8)


@mistake("relative_error")
def differences_cancel(x, y):
    """Too small: differences of opposite sign have cancelled.

    A difference of +1 here and one of -1 there are two errors, not none.

    Square the differences before you add them up, and take the root of the sum.
    """
    size = torch.maximum(x.norm(), y.norm())
    return (x - y).sum().abs() / size if size > 0 else size


@mistake("numeric_gradient")
def one_sided(f, x, h=1e-4):
    """Close, but not close enough: the error is about as large as the step h.

    A step to one side sees the slope half a step away. Its error shrinks with h, that of a symmetric step with h * h.

    `(f(x + step) - f(x - step)) / (2 * h)`, not `(f(x + step) - f(x)) / h`.
    """
    x = x.detach().double()
    steps = h * torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape)
    return torch.stack([(f(x + step) - f(x)) / h for step in steps]).reshape(x.shape)


@mistake("numeric_gradient")
def width_not_doubled(f, x, h=1e-4):
    """Every value is twice what it should be.

    From x - h to x + h it is two steps.

    Divide by `2 * h`.
    """
    return 2 * solution.numeric_gradient(f, x, h)


@mistake("numeric_gradient")
def single_precision_kept(f, x, h=1e-4):
    """Right for x in float64; for x in float32 hardly four digits are.

    The two values of f agree in nearly all of their digits, and float32 has only seven. What is left after the
    subtraction is mostly rounding.

    Begin with `x = x.double()`, so that the steps, the values of f and the result are float64 too.
    """
    steps = h * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    return torch.stack([(f(x + step) - f(x - step)) / (2 * h) for step in steps]).reshape(x.shape)


@mistake("numeric_gradient")
def all_moved_together(f, x, h=1e-4):
    """The same number stands everywhere: the sum of all the derivatives.

    `x + h` moves every entry at once. A partial derivative moves one and holds the others still.

    Loop over the entries, with a step that is h at one of them and 0 elsewhere.
    """
    x = x.detach().double()
    return torch.ones_like(x) * (f(x + h) - f(x - h)) / (2 * h)


@mistake("numeric_gradient")
def input_not_restored(f, x, h=1e-4):
    """The entries of x were moved and not put back: the caller's x has changed, and later derivatives are off.

    Each derivative belongs to the same point x. (`x.double()` is x itself when x is float64; `clone()` is a copy.)

    Build a step for each entry and use `x + step` and `x - step`, which are new tensors.
    """
    flat = x.detach().view(-1)
    gradient = []
    for i in range(flat.numel()):
        flat[i] += h
        above = f(x.double())
        flat[i] -= 2 * h
        gradient.append((above - f(x.double())) / (2 * h))
    return torch.stack(gradient).reshape(x.shape)


@mistake("numeric_gradient")
def shape_lost(f, x, h=1e-4):
    """The derivatives are right, but they stand in one row: the shape of x is lost.

    A gradient has the shape of what it is the gradient of. Otherwise the two cannot be subtracted.

    `reshape(x.shape)` at the end.
    """
    return solution.numeric_gradient(f, x, h).flatten()
