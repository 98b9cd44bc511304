"""Reports in plain words in languages other than English."""

import pytest

from campaign.mailer.bounce_reports import BounceFinding, read_report
from tests.support.bounce_reports import BOUNCES
from tests.support.plain_reports import notice

PERMANENT, SOFT = BounceFinding.permanent, BounceFinding.soft


def finding(text: str) -> BounceFinding:
    found = read_report(notice(text), BOUNCES)
    assert found is not None
    return found.finding


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ihre Nachricht konnte nicht zugestellt werden: Der Empfänger ist unbekannt.", PERMANENT),
        ("Ihre Nachricht konnte nicht zugestellt werden: Das Postfach ist überfüllt.", SOFT),
        ("Votre message n'a pas pu être remis : l'adresse du destinataire est inconnue.", PERMANENT),
        ("Votre message n'a pas pu être remis : la boîte du destinataire est pleine.", SOFT),
        ("No se pudo entregar el mensaje: el usuario es desconocido.", PERMANENT),
        ("No se pudo entregar el mensaje: el buzón del destinatario está lleno.", SOFT),
        ("メールを配信できませんでした。宛先のアドレスが見つかりませんでした。", PERMANENT),
        ("メールを送信できませんでした。受信者のメールボックスが一杯です。", SOFT),
        ("邮件投递失败，收件人不存在。", PERMANENT),
        ("邮件投递失败，对方邮箱已满。", SOFT),
        ("Письмо не доставлено: такой пользователь не найден.", PERMANENT),
    ],
)  # fmt: skip
def test_well_known_words_of_other_languages_are_understood(
    text: str, expected: BounceFinding
) -> None:
    assert finding(text) is expected


def test_a_delay_in_german_is_temporary_whatever_its_reason() -> None:
    text = "Ihre Nachricht wurde noch nicht zugestellt. Die Zustellung wird weiter versucht. Empfänger unbekannt"
    assert finding(text) is SOFT


def test_a_vacation_notice_in_german_is_never_counted() -> None:
    text, subject = "Ich bin nicht da; Empfänger unbekannt.", "Automatische Antwort: Nine days"
    raw = notice(text, sender="ana@example.org", subject=subject, more="Return-Path: <>\n")
    assert read_report(raw, BOUNCES) is None
