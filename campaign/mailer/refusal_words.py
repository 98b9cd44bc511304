"""The words by which mail servers say why they refuse, as a table: cause, server, words. The first that fits counts.

First come sentences that general rules would misread; then what is about us; then what passes; last the address, so
that a refusal that says several things never silences a reader. All is matched without case, on one line, with
addresses replaced by @ and without codes. Patterns hold no nested repetition: they stay linear on any input.

The words are those that the servers document or send; `SOURCES` says where. "any" is said by many.
"""

import re
from types import MappingProxyType
from typing import NamedTuple

from campaign.mailer.refusal_causes import RefusalCause as Cause

SOURCES = MappingProxyType(
    {
        "RFC": "RFC 5321 4.2.3, RFC 3463, RFC 7505, RFC 7504, RFC 7372",
        "Postfix": "postfix.org: smtpd_check.c, smtp_addr.c, postconf(5)",
        "Exim": "exim.org: specification, chapters on routers, retry and access control",
        "sendmail": "sendmail.org: cf/README, sendmail/readcf.c, sysexits",
        "qmail": "cr.yp.to/qmail: qmail-remote.c, qmail-local.c, qmail-smtpd.8",
        "OpenSMTPD": "opensmtpd.org: smtpd.conf(5), bounce.c",
        "Courier": "courier-mta.org: courieresmtp",
        "Exchange": "learn.microsoft.com: non-delivery reports in Exchange Online; NDR codes of Exchange Server",
        "Outlook.com": "sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx",
        "Gmail": "support.google.com/a/answer/3726730",
        "Yahoo": "senders.yahooinc.com/smtp-error-codes",
        "GMX": "postmaster.gmx.net/en/error-messages (also 1&1, WEB.DE, mail.com)",
        "Mail.ru": "help.mail.ru/developers/mail-errors",
        "Zoho": "zoho.com/mail/help: non-delivery reports",
        "iCloud": "support.apple.com/102322",
        "Comcast": "postmaster.comcast.net/mail-error-codes.html",
        "Cox": "cox.com/residential/support/email-error-codes.html (also Spectrum, AUP codes)",
        "QQ": "service.mail.qq.com: bounce codes",
        "NetEase": "help.mail.163.com: bounce codes",
        "Orange": "postmaster.orange.fr (also laposte.net: LPN and OFR codes)",
        "GoDaddy": "godaddy.com/help: IB codes",
        "Proofpoint": "support.proofpoint.com: dnsbl-lookup",
        "Mimecast": "community.mimecast.com: SMTP error codes",
        "Barracuda": "campus.barracuda.com: message actions",
        "Symantec": "knowledge.broadcom.com: Email Security.cloud (MessageLabs)",
        "SES": "docs.aws.amazon.com/ses: SMTP response codes, receipt rule templates",
        "SendGrid": "docs.sendgrid.com: bounces, blocks and deferrals",
        "PowerMTA": "bounce categories of PowerMTA",
        "Dovecot": "doc.dovecot.org: quota_exceeded_message",
        "Cyrus": "cyrusimap.org: lmtpd",
        "Domino": "help.hcltechsw.com: delivery failure reports of Notes and Domino",
        "docomo": "docomo.ne.jp and au.com refuse by the reader's own filters in the words for an unknown user",
    }
)


class WordsRule(NamedTuple):
    """`words` is a pattern; `servers` names keys of SOURCES, or is "any"."""

    cause: Cause
    servers: str
    words: str


_EXCEPTIONS = (
    WordsRule(Cause.unknown, "docomo", r"^'?unknown user @'?\W*$|^: user unknown"),
    WordsRule(Cause.full, "Gmail", r"out of storage|overquota(temp|perm)"),
    WordsRule(Cause.busy, "Gmail", r"receiving mail (at a rate|too quickly)|receivingrate"),
    WordsRule(Cause.disabled, "Gmail", r"account that you tried to reach is (disabled|inactive)"),
    WordsRule(Cause.no_mailbox, "Gmail", r"account that you tried to reach does not exist|nosuchuser"),
    WordsRule(
        Cause.no_mailbox,
        "Exchange",
        r"recipient address rejected: access denied|recip(ient)?notfound|adr\.exrecipnotfound",
    ),
    WordsRule(Cause.policy, "Exchange", r"resolver\.rst\.(auth|not)|restricted recipient"),
    WordsRule(Cause.no_domain, "Outlook.com", r"because the domain is not reachable"),
    WordsRule(Cause.no_domain, "Exchange", r"recipient'?s domain does(n't| not) exist"),
    WordsRule(Cause.disabled, "Yahoo", r"account has been disabled or discontinued"),
    WordsRule(Cause.no_mailbox, "Yahoo", r"this user doesn't have an? \S{1,80} account"),
    WordsRule(Cause.no_mailbox, "iCloud", r"inactive email address"),
    WordsRule(Cause.rate, "Cox", r"aup#(in|out|mxrt|cxmxrt|cxsmtp)-?1[1-3]10|aup#in-1310"),
    WordsRule(Cause.blocklist, "Cox", r"aup#"),
    WordsRule(Cause.no_mailbox, "Orange", r"(lpn|ofr)\d{3,6}_4[01]6|ofr_4[01]6"),
    WordsRule(Cause.disabled, "Orange", r"lpn\d{3}_426|compte du destinataire est bloqu"),
    WordsRule(
        Cause.rate, "GoDaddy, Gmail, QQ", r"sent to too many recipients|frequency limited"
    ),
    WordsRule(Cause.null_mx, "sendmail, OpenSMTPD", r"(host|domain) does not accept (e-?)?mail"),
    WordsRule(
        Cause.network,
        "Gmail",
        r"dns error:(?!.*\bnull mx)",
    ),
    WordsRule(Cause.network, "any", r"host not found, try again|temporary failure in name"),
)
_US = (
    WordsRule(
        Cause.relay,
        "Postfix, Exim, sendmail, Exchange",
        r"\brelay(ing)?\b.{0,40}\b(denied|prohibited|not (allowed|permitted)|rejected|forbidden)"
        r"|unable to relay|not (configured|allowed|permitted) to relay|\bno relay|n't relay"
        r"|(will|do) not relay|not relay(ing)?\b|not an open relay|relay access",
    ),
    WordsRule(Cause.relay, "qmail", r"list of allowed rcpthosts|recipient domain not allowed"),
    WordsRule(Cause.sender, "SES", r"(email address|identit\w{1,5}) (is|are) not verified"),
    WordsRule(
        Cause.tls,
        "any",
        r"(must|need to|required?|please) (\w{1,10} ){0,3}(starttls|tls)"
        r"|(starttls|tls|encryption) (\w{1,10} ){0,3}(required|needed|fail)"
        r"|certificate (\w{1,10} ){0,3}(fail|invalid|expired|verif|not trusted|untrusted)",
    ),
    WordsRule(
        Cause.domain_authentication,
        "Gmail, Exchange, Yahoo, iCloud, Mail.ru, QQ",
        r"\b(spf|dkim|dmarc|arc)\b|unauthenticated (e-?)?mail|sender is unauthenticated"
        r"|authentication information|unauthenticated senders?|purported responsible",
    ),
    WordsRule(
        Cause.domain_authentication,
        "Exim, GMX, Gmail, OpenSMTPD",
        r"reverse[ -]?(dns|lookup|host|resolution|mapping)|\brdns\b|\bptr\b|ip name lookup"
        r"|mismatch\w{0,3} client ip|(does not|doesn't|not) resolve|hostname lookup|helo\b|ehlo\b"
        r"|dynamic (ip|host|address)|forward.confirmed|no (host|dns) name",
    ),
    WordsRule(
        Cause.authentication,
        "any",
        r"authenticat\w{1,4} (is )?(required|failed|needed|first)|not (be )?authenticated|smtp auth"
        r"|must (be )?(authenticat|log ?in|sign in)|log ?in (first|required)|pop before smtp"
        r"|credentials|auth(enticat\w{1,4})? (first|command)",
    ),
    WordsRule(
        Cause.sender,
        "Postfix, Exim, sendmail, SES",
        r"(sender|return.path|mail.?from|from address|envelope from|from header)\b.{0,60}"
        r"(reject|denied|refus|invalid|verif|unknown|not (allowed|exist|accept|found|valid|permit)|does"
        r"|bad|block|n't|must|not resolve)"
        r"|domain of sender|sender'?s? (domain|address|verify)|(bad|invalid|unknown|reject\w{0,3}) sender"
        r"|(not|n't) allowed to (send|post)|permission to (send|post|mail)|verification failed for @"
        r"|no valid sender|valid sender domain|callout|absenderadresse|expéditeur|remitente",
    ),
    WordsRule(
        Cause.daily_limit,
        "Gmail, Exchange, SES, SendGrid, Zoho",
        r"(daily|per day|24.hour)\b.{0,50}\b(limit|quota|exceed|maximum)"
        r"|(limit|quota|exceed\w{0,4}|maximum)\b.{0,50}\b(daily|per day|24.hour|today)"
        r"|sending (limit|quota)|message quota exceeded|maximum credits|reached (a|the|your) limit",
    ),
    WordsRule(
        Cause.rate,
        "Yahoo, Outlook.com, GMX, Comcast, QQ, Mail.ru",
        r"rate.?limit|throttl|too (many|much) (\w{1,12} ){0,2}(connect|messages|mails?|emails|recip|session"
        r"|concurrent|errors|request|invalid|sent|letters)|exceed\w{0,3} (\w{1,12} ){0,4}(rate|connections|frequency)"
        r"|sending rate|unexpected volume|frequency|(hour|minute)ly (limit|quota)|limit (per|for) hour"
        r"|per (hour|minute)\b|slow down|unusual (rate|volume|sending)|traffic (limit|shap)|(limit|max)\w{0,4} rate",
    ),
    WordsRule(
        Cause.blocklist,
        "any; Proofpoint, Barracuda, Outlook.com, GMX",
        r"black ?-?list|block ?-?list|deny ?-?list|\bd?nsbl\b|\brbls?\b|blackhole|spamhaus|spamcop|sorbs\b"
        r"|barracuda(central|networks)|cloudmark|senderscore|\bbl\?|\(bl\)|banned (sending )?ip|blocked (using|by|at|ip)"
        r"|\bip\b.{0,40}\b(block|ban|reject|refus|listed|denied|bloqu)|(block|ban|reject|deny|denied)\w{0,3} (\w{1,10} ){0,3}ip\b"
        r"|client host (block|reject|denied)|reputation|(client|host|server|network|domain|connection)s? "
        r"(\w{1,10} ){0,2}(is|was|are|has been|have been) (currently )?(block|banned|listed|denied)|listed (in|at|on|by) "
        r"|adresse ip|gesperrt|bloqu[eé]e? pour|lista negra|blacklist",
    ),
    WordsRule(
        Cause.content,
        "any; Barracuda, Mimecast, Symantec",
        r"\bspam|spam\b|spamsig|\bube\b|unsolicited|\bjunk|\bbulk (e-?)?mail|virus|malware|phish|infected"
        r"|content (\w{1,10} ){0,2}(reject|block|not|filter|presents|denied|restrict)"
        r"|(message|mail|rejected|blocked).{0,20}\bcontent|message filtered|suspicious|banned (file|content|attach)"
        r"|(illegal|dangerous|forbidden|prohibited|disallowed) attach|attachment|fraud|abus(e|ive)"
        r"|垃圾|病毒|спам|вирус|スパム|迷惑メール|ウイルス|correo no deseado|pourriel|indésirable",
    ),
    WordsRule(
        Cause.protocol,
        "any",
        r"rfc ?\d{3,4}.{0,20}complian|not.{0,20}rfc ?\d{3,4}|header|syntax|protocol (violation|error)"
        r"|multiple (addresses|subject)|8-bit|improper (use|sequence)|sequence of commands|bad sequence"
        r"|command (parameter|not|unrecogni|argument)|not implemented|unrecognized command|malformed (message|mail)"
        r"|bare (lf|cr|newline)|pipelining|line (is )?too long|transaction failed",
    ),
    WordsRule(
        Cause.size,
        "any",
        r"(message|mail|e-?mail|data|file|body|content|nachricht|mensaje|mensagem|header\w?)\b.{0,40}"
        r"(too (large|big|long)|size|length|zu (groß|gross)|muy grande|grande demais|trop (volumineux|gros))"
        r"|size (limit|exceed)|(larger|longer|bigger) than|exceed\w{0,3} (\w{1,10} ){0,4}(size|length)|too (large|big)\b"
        r"|maximum (allowed |message )?(size|length)|サイズ|太大|размер",
    ),
    WordsRule(
        Cause.policy,
        "any; Yahoo, Mimecast, Exchange",
        r"polic(y|ies)|richtlinie|politique|pol[ií]tica|access (is )?denied|host network not allowed"
        r"|not (allowed|permitted|authori[sz]ed)|prohibited|forbidden|administrat\w{1,7} (prohibit|reject|den)"
        r"|security|recipient preferences|banned|blocked\b|\bblock(ed)? -|\bdenied\b|unacceptable|not welcome"
        r"|you are not|confidential|restricted|whitelist|allow ?list|moderat|only accepts? (mail|messages) from"
        r"|rejected due to|政策|策略|拒收",
    ),
)
_PASSING = (
    WordsRule(
        Cause.full,
        "any; Dovecot, Cyrus, Exchange, Mail.ru, QQ",
        r"quota|(mail ?box|inbox|maildrop|mail folder|account|user|recipient)'?s?\b.{0,40}\b(full|over.?(limit|size|drawn))"
        r"|\bfull (mail ?box|inbox)|mailboxfull|(not enough|insufficient|out of|no|exceed\w{0,3}) "
        r"(\w{1,12} ){0,3}(storage|space)|storage (\w{1,10} ){0,3}(exceed|full|limit)|disk (is )?full|mailfolder is full"
        r"|exceed\w{0,3} (\w{1,12} ){0,4}(storage|mailbox size)|over (the )?(allowed|maximum|storage)"
        r"|postfach.{0,40}(voll|überfüllt|ueberfuellt|überschritten)|speicherplatz|kontingent"
        r"|bo[iî]te.{0,40}(pleine|satur)|espace insuffisant|buz[oó]n.{0,30}llen|casilla.{0,30}llen|cuota|excedid"
        r"|casella.{0,30}piena|caixa.{0,40}cheia|cota exced|переполнен|квот|容量|満杯|いっぱい|已满|空間不足|空间不足|超过限制",
    ),
    WordsRule(
        Cause.disabled,
        "any; Yahoo, Gmail, GMX, Orange",
        r"(mail ?box|account|user|recipient|address)\b.{0,60}\b(disabled|suspend|locked|frozen|inactiv|deactivat"
        r"|blocked|not active|dormant|expired|on hold|closed for)|(disabled|suspended|inactive|locked|frozen|deactivated) "
        r"(\w{1,12} ){0,2}(account|mail ?box|user|recipient|address)|temporar\w{1,3} (locked|disabled|suspended)"
        r"|konto.{0,30}(gesperrt|deaktiviert)|compte.{0,40}(bloqu|suspend|désactiv|inactif)|cuenta.{0,30}(suspend|desactiv|bloque)"
        r"|conta.{0,30}(suspens|desativ|bloque)|заблокирован|冻结|停用|禁用|停止",
    ),
    WordsRule(
        Cause.expired,
        "any; Exim, Postfix, Exchange, SES",
        r"\bexpired\b|queue ?time|too long in (the )?queue|in (the )?queue (too|for)|retry time|retrying for|delivery time"
        r"|retry timeout|timeout exceeded|(unable|could not|not able) to deliver (\w{1,10} ){0,5}(within|in \d|after \d|for \d)"
        r"|(not|n't) (be )?(delivered|sent) (\w{1,10} ){0,4}(within|after|for) (\w{1,8} )?\d|maximum (retry|time|attempt)"
        r"|(retry|attempt)\w{0,4} (limit|count) (exceed|reach)|queued? too long|will not be retried|max queue"
        r"|zeit(über|ueber)schreitung|délai|tiempo de espera|超时|期限|timed? ?out",
    ),
    WordsRule(
        Cause.network,
        "any; Postfix, qmail, sendmail",
        r"connect(ion)?\b.{0,60}\b(refused|reset|lost|failed|dropped|closed|aborted|broken|unexpected)|connection died"
        r"|(can't|cannot|could ?n't|could not|unable to|failed to) (\w{1,10} ){0,3}(connect|establish|contact|reach|open)"
        r"|lost connection|unreachable|not reachable|no route|network (error|problem|is)|(too many|maximum|max) hop|hop count"
        r"|mail ?loop|loop(s|ing)? (back|detected)|routing loop|\bloop\b|name server|nameserver|dns (error|failure|query|lookup|server)"
        r"|lookup (failure|failed)|servfail|did not respond|not respond|no answer|not accept our requests",
    ),
    WordsRule(
        Cause.busy,
        "any",
        r"grey ?-?list|gray ?-?list|try (it )?(again )?(later|in \d)|again later|again in \d|temporar|tempfail|later\b|deferr"
        r"|system (load|resources|is busy|error|problem|failure)|too busy|overload|insufficient (system|disk|resources)"
        r"|(service|server|system) (\w{1,10} ){0,3}(unavailable|not available|down|maintenance|offline|busy|not ready)|internal error"
        r"|local error|service refus|resources|maintenance|not accepting (connections|messages|mail)|no smtp service"
        r"|mailer error|local configuration error|config\w{0,8} error|can't create output|procmail|exit(ed)? (code|status)|write error"
        r"|später|vorübergehend|plus tard|temporaire|más tarde|temporal|稍后|暂时|しばらく|一時",
    ),
)
_ADDRESS = (
    WordsRule(
        Cause.null_mx,
        "RFC; OpenSMTPD, Yahoo, qmail",
        r"null ?mx|(doesn't|does not|not) (accept|receive|take) (any )?(e-?mail|mail)s?\b|no mail service",
    ),
    WordsRule(
        Cause.moved,
        "RFC; iCloud",
        r"no longer on (this )?server|not our (user|customer)|\b(has|have) moved|user moved|mailbox has moved|umgezogen"
        r"|no longer (works?|employed|with us|with the|at this|here|a (user|customer|member))|has left (the )?(company|organi)"
        r"|changed (his|her|their) (e-?mail )?address|ya no trabaja|ne travaille plus",
    ),
    WordsRule(
        Cause.no_domain,
        "Postfix, Exim, sendmail, qmail, OpenSMTPD, Courier",
        r"(host|domain)( name)?( or domain name)? (is )?(not found|unknown|not known|non-?existent|invalid)|invalid (host|domain)"
        r"|unknown (mail )?(host|domain)|no such (host|domain)|(couldn't|could not|can't|cannot) find any host|nxdomain"
        r"|(host|domain)( name)? (does not|doesn't|did not) exist|non-?existent (host|domain)|unrout\w{1,5} mail domain"
        r"|all relevant mx records point to non-existent|illegal host/domain|bad destination (host|mailbox|system) |bad destination host"
        r"|no (valid )?(mx|mail exchanger)|(domain|host)\w{0,8} nicht (gefunden|existi)|domaine (inconnu|inexistant)|dominio (no existe|inexistente)",
    ),
    WordsRule(
        Cause.no_mailbox,
        "any; Postfix, Exim, sendmail, qmail, Exchange, Yahoo, Domino, GMX, Comcast, QQ",
        r"(user|recipient|mail ?box|account|address|alias|addressee|person|name|local.?part|subscriber|customer)s?"
        r"( name| address| account|\(s\))?( @)?( is| was| were| are)?"
        r" (unknown|not (found|known|exist|registered|valid|recogni[sz]ed|listed|local|present|on file|here|matched)"
        r"|non-?existent|invalid|incorrect|undeliverable|unavailable|rejected|refused|deleted|removed|closed"
        r"|(does|do|did) ?(not|n't) exist|doesn't exist|no longer (exists?|valid|available|active|in use)|has been (deleted|closed|removed))",
    ),
    WordsRule(
        Cause.no_mailbox,
        "any; sendmail, qmail, Exim, Courier, Zoho",
        r"(unknown|no such|not a (known|valid)|invalid|bad|non-?existent|nonexist\w{1,4}|unrout\w{1,5}|unknown or illegal|illegal|undeliverable|wrong)"
        r" (local |virtual |destination |e-?mail |mail |final )?(user|recipient|mail ?box|account|address|addressee|alias|person|local.?part|name)"
        r"|(here is )?no (mail ?box|user|account|recipient|one|person|valid recipients?) (here |there )?(by|with|named|called|under|of|for|found)"
        r"|(mail ?box|user|account|recipient|address)\b.{0,60}\b(does not exist|doesn't exist|not exist|not found|not have an|no longer exist|could ?n.t be found)"
        r"|(doesn't|does not|don't) have (an?|any|this) (account|user|mail ?box|\S{1,80} account)|unable to (find|validate) (\w{1,10} ){0,2}(recipient|user)"
        r"|(couldn't|could not|can't|cannot|wasn't|was not) (\w{1,10} )?(found|be found|find)|not (listed )?in (the )?(domino|public|address|domain) "
        r"|not listed in|no account|no mail ?box|no such person|not a user|not known (here|at this)|verify the address|address(ee)? unknown|unknown to this",
    ),
    WordsRule(
        Cause.no_mailbox,
        "GMX, Orange, QQ, NetEase, Mail.ru",
        r"(empfänger|empfaenger|benutzer|postfach|adresse|konto|mailbox)\w{0,10}.{0,40}(unbekannt|existiert nicht|nicht (gefunden|bekannt|vorhanden|gültig)|ungültig)"
        r"|(unbekannt|ungültig)\w{0,3} (empfänger|benutzer|adresse)|(utilisateur|destinataire|adresse|compte|boîte)\w{0,3}.{0,40}(inconnu|inexistant|invalide|n'existe pas|introuvable)"
        r"|(usuario|destinatario|buz[oó]n|cuenta|direcci[oó]n)\w{0,3}.{0,40}(desconocid|no existe|inexistente|inv[aá]lid|no (se )?encontr)"
        r"|(usuário|destinatário|conta|caixa|endereço)\w{0,3}.{0,40}(desconhecid|não existe|inexistente|inválid|não encontrad)"
        r"|(utente|destinatario|indirizzo|casella)\w{0,3}.{0,40}(sconosciut|non esiste|inesistente|non trovat)"
        r"|(пользовател|адрес|ящик|получател)\w{0,4}.{0,40}(не существует|не найден|неизвест)"
        r"|(ユーザ|宛先|アドレス|メールボックス|アカウント).{0,40}(見つかりません|存在しません|不明|存在し|ありません|見つから)"
        r"|(用户|收件人|邮箱|帐号|账号|账户|地址|信箱|帳號|收件者).{0,20}(不存在|未找到|无效|不正确|錯誤|错误|找不到)|不存在",
    ),
)
RULES = _EXCEPTIONS + _US + _PASSING + _ADDRESS
_COMPILED = tuple((rule.cause, re.compile(rule.words, re.IGNORECASE)) for rule in RULES)


def cause_of_words(words: str) -> Cause | None:
    """Return the cause that the words name, or None. `words` is one line without codes and addresses."""
    for cause, pattern in _COMPILED:
        if pattern.search(words):
            return cause
    return None
