"""How Telegram reads a text: its length, what shows nothing, and its HTML."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from .query import Query, bad_request

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "tg-emoji": "custom_emoji", "a": "text_link", "code": "code", "pre": "pre",
    "blockquote": "blockquote",
}  # fmt: skip
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
CHARACTER = re.compile(r"&(?:#x([0-9a-fA-F]{1,8})|#([0-9]{1,10})|(lt|gt|amp|quot));?")
# What Telegram sees as nothing at all, besides white space.
BLANK = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
BLANK += "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u2800\u3164\ufeff\uffa0\ufffc"
RAW_BYTES = 1 << 15
COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")
# Telegram takes these out of every text; other control characters become spaces.
CLEANED: dict[int, str | None] = {code: " " for code in range(0x20) if code != 0x0A}
CLEANED |= dict.fromkeys([0x0D, *range(0x2028, 0x202F), 0x030A, 0x0333, 0x033F])
LINK = re.compile(r"https?://[^\s<>\"]+")


def length(text: str) -> int:
    """Telegram counts UTF-16 units, so most emoji count twice."""
    return len(text) + sum(1 for letter in text if letter > "\uffff")


def shows_nothing(text: str) -> bool:
    return not text.strip().strip(BLANK).strip() or all(letter.isspace() or letter in BLANK for letter in text)


def read_text(query: Query, name: str, *, entities: str = "entities") -> tuple[str, list[dict[str, Any]]]:
    """The plain text and its entities, as they will be shown; whether it is too long is asked later."""
    try:
        too_long = len(query.text(name).encode()) > RAW_BYTES
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    if too_long:
        raise bad_request("text is too long")
    raw = query.text(name).translate(CLEANED)
    mode = query.text("parse_mode").lower()
    if mode == "html":
        text, found = parse_html(raw)
    elif mode in ("", "none"):
        text, found = raw, read_entities(query, entities)
    else:
        # Telegram also knows Markdown. Nobody here writes it, so this stand-in does not pretend to read it.
        raise bad_request("unsupported parse_mode")
    return trim(text, found)


def read_entities(query: Query, name: str) -> list[dict[str, Any]]:
    entities = query.json(name, "entities JSON object") or []
    if not isinstance(entities, list):
        raise bad_request("entities must be an Array")
    for entity in entities:
        if not isinstance(entity, dict) or not {"type", "offset", "length"} <= entity.keys():
            raise bad_request("can't parse MessageEntity: Can't find field \"type\"")
    return entities


def trim(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """White space goes from both ends, and the entities move with the text."""
    cut = length(text) - length(text.lstrip())
    text = text.strip()
    whole = length(text)
    kept = []
    for entity in entities:
        start = max(0, entity["offset"] - cut)
        end = min(whole, entity["offset"] + entity["length"] - cut)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    kept.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return text, kept


def entities_of(text: str) -> list[dict[str, Any]]:
    """What Telegram marks by itself in what a person wrote: commands and links."""
    found: list[tuple[tuple[int, int], str]] = []
    if "/" in text:
        for kind, pattern in (("url", LINK), ("bot_command", COMMAND)):
            for match in pattern.finditer(text):
                if not any(match.start() < other[1] and other[0] < match.end() for other, _ in found):
                    found.append(((match.start(), match.end()), kind))
    return [
        {"type": kind, "offset": length(text[: span[0]]), "length": length(text[span[0] : span[1]])}
        for span, kind in sorted(found)
    ]


def parse_html(html: str) -> tuple[str, list[dict[str, Any]]]:
    """Telegram's HTML, which is not the web's: few tags, each closed, in order."""
    out: list[str] = []
    size = at = 0
    entities: list[dict[str, Any]] = []
    opened: list[tuple[str, str, int, int]] = []
    while at < len(html):
        letter = html[at]
        if letter == "<" and html.startswith("</", at):
            at = _close(html, at, opened, entities, size, out)
        elif letter == "<":
            tag, argument, at = _open(html, at)
            opened.append((tag, argument, size, len(out)))
        else:
            letter, at = _letter(html, at)
            out.append(letter)
            size += 2 if letter > "\uffff" else 1
    if opened:
        raise _cannot_parse(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return "".join(out), entities


def check_link(url: str) -> str | None:
    """Why Telegram would not make this a link; nothing when it would."""
    if "://" not in url:
        url = f"http://{url}"
    parts = urlsplit(url)
    if parts.scheme.lower() == "tg":
        return None
    if parts.scheme.lower() not in ("http", "https"):
        return "Unsupported URL protocol"
    try:
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "Wrong port number specified in the URL"
    if "." not in host.strip(".") and ":" not in host:
        return "Wrong HTTP URL"
    return None


def _open(html: str, begin: int) -> tuple[str, str, int]:
    at = begin + 1
    while at < len(html) and not html[at].isspace() and html[at] != ">":
        at += 1
    if at == len(html):
        raise _cannot_parse("Unclosed start tag", html, begin)
    tag = html[begin + 1 : at].lower()
    if tag not in TAGS:
        raise _cannot_parse(f'Unsupported start tag "{tag}"', html, begin)
    argument = ""
    while True:
        at = _skip_space(html, at)
        if html[at : at + 1] == ">":
            break
        start = at
        while at < len(html) and not html[at].isspace() and html[at] not in "=>":
            at += 1
        name = html[start:at]
        if not name:
            raise _cannot_parse(f'Empty attribute name in the tag "{tag}"', html, begin)
        at = _skip_space(html, at)
        if html[at : at + 1] != "=":
            if tag == "blockquote" and name == "expandable" and at < len(html):
                argument = name
                continue
            words = f'Expected equal sign in declaration of an attribute of the tag "{tag}"'
            raise _cannot_parse(words, html, begin)
        value, at = _value(html, _skip_space(html, at + 1), tag, begin)
        if (tag, name) in (("a", "href"), ("span", "class"), ("code", "class"), ("tg-emoji", "emoji-id")):
            argument = value
    if tag == "span" and argument != "tg-spoiler":
        raise _cannot_parse('Tag "span" must have class "tg-spoiler"', html, begin)
    return tag, argument, at + 1


def _value(html: str, at: int, tag: str, begin: int) -> tuple[str, int]:
    if at >= len(html):
        raise _cannot_parse(f'Unclosed start tag "{tag}"', html, begin)
    quote = html[at]
    if quote not in "'\"":
        start = at
        while at < len(html) and html[at].isascii() and (html[at].isalnum() or html[at] in ".-"):
            at += 1
        if at < len(html) and (html[at].isspace() or html[at] == ">"):
            return html[start:at].lower(), at
        raise _cannot_parse("Unexpected end of name token", html, start)
    value: list[str] = []
    at += 1
    while at < len(html) and html[at] != quote:
        letter, at = _letter(html, at)
        value.append(letter)
    if at + 1 >= len(html):
        raise _cannot_parse("Unclosed start tag", html, begin)
    return "".join(value), at + 1


def _close(
    html: str, begin: int, opened: list[tuple[str, str, int, int]], entities: list[dict[str, Any]], size: int,
    out: list[str],
) -> int:  # fmt: skip
    if not opened:
        raise _cannot_parse("Unexpected end tag", html, begin)
    at = begin + 2
    while at < len(html) and not html[at].isspace() and html[at] != ">":
        at += 1
    found = html[begin + 2 : at].lower()
    at = _skip_space(html, at)
    if html[at : at + 1] != ">":
        raise _cannot_parse("Unclosed end tag", html, begin)
    tag, argument, offset, first = opened.pop()
    if found and found != tag:
        offset_in_bytes = len(html[:begin].encode())
        raise _cannot_parse(
            f'Unmatched end tag at byte offset {offset_in_bytes}, expected "</{tag}>", found "</{found}>"'
        )
    if size > offset:
        entity: dict[str, Any] = {"type": TAGS[tag], "offset": offset, "length": size - offset}
        if tag == "a":
            entity["url"] = argument or "".join(out[first:])
            if check_link(entity["url"]):
                return at + 1  # The words stay, the link does not.
        elif tag == "tg-emoji":
            entity["custom_emoji_id"] = argument
        elif argument == "expandable":
            entity["type"] = "expandable_blockquote"
        entities.append(entity)
    return at + 1


def _letter(html: str, at: int) -> tuple[str, int]:
    if html[at] == "&" and (match := CHARACTER.match(html, at)):
        code = int(match[1], 16) if match[1] else int(match[2]) if match[2] else 0
        if code >= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            return "&", at + 1
        return (NAMED[match[3]] if match[3] else chr(code)), match.end()
    return html[at], at + 1


def _skip_space(html: str, at: int) -> int:
    while at < len(html) and html[at].isspace():
        at += 1
    return at


def _cannot_parse(words: str, html: str = "", begin: int = -1) -> Exception:
    where = f" at byte offset {len(html[:begin].encode())}" if begin >= 0 else ""
    return bad_request(f"can't parse entities: {words}{where}")


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
