"""Words of refusals in languages other than English."""

import pytest

from campaign.mailer.refusal_meaning import RefusalAbout, judge_refusal

US, PASSING, ADDRESS = RefusalAbout.us, RefusalAbout.passing, RefusalAbout.address


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("550 Empfänger existiert nicht", ADDRESS),
        ("550 Postfach überfüllt", PASSING),
        ("550 Ihre IP ist gesperrt", US),
        ("550 Destinataire inconnu", ADDRESS),
        ("550 5.1.1 Adresse d au moins un destinataire invalide.", ADDRESS),
        ("550 Boîte aux lettres pleine", PASSING),
        ("550 Adresse IP source bloquee pour incident de spam", US),
        ("421 4.2.1 Service refuse. Veuillez essayer plus tard.", PASSING),
        ("550 Usuario desconocido", ADDRESS),
        ("550 Buzón lleno", PASSING),
        ("550 Usuário não encontrado", ADDRESS),
        ("550 Utente sconosciuto", ADDRESS),
        ("550 пользователь не найден", ADDRESS),
        ("550 ящик переполнен", PASSING),
        ("550 спам", US),
        ("550 ユーザーが存在しません", ADDRESS),
        ("550 受信者のメールボックスの容量", PASSING),
        ("550 用户不存在", ADDRESS),
        ("550 邮箱已满", PASSING),
        ("550 垃圾邮件", US),
    ],
)
def test_well_known_words_are_understood(words: str, about: RefusalAbout) -> None:
    assert judge_refusal(words, command="RCPT").about is about
