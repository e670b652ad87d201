# A regular expression that does not listen to interrupts for long.
# statuses: timeout
# answers: ok not-run
# seconds: 0.4
import re
re.match(r"(a|a)*$", "a" * 60 + "b")
