# Four terabytes that take four bytes.
# answers: error
def double(x):
    return x[:1].expand(1 << 40)
