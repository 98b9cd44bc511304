-- column outbox_message.token
text NOT NULL DEFAULT "left"(encode(sha256(uuid_send(gen_random_uuid())), 'hex'::text), 20)

-- column webhook_delivery.public_id
text NOT NULL DEFAULT ('evt_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text))

-- trigger audit_entry.append_only
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_entry FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()

-- trigger audit_entry.append_only_whole
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON public.audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()

-- trigger deposit_batch.guard_batch
CREATE TRIGGER guard_batch BEFORE DELETE OR UPDATE ON public.deposit_batch FOR EACH ROW EXECUTE FUNCTION guard_deposit()

-- trigger donation.notify_pending_changed
CREATE TRIGGER notify_pending_changed AFTER UPDATE OF state ON public.donation FOR EACH ROW WHEN (((old.state IS DISTINCT FROM new.state) AND (('processing'::text = old.state) OR ('processing'::text = new.state)))) EXECUTE FUNCTION notify_pending_changed()

-- trigger donation.require_transition
CREATE TRIGGER require_transition BEFORE UPDATE OF state ON public.donation FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION require_donation_transition()

-- trigger donor.guard_merge
CREATE TRIGGER guard_merge BEFORE INSERT OR UPDATE OF merged_into_id ON public.donor FOR EACH ROW WHEN ((new.merged_into_id IS NOT NULL)) EXECUTE FUNCTION guard_merge()

-- trigger ledger_entry.append_only
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only()

-- trigger ledger_entry.append_only_whole
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON public.ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()

-- trigger ledger_entry.count_entry
CREATE TRIGGER count_entry AFTER INSERT ON public.ledger_entry FOR EACH ROW EXECUTE FUNCTION count_ledger_entry()

-- trigger ledger_entry.guard_entry
CREATE TRIGGER guard_entry BEFORE INSERT ON public.ledger_entry FOR EACH ROW EXECUTE FUNCTION guard_ledger_entry()

-- trigger ledger_entry.queue_donation_webhooks
CREATE TRIGGER queue_donation_webhooks AFTER INSERT ON public.ledger_entry FOR EACH ROW WHEN (((new.kind = ANY (ARRAY['payment'::text, 'refund'::text])) AND (NOT new.past))) EXECUTE FUNCTION queue_donation_webhooks()

-- trigger offline_gift.guard_gift
CREATE TRIGGER guard_gift BEFORE INSERT OR DELETE OR UPDATE OF batch_id ON public.offline_gift FOR EACH ROW EXECUTE FUNCTION guard_deposit()

-- trigger subscriber.report_consent
CREATE TRIGGER report_consent AFTER INSERT ON public.subscriber FOR EACH ROW EXECUTE FUNCTION report_consent()

-- trigger subscriber.report_renewed_consent
CREATE TRIGGER report_renewed_consent AFTER UPDATE OF consent_at ON public.subscriber FOR EACH ROW WHEN ((new.consent_at <> old.consent_at)) EXECUTE FUNCTION report_consent()

-- trigger subscription.queue_subscription_webhooks
CREATE TRIGGER queue_subscription_webhooks AFTER UPDATE OF state ON public.subscription FOR EACH ROW WHEN (((new.state = 'ended'::text) AND (old.state <> 'ended'::text))) EXECUTE FUNCTION queue_subscription_webhooks()

-- trigger suppression.report_lifted_suppression
CREATE TRIGGER report_lifted_suppression AFTER DELETE ON public.suppression FOR EACH ROW WHEN ((old.campaign_id IS NULL)) EXECUTE FUNCTION report_lifted_suppression()

-- trigger suppression.report_suppression
CREATE TRIGGER report_suppression AFTER INSERT ON public.suppression FOR EACH ROW EXECUTE FUNCTION report_suppression()

-- function audit_is_append_only()
CREATE OR REPLACE FUNCTION public.audit_is_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'The audit log is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $function$

-- function count_ledger_entry()
CREATE OR REPLACE FUNCTION public.count_ledger_entry()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    before bigint;
    gifts integer;
    standing_now bigint;
    people integer := 0;
    old_friends integer := 0;
    was_known boolean;
    gift record;
    charged timestamptz;
    part integer := NEW.donation_id % 16;
    came bigint := CASE WHEN NEW.kind = 'payment' THEN NEW.amount ELSE 0 END;
    payments integer := (NEW.kind = 'payment')::integer;
BEGIN
    IF NEW.campaign_id IS NULL OR NEW.amount = 0 THEN
        RETURN NULL;
    END IF;
    SELECT donor_id, amount, frequency, code INTO gift FROM donation WHERE id = NEW.donation_id FOR NO KEY UPDATE;
    SELECT coalesce(sum(amount) FILTER (WHERE campaign_id = NEW.campaign_id), 0),
        min(occurred_at) FILTER (WHERE kind = 'payment') INTO before, charged
        FROM ledger_entry WHERE donation_id = NEW.donation_id AND id <> NEW.id;
    charged := CASE WHEN NEW.kind = 'payment' THEN NEW.occurred_at ELSE charged END;
    gifts := (before + NEW.amount > 0)::integer - (before > 0)::integer;
    IF gifts <> 0 THEN
        INSERT INTO campaign_donor AS kept (campaign_id, donor_id, remaining_gifts, gave_before)
            VALUES (NEW.campaign_id, gift.donor_id, gifts, EXISTS (
                SELECT FROM campaign_donor AS elsewhere WHERE elsewhere.donor_id = gift.donor_id
                AND elsewhere.campaign_id <> NEW.campaign_id AND elsewhere.remaining_gifts > 0))
            ON CONFLICT (campaign_id, donor_id) DO UPDATE SET remaining_gifts = kept.remaining_gifts + EXCLUDED.remaining_gifts
            RETURNING remaining_gifts, kept.gave_before INTO standing_now, was_known;
        people := (standing_now > 0)::integer - (standing_now - gifts > 0)::integer;
        old_friends := people * was_known::integer;
    END IF;
    INSERT INTO progress_shard AS kept (campaign_id, shard, raised, donations, donors, gave_before)
        VALUES (NEW.campaign_id, part, NEW.amount, gifts, people, old_friends)
        ON CONFLICT (campaign_id, shard) DO UPDATE SET
            raised = kept.raised + EXCLUDED.raised,
            donations = kept.donations + EXCLUDED.donations,
            donors = kept.donors + EXCLUDED.donors,
            gave_before = kept.gave_before + EXCLUDED.gave_before;
    INSERT INTO gift_tally AS kept (campaign_id, kind, key, shard, amount, gifts, received, payments)
        SELECT NEW.campaign_id, tally.kind, tally.key, part, NEW.amount, gifts, came, payments
        FROM (VALUES
            ('code', gift.code),
            ('frequency', gift.frequency),
            ('hour', (SELECT to_char(NEW.occurred_at AT TIME ZONE timezone, 'YYYY-MM-DD"T"HH24')
                FROM campaign WHERE id = NEW.campaign_id)),
            ('size', CASE WHEN gift.amount::text >= '5' THEN '5' WHEN gift.amount::text >= '2' THEN '2' ELSE '1' END
                || repeat('0', length(gift.amount::text) - 1))
        ) AS tally (kind, key)
        ON CONFLICT (campaign_id, kind, key, shard) DO UPDATE SET
            amount = kept.amount + EXCLUDED.amount,
            gifts = kept.gifts + EXCLUDED.gifts,
            received = kept.received + EXCLUDED.received,
            payments = kept.payments + EXCLUDED.payments;
    INSERT INTO matching_shard AS kept (matching_id, shard, given)
        SELECT id, part, NEW.amount FROM matching_gift
        WHERE campaign_id = NEW.campaign_id AND starts_at <= charged AND least(ends_at, ended_at) > charged
        ORDER BY id
        ON CONFLICT (matching_id, shard) DO UPDATE SET given = kept.given + EXCLUDED.given;
    PERFORM pg_notify('progress', NEW.campaign_id::text);
    RETURN NULL;
END $function$

-- function guard_deposit()
CREATE OR REPLACE FUNCTION public.guard_deposit()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE concerned bigint[];
BEGIN
    IF TG_TABLE_NAME = 'deposit_batch' THEN concerned := ARRAY[OLD.id];
    ELSIF TG_OP = 'INSERT' THEN concerned := ARRAY[NEW.batch_id];
    ELSIF TG_OP = 'DELETE' THEN concerned := ARRAY[OLD.batch_id];
    ELSIF OLD.batch_id IS DISTINCT FROM NEW.batch_id THEN concerned := ARRAY[OLD.batch_id, NEW.batch_id];
    END IF;
    PERFORM FROM deposit_batch WHERE id = ANY (concerned) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM deposit_batch WHERE id = ANY (concerned) AND closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'A closed deposit batch stays as it is.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $function$

-- function guard_ledger_entry()
CREATE OR REPLACE FUNCTION public.guard_ledger_entry()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    frozen timestamptz;
BEGIN
    IF NEW.kind <> 'payment' AND NOT EXISTS (
        SELECT FROM ledger_entry WHERE donation_id = NEW.donation_id AND kind = 'payment'
    ) THEN
        RAISE EXCEPTION 'Donation % has no payment that a % could follow.', NEW.donation_id, NEW.kind
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.campaign_id IS NOT NULL AND NEW.kind NOT IN ('correction', 'fee') THEN
        SELECT finalized_at INTO frozen FROM campaign WHERE id = NEW.campaign_id FOR KEY SHARE;
        IF frozen IS NOT NULL THEN
            RAISE EXCEPTION 'The result of campaign % is final since %; only a correction changes it.',
                NEW.campaign_id, frozen USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $function$

-- function guard_merge()
CREATE OR REPLACE FUNCTION public.guard_merge()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM FROM donor WHERE id = NEW.merged_into_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM donor WHERE id = NEW.merged_into_id AND merged_into_id IS NOT NULL)
        OR EXISTS (SELECT FROM donor WHERE merged_into_id = NEW.id) THEN
        RAISE EXCEPTION 'A merged donor record cannot be the one that a merge keeps.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $function$

-- function ledger_is_append_only()
CREATE OR REPLACE FUNCTION public.ledger_is_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'The ledger is append-only: record a new entry instead of % on %.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $function$

-- function notify_pending_changed()
CREATE OR REPLACE FUNCTION public.notify_pending_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('progress', NEW.campaign_id::text);
    RETURN NULL;
END $function$

-- function queue_donation_webhooks()
CREATE OR REPLACE FUNCTION public.queue_donation_webhooks()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE told text := CASE NEW.kind WHEN 'payment' THEN 'donation.paid' ELSE 'donation.refunded' END;
BEGIN
    INSERT INTO webhook_delivery (endpoint_id, kind, subject_key, donation_id, ledger_entry_id, occurred_at)
        SELECT id, told, NEW.id::text, NEW.donation_id, NEW.id, NEW.occurred_at
        FROM webhook_endpoint WHERE disabled_at IS NULL AND told = ANY (events) ORDER BY webhook_endpoint.id
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $function$

-- function queue_subscription_webhooks()
CREATE OR REPLACE FUNCTION public.queue_subscription_webhooks()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO webhook_delivery (endpoint_id, kind, subject_key, subscription_id, occurred_at)
        SELECT id, 'subscription.ended', NEW.id::text, NEW.id, coalesce(NEW.ended_at, clock_timestamp())
        FROM webhook_endpoint WHERE disabled_at IS NULL AND 'subscription.ended' = ANY (events)
        ORDER BY webhook_endpoint.id
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $function$

-- function report_consent()
CREATE OR REPLACE FUNCTION public.report_consent()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM suppression WHERE email = lower(NEW.email) AND campaign_id IS NULL) THEN
        PERFORM report_subscriber('subscriber.consented',
            NEW.id || ':' || extract(epoch FROM NEW.consent_at),
            jsonb_build_object('email', NEW.email, 'name', NEW.name, 'locale', NEW.locale,
                'consent_source', NEW.consent_source, 'consent_at', NEW.consent_at));
    END IF;
    RETURN NULL;
END $function$

-- function report_lifted_suppression()
CREATE OR REPLACE FUNCTION public.report_lifted_suppression()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM report_subscriber('subscriber.consented', subscriber.id || ':lifted:' || OLD.id,
            jsonb_build_object('email', subscriber.email, 'name', subscriber.name, 'locale', subscriber.locale,
                'consent_source', subscriber.consent_source, 'consent_at', subscriber.consent_at))
        FROM subscriber WHERE lower(subscriber.email) = OLD.email;
    RETURN NULL;
END $function$

-- function report_subscriber(kind text, key text, facts jsonb)
CREATE OR REPLACE FUNCTION public.report_subscriber(kind text, key text, facts jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO webhook_delivery (endpoint_id, kind, subject_key, facts)
        SELECT webhook_endpoint.id, report_subscriber.kind, key, report_subscriber.facts
        FROM webhook_endpoint
        WHERE disabled_at IS NULL AND report_subscriber.kind = ANY (events) ORDER BY webhook_endpoint.id
        ON CONFLICT DO NOTHING;
END $function$

-- function report_suppression()
CREATE OR REPLACE FUNCTION public.report_suppression()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM report_subscriber(
        CASE NEW.reason WHEN 'unsubscribed' THEN 'subscriber.unsubscribed' ELSE 'subscriber.suppressed' END,
        NEW.id::text,
        jsonb_build_object('email', NEW.email, 'reason', NEW.reason,
            'campaign', (SELECT slug FROM campaign WHERE campaign.id = NEW.campaign_id)));
    RETURN NULL;
END $function$

-- function require_donation_transition()
CREATE OR REPLACE FUNCTION public.require_donation_transition()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    beginning CONSTANT text[] := ARRAY['pending', 'declined', 'expired', 'processing', 'failed', 'paid'];
    settled CONSTANT text[] := ARRAY['paid', 'partially_refunded', 'refunded', 'disputed', 'dispute_lost'];
    allowed boolean;
BEGIN
    IF OLD.state = ANY (settled) THEN
        allowed := NEW.state = ANY (settled) OR NEW.state = 'failed';
    ELSE
        allowed := array_position(beginning, NEW.state) > array_position(beginning, OLD.state);
    END IF;
    IF allowed IS NOT TRUE THEN
        RAISE EXCEPTION 'A donation that is % cannot become %.', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $function$

-- function search_words(texts text)
CREATE OR REPLACE FUNCTION public.search_words(texts text)
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT to_tsvector('simple'::regconfig, translate(translate(lower(texts),
        'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžșț',
        'aaaaaaaceeeeiiiidnoooooouuuuytyaaaccccddeeeeegggghhiiiiijklllllnnnnoooorrrsssstttuuuuuuwyzzzst'),
        '.@+-_''’`",;:/\()[]{}<>&#!?*=|~%^$', '                                 '))
$function$

-- extension plpgsql
pg_catalog

