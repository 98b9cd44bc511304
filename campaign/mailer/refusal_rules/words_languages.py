"""Words of refusals and notices in languages other than English. Their order does not matter: see `words`."""

from campaign.mailer.refusal_rules.causes import RefusalCause as Cause
from campaign.mailer.refusal_rules.sources import WordsRule

_GERMAN = (
    WordsRule(Cause.sender, "GMX", (r"absender\w{0,8}.{0,30}(ungültig|abgelehnt|unbekannt)",)),
    WordsRule(Cause.blocklist, "GMX", (r"\bip\b.{0,40}gesperrt|sperrliste",)),
    WordsRule(Cause.policy, "GMX", (r"richtlinie|nicht (erlaubt|zugelassen|berechtigt)",)),
    WordsRule(Cause.size, "GMX", (r"zu (groß|gross)\b|größenbeschränkung",)),
    WordsRule(
        Cause.full,
        "GMX",
        (
            r"(postfach|mailbox|speicher)\w{0,8}.{0,40}(voll\b|überfüllt|ueberfuellt|überschritten|erschöpft)",
            r"speicherplatz|kontingent",
        ),
    ),
    WordsRule(Cause.disabled, "GMX", (r"(konto|postfach).{0,30}(gesperrt|deaktiviert)",)),
    WordsRule(Cause.expired, "GMX", (r"zeit(über|ueber)schreitung|zeitlimit",)),
    WordsRule(Cause.busy, "GMX", (r"später|vorübergehend|voruebergehend",)),
    WordsRule(
        Cause.no_mailbox,
        "GMX, Exchange",
        (
            (
                r"(empfänger|empfaenger|benutzer|postfach|adresse|konto)\w{0,10}.{0,60}"
                r"(unbekannt|existiert nicht|nicht (gefunden|bekannt|vorhanden|gültig|existiert)|ungültig)"
            ),
            r"(unbekannt|ungültig)\w{0,3} (empfänger|benutzer|adresse)",
        ),
    ),
    WordsRule(Cause.no_domain, "GMX", (r"domain\w{0,8}.{0,20}nicht (gefunden|vorhanden|existi)",)),
)
_FRENCH = (
    WordsRule(Cause.blocklist, "Orange", (r"adresse ip.{0,40}bloqu|liste noire",)),
    WordsRule(Cause.sender, "Orange", (r"expéditeur.{0,40}(inconnu|refus|invalide|rejet)",)),
    WordsRule(Cause.content, "Orange", (r"pourriel|indésirable",)),
    WordsRule(Cause.policy, "Orange", (r"politique de|non autoris",)),
    WordsRule(Cause.size, "Orange", (r"trop (volumineux|gros)",)),
    WordsRule(
        Cause.full,
        "Orange",
        (r"bo[iîÎ]te.{0,40}(pleine|satur)", r"espace insuffisant|quota dépassé"),
    ),
    WordsRule(Cause.disabled, "Orange", (r"compte.{0,40}(bloqu|suspend|désactiv|inactif)",)),
    WordsRule(Cause.expired, "Orange", (r"délai.{0,30}(expir|dépass)",)),
    WordsRule(Cause.busy, "Orange", (r"plus tard|temporaire|service refus",)),
    WordsRule(
        Cause.no_mailbox,
        "Orange",
        (
            (
                r"(utilisateur|destinataire|adresse|compte|bo[iîÎ]te)\w{0,3}.{0,60}"
                r"(inconnue?|inexistant|invalide|n'existe pas|introuvable)"
            ),
        ),
    ),
    WordsRule(Cause.no_domain, "Orange", (r"domaine.{0,20}(inconnu|inexistant|n'existe pas)",)),
)
_SPANISH_PORTUGUESE_ITALIAN = (
    WordsRule(Cause.sender, "any", (r"remitente.{0,40}(rechaz|no v[aá]lid|desconocid)",)),
    WordsRule(Cause.content, "any", (r"correo no deseado",)),
    WordsRule(Cause.blocklist, "any", (r"lista negra",)),
    WordsRule(Cause.policy, "any", (r"pol[ií]tica|no (est[aá] )?(autorizad|permitid)",)),
    WordsRule(Cause.size, "any", (r"demasiado grande|muy grande|grande demais|troppo grande",)),
    WordsRule(
        Cause.full,
        "any",
        (
            r"(buz[oó]n|casilla|bandeja).{0,40}llen",
            r"cuota|excedid|casella.{0,30}piena|caixa.{0,40}cheia|cota exced",
        ),
    ),
    WordsRule(
        Cause.disabled,
        "any",
        (r"(cuenta|conta|account).{0,30}(suspend|suspens|desactiv|desativ|bloque|disattivat)",),
    ),
    WordsRule(Cause.expired, "any", (r"tiempo de espera|caducad",)),
    WordsRule(Cause.busy, "any", (r"más tarde|mais tarde|più tardi|temporal\w{0,5}\b",)),
    WordsRule(
        Cause.no_mailbox,
        "any",
        (
            (
                r"(usuario|destinatario|buz[oó]n|cuenta|direcci[oó]n)\w{0,3}.{0,60}"
                r"(desconocid|no existe|inexistente|inv[aá]lid|no (se )?(ha )?(podido )?encontr)"
            ),
            (
                r"(usu[aá]rio|destinat[aá]rio|conta|caixa|endereço)\w{0,3}.{0,60}"
                r"(desconhecid|não existe|inexistente|inválid|não encontrad)"
            ),
            (
                r"(utente|destinatario|indirizzo|casella)\w{0,3}.{0,60}"
                r"(sconosciut|non esiste|inesistente|non trovat)"
            ),
        ),
    ),
    WordsRule(
        Cause.no_domain, "any", (r"domin[io]{1,2}o?.{0,20}(no existe|inexistente|não existe)",)
    ),
)
_RUSSIAN = (
    WordsRule(Cause.content, "Mail.ru", (r"спам|вирус",)),
    WordsRule(Cause.size, "Mail.ru", (r"размер",)),
    WordsRule(Cause.full, "Mail.ru", (r"переполнен|квот",)),
    WordsRule(Cause.disabled, "Mail.ru", (r"заблокирован|отключ",)),
    WordsRule(Cause.busy, "Mail.ru", (r"позже|позднее|временно",)),
    WordsRule(
        Cause.no_mailbox,
        "Mail.ru",
        (r"(пользовател|адрес|ящик|получател)\w{0,4}.{0,60}(не существует|не найден|неизвест)",),
    ),
)
_JAPANESE = (
    WordsRule(Cause.content, "any", (r"スパム|迷惑メール|ウイルス",)),
    WordsRule(Cause.policy, "any", (r"受信拒否|拒否され|許可されて",)),
    WordsRule(Cause.size, "any", (r"サイズ",)),
    WordsRule(Cause.full, "any", (r"容量|満杯|いっぱい|一杯",)),
    WordsRule(Cause.disabled, "any", (r"停止",)),
    WordsRule(Cause.expired, "any", (r"期限|タイムアウト",)),
    WordsRule(Cause.busy, "any", (r"しばらく|一時的|混み合",)),
    WordsRule(
        Cause.no_mailbox,
        "any",
        (
            (
                r"(ユーザ|宛先|アドレス|メールボックス|アカウント|受信者).{0,40}"
                r"(見つかり|見つから|存在し|存在いたし|不明|ありません)"
            ),
        ),
    ),
)
_CHINESE = (
    WordsRule(Cause.content, "QQ, NetEase", (r"垃圾|病毒",)),
    WordsRule(Cause.blocklist, "QQ, NetEase", (r"黑名单|黑名單",)),
    WordsRule(Cause.policy, "QQ, NetEase", (r"策略|拒收|拒绝|拒絕",)),
    WordsRule(Cause.size, "QQ, NetEase", (r"(邮件|郵件|附件)(大小|太大|过大|過大)",)),
    WordsRule(Cause.rate, "QQ, NetEase", (r"频率|頻率|过于频繁",)),
    WordsRule(Cause.full, "QQ, NetEase", (r"已满|已滿|空間不足|空间不足|容量|超过限制",)),
    WordsRule(Cause.disabled, "QQ, NetEase", (r"冻结|停用|禁用|凍結",)),
    WordsRule(Cause.expired, "QQ, NetEase", (r"超时|逾時",)),
    WordsRule(Cause.busy, "QQ, NetEase", (r"稍后|稍後|暂时|暫時",)),
    WordsRule(
        Cause.no_mailbox,
        "QQ, NetEase",
        (
            (
                r"(用户|用戶|收件人|收件者|邮箱|郵箱|信箱|[帐账帳]号|帳號|账户|地址).{0,20}"
                r"(不存在|未找到|找不到|无效|無效|不正确|錯誤|错误)"
            ),
        ),
    ),
)
WORDS_IN_OTHER_LANGUAGES = (
    _GERMAN + _FRENCH + _SPANISH_PORTUGUESE_ITALIAN + _RUSSIAN + _JAPANESE + _CHINESE
)
