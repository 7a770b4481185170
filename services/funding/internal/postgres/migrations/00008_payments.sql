-- +goose Up

-- The state machine of a payment. One that is just being saved is in no state,
-- which is ''.
CREATE TABLE payment_transition (
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO payment_transition VALUES
    ('', 'planned'),
    ('planned', 'batched'), ('planned', 'paid'), ('planned', 'cancelled'),
    ('batched', 'sent'), ('batched', 'planned'),
    ('sent', 'paid'), ('sent', 'failed');
GRANT SELECT ON payment_transition TO funding;

CREATE SEQUENCE batch_serial AS integer MINVALUE 1 MAXVALUE 999999 CYCLE; -- of a BACS submission: six figures, unique for a day
GRANT USAGE ON SEQUENCE batch_serial TO funding;

-- Payments of one area and one method that leave in one file. The file is kept
-- sealed, because bank details are in it, and so is its hash, by which anybody
-- can tell that it is the one that left.
CREATE TABLE batch (
    id              uuid PRIMARY KEY,
    reference       text NOT NULL CONSTRAINT batch_reference UNIQUE
                    CHECK (reference ~ '^PB-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$'),
    area            text NOT NULL CHECK (area <> ''),
    method          text NOT NULL CHECK (method IN ('card', 'bacs', 'voucher')),
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'exported', 'settled')),
    serial          integer NOT NULL DEFAULT nextval('batch_serial'),
    created_at      timestamptz NOT NULL,
    created_by      uuid NOT NULL,
    created_by_name text NOT NULL,
    format          text CHECK (format IN ('csv', 'bacs-18')),
    processing_day  date,
    file            bytea, -- sealed
    hash            bytea CHECK (length(hash) = 32), -- of the file in clear
    exported_at     timestamptz,
    exported_by     uuid,
    exported_name   text,
    version         bigint NOT NULL DEFAULT 1,
    CONSTRAINT batch_of_area UNIQUE (id, area, method),
    CONSTRAINT batch_exported CHECK ((state = 'open') = (file IS NULL) AND (file IS NULL) = (hash IS NULL)
        AND (file IS NULL) = (exported_at IS NULL) AND (file IS NULL) = (exported_by IS NULL)
        AND (file IS NULL) = (exported_name IS NULL) AND (file IS NULL) = (format IS NULL) AND (file IS NULL) = (processing_day IS NULL)),
    CONSTRAINT batch_format CHECK (format <> 'bacs-18' OR method = 'bacs')
);
CREATE INDEX batch_area ON batch (area, created_at DESC, id DESC);
GRANT SELECT,
    INSERT (id, reference, area, method, created_at, created_by, created_by_name),
    UPDATE (state, format, processing_day, file, hash, exported_at, exported_by, exported_name, version)
    ON batch TO funding;

-- A file is made once, and is the same for ever after. A batch is settled by its
-- payments, never by hand.
--
-- +goose StatementBegin
CREATE FUNCTION batch_goes_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF OLD.file IS NOT NULL AND (NEW.file, NEW.hash, NEW.format, NEW.processing_day, NEW.exported_at, NEW.exported_by, NEW.exported_name)
            IS DISTINCT FROM (OLD.file, OLD.hash, OLD.format, OLD.processing_day, OLD.exported_at, OLD.exported_by, OLD.exported_name) THEN
        RAISE EXCEPTION 'the file of a batch is made once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_exported_once';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('open', 'exported'), ('exported', 'settled'))
            OR NEW.state <> 'open' AND EXISTS (SELECT FROM payment p WHERE p.batch_id = NEW.id
                AND (p.state = 'batched' OR p.state = 'sent' AND NEW.state = 'settled')) THEN
        RAISE EXCEPTION 'the batch does not go on from where it stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_goes_on';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER batch_goes_on BEFORE UPDATE ON batch FOR EACH ROW EXECUTE FUNCTION batch_goes_on();

-- Money on its way. What left and what came back follows from the entries of the
-- ledger, by trigger: the serving login may write neither.
CREATE TABLE payment (
    id              uuid PRIMARY KEY,
    reference       text NOT NULL CONSTRAINT payment_reference UNIQUE
                    CHECK (reference ~ '^PY-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$'),
    search          text NOT NULL GENERATED ALWAYS AS (replace(substr(reference, 4), '-', '')) STORED,
    request_id      uuid NOT NULL REFERENCES request,
    area            text NOT NULL CHECK (area <> ''),
    line_id         uuid REFERENCES line,
    payee_kind      text NOT NULL CHECK (payee_kind IN ('supplier', 'person')),
    supplier_id     uuid CONSTRAINT payment_supplier REFERENCES supplier,
    payee_name      text NOT NULL, -- of a supplier: a jobseeker's name is not kept here
    method          text NOT NULL CHECK (method IN ('card', 'bacs', 'voucher')),
    amount          bigint NOT NULL CHECK (amount > 0),
    paid            bigint NOT NULL DEFAULT 0,
    recovered       bigint NOT NULL DEFAULT 0,
    state           text NOT NULL CHECK (state <> ''),
    batch_id        uuid,
    replaces        uuid CONSTRAINT payment_replaced_once UNIQUE REFERENCES payment,
    note            text NOT NULL,
    code            text NOT NULL DEFAULT '',
    words           text NOT NULL DEFAULT '',
    planned_at      timestamptz NOT NULL,
    planned_by      uuid NOT NULL,
    planned_by_name text NOT NULL,
    sent_by         uuid,
    settled_at      timestamptz,
    settled_by      uuid,
    settled_by_name text NOT NULL DEFAULT '',
    changed_at      timestamptz NOT NULL,
    version         bigint NOT NULL DEFAULT 1,
    CONSTRAINT payment_of_batch FOREIGN KEY (batch_id, area, method) REFERENCES batch (id, area, method),
    CONSTRAINT payment_batched CHECK ((batch_id IS NOT NULL) >= (state IN ('batched', 'sent'))
        AND (batch_id IS NULL OR state IN ('batched', 'sent', 'paid', 'failed'))),
    CONSTRAINT payment_payee CHECK (CASE payee_kind
        WHEN 'person' THEN supplier_id IS NULL AND payee_name = '' AND method <> 'card'
        ELSE payee_name <> '' AND (supplier_id IS NOT NULL OR method <> 'bacs') END),
    CONSTRAINT payment_settled CHECK ((settled_at IS NOT NULL) = (state IN ('paid', 'failed', 'cancelled'))
        AND (settled_by IS NOT NULL) = (settled_at IS NOT NULL)),
    CONSTRAINT payment_sums CHECK ((paid > 0) = (state = 'paid') AND recovered BETWEEN 0 AND paid)
);
CREATE INDEX payment_request ON payment (request_id);
CREATE INDEX payment_waiting ON payment (area, state, method, changed_at DESC, id DESC);
CREATE INDEX payment_batch ON payment (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX payment_search ON payment USING gin (search gin_trgm_ops);
GRANT SELECT,
    INSERT (id, reference, request_id, area, line_id, payee_kind, supplier_id, payee_name, method, amount, state, replaces, note,
        planned_at, planned_by, planned_by_name, changed_at),
    UPDATE (state, batch_id, code, words, sent_by, settled_at, settled_by, settled_by_name, changed_at, version)
    ON payment TO funding;

-- Whether somebody has ever decided a request, or was the first of two to say
-- yes to it.
--
-- +goose StatementBegin
CREATE FUNCTION decided(request uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM history h WHERE h.request_id = request AND h.by_id = person
        AND (h.from_state = 'submitted' AND h.to_state IN ('approved', 'declined', 'returned') OR h.act = 'endorse'))
$$;
-- +goose StatementEnd

-- A payment goes along its arrows only, begins on an approved request only, is
-- never the business of somebody who decided that, and comes to be paid by an
-- entry of the ledger only.
--
-- +goose StatementBegin
CREATE FUNCTION payment_goes_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    was text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.state END;
    r request;
BEGIN
    IF (TG_OP = 'INSERT' OR NEW.state <> was)
            AND NOT EXISTS (SELECT FROM payment_transition t WHERE (t.from_state, t.to_state) = (was, NEW.state))
        OR TG_OP = 'UPDATE' AND NEW.batch_id IS DISTINCT FROM OLD.batch_id
            AND (was, NEW.state) NOT IN (('planned', 'batched'), ('batched', 'planned')) THEN
        RAISE EXCEPTION 'the payment does not go on from where it stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_goes_on';
    END IF;
    IF NEW.batch_id IS NOT NULL AND NEW.state IN ('planned', 'batched') AND was <> NEW.state
            AND NOT EXISTS (SELECT FROM batch b WHERE b.id = NEW.batch_id AND b.state = 'open' FOR KEY SHARE) THEN
        RAISE EXCEPTION 'only an open batch takes payments'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_goes_on';
    END IF;
    IF TG_OP = 'INSERT' THEN
        -- The lock makes two who plan at once go one after the other, so that the
        -- second is measured against what the first has planned.
        SELECT * INTO STRICT r FROM request WHERE id = NEW.request_id FOR NO KEY UPDATE;
        IF r.state <> 'approved' OR r.area <> NEW.area THEN
            RAISE EXCEPTION 'only an approved request is paid for'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_of_approved';
        END IF;
        IF NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT FROM payment f
                WHERE f.id = NEW.replaces AND f.state = 'failed' AND f.request_id = NEW.request_id) THEN
            RAISE EXCEPTION 'only a failed payment is planned again'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_replaced_once';
        END IF;
    END IF;
    IF TG_OP = 'INSERT' AND decided(NEW.request_id, NEW.planned_by)
        OR TG_OP = 'UPDATE' AND (NEW.sent_by IS DISTINCT FROM OLD.sent_by AND decided(NEW.request_id, NEW.sent_by)
            OR NEW.settled_by IS DISTINCT FROM OLD.settled_by AND decided(NEW.request_id, NEW.settled_by)) THEN
        RAISE EXCEPTION 'paid by somebody who decided it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_by_another';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_goes_on BEFORE INSERT OR UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION payment_goes_on();

-- When a transaction ends, what is on its way for a request is within what is
-- promised for it. That holds as well for whoever takes back a promise.
--
-- +goose StatementBegin
CREATE FUNCTION payments_within_promise() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    touched uuid;
BEGIN
    IF TG_TABLE_NAME = 'request' THEN
        touched := NEW.id;
    ELSE
        touched := NEW.request_id;
    END IF;
    IF (SELECT coalesce(sum(p.amount), 0) FROM payment p WHERE p.request_id = touched AND p.state IN ('planned', 'batched', 'sent'))
            > (SELECT r.committed FROM request r WHERE r.id = touched) THEN
        RAISE EXCEPTION 'more is on its way than is promised'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_within_promise';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER payments_within_promise AFTER INSERT OR UPDATE ON payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_within_promise();
CREATE CONSTRAINT TRIGGER payments_within_promise AFTER UPDATE ON request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.committed < OLD.committed) EXECUTE FUNCTION payments_within_promise();

-- Money that came back after it was paid: a credit note of the supplier's, or
-- what the payee or the bank returned. Each document counts once.
CREATE TABLE recovery (
    id         uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payment,
    request_id uuid NOT NULL,
    step       integer NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('credit-note', 'recovery')),
    pence      bigint NOT NULL CHECK (pence > 0),
    document   text NOT NULL CHECK (document <> ''),
    words      text NOT NULL CHECK (words <> ''),
    at         timestamptz NOT NULL,
    by_id      uuid NOT NULL,
    by_name    text NOT NULL,
    CONSTRAINT recovery_cause FOREIGN KEY (request_id, step) REFERENCES history (request_id, step),
    CONSTRAINT recovery_step UNIQUE (request_id, step)
);
CREATE UNIQUE INDEX recovery_once ON recovery (payment_id, lower(document));
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recovery
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON recovery TO funding;

-- An entry that money left, or came back, settles the payment that its step
-- names. There is no such entry without a payment that waits for it, so nothing
-- is paid that was not planned, nor twice; and it is never by somebody who
-- decided the request.
--
-- +goose StatementBegin
CREATE FUNCTION settle_payment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    h history;
BEGIN
    SELECT * INTO STRICT h FROM history WHERE request_id = NEW.request_id AND step = NEW.step;
    IF decided(NEW.request_id, h.by_id) THEN
        RAISE EXCEPTION 'paid by somebody who decided it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_by_another';
    END IF;
    IF NEW.kind = 'pay' THEN
        UPDATE payment SET paid = NEW.pence, state = 'paid', settled_at = h.at, settled_by = h.by_id, settled_by_name = h.by_name
            WHERE id = h.payment_id AND request_id = NEW.request_id AND paid = 0
                AND (state = 'sent' OR state = 'planned' AND method <> 'bacs');
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
CREATE TRIGGER settle_payment AFTER INSERT ON entry
    FOR EACH ROW WHEN (NEW.kind IN ('pay', 'recover')) EXECUTE FUNCTION settle_payment();

-- A batch is settled once none of its payments waits for the bank's word.
--
-- +goose StatementBegin
CREATE FUNCTION settle_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    -- The lock makes two that settle the last payments at once go one after the
    -- other, so that the second sees that it is the last.
    PERFORM FROM batch WHERE id = NEW.batch_id FOR NO KEY UPDATE;
    UPDATE batch b SET state = 'settled', version = version + 1 WHERE b.id = NEW.batch_id AND b.state = 'exported'
        AND NOT EXISTS (SELECT FROM payment p WHERE p.batch_id = b.id AND p.state = 'sent');
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER settle_batch AFTER UPDATE ON payment
    FOR EACH ROW WHEN (OLD.state = 'sent' AND NEW.state <> 'sent') EXECUTE FUNCTION settle_batch();

-- A file that says what became of payments. The same one for the same area is
-- taken once.
CREATE TABLE result (
    id           uuid PRIMARY KEY,
    file_name    text NOT NULL,
    area         text NOT NULL CHECK (area <> ''),
    state        text NOT NULL CHECK (state IN ('needs-mapping', 'running', 'done')),
    message      text NOT NULL,
    hash         bytea NOT NULL CHECK (length(hash) = 32),
    file         bytea NOT NULL, -- sealed: it may name accounts
    at           timestamptz NOT NULL,
    by_id        uuid NOT NULL,
    by_name      text NOT NULL,
    heading_line integer NOT NULL,
    shown        jsonb NOT NULL,
    columns      jsonb NOT NULL,
    CONSTRAINT result_once UNIQUE (area, hash)
);
CREATE INDEX result_at ON result (area, at DESC, id DESC);
GRANT SELECT, INSERT, UPDATE (state, message, by_id, by_name, heading_line, shown, columns) ON result TO funding;

-- A line of a result, as it was read, and what was found. It waits until then.
CREATE TABLE result_line (
    result_id  uuid NOT NULL REFERENCES result,
    line       integer NOT NULL CHECK (line > 0),
    reference  text NOT NULL,
    verdict    text NOT NULL,
    pence      bigint NOT NULL CHECK (pence >= 0),
    code       text NOT NULL,
    words      text NOT NULL,
    finding    text NOT NULL, -- '' while it waits
    reason     text NOT NULL,
    payment_id uuid REFERENCES payment,
    PRIMARY KEY (result_id, line)
);
CREATE INDEX result_line_waiting ON result_line (result_id, line) WHERE finding = '';
CREATE INDEX result_line_payment ON result_line (payment_id) WHERE payment_id IS NOT NULL;
GRANT SELECT, INSERT, UPDATE (finding, reason, payment_id) ON result_line TO funding;

-- +goose StatementBegin
CREATE FUNCTION result_line_found_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.finding <> '' THEN
        RAISE EXCEPTION 'what was found of a line stays'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'result_line_found_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER result_line_found_once BEFORE UPDATE ON result_line FOR EACH ROW EXECUTE FUNCTION result_line_found_once();

-- Payments too agree with what they follow from.
CREATE VIEW payment_disagreement AS
    SELECT 'what a payment says was paid is not what its entries say' AS what, p.id
    FROM payment p LEFT JOIN history h ON h.payment_id = p.id LEFT JOIN entry e ON (e.request_id, e.step) = (h.request_id, h.step)
    GROUP BY p.id
    HAVING (p.paid, p.recovered) <> (coalesce(sum(e.pence) FILTER (WHERE e.kind = 'pay'), 0), coalesce(sum(e.pence) FILTER (WHERE e.kind = 'recover'), 0))
UNION ALL
    SELECT 'more is on its way for a request than is promised', r.id
    FROM request r JOIN payment p ON p.request_id = r.id AND p.state IN ('planned', 'batched', 'sent')
    GROUP BY r.id
    HAVING sum(p.amount) > r.committed
UNION ALL
    SELECT 'what payments of a request come to is not what it says was paid', r.id
    FROM request r LEFT JOIN payment p ON p.request_id = r.id
    GROUP BY r.id
    HAVING r.paid <> coalesce(sum(p.paid - p.recovered), 0)
UNION ALL
    SELECT 'what came back of a payment is not what its recoveries say', p.id
    FROM payment p LEFT JOIN recovery v ON v.payment_id = p.id
    GROUP BY p.id
    HAVING p.recovered <> coalesce(sum(v.pence), 0)
UNION ALL
    SELECT 'somebody paid what they had decided', p.request_id
    FROM payment p WHERE decided(p.request_id, p.planned_by) OR decided(p.request_id, p.sent_by) OR decided(p.request_id, p.settled_by);
GRANT SELECT ON payment_disagreement TO funding;
