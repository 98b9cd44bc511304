"""Postfix: a service in master.cf for each refusal."""

from collections.abc import Mapping
from pathlib import Path

from tests.relays.relay import KNOWN, OURS, Relay

_RELAY = "permit_mynetworks"
_NOBODY = "static:{550 5.1.1 User unknown in virtual alias table}"
_LISTED = (
    "static:{554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.example}"
)
SERVICES: Mapping[str, Mapping[str, str]] = {
    "accepts": {},
    "relay": {"mynetworks": ""},
    "sign-in": {"smtpd_client_restrictions": "permit_sasl_authenticated, reject"},
    "encryption": {"smtpd_tls_security_level": "encrypt"},
    "sender": {
        "smtpd_sender_restrictions": "check_sender_access static:{REJECT not owned by user}"
    },
    "everybody unknown": {"smtpd_recipient_restrictions": f"check_recipient_access {_NOBODY}"},
    "blocklist": {"smtpd_client_restrictions": f"check_client_access {_LISTED}"},
    "policy": {"smtpd_recipient_restrictions": "check_recipient_access static:{REJECT policy}"},
    "greylist": {
        "smtpd_recipient_restrictions": "check_recipient_access static:{450 4.2.0 Greylisted, try again}"
    },
    "rate": {"smtpd_client_message_rate_limit": "1", "smtpd_client_event_limit_exceptions": ""},
    "connections": {
        "smtpd_client_connection_rate_limit": "1",
        "smtpd_client_event_limit_exceptions": "",
    },
    "size": {"message_size_limit": "20000"},
    "size unannounced": {
        "message_size_limit": "20000",
        "smtpd_discard_ehlo_keywords": "size",
        "cleanup_service_name": "small",
    },
    "content": {"cleanup_service_name": "strict"},
    "disk full": {"queue_minfree": "4000000000000", "message_size_limit": "2000000"},
    "map broken": {"smtpd_recipient_restrictions": "check_recipient_access texthash:/nowhere"},
}
_HELPERS = """\
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
small unix n - n - 0 cleanup -o message_size_limit=20000
strict unix n - n - 0 cleanup -o header_checks=regexp:{conf}/checks
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
discard unix - - n - - discard
"""
_QUEUES = "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace"


class Postfix(Relay):
    """Postfix with a service for each refusal, and one for each certificate."""

    name = "postfix"
    users = ("postfix", "postdrop")
    ports_of = (*SERVICES, "expired", "self-signed", "wrong name")

    def configure(self) -> str:
        conf = self.folder / "conf"
        conf.mkdir()
        (conf / "checks").write_text("/^Subject:/ REJECT This message looks like spam\n")
        (conf / "known").write_text("".join(f"{name}@{OURS} ok\n" for name in KNOWN))
        (conf / "main.cf").write_text(self._main(conf))
        (conf / "master.cf").write_text(self._master(conf))
        user, group = self.id_of("postfix"), self.id_of("postdrop")
        spool = f"cd /var/spool/postfix && mkdir {_QUEUES} && chown {user} {_QUEUES} && chgrp {group} maildrop public"
        prepare = f"mkdir -p /var/spool/postfix /var/lib/postfix && chown {user} /var/lib/postfix && ({spool})"
        return f"sh -c '{prepare} && exec /usr/lib/postfix/sbin/master -c {conf} -d'"

    def _main(self, conf: Path) -> str:
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": "/var/spool/postfix",
            "data_directory": "/var/lib/postfix",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "command_directory": "/usr/sbin",
            "maillog_file": "/var/log/postfix.log",
            "myhostname": "relay.postfix.example",
            "mydestination": OURS,
            "local_recipient_maps": f"texthash:{conf}/known",
            "alias_maps": "",
            "mynetworks": "127.0.0.0/8",
            "smtpd_peername_lookup": "no",
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "default_transport": "discard:",
            "local_transport": "discard:",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_chain_files": str(self.certificates["fine"]),
        }
        return "".join(f"{name} = {value}\n" for name, value in settings.items())

    def _master(self, conf: Path) -> str:
        chains = {
            name: {"smtpd_tls_chain_files": str(self.certificates[name])}
            for name in ("expired", "self-signed", "wrong name")
        }
        services = [
            f"127.0.0.1:{self.ports[name]} inet n - n - - smtpd"
            + "".join(f"\n  -o {{ {key} = {value} }}" for key, value in options.items())
            for name, options in {**SERVICES, **chains}.items()
        ]
        return "\n".join([*services, _HELPERS.format(conf=conf)])
