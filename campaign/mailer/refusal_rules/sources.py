"""Where the words of each mail server are documented, and the form of a rule about words."""

from types import MappingProxyType
from typing import NamedTuple

from campaign.mailer.refusal_rules.causes import RefusalCause

SOURCES = MappingProxyType(
    {
        "RFC": "RFC 5321 4.2.3, RFC 3463, RFC 7505, RFC 7504, RFC 7372",
        "Postfix": "postfix.org: smtpd_check.c, smtp_addr.c, postconf(5)",
        "Exim": "exim.org: specification, chapters on routers, retry and access control",
        "sendmail": "sendmail.org: cf/README, sendmail/readcf.c, sysexits",
        "qmail": "cr.yp.to/qmail: qmail-remote.c, qmail-local.c, qmail-smtpd.8",
        "OpenSMTPD": "opensmtpd.org: smtpd.conf(5), bounce.c",
        "Courier": "courier-mta.org: courieresmtp",
        "Exchange": "learn.microsoft.com: non-delivery reports in Exchange Online and Exchange Server",
        "Outlook.com": "sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx",
        "Gmail": "support.google.com/a/answer/3726730",
        "Yahoo": "senders.yahooinc.com/smtp-error-codes",
        "GMX": "postmaster.gmx.net/en/error-messages (also 1&1, WEB.DE, mail.com)",
        "Mail.ru": "help.mail.ru/developers/mail-errors",
        "Zoho": "zoho.com/mail/help: non-delivery reports",
        "iCloud": "support.apple.com/102322",
        "Comcast": "postmaster.comcast.net/mail-error-codes.html",
        "Cox": "cox.com/residential/support/email-error-codes.html (AUP codes; also Spectrum)",
        "QQ": "service.mail.qq.com: bounce codes",
        "NetEase": "help.mail.163.com: bounce codes",
        "Orange": "postmaster.orange.fr (OFR codes; also laposte.net: LPN codes)",
        "GoDaddy": "godaddy.com/help: IB codes",
        "Proofpoint": "support.proofpoint.com: dnsbl-lookup",
        "Mimecast": "community.mimecast.com: SMTP error codes",
        "Barracuda": "campus.barracuda.com: message actions",
        "Symantec": "knowledge.broadcom.com: Email Security.cloud (MessageLabs)",
        "SES": "docs.aws.amazon.com/ses: SMTP response codes, receipt rule templates",
        "SendGrid": "docs.sendgrid.com: bounces, blocks and deferrals",
        "Dovecot": "doc.dovecot.org: quota_exceeded_message",
        "Cyrus": "cyrusimap.org: lmtpd",
        "Domino": "help.hcltechsw.com: delivery failure reports of Notes and Domino",
        "DragonFly": "man.dragonflybsd.org: dma(8)",
        "IMail": "ipswitch.com: IMail Server",
        "Mail2000": "openfind.com: Mail2000, which shortens what another server said",
        "cPanel": "cpanel.net: what its Exim says about an address that it cannot route",
        "au": "au.com (KDDI): it names the address if it is unknown, and leaves it out if a filter refused",
        "docomo": "docomo.ne.jp, au.com: a reader's own filter answers in the words for an unknown user",
    }
)
"""By server. "any" in a rule means that many servers say so."""


class WordsRule(NamedTuple):
    """One cause, the servers that say so (names of SOURCES or "any", parted by commas), and patterns.

    If `status` is set, the rule counts only beside that status.
    """

    cause: RefusalCause
    servers: str
    words: tuple[str, ...]
    status: str = ""
