"""Refs that one can dictate over the phone, and tokens that no one can guess."""

import hashlib
import secrets

# No letters that two alphabets share, and none that look alike: these stand in the data of buttons.
STEP_LETTERS = "bdfghjkmnqrstvwz23456789"


def ticket_ref(digits: int = 6) -> str:
    """A ticket's ref: digits of which the last is a Luhn check digit. It opens nothing by itself."""
    first = secrets.choice("123456789")
    body = first + "".join(secrets.choice("0123456789") for _ in range(digits - 2))
    return body + luhn_digit(body)


def luhn_digit(body: str) -> str:
    """The check digit that makes `body` pass the Luhn test."""
    total = 0
    for place, letter in enumerate(reversed(body)):
        value = int(letter)
        if place % 2 == 0:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return str(-total % 10)


def is_ref(text: str) -> bool:
    digits = plain(text)
    return len(digits) >= 6 and digits.isascii() and digits.isdigit() and luhn_digit(digits[:-1]) == digits[-1]


def plain(ref: str) -> str:
    """A ref as it is stored, from any way of writing it down: 482-158, 482 158, 482158."""
    return "".join(letter for letter in ref if letter not in " -–.\u00a0")


def spoken(ref: str) -> str:
    """A ref as it is said and shown: in threes from the end, 482-158."""
    head = len(ref) % 3
    parts = [ref[:head]] if head else []
    return "-".join(parts + [ref[i : i + 3] for i in range(head, len(ref), 3)])


def row_number(text: str) -> int | None:
    """The number of a row as forms, links and buttons carry it; None for what never was one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def step_token() -> str:
    """Four characters that tie a button to the question it was shown with."""
    return "".join(secrets.choice(STEP_LETTERS) for _ in range(4))


def token() -> str:
    """An unguessable token for sessions, links and the JSON API."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """What is stored of a token: enough to recognise it, useless to whoever reads the table."""
    return hashlib.sha256(token.encode()).hexdigest()
