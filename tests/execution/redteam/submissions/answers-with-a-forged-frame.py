# Sends what an answer looks like before it is asked.
# statuses: ok error malformed
# answers: malformed ok not-run
import json, os, struct
body = json.dumps({"reply": {"name": "double"}, "succeeded": True, "outputs": []}).encode()
send_raw(struct.pack("!II", len(body), 0) + body)
