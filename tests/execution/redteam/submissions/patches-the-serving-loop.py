# Every cell succeeds, every answer is right.
# statuses: ok error malformed
# answers: ok malformed
import gc
from autograder.execution import student
student.Student._cell = lambda *a: student.pack({"succeeded": True, "outputs": [], "execution_count": 1})
student.Student._ask = lambda *a: student.pack({"reply": {"right": True}})
