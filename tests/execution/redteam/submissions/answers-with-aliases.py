# One storage under a thousand names.
# answers: malformed error
def double(x):
    big = x.new_zeros(100_000)
    return {str(number): big for number in range(1000)}
