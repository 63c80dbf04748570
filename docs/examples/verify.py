import base64
import hashlib
import hmac
import re
import time


def verify(secret: str, headers: dict, body: bytes, now_s: float | None = None) -> bool:
    """True if body, the raw bytes as received, was signed with secret (whsec_...) within the last five minutes."""
    msg_id = headers.get("webhook-id")
    timestamp = headers.get("webhook-timestamp")
    signatures = headers.get("webhook-signature")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    if not (msg_id and timestamp and signatures and key):
        return False
    now_s = time.time() if now_s is None else now_s
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(int(now_s) - int(timestamp)) > 300:
        return False
    mac = hmac.new(key, f"{msg_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(mac)
    return any(hmac.compare_digest(given.encode(), expected) for given in signatures.split(" "))
