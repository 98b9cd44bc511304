"""Values that break parsers, templates and headers, and the check that an answer shows none of it."""

import random
import re
from html.parser import HTMLParser
from urllib.parse import quote

from werkzeug.test import TestResponse

MARK = "x-fuzz"
"""The name of an element, an attribute and a header that only our hostile values could bring into an answer."""

VALUES = (
    f'"><{MARK}>',
    f"'><{MARK} a=1>",
    f"</title><{MARK}>",
    f'" {MARK}="1',
    f"' {MARK}='1",
    f"javascript:{MARK}",
    f"]]><{MARK}>",
    f"<svg/onload={MARK}>",
    f"a\r\n{MARK}: 1",
    f"a\n{MARK}: 1\n\n<{MARK}>",
    f"a\u2028{MARK}\u2029",
    "{{7*7}}{% include 'x' %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "'; DROP TABLE donation; --",
    "' OR '1'='1",
    "\\'; SELECT pg_sleep(9); --",
    "%s%n%x%(x)s{0}{x!r}",
    "../../../../etc/passwd",
    "..\\..\\windows",
    "%00",
    "\x00",
    "a\x00b",
    "\x01\x7f\x1b[31m",
    "\ud800",
    "\U0001f4a9" * 50,
    "\u202e\u200b\ufeff",
    "e\u0301" * 300,
    "A" * 5_000,
    "9" * 400,
    "-1",
    "0",
    "²",
    "٣٤",
    "1e999",
    "NaN",
    "Infinity",
    "-0.0",
    "0x10",
    "1_000",
    "9223372036854775808",
    "1,000.00,00",
    "$-5",
    "2026-02-30",
    "0000-00-00T99:99:99Z",
    "http://[::1/",
    "//evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "mailto:a@b",
    "a@b@c.example",
    "ana@example.org",
    "",
    " ",
    "[]",
    "{}",
    "null",
    "true",
)

HEADERS = {
    "Accept-Language": ("", "\x80", "es;q=2", "x" * 900, "*", "en;q=a,,;", "zz-ZZ-" * 40),
    "Accept": ("", "*/*;q=x", "application/json", "text/html" * 200),
    "Accept-Encoding": ("", "gzip;q=0", "br;q=9", "zstd,,;", "identity;q=0"),
    "Cookie": ("staff=", "staff=a.b.c", "donor=%00", "=;=;=", "x=" + "y" * 3_000, "staff=\xff"),
    "Range": ("bytes=0-", "bytes=9-1", "bytes=-", "bytes=0-0,1-1,2-2", "chars=1"),
    "If-None-Match": ('"', "*", 'W/"x', "a" * 900),
    "If-Modified-Since": ("x", "Mon, 99 Foo 0000 99:99:99 GMT", "0"),
    "Origin": ("null", "http://[", "https://evil.example"),
    "Sec-Fetch-Site": ("same-origin", "cross-site", "x"),
    "Host": ("evil.example", "a b", "localhost:99999", "[::1"),
    "X-Forwarded-For": ("1.2.3.4, x", "\x01", "::1%eth0"),
    "X-Forwarded-Host": ("evil.example",),
    "Content-Type": ("application/json", "text/plain", "multipart/form-data", "x/" + "y" * 200),
    "Authorization": ("Bearer", "Bearer \x80", "Basic !!!", "Bearer " + "a" * 900),
    "Referer": (f'"><{MARK}>', "http://["),
    "User-Agent": (f"<{MARK}>", "\x00", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
}

ALLOWED = (501, 503)
"""Not implemented: oEmbed (https://oembed.com, 2.3.2) wants it for XML. Unavailable: Stripe is out of reach here."""

TRACE = re.compile(
    r"Traceback \(most recent|File \"/|sqlalchemy\.exc|psycopg\.|jinja2\.exc|line \d+, in "
)


class _Elements(HTMLParser):
    """Finds elements and attributes that no template of ours has."""

    found = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag."""
        names = [tag, *(name for name, _ in attrs)]
        scripts = [value for name, value in attrs if name in {"href", "src", "action"} and value]
        self.found |= any(MARK in name for name in names)
        self.found |= any(value.strip().lower().startswith("javascript:") for value in scripts)


def pick_value(dice: random.Random) -> str:
    """Return a hostile value."""
    return dice.choice(VALUES)


def pick_headers(dice: random.Random) -> list[tuple[str, str]]:
    """Return up to three odd headers, as WSGI passes them: characters up to U+00FF."""
    names = dice.sample(sorted(HEADERS), dice.randrange(4))
    return [(name, dice.choice(HEADERS[name])) for name in names]


def encoded(text: str) -> str:
    """Return a text as a part of an address, lone surrogates too."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def fault_of(answer: TestResponse) -> str:
    """Return what is wrong with an answer, or ''."""
    if answer.status_code >= 500 and answer.status_code not in ALLOWED:
        return f"status {answer.status_code}"
    if any(MARK in name.lower() for name, _ in answer.headers):
        return "a header of ours was made by the request"
    text = answer.get_data().decode("utf-8", "replace")
    if TRACE.search(text):
        return "a trace"
    if answer.mimetype in {"text/html", "image/svg+xml", "application/xml"}:
        parser = _Elements()
        parser.feed(text)
        if parser.found:
            return "an element or attribute of the request"
    location = answer.headers.get("Location", "")
    host = re.match(r"(?:[a-z]+:)?[/\\]{2,}([^/\\?#]*)", location, re.IGNORECASE)
    if host and "evil" in host[1]:
        return f"a redirect elsewhere: {location[:80]}"
    return ""
