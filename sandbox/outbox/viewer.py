"""The web pages over the kept mails. `python -m sandbox.outbox` serves them on the loopback only."""

from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from sandbox.outbox.mailbox import Mailbox, StoredEmail
from sandbox.outbox.reading import Mail, shown_in_frame

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The mail's own HTML: nothing runs, nothing is fetched but pictures, links open in a new tab.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " style-src 'unsafe-inline'; img-src * data:; font-src data:"
)


def create_viewer(letterbox: Mailbox) -> Flask:
    """The viewer's application. It has no sign-in: it is for one person on one machine."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    _pages(app, letterbox)
    _files(app, letterbox)

    @app.before_request
    def refuse_other_sites() -> None:
        """A page elsewhere may neither read by a rebound name nor delete by a form."""
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


def _pages(app: Flask, letterbox: Mailbox) -> None:
    @app.get("/")
    def listing() -> str:
        return render_template(
            "listing.html", letters=[_listed(letterbox, each) for each in letterbox.newest_first()]
        )

    @app.get("/messages/<identifier>")
    def message(identifier: str) -> str:
        letter = _letter(letterbox, identifier)
        mail = Mail(letterbox.raw(letter))
        views = [name for name in ("html", "text") if getattr(mail, name) is not None] + ["source"]
        view = request.args.get("view", views[0])
        if view not in views:
            abort(404)
        source = letterbox.raw(letter).decode("utf-8", errors="replace")
        return render_template(
            "message.html", letter=letter, mail=mail, view=view, views=views, source=source
        )

    @app.post("/delete")
    def delete() -> Answer:
        letterbox.delete_all()
        return redirect(url_for("listing"), 303)


def _files(app: Flask, letterbox: Mailbox) -> None:
    @app.get("/messages.json")
    def messages() -> list[dict[str, Any]]:
        return [_described(letterbox, each) for each in letterbox.newest_first()]

    @app.get("/messages/<identifier>.eml")
    def raw(identifier: str) -> Response:
        letter = _letter(letterbox, identifier)
        return Response(letterbox.raw(letter), mimetype="message/rfc822")

    @app.get("/messages/<identifier>/html")
    def html(identifier: str) -> Response:
        letter = _letter(letterbox, identifier)
        mail = Mail(letterbox.raw(letter))
        addresses = {
            each.content_id: url_for("attachment", identifier=letter.id, index=each.index)
            for each in mail.attachments
            if each.content_id
        }
        response = Response(shown_in_frame(mail.html or "", addresses), mimetype="text/html")
        response.headers["Content-Security-Policy"] = MAIL_POLICY
        return response

    @app.get("/messages/<identifier>/attachments/<int:index>")
    def attachment(identifier: str, index: int) -> Response:
        parts = Mail(letterbox.raw(_letter(letterbox, identifier))).attachments
        if index >= len(parts):
            abort(404)
        part = parts[index]
        response = Response(part.content, mimetype=part.kind)
        # Never shown inside our origin: an attached page could otherwise read every mail.
        response.headers["Content-Security-Policy"] = MAIL_POLICY
        response.headers.set("Content-Disposition", "attachment", filename=part.name)
        return response


def _letter(letterbox: Mailbox, identifier: str) -> StoredEmail:
    letter = letterbox.find(identifier)
    if letter is None:
        abort(404)
    return letter


def _listed(letterbox: Mailbox, letter: StoredEmail) -> dict[str, Any]:
    mail = Mail(letterbox.raw(letter))
    return {
        "letter": letter,
        "from": mail.header("From") or letter.sender,
        "to": ", ".join(letter.recipients),
        "subject": mail.header("Subject") or "(no subject)",
    }


def _described(letterbox: Mailbox, letter: StoredEmail) -> dict[str, Any]:
    """One entry of /messages.json; `to` is the envelope's, `headers` are decoded."""
    mail = Mail(letterbox.raw(letter))
    return {
        "id": letter.id,
        "from": letter.sender,
        "to": letter.recipients,
        "subject": mail.header("Subject"),
        "message_id": mail.header("Message-ID"),
        "received_at": letter.received_at,
        "size": letter.size,
        "headers": mail.headers,
    }
