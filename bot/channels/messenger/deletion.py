"""Meta's data-deletion callback: kept for staff, with a code and a page that says how far it is.

Meta names the person by an id of its own that is not the one of the conversation, so nobody can be found by it. The sure
way is to write /delete in the conversation itself, and the page says so.
"""

import base64
import binascii
import hmac
import json
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

from bot.channels import Answer, BadWebhook, Call
from bot.intake import Intake
from desk import ids
from desk.messages import WISH

ASKED = "deletion asked"


async def asked(call: Call, app_secret: str, public_url: str, intake: Intake, account: str) -> Answer:
    """Keep the request once, however often it comes, and answer with its page and code."""
    told = parse_qs(call.body.decode("ascii", "replace")).get("signed_request", [""])[0]
    payload = signed(told, app_secret)
    user = payload.get("user_id")
    if not isinstance(user, str | int) or isinstance(user, bool) or not str(user).isascii():
        raise BadWebhook(400, "The signed request names nobody.")
    code = ids.fingerprint(f"{app_secret}:{user}")[:20]
    if await intake.is_settled(WISH + code):
        # Asked again after it was done: that is a request of its own, and comes again with the same moment at most.
        code = ids.fingerprint(f"{app_secret}:{user}:{payload.get('issued_at')}")[:20]
    kept = json.dumps({"user_id": str(user), "issued_at": payload.get("issued_at")}).encode()
    await intake.set_aside("messenger", account, WISH + code, kept, ASKED)
    answer = {"url": f"{public_url}/deletion/{code}", "confirmation_code": code}
    return Answer(json.dumps(answer).encode())


def signed(request: str, app_secret: str) -> dict[str, Any]:
    """The payload of a signed request; the signature is over its encoded form."""
    signature, _, encoded = request.partition(".")
    ours = hmac.new(app_secret.encode(), encoded.encode(), sha256).digest()
    try:
        told = _decoded(signature)
        payload = json.loads(_decoded(encoded))
    except (ValueError, binascii.Error, RecursionError):
        raise BadWebhook(400, "The signed request cannot be read.") from None
    if not app_secret or not hmac.compare_digest(told, ours):
        raise BadWebhook(401, "The signature is missing or wrong.")
    if isinstance(payload, dict) and payload.get("algorithm", "HMAC-SHA256") != "HMAC-SHA256":
        raise BadWebhook(400, "The signed request is signed in a way that we do not know.")
    if not isinstance(payload, dict):
        raise BadWebhook(400, "The signed request names nobody.")
    return payload


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
