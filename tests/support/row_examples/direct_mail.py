"""Recipients of direct mail."""

from tests.support.row_examples.table import (
    Default,
    Reference,
    Table,
    Unique,
    fresh,
    key_of,
    once,
    refused,
)

DIRECT_MAIL_PIECE = Table(
    "direct_mail_piece",
    row={
        "campaign_id": key_of("campaign"),
        "code": fresh("K7"),
        "name": fresh("Ben Okafor "),
        "institution": "Harbor Home",
        "address": "1 Wharf Street\nAstoria",
    },
    defaults={
        "number": "",
        "locale": "en",
        "created_at": Default.transaction_time,
        "printed_at": Default.transaction_time,
    },
    refused=refused(
        "ck_direct_mail_piece_whole", {"name": ""}, {"institution": ""}, {"address": ""}
    ),
    unique=[
        Unique(
            "uq_direct_mail_piece_campaign_id_code",
            {"campaign_id": once(key_of("campaign")), "code": "K7"},
            apart=[{"code": "K8"}, {"campaign_id": key_of("campaign")}],
        ),
        Unique(
            "uq_direct_mail_piece_person",
            {
                "campaign_id": once(key_of("campaign")),
                "name": "Ben",
                "number": "A12",
                "institution": "Harbor Home",
            },
            again=[{"name": "BEN"}, {"number": "a12"}, {"institution": "harbor home"}],
            apart=[
                {"name": "Bo"},
                {"number": "A13"},
                {"institution": "Bay Home"},
                {"campaign_id": key_of("campaign")},
            ],
        ),
    ],
    references=[Reference("campaign_id", "campaign")],
)

TABLES = [DIRECT_MAIL_PIECE]
