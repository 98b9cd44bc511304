"""Assemble the web application: settings, blueprints, headers, limits."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from campaign.core.input_limits import LARGEST_KEY
from campaign.core.observability import observe
from campaign.mailer.render import templates_folder
from campaign.runtime.context import Installation, make_installation
from campaign.web import errors, health, language, limits, theme, traces
from campaign.web.api import register as open_api
from campaign.web.appeal import routes as appeal
from campaign.web.appeal.code_visits import VisitCounter
from campaign.web.appeal.page_cache import PageCache
from campaign.web.appeal.progress_stream import LiveProgress
from campaign.web.compression import Compression
from campaign.web.context import context_values, static_version
from campaign.web.giving import routes as giving
from campaign.web.headers import add_security_headers
from campaign.web.portal import routes as portal
from campaign.web.site_address import SiteAddress
from campaign.web.staff import register as open_staff_room
from campaign.web.staff.core import layout
from campaign.web.webhooks import routes as webhooks

FORM_BYTES = 64 * 1024


def create_app(installation: Installation | None = None) -> Flask:
    """Return the WSGI application for `installation`, or for the environment's; raises ConfigurationError."""
    installation = installation or make_installation()
    settings = installation.settings
    observe(settings, "web")
    app = Flask("campaign", template_folder=str(templates_folder()))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=FORM_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
    )
    # An address with a trailing slash is the same page.
    app.url_map.strict_slashes = False
    app.url_map.converters["int"] = RowNumberConverter
    app.extensions["installation"] = installation
    app.extensions["live"] = LiveProgress(installation.engine, installation.sessions)
    app.extensions["looks"] = theme.BrandingCache(installation.sessions)
    app.extensions["visits"] = VisitCounter(installation.sessions)
    app.extensions["static_version"] = static_version(app.static_folder or "")
    limits.prepare(app, settings)
    app.context_processor(context_values)
    app.context_processor(theme.template_values)
    for package in (appeal, giving, portal, webhooks):
        for blueprint in package.BLUEPRINTS:
            app.register_blueprint(blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(theme.blueprint)
    app.after_request(add_security_headers)
    language.prepare(app)
    layout.prepare(app)
    open_staff_room(app)
    open_api(app)
    errors.register(app)
    traces.prepare(app)
    kept = PageCache(app.wsgi_app, app.extensions["live"])
    app.wsgi_app = Compression(kept)  # type: ignore[method-assign] # the documented way to wrap an application
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        # Only the reader's address: SiteAddress knows the host and the scheme.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=0, x_host=0)  # type: ignore[method-assign] # the same
    app.wsgi_app = SiteAddress(app.wsgi_app, settings.site_url)  # type: ignore[method-assign] # the same
    return app


class RowNumberConverter(IntegerConverter):
    """The numbers in our addresses: what no row can have is no page, instead of an error of the database."""

    regex = r"\d{1,19}"

    def __init__(self, url_map: Map, fixed_digits: int = 0) -> None:
        super().__init__(url_map, fixed_digits, max=LARGEST_KEY)
