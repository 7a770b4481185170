-- +goose Up

-- Whether a payment stayed in the local economy is so for ever, whatever becomes
-- of the supplier after: it is as the area had it when the money left.
ALTER TABLE payment ADD COLUMN local boolean NOT NULL DEFAULT false;
UPDATE payment p SET local = true FROM supplier s WHERE s.id = p.supplier_id AND p.area = ANY (s.local_to) AND p.paid > 0;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION settle_payment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    h history;
BEGIN
    SELECT * INTO STRICT h FROM history WHERE request_id = NEW.request_id AND step = NEW.step;
    IF decided(NEW.request_id, h.by_id) THEN
        RAISE EXCEPTION 'paid by somebody who decided it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_by_another';
    END IF;
    IF NEW.kind = 'pay' THEN
        UPDATE payment p SET paid = NEW.pence, state = 'paid', settled_at = h.at, settled_by = h.by_id, settled_by_name = h.by_name,
                local = coalesce((SELECT p.area = ANY (s.local_to) FROM supplier s WHERE s.id = p.supplier_id), false)
            WHERE p.id = h.payment_id AND p.request_id = NEW.request_id AND p.paid = 0
                AND (p.state = 'sent' OR p.state = 'planned' AND p.method <> 'bacs');
    ELSE
        UPDATE payment SET recovered = recovered + NEW.pence
            WHERE id = h.payment_id AND request_id = NEW.request_id AND state = 'paid';
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no payment waits for this entry'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_of_payment';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- What a budget was given has a version of its own, so that whoever is told of it
-- twice, or late, knows which is the newer.
--
-- +goose StatementBegin
CREATE FUNCTION budget_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := greatest(NEW.version, OLD.version + 1);
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER budget_version BEFORE UPDATE OF allocated ON budget
    FOR EACH ROW WHEN (OLD.allocated <> NEW.allocated) EXECUTE FUNCTION budget_version();
