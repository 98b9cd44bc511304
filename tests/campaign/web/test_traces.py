"""Spans of OpenTelemetry, whose packages tests do not install: no attribute holds a secret address."""

from campaign.web.traces import clean_span

SECRET = "s3cret-T0ken"


class RecordedSpan:
    """Stands in for a span; keeps what was set last."""

    def __init__(self, **attributes: object) -> None:
        self.attributes = attributes
        self.name = f"GET /receipts//{SECRET}"

    def update_name(self, name: str) -> None:
        self.name = name

    def set_attribute(self, name: str, value: object) -> None:
        self.attributes[name] = value


def test_what_a_span_shows_of_a_request_is_no_secret() -> None:
    link = f"https://give.example.org/receipts/{SECRET}?code={SECRET}"
    span = RecordedSpan(
        **{
            "http.target": f"/receipts/{SECRET}?code={SECRET}",
            "http.url": link,
            "url.path": f"/me/link/{SECRET}",
            "url.full": link,
            "url.query": f"code={SECRET}",
            "http.request.header.referer": link,
            "http.route": "/receipts/<token>",
            "http.status_code": 200,
        }
    )
    clean_span(span)
    assert SECRET not in str(span.attributes) + span.name
    assert span.attributes["http.target"] == "/receipts/-"
    assert span.attributes["url.full"] == "https://give.example.org/receipts/-"
    assert span.attributes["http.route"] == "/receipts/<token>"
    assert span.attributes["http.status_code"] == 200


def test_a_process_without_traces_has_nothing_to_clean() -> None:
    clean_span(object())
