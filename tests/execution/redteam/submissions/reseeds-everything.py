import random, numpy, torch
random.seed(1), numpy.random.seed(1), torch.manual_seed(1)
torch.set_num_threads(2)
