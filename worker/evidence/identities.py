"""Numbers that stand for a person, a firm or an account, each proved by its check digit where it has one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from tabular.values import is_email, is_id_number
from worker.evidence.finding import Finding

_ID = re.compile(
    r"(?<![\dA-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
)
_COMPANY_CODE = re.compile(r"(?<![\dA-Za-z])[1-9A-GY][1-9]\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![\dA-Za-z])")
_CARD = re.compile(r"(?<![\d\-])(?:\d{4}[ -]){3}\d{1,4}(?:[ -]\d{1,3})?(?![\d\-])|(?<!\d)\d{14,19}(?!\d)")
# ISO/IEC 7812: UnionPay, Visa, Mastercard (both ranges), American Express, JCB, Diners, Discover
_ISSUER = re.compile(r"62|4|5[1-5]|2(?:2[2-9]|[3-6]|7[01])|3[47]|35|3[068]|6011|65")
_EMAIL = re.compile(r"(?<![\w.+\-@])[\w.+\-]{1,64}@(?:[\w\-]{1,63}\.){1,6}[A-Za-z\u4e00-\u9fff]{2,24}(?![\w@])")
_PHONE = re.compile(
    r"""
      (?<![\w+])(?:\+|00)\s?[1-9]\d{0,2}[\s\-.]?(?:\(\d{1,5}\)[\s\-.]?)?\d(?:[\s\-.]?\d){5,11}(?!\d)
    | (?<![\d.\-])1[3-9]\d[\s\-]?\d{4}[\s\-]?\d{4}(?![\d\-])
    | (?<![\d.\-])\(?0\d{2,3}\)?[\s\-]?[2-9]\d{2,3}[\s\-]?\d{4}(?:\s?(?:-|转|分机|ext\.?)\s?\d{1,6})?(?!\d)
    | (?<![\d.\-])[48]00[\s\-]?\d{3}[\s\-]?\d{4}(?![\d\-])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def find_id_numbers(text: str) -> Iterator[Finding]:
    """Chinese identity numbers of 18 digits (GB 11643); one with a wrong check digit is noted, not passed over."""
    for found in _ID.finditer(text):
        number = found[0].upper()
        try:
            born = dt.datetime.strptime(number[6:14], "%Y%m%d").replace(tzinfo=dt.UTC)
        except ValueError:
            continue
        if born.year <= dt.datetime.now(dt.UTC).year:
            yield Finding(
                "id_number", number, *found.span(), "" if is_id_number(number) else "finding_wrong_check_digit"
            )


def find_company_codes(text: str) -> Iterator[Finding]:
    """Unified social credit codes of organisations (GB 32100), by their check character."""
    for found in _COMPANY_CODE.finditer(text):
        code = found[0]
        total = sum(_CODE_LETTERS.index(c) * pow(3, place, 31) for place, c in enumerate(code[:17]))
        if _CODE_LETTERS[-total % 31] == code[17]:
            yield Finding("company_code", code, *found.span())


def find_bank_cards(text: str) -> Iterator[Finding]:
    """Numbers of bank cards: an issuer's beginning and a right check digit (Luhn)."""
    for found in _CARD.finditer(text):
        number = re.sub(r"\D", "", found[0])
        if 14 <= len(number) <= 19 and _ISSUER.match(number) and luhn(number) and len(set(number)) > 1:
            yield Finding("bank_card", number, *found.span())


def luhn(number: str) -> bool:
    """Whether the last digit proves the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def find_emails(text: str) -> Iterator[Finding]:
    """E-mail addresses, in lower case."""
    for found in _EMAIL.finditer(text):
        if is_email(found[0]):
            yield Finding("email", found[0].lower(), *found.span())


def find_phones(text: str) -> Iterator[Finding]:
    """Phone numbers that can exist, as E.164; one without a country is Chinese."""
    import phonenumbers

    for found in _PHONE.finditer(text):
        words = re.sub(r"\s?(?:转|分机)\s?", " ext. ", found[0])
        extension = re.fullmatch(r"(.*\d{7,8}|.*\d{4})\s?-\s?(\d{1,6})", words)
        if extension and words.lstrip("(").startswith("0") and len(re.sub(r"\D", "", words)) > 12:
            words = f"{extension[1]} ext. {extension[2]}"
        try:
            number = phonenumbers.parse(words, "CN")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            yield Finding("phone", f"{value}-{number.extension}" if number.extension else value, *found.span())
