"""Exim: access lists that look at the port on which a message came."""

from tests.relays.relay import KNOWN, OURS, Relay

_BEFORE_MAIL = {
    "sender": "550 5.7.1 Sender address rejected: not allowed to send as this user",
    "rate": "450 4.7.1 Sending rate exceeded, slow down",
    "day limit": "550 5.4.5 Daily sending quota exceeded",
}
_AT_RCPT = {
    "relay": "relay not permitted",
    "everybody unknown": "Unknown user",
    "blocklist": "rejected because 127.0.0.1 is in a black list at zen.example",
    "sign-in": "authentication required",
    "policy": "Administrative prohibition",
}
_LATER = {"greylist": "greylisted, please try again later"}
_AT_DATA = {"content": "This message was classified as SPAM and may not be delivered"}

PORTS = (
    "accepts",
    *_BEFORE_MAIL,
    *_AT_RCPT,
    *_LATER,
    *_AT_DATA,
    "size",
    "one message a connection",
)


class Exim(Relay):
    """Exim with a port for each refusal."""

    name = "exim"
    users = ("Debian-exim",)
    ports_of = PORTS

    def configure(self) -> str:
        conf = self.folder / "exim.conf"
        conf.write_text(self._conf())
        user = self.id_of("Debian-exim")
        prepare = (
            f"mkdir -p /var/spool/exim /var/log/exim && chown {user} /var/spool/exim /var/log/exim"
        )
        return f"sh -c '{prepare} && exec /usr/sbin/exim4 -C {conf} -bdf'"

    def _on(self, name: str) -> str:
        return f"condition = ${{if eq{{$received_port}}{{{self.ports[name]}}}}}"

    def _rules(self, verb: str, refusals: dict[str, str]) -> str:
        return "".join(
            f"  {verb} {self._on(name)}\n    message = {words}\n"
            for name, words in refusals.items()
        )

    def _conf(self) -> str:
        ports = " : ".join(map(str, self.ports.values()))
        size = f"${{if eq{{$received_port}}{{{self.ports['size']}}}{{20000}}{{50M}}}}"
        return f"""\
spool_directory = /var/spool/exim
log_file_path = /var/log/exim/%slog
pid_file_path = /var/run/exim.pid
primary_hostname = relay.exim.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {ports}
never_users =
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
message_size_limit = {size}
smtp_accept_max_per_connection = 1000
smtp_accept_max_nonmail = 1000
smtp_accept_max = 100
domainlist ours = {OURS}
acl_smtp_connect = at_connect
acl_smtp_mail = at_mail
acl_smtp_rcpt = at_rcpt
acl_smtp_data = at_data
begin acl
at_connect:
  accept
at_mail:
{self._rules("deny", {k: v for k, v in _BEFORE_MAIL.items() if k != "rate"})}\
  defer {self._on("rate")}
    message = {_BEFORE_MAIL["rate"]}
  drop {self._on("one message a connection")}
    condition = ${{if >{{${{eval:$acl_c_sent+0}}}}{{0}}}}
    message = 421 too many messages in this connection
  accept
at_rcpt:
  accept authenticated = *
{self._rules("deny", _AT_RCPT)}{self._rules("defer", _LATER)}\
  accept domains = +ours
    endpass
    verify = recipient
  accept
at_data:
{self._rules("deny", _AT_DATA)}\
  accept set acl_c_sent = 1
begin routers
ours:
  driver = accept
  domains = +ours
  local_parts = {" : ".join(KNOWN)}
  transport = drop
world:
  driver = accept
  domains = ! +ours
  transport = drop
begin transports
drop:
  driver = appendfile
  file = /dev/null
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{us}}}}{{eq{{$auth3}}{{right}}}}}}}}
"""
