"""The demonstration campaign of `./dev run`: nine days left to raise $50,000. The newsroom is invented.

    python -m sandbox.demonstration

Running it again changes nothing.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core import clock
from campaign.models import Campaign, CampaignText
from campaign.runtime.context import Installation, make_installation

SLUG = "nine-days"
DAYS = 9

APPEAL = """\
Tonight the harbor commission votes on who may build along the old cannery docks. Our reporter will be
in the room, as she has been for every vote since March, when she found that two of the seven commissioners
had kept quiet about the land they own there.

You will be able to read what she writes without paying and without signing in. So will the people who
work on the docks, the students who read us on the library's computers, and those who get these pages
printed and sent in the mail. **Nothing here is behind a wall, and nothing will be.**

That is possible because some readers give. Most give a little. No owner pays for this newsroom and no
advertiser does, and so nobody but our readers can be disappointed by what we print.

## What fifty thousand dollars does

- It keeps a reporter at the courthouse for a year.
- It pays for the records we ask for, and for the lawyer when they are refused.
- It prints and mails every long story to nine hundred readers who have no internet.

If you cannot give, please do not. Read on, and send the stories to a neighbor. If you can, any amount
helps, and we will account for every dollar.
"""

SPANISH_TITLE = "Que cada artículo siga siendo gratis"

SPANISH_APPEAL = """\
Esta noche la comisión del puerto vota quién puede construir junto a los viejos muelles de la conservera.
Nuestra reportera estará en la sala, como ha estado en cada votación desde marzo, cuando descubrió que dos de
los siete comisionados no habían dicho a nadie que tienen terrenos allí.

Usted podrá leer lo que ella escriba sin pagar y sin registrarse. También podrán hacerlo quienes trabajan en
los muelles, los estudiantes que nos leen en las computadoras de la biblioteca y quienes reciben estas páginas
impresas por correo. **Nada de esto está detrás de un muro de pago, y nada lo estará.**

Eso es posible porque algunas personas que nos leen donan. La mayoría da un poco. Ningún dueño paga esta
redacción ni la paga ningún anunciante, así que a nadie más que a ustedes debemos lo que publicamos.

## Qué se hace con cincuenta mil dólares

- Mantienen a una reportera en los tribunales durante un año.
- Pagan los documentos que solicitamos, y a la abogada cuando nos los niegan.
- Imprimen y envían por correo cada reportaje largo a novecientas personas que no tienen internet.

Si no puede donar, por favor no lo haga. Siga leyendo y comparta los artículos con alguien de su barrio. Si
puede, cualquier monto ayuda, y le diremos hasta el último dólar qué se hizo con él.
"""


def seed(installation: Installation | None = None) -> None:
    """Create the demonstration campaign unless the database already has a campaign."""
    here = installation or make_installation(broker=False)
    zone = here.settings.organization.timezone
    last_day = clock.now().astimezone(ZoneInfo(zone)).date() + timedelta(days=DAYS)
    with here.sessions.begin() as session:
        if session.scalar(select(func.count()).select_from(Campaign)):
            return
        campaign = create_campaign(
            session,
            NewCampaign(
                slug=SLUG,
                title="Keep every story free to read",
                goal="50000",
                deadline=last_day.isoformat(),
                timezone=zone,
                appeal=APPEAL,
            ),
        )
        session.add(
            CampaignText(
                campaign_id=campaign.id, locale="es", title=SPANISH_TITLE, appeal=SPANISH_APPEAL
            )
        )


if __name__ == "__main__":
    seed()
