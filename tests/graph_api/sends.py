"""What the page may send, to whom and when: read strictly, refused by the table, kept when it was right."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .files import KINDS, LARGEST, File
from .people import Person, Told
from .refusals import Refused, bad, length, objects, only, outside_of_window, words

if TYPE_CHECKING:
    from .api import GraphApi

DAY = 86_400
DEAD_TAGS = ("CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE")
ACTIONS = ("typing_on", "typing_off", "mark_seen")
PARAMETERS = ("recipient", "message", "messaging_type", "tag", "sender_action", "notification_type")


@dataclass(slots=True)
class Upload:
    """A file that came inside the request; the type is empty when none was said."""

    name: str
    mime: str
    content: bytes


def send(api: "GraphApi", asked: dict[str, Any], upload: Upload | None) -> tuple[dict[str, Any], Told | None]:
    """The answer; and what the person was told, unless it was only a sign of typing or of having seen."""
    only(asked, PARAMETERS, "the request")
    recipient = asked.get("recipient")
    if not isinstance(recipient, dict) or not isinstance(recipient.get("id"), str) or not recipient["id"]:
        raise bad("The parameter recipient is required, with an id that is a string")
    only(recipient, ("id",), "recipient")
    if "sender_action" in asked:
        only(asked, ("recipient", "sender_action", "messaging_type"), "a request with sender_action")
        if asked["sender_action"] not in ACTIONS or upload:
            raise bad(f"sender_action must be one of {', '.join(ACTIONS)}, and alone")
        person = _reach(api, recipient["id"], DAY)
        person.actions.append(asked["sender_action"])
        return {"recipient_id": person.psid}, None
    tag = _tag(api, asked)
    message = _check_message(asked, upload)
    person = _reach(api, recipient["id"], 7 * DAY if tag else DAY)
    if tag and api.now() - (person.opened_at or 0.0) <= DAY:
        api.violate(f"tagged {tag} to {person.psid}, although the window without a tag is open")
    told = Told(api.next_mid(), message, asked["messaging_type"], tag, api.now(), _attached(api, message, upload))
    person.told.append(told)
    person.offering = told
    return {"recipient_id": person.psid, "message_id": told.mid}, told


def echoed(told: Told) -> dict[str, Any]:
    """The message as the page's own webhook shows it."""
    attachments: list[dict[str, Any]] = [{"type": f.kind, "payload": {"url": f.url}} for f in told.attachments]
    if told.template:
        attachments.append({"type": "template", "payload": told.template})
    shown: dict[str, Any] = {"text": told.json["text"]} if "text" in told.json else {}
    if told.metadata:
        shown["metadata"] = told.metadata
    return {"mid": told.mid, **shown, **({"attachments": attachments} if attachments else {})}


def check_button(button: dict[str, Any], longest: int, where: str) -> None:
    """A postback or a link."""
    words(button, "title", longest, where)
    if button.get("type") == "postback":
        only(button, ("type", "title", "payload"), where)
        words(button, "payload", 1000, where)
    elif button.get("type") == "web_url":
        only(button, ("type", "title", "url"), where)
        _check_url(words(button, "url", 2000, where))
    else:
        raise bad(f"type of {where} must be postback or web_url")


def _tag(api: "GraphApi", asked: dict[str, Any]) -> str:
    kind, tag = asked.get("messaging_type"), asked.get("tag")
    if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG"):
        raise bad("messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG")
    if (kind == "MESSAGE_TAG") != (tag is not None):
        raise bad("A tag goes with MESSAGE_TAG, and with nothing else")
    if tag in DEAD_TAGS:
        raise Refused(100, "Invalid parameter", 1893061, careless=True)
    if tag not in (None, "HUMAN_AGENT"):
        raise bad("The only tag is HUMAN_AGENT")
    if tag and not api.human_agent:
        # Without a subcode, so that it is not taken for a closed window.
        raise Refused(10, "The page has no access to the feature Human Agent")
    return tag or ""


def _reach(api: "GraphApi", psid: str, window: float) -> Person:
    if api.restricted:
        raise Refused(10, "The page is temporarily restricted from sending messages", 1893063)
    if api.now() < api.hurried_until:
        raise Refused(613, "Calls to this api have exceeded the rate limit.")
    person = api.people.get(psid)
    if person is None:
        raise Refused(100, "No matching user found", 2018001)
    if person.blocked:
        raise Refused(551, "This person isn't available right now.", 1545041)
    if person.opened_at is None or api.now() - person.opened_at > window:
        raise outside_of_window()
    return person


def _check_message(asked: dict[str, Any], upload: Upload | None) -> dict[str, Any]:
    message = asked.get("message")
    if not isinstance(message, dict):
        raise bad("Must send either message or sender_action")
    only(message, ("text", "attachment", "quick_replies", "metadata"), "message")
    if asked.get("notification_type", "REGULAR") not in ("REGULAR", "SILENT_PUSH", "NO_PUSH"):
        raise bad("notification_type must be one of REGULAR, SILENT_PUSH, NO_PUSH")
    if ("text" in message) == ("attachment" in message):
        raise bad("A message has either a text or an attachment")
    if "text" in message:
        words(message, "text", 2000, "message")
    if upload and "attachment" not in message:
        raise bad("filedata goes with an attachment")
    if "attachment" in message:
        _check_attachment(message["attachment"], upload)
    if "metadata" in message:
        words(message, "metadata", 1000, "message")
    if "quick_replies" in message:
        for reply in objects(message, "quick_replies", 13, "message"):
            _check_quick_reply(reply)
    return message


def _check_quick_reply(reply: dict[str, Any]) -> None:
    only(reply, ("content_type", "title", "payload"), "a quick reply")
    # Facebook also knows user_email and user_phone_number; nobody here asks for them so.
    if reply.get("content_type") != "text":
        raise bad("content_type of a quick reply must be text")
    words(reply, "title", 20, "a quick reply")
    words(reply, "payload", 1000, "a quick reply")


def _check_attachment(attachment: Any, upload: Upload | None) -> None:
    if not isinstance(attachment, dict) or not isinstance(payload := attachment.get("payload"), dict):
        raise bad("attachment must be an object with a payload")
    only(attachment, ("type", "payload"), "attachment")
    kind = attachment.get("type")
    if kind == "template":
        _check_template(payload)
        if upload:
            raise bad("filedata does not go with a template")
        return
    if kind not in KINDS:
        raise bad(f"type of attachment must be one of template, {', '.join(KINDS)}")
    only(payload, ("url", "is_reusable"), "attachment")
    if (upload is None) != ("url" in payload):
        raise bad("An attachment has either an url or filedata")
    if upload is None:
        _check_url(words(payload, "url", 2000, "attachment"))
        return
    if not upload.content or not upload.mime or not upload.name:
        raise bad("filedata must have a name, a content type, and content")
    if kind != "file" and not upload.mime.startswith(f"{kind}/"):
        raise bad(f"filedata is {upload.mime}, but the attachment is called {kind}")
    if len(upload.content) > LARGEST:
        raise bad("Attachment size exceeds allowable limit: 25 MB")


def _check_template(payload: dict[str, Any]) -> None:
    if payload.get("template_type") != "button":
        raise bad("template_type must be button")
    only(payload, ("template_type", "text", "buttons"), "template")
    words(payload, "text", 640, "template")
    for button in objects(payload, "buttons", 3, "template"):
        check_button(button, 20, "a button")


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost")):
        raise bad(f"{url} is not an https address")
    length(url)


def _attached(api: "GraphApi", message: dict[str, Any], upload: Upload | None) -> list[File]:
    attachment = message.get("attachment", {"type": "template"})
    if attachment["type"] == "template":
        return []
    if upload:
        return [api.files.keep(api.url, attachment["type"], upload.name, upload.mime, upload.content)]
    # What lies elsewhere is not fetched.
    return [File(attachment["type"], "", "", b"", attachment["payload"]["url"], float("inf"))]
