"""Settings of mail providers: the server names the provider, and each secret is checked at the start."""

import pytest

from campaign.core.env_reader import Variables
from campaign.core.provider_settings import ProviderSettings, read_providers

TOPIC = "arn:aws:sns:eu-west-1:123456789012:campaign-mail"


def loaded(smtp_host: str = "mail.example.org", **environ: str) -> ProviderSettings:
    reader = Variables(environ)
    found = read_providers(reader, smtp_host)
    assert reader.faults == []
    return found


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("email-smtp.eu-west-1.amazonaws.com", "ses"),
        ("email-smtp-fips.us-gov-west-1.amazonaws.com", "ses"),
        ("SMTP.postmarkapp.com", "postmark"),
        ("smtp-broadcasts.postmarkapp.com", "postmark"),
        ("smtp.mailgun.org", "mailgun"),
        ("smtp.eu.mailgun.org", "mailgun"),
        ("smtp.sendgrid.net", "sendgrid"),
        ("smtp.eu.sparkpostmail.com", "sparkpost"),
        ("smtp-relay.brevo.com", "brevo"),
        ("smtp-relay.sendinblue.com", "brevo"),
        ("mail.example.org", ""),
        ("smtp.sendgrid.net.example.org", ""),
    ],
)
def test_the_mail_server_names_the_provider(host: str, provider: str) -> None:
    assert loaded(host).sending == provider


def test_a_named_provider_comes_first() -> None:
    assert loaded("relay.example.org", MAIL_PROVIDER="Mailgun").sending == "mailgun"
    assert loaded("smtp.sendgrid.net", MAIL_PROVIDER="none").sending == ""


def test_everything_is_off_by_default() -> None:
    assert loaded() == ProviderSettings()


def test_several_values_are_accepted_while_one_is_replaced() -> None:
    found = loaded(
        BREVO_WEBHOOK_SECRET=f"{'a' * 16}, {'b' * 16}", SES_TOPIC_ARN=f"{TOPIC},{TOPIC}2"
    )
    assert found.brevo_secrets == ("a" * 16, "b" * 16)
    assert found.ses_topics == (TOPIC, f"{TOPIC}2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_PROVIDER", "gmail"),
        ("SES_TOPIC_ARN", "arn:aws:sqs:eu-west-1:123456789012:queue"),
        ("SES_TOPIC_ARN", "campaign-mail"),
        ("SES_CONFIGURATION_SET", "two words"),
        ("POSTMARK_BROADCAST_STREAM", "a\nb"),
        ("POSTMARK_WEBHOOK_SECRET", "s" * 15),
        ("MAILGUN_WEBHOOK_KEY", "short"),
        ("SENDGRID_WEBHOOK_KEY", "-----BEGIN PUBLIC KEY-----"),
        ("SPARKPOST_WEBHOOK_SECRET", f"{'s' * 16},short"),
        ("BREVO_WEBHOOK_SECRET", "short"),
        ("SNS_BASE_URL", "sns"),
    ],
)
def test_a_wrong_value_is_one_fault_with_its_name(name: str, value: str) -> None:
    reader = Variables({name: value})
    read_providers(reader, "mail.example.org")
    assert [fault.partition(":")[0] for fault in reader.faults] == [name]


def test_no_secret_is_shown() -> None:
    hidden = "hidden-secret-of-ours"
    providers = ("POSTMARK", "SPARKPOST", "BREVO")
    names = ["MAILGUN_WEBHOOK_KEY", *(f"{name}_WEBHOOK_SECRET" for name in providers)]
    assert "hidden" not in repr(loaded(**dict.fromkeys(names, hidden)))
