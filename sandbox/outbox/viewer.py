"""Web pages that show the stored emails. `python -m sandbox.outbox` serves them on loopback only."""

from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from sandbox.outbox.mailbox import Mailbox, StoredEmail
from sandbox.outbox.parsing import ParsedEmail, html_for_frame

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# For the email's HTML: no scripts, no requests except for images; links open in a new tab.
EMAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " style-src 'unsafe-inline'; img-src * data:; font-src data:"
)


def create_viewer(mailbox: Mailbox) -> Flask:
    """Create the viewer's Flask application. It has no sign-in because it serves one person on one machine."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    _pages(app, mailbox)
    _files(app, mailbox)

    @app.before_request
    def refuse_other_sites() -> None:
        """Prevent other sites from reading emails (DNS rebinding) or deleting them (cross-site forms)."""
        host = request.host.rpartition(":")[0] or request.host
        if host not in ("127.0.0.1", "localhost"):
            abort(403)
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
            abort(403)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app


def _pages(app: Flask, mailbox: Mailbox) -> None:
    @app.get("/")
    def listing() -> str:
        return render_template(
            "listing.html", emails=[_summary(mailbox, each) for each in mailbox.newest_first()]
        )

    @app.get("/messages/<identifier>")
    def message(identifier: str) -> str:
        email = _find_email(mailbox, identifier)
        parsed = ParsedEmail(mailbox.raw(email))
        views = [name for name in ("html", "text") if getattr(parsed, name) is not None] + [
            "source"
        ]
        view = request.args.get("view", views[0])
        if view not in views:
            abort(404)
        source = mailbox.raw(email).decode("utf-8", errors="replace")
        return render_template(
            "message.html", email=email, parsed=parsed, view=view, views=views, source=source
        )

    @app.post("/delete")
    def delete() -> Answer:
        mailbox.delete_all()
        return redirect(url_for("listing"), 303)


def _files(app: Flask, mailbox: Mailbox) -> None:
    @app.get("/messages.json")
    def messages() -> list[dict[str, Any]]:
        return [_as_json(mailbox, each) for each in mailbox.newest_first()]

    @app.get("/messages/<identifier>.eml")
    def raw(identifier: str) -> Response:
        email = _find_email(mailbox, identifier)
        return Response(mailbox.raw(email), mimetype="message/rfc822")

    @app.get("/messages/<identifier>/html")
    def html(identifier: str) -> Response:
        email = _find_email(mailbox, identifier)
        parsed = ParsedEmail(mailbox.raw(email))
        addresses = {
            each.content_id: url_for("attachment", identifier=email.id, index=each.index)
            for each in parsed.attachments
            if each.content_id
        }
        response = Response(html_for_frame(parsed.html or "", addresses), mimetype="text/html")
        response.headers["Content-Security-Policy"] = EMAIL_POLICY
        return response

    @app.get("/messages/<identifier>/attachments/<int:index>")
    def attachment(identifier: str, index: int) -> Response:
        parts = ParsedEmail(mailbox.raw(_find_email(mailbox, identifier))).attachments
        if index >= len(parts):
            abort(404)
        part = parts[index]
        response = Response(part.content, mimetype=part.kind)
        # Never show it in our origin: an attached page could read all emails.
        response.headers["Content-Security-Policy"] = EMAIL_POLICY
        response.headers.set("Content-Disposition", "attachment", filename=part.name)
        return response


def _find_email(mailbox: Mailbox, identifier: str) -> StoredEmail:
    email = mailbox.find(identifier)
    if email is None:
        abort(404)
    return email


def _summary(mailbox: Mailbox, email: StoredEmail) -> dict[str, Any]:
    parsed = ParsedEmail(mailbox.raw(email))
    return {
        "email": email,
        "from": parsed.header("From") or email.sender,
        "to": ", ".join(email.recipients),
        "subject": parsed.header("Subject") or "(no subject)",
    }


def _as_json(mailbox: Mailbox, email: StoredEmail) -> dict[str, Any]:
    """Return one entry of /messages.json. `to` is from the SMTP envelope; `headers` are decoded."""
    parsed = ParsedEmail(mailbox.raw(email))
    return {
        "id": email.id,
        "from": email.sender,
        "to": email.recipients,
        "subject": parsed.header("Subject"),
        "message_id": parsed.header("Message-ID"),
        "received_at": email.received_at,
        "size": email.size,
        "headers": parsed.headers,
    }
