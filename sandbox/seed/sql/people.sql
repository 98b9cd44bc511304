-- Donors. Common names are more likely; one donor in 125 has no email address and gives by mail.

CREATE TEMP TABLE person AS
SELECT base.donor + n AS id, n, by_mail, first || ' ' || last AS name,
    CASE WHEN by_mail THEN '' ELSE lower(replace(replace(first || '.' || last, ' ', ''), '''', '')) || (base.donor + n)
        || pg_temp.pick('{@example.org,@example.net,@example.com}', pg_temp.chance(base.donor + n, 4), 1) END AS email,
    CASE WHEN by_mail THEN floor(1 + 900 * pg_temp.chance(base.donor + n, 6)) || ' '
        || pg_temp.pick('{Alder,Bond,Commercial,Duane,Exchange,Franklin,Grand,Harrison,Irving,Jerome}',
            pg_temp.chance(base.donor + n, 7), 1)
        || E' Street\n' || pg_temp.pick('{"Astoria, OR 97103","Seaside, OR 97138","Warrenton, OR 97146"}',
            pg_temp.chance(base.donor + n, 8), 1) ELSE '' END AS address,
    CASE WHEN pg_temp.chance(base.donor + n, 5) < 0.11 THEN 'es' ELSE 'en' END AS locale
FROM base, generate_series(1, base.people) AS n,
    LATERAL (SELECT pg_temp.chance(base.donor + n, 1) < 0.008 AS by_mail,
        pg_temp.pick(:first_names::text[], pg_temp.chance(base.donor + n, 2), 1.6) AS first,
        pg_temp.pick(:last_names::text[], pg_temp.chance(base.donor + n, 3), 1.6) AS last) AS drawn;
-- One unique name, for a search with a single result.
UPDATE person SET name = 'Zebulon Quartermaine', by_mail = false, address = '',
    email = 'zebulon.quartermaine' || id || '@example.org' WHERE n = 1;
CREATE UNIQUE INDEX ON person (n);
ANALYZE person;
