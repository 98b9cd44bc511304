"""Every text that readers see goes through the catalog."""

from pathlib import Path

import pytest

from tests.support.untranslated import bare_texts

TEMPLATES = Path(__file__).parents[2] / "templates"
STAFF = {"layouts/staff.html", "macros/staff.html"}
READERS = sorted(
    name
    for path in TEMPLATES.rglob("*.html")
    if not (name := path.relative_to(TEMPLATES).as_posix()).startswith(("staff/", "email/"))
    and name not in STAFF
)


@pytest.mark.parametrize("name", READERS)
def test_a_readers_page_holds_no_text_outside_the_catalog(name: str) -> None:
    assert bare_texts(TEMPLATES / name) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>{{ _('Give') }}</p>", []),
        ("<p>{% trans n=name %}Dear {{ n }}{% endtrans %}</p>", []),
        ("<p>Give {{ amount }}</p>", ["Give …"]),
        ('<input placeholder="Your name">', ["Your name"]),
        ('<nav aria-label="{{ _("Pages") }}" class="jump links"></nav>', []),
        ('<p data-plain="Give {amount} monthly"></p>', ["Give {amount} monthly"]),
        ("<p>{{ 'Monthly' if monthly else 'Yearly' }}</p>", ["Yearly", "Monthly"]),
        ("{{ field(form.email, 'email', 'Email') }}", ["Email"]),
        ("{{ field(form.email, 'email', _('Email'), kind='email') }}", []),
    ],
)
def test_bare_texts_are_found(tmp_path: Path, source: str, found: list[str]) -> None:
    path = tmp_path / "page.html"
    path.write_text(source)
    assert sorted(bare_texts(path)) == sorted(found)
