"""What staff may add to a reply: judged by its bytes, under a name that fits them."""

import io
import zipfile

import pytest

from desk.attachments import ALL_TOGETHER, MOST, Attachment, attachments
from desk.errors import Invalid

JPEG = b"\xff\xd8\xff\xe0 a picture"
PNG = b"\x89PNG\r\n\x1a\n a picture"
PDF = b"%PDF-1.7 a form"
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 a letter"


def packed(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "<w/>")
    return out.getvalue()


WORD = packed("word/document.xml")


@pytest.mark.parametrize(
    ("name", "content", "goes_as", "kind", "mime"),
    [
        ("wniosek.pdf", PDF, "wniosek.pdf", "document", "application/pdf"),
        ("скан листа.JPG", JPEG, "скан листа.jpg", "photo", "image/jpeg"),
        ("scan.jpeg", JPEG, "scan.jpeg", "photo", "image/jpeg"),
        ("scan", PNG, "scan.png", "photo", "image/png"),
        ("photo.pdf", JPEG, "photo.jpg", "photo", "image/jpeg"),
        ("wzór.docx", WORD, "wzór.docx", "document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("tabela.ods", WORD, "tabela.ods", "document", "application/vnd.oasis.opendocument.spreadsheet"),
        ("stary.doc", OLD_WORD, "stary.doc", "document", "application/msword"),
        ("lista.txt", "Що взяти з собою".encode(), "lista.txt", "document", "text/plain"),
        ("termin.ics", b"BEGIN:VCALENDAR", "termin.ics", "document", "text/calendar"),
        ("głos.m4a", b"\0\0\0\x20ftypM4A ...", "głos.m4a", "audio", "audio/mp4"),
        ("film.mp4", b"\0\0\0\x20ftypmp42...", "film.mp4", "video", "video/mp4"),
        (r"C:\Users\Marta\umowa.pdf", PDF, "umowa.pdf", "document", "application/pdf"),
        ("../../etc/passwd.pdf", PDF, "passwd.pdf", "document", "application/pdf"),
        ('a"b\u202e\0.pdf', PDF, "ab.pdf", "document", "application/pdf"),
        (".pdf", PDF, "pdf.pdf", "document", "application/pdf"),
        ("", PDF, "document.pdf", "document", "application/pdf"),
        ("d" * 300 + ".pdf", PDF, "d" * 80 + ".pdf", "document", "application/pdf"),
    ],
)  # fmt: skip
def test_what_may_go_goes_under_a_name_that_fits(name: str, content: bytes, goes_as: str, kind: str, mime: str) -> None:
    (one,) = attachments([(name, content)])

    assert one == Attachment(goes_as, kind, mime, content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("setup.exe", b"MZ\x90\0"),
        ("faktura.pdf.exe", b"MZ\x90\0"),
        ("faktura.txt", b"MZ\x90\0"),
        ("page.html", b"<script>alert(1)</script>"),
        ("page.svg", b"<svg onload='alert(1)'/>"),
        ("archive.zip", packed("a.exe")),
        ("macro.docm", WORD),
        ("run.sh", b"#!/bin/sh"),
        ("text.txt", b"\xff\xfe\xfa"),
        ("nothing", b"nothing known"),
    ],
)
def test_what_a_phone_cannot_open_or_what_could_run_does_not_go(name: str, content: bytes) -> None:
    with pytest.raises(Invalid) as no:
        attachments([("good.pdf", PDF), (name, content)])

    assert no.value.key == "error.file_kind"
    assert no.value.facts["name"] == name


def test_an_empty_one_is_named() -> None:
    with pytest.raises(Invalid) as no:
        attachments([("empty.pdf", b"")])

    assert no.value.key == "error.file_empty"


def test_so_many_and_no_more() -> None:
    assert len(attachments([("a.pdf", PDF)] * MOST)) == MOST

    with pytest.raises(Invalid) as no:
        attachments([("a.pdf", PDF)] * (MOST + 1))

    assert no.value.key == "error.files_many"


def test_so_large_together_and_no_larger() -> None:
    half = PDF + bytes(ALL_TOGETHER // 2 - len(PDF))
    assert len(attachments([("a.pdf", half), ("b.pdf", half)])) == 2

    with pytest.raises(Invalid) as no:
        attachments([("a.pdf", half), ("b.pdf", half + b"1")])

    assert no.value.key == "error.files_big"


@pytest.mark.parametrize(("name", "content", "called"), [("x.pdf", PDF, "document.pdf"), ("x.jpg", JPEG, "photo.jpg")])
def test_a_name_can_say_nothing(name: str, content: bytes, called: str) -> None:
    (one,) = attachments([(name, content)])

    assert one.nameless().name == called
