"""OpenSMTPD: tagged listeners, and filters for what its own rules cannot refuse."""

from tests.relays.relay import KNOWN, OURS, Relay

_FILTERS = {
    "sender": ("mail-from", "550 5.7.1 Sender rejected"),
    "blocklist": ("connect", "554 5.7.1 Your address is listed at zen.example"),
    "greylist": ("rcpt-to", "451 4.7.1 Greylisted, try again later"),
    "rate": ("mail-from", "421 4.7.0 Too many messages, slow down"),
    "everybody unknown": ("rcpt-to", "550 5.1.1 No such user here"),
    "content": ("data", "550 5.7.1 Message looks like spam"),
}


class OpenSmtpd(Relay):
    """OpenSMTPD with a listener for each refusal. What no rule matches is `550 Invalid recipient`."""

    name = "opensmtpd"
    users = ("opensmtpd", "opensmtpq")
    ports_of = ("accepts", "relay", "sign-in", "encryption", *_FILTERS)

    def configure(self) -> str:
        conf = self.folder / "smtpd.conf"
        conf.write_text(self._conf())
        prepare = "mkdir -p /var/lib/opensmtpd/empty && chmod 755 /var/lib/opensmtpd/empty"
        return f"sh -c '{prepare} && exec /usr/sbin/smtpd -d -f {conf}'"

    def _conf(self) -> str:
        own = {"sign-in": ' tls pki "relay" auth', "encryption": ' tls-require pki "relay"'}
        listeners = [
            f"listen on 127.0.0.1 port {port}{own.get(name, '')}"
            f"{f' filter {_word(name)}' if name in _FILTERS else ''} tag {_word(name)}"
            for name, port in self.ports.items()
        ]
        filters = [
            f"filter {_word(name)} phase {phase} match src <world> reject {words!r}".replace(
                "'", '"'
            )
            for name, (phase, words) in _FILTERS.items()
        ]
        taken = [name for name in self.ports if name != "relay"]
        known = ", ".join(f'"{name}@{OURS}"' for name in KNOWN)
        return "\n".join(
            [
                f'pki "relay" cert "{self.certificates["fine"]}"',
                f'pki "relay" key "{self.certificates["fine"]}"',
                f"table known {{ {known} }}",
                "table world { 127.0.0.0/8 }",
                "smtp max-message-size 20000",
                *filters,
                *listeners,
                'action "out" relay host smtp://127.0.0.1:9',
                *(f'match tag {_word(name)} from any for any action "out"' for name in taken),
                "",
            ]
        )


def _word(name: str) -> str:
    return f'"{name.replace(" ", "-")}"'
