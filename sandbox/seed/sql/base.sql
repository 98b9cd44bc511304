-- Functions and numbers that every other step uses. Chance is a hash of the row's number, the seed and the decision.

CREATE FUNCTION pg_temp.chance(number bigint, what integer) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(number, :seed * 1000 + what) & 1073741823)::double precision / 1073741824
$$;

-- The casts keep it immutable, so that it is inlined.
CREATE FUNCTION pg_temp.token(number bigint, what text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT md5(:seed::text || ':' || what || ':' || number::text) $$;

-- Return one of `choices`. `lean` above 1 prefers the first ones.
CREATE FUNCTION pg_temp.pick(choices text[], drawn double precision, lean double precision) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT choices[1 + floor(cardinality(choices) * power(drawn, lean))::integer] $$;

CREATE TEMP TABLE base AS SELECT
    (SELECT coalesce(max(id), 0) FROM donor) AS donor,
    (SELECT coalesce(max(id), 0) FROM donation) AS donation,
    (SELECT coalesce(max(id), 0) FROM subscription) AS subscription,
    (SELECT coalesce(max(id), 0) FROM receipt) AS receipt,
    (SELECT coalesce(max(id), 0) FROM ledger_entry) AS ledger,
    :gifts::bigint AS gifts,
    greatest(1, (:gifts * 0.88 * 0.6)::bigint) AS people,
    (:gifts * 0.88)::bigint AS first_gifts,
    :at::timestamptz AS at,
    :zone::text AS zone;
ANALYZE base;
