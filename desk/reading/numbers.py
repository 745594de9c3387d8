"""Phone numbers, and numbers of documents that are to be hidden."""

import re

_PHONE = re.compile(r"(?<![\d.])(\+?\d[\d\s().\-]{7,17}\d)(?!\d)")
_PESEL = re.compile(r"(?<!\d)(\d{11})(?!\d)")
_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)


def phone(text: str) -> str | None:
    """A Polish or Ukrainian phone number as +48… or +380…, or None."""
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", found[1])
        digits = digits.removeprefix("00") if digits.startswith("00") else digits
        if digits.startswith("380") and len(digits) == 12:
            return f"+{digits}"
        if digits.startswith("48") and len(digits) == 11 and found[1].lstrip().startswith(("+", "00", "48 ")):
            return f"+{digits}"
        if digits.startswith("0") and len(digits) == 10:
            return f"+38{digits}"
        if len(digits) == 9 and digits[0] != "0":
            return f"+48{digits}"
    return None


def pesel(text: str) -> str | None:
    """An eleven-digit number whose check sum and date of birth say that it is a PESEL."""
    for found in _PESEL.finditer(text):
        digits = [int(letter) for letter in found[1]]
        check = (10 - sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=False)) % 10) % 10
        month, day = (digits[2] % 2) * 10 + digits[3], digits[4] * 10 + digits[5]
        if check == digits[10] and 1 <= month <= 12 and 1 <= day <= 31:
            return found[1]
    return None


# Two or three capital letters and six or seven digits, as on passports and identity cards of Ukraine and Poland.
_PASSPORT = re.compile(r"(?<![^\W_])([A-ZА-ЯІЇЄ]{2,3})[ №-]{0,2}(\d{6,7})(?!\d)")
_CARD = re.compile(r"(?<![\d+])(\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4})(?!\d)")


def document_number(text: str) -> str:
    """Which number that nobody should send stands in a text: pesel, card, passport, or none."""
    if pesel(text) is not None:
        return "pesel"
    if any(_is_card(found[1]) for found in _CARD.finditer(text)):
        return "card"
    return "passport" if _PASSPORT.search(text) else ""


def _is_card(number: str) -> bool:
    """Whether the check digit is right, after Luhn."""
    digits = [int(letter) for letter in number if letter.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[::2]]
    return (sum(doubled) + sum(digits[1::2])) % 10 == 0


# What opens somebody's conversation elsewhere is for that person alone.
_CODE = re.compile(r"((?:[?&](?:start|ref)=|/c/))[\w-]{22}(?![\w-])")


def masked(text: str) -> str:
    """The text with every number of a person, a passport or a card covered but for its last digits, and no codes."""
    text = _CODE.sub(r"\1•••", text)
    text = _PESEL.sub(lambda found: "•" * 7 + found[1][-4:] if pesel(found[1]) else found[1], text)
    text = _CARD.sub(lambda found: "•" * 12 + found[1][-4:] if _is_card(found[1]) else found[1], text)
    return _PASSPORT.sub(lambda found: f"{found[1]} {'•' * (len(found[2]) - 3)}{found[2][-3:]}", text)
