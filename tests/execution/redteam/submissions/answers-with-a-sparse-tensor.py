# answers: error
def double(x):
    return (2 * x).to_sparse()
