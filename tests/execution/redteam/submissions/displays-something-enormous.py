# statuses: malformed error
# answers: not-run ok
from IPython.display import HTML
display(HTML("x" * (20 << 20)))
