"""Runs docs/examples/verify.py on cases from stdin: six base64 fields a line, "-" for an absent one. Prints 1 or 0."""
import base64
import sys

sys.path.insert(0, sys.argv[1])
from verify import verify  # noqa: E402

NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")
for line in sys.stdin:
    fields = [None if field == "-" else base64.b64decode(field) for field in line.rstrip("\n").split("\t")]
    secret, *headers, body, now = fields
    given = {name: value.decode() for name, value in zip(NAMES, headers) if value is not None}
    print(int(verify((secret or b"").decode(), given, body or b"", float(now))))
