-- +goose Up

-- What may be spent on one jobseeker instead of one course. The price is copied,
-- not referred to: whatever becomes of the catalogue, a cap stays what it was.
--
-- held, committed and paid are never typed in. The serving login may not write
-- them: they follow from the entries, below.
CREATE TABLE allowance (
    id           uuid PRIMARY KEY,
    jobseeker_id uuid NOT NULL, -- in needs, and so without a foreign key
    course_id    uuid NOT NULL,
    course_code  text NOT NULL,
    course_name  text NOT NULL,
    price_id     uuid NOT NULL,
    cap          bigint NOT NULL CHECK (cap > 0),
    priced_on    date NOT NULL,
    source       text NOT NULL,
    area         text NOT NULL CHECK (area <> ''),
    coach_id     uuid NOT NULL,
    coach_name   text NOT NULL,
    opened_at    timestamptz NOT NULL,
    held         bigint NOT NULL DEFAULT 0,
    committed    bigint NOT NULL DEFAULT 0,
    paid         bigint NOT NULL DEFAULT 0,
    version      bigint NOT NULL DEFAULT 1,
    CONSTRAINT allowance_once UNIQUE (jobseeker_id, course_id),
    CONSTRAINT allowance_of_jobseeker UNIQUE (id, jobseeker_id),
    CONSTRAINT allowance_within_cap CHECK (held >= 0 AND committed >= 0 AND paid >= 0 AND held + committed + paid <= cap)
);
CREATE INDEX allowance_coach ON allowance (coach_id);
GRANT SELECT,
    INSERT (id, jobseeker_id, course_id, course_code, course_name, price_id, cap, priced_on, source, area, coach_id, coach_name, opened_at),
    UPDATE (coach_id, coach_name, version)
    ON allowance TO funding;

-- The state machine of a request. A request that is just being saved is in no
-- state, which is ''.
CREATE TABLE transition (
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO transition VALUES
    ('', 'draft'),
    ('draft', 'submitted'), ('draft', 'withdrawn'),
    ('submitted', 'approved'), ('submitted', 'declined'), ('submitted', 'returned'), ('submitted', 'withdrawn'),
    ('returned', 'submitted'), ('returned', 'withdrawn');
GRANT SELECT ON transition TO funding;

-- A request. Where it stands, who submitted and who decided it follow from its
-- history, its totals from the entries: the serving login may write neither.
CREATE TABLE request (
    id             uuid PRIMARY KEY,
    reference      text NOT NULL CONSTRAINT request_reference UNIQUE
                   CHECK (reference ~ '^FR-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$'),
    search         text NOT NULL GENERATED ALWAYS AS (replace(substr(reference, 4), '-', '')) STORED,
    allowance_id   uuid NOT NULL,
    jobseeker_id   uuid NOT NULL,
    area           text NOT NULL CHECK (area <> ''), -- where it was submitted
    elsewhere      bigint NOT NULL DEFAULT 0 CHECK (elsewhere >= 0),
    elsewhere_from text NOT NULL DEFAULT '',
    asked          bigint NOT NULL DEFAULT 0 CHECK (asked >= 0),
    awarded        bigint NOT NULL DEFAULT 0 CONSTRAINT request_awarded CHECK (awarded BETWEEN 0 AND asked),
    changed_at     timestamptz NOT NULL,
    version        bigint NOT NULL DEFAULT 1,

    state          text NOT NULL DEFAULT '',
    step           integer NOT NULL DEFAULT 0,
    since          timestamptz, -- when it came into this state
    submitted_by   uuid,
    submitted_at   timestamptz,
    decided_by     uuid,
    decided_at     timestamptz,

    held           bigint NOT NULL DEFAULT 0,
    committed      bigint NOT NULL DEFAULT 0,
    paid           bigint NOT NULL DEFAULT 0,

    CONSTRAINT request_allowance FOREIGN KEY (allowance_id, jobseeker_id) REFERENCES allowance (id, jobseeker_id),
    CONSTRAINT request_of_allowance UNIQUE (id, allowance_id),
    CONSTRAINT request_elsewhere CHECK ((elsewhere > 0) = (elsewhere_from <> '')),
    CONSTRAINT request_decided_by_another CHECK (decided_by <> submitted_by),
    CONSTRAINT request_totals CHECK (held >= 0 AND committed >= 0 AND paid >= 0)
);
CREATE INDEX request_allowance_id ON request (allowance_id);
CREATE INDEX request_jobseeker ON request (jobseeker_id);
CREATE INDEX request_waiting ON request (state, area, submitted_at, id);
CREATE INDEX request_changed ON request (changed_at DESC, id DESC);
CREATE INDEX request_search ON request USING gin (search gin_trgm_ops);
GRANT SELECT,
    INSERT (id, reference, allowance_id, jobseeker_id, area, elsewhere, elsewhere_from, asked, awarded, changed_at),
    UPDATE (area, elsewhere, elsewhere_from, asked, awarded, changed_at, version)
    ON request TO funding;

-- One priced thing that a request asks for. An edit replaces all of them.
CREATE TABLE line (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES request,
    position   integer NOT NULL CHECK (position > 0),
    what       text NOT NULL CHECK (what <> ''),
    why        text NOT NULL CHECK (why <> ''),
    need_id    uuid NOT NULL,
    category   text NOT NULL CHECK (category <> ''),
    supplier   text NOT NULL,
    amount     bigint NOT NULL CHECK (amount > 0),
    quote      text NOT NULL,
    CONSTRAINT line_position UNIQUE (request_id, position)
);
GRANT SELECT, INSERT, DELETE ON line TO funding;

-- Every arrow that a request has gone along: who, when, why. It cannot skip,
-- branch or go where there is no arrow.
CREATE TABLE history (
    request_id uuid NOT NULL REFERENCES request,
    step       integer NOT NULL CHECK (step > 0),
    from_state text NOT NULL,
    to_state   text NOT NULL,
    at         timestamptz NOT NULL,
    by_id      uuid NOT NULL,
    by_name    text NOT NULL,
    code       text NOT NULL,
    words      text NOT NULL,
    PRIMARY KEY (request_id, step),
    CONSTRAINT history_arrow FOREIGN KEY (from_state, to_state) REFERENCES transition,
    CONSTRAINT history_reason CHECK (CASE
        WHEN to_state IN ('declined', 'returned') THEN code <> '' AND words <> ''
        WHEN to_state = 'approved' THEN code <> ''
        ELSE code = '' END)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON history TO funding;

-- A step of the history moves the request, and nothing else does. Who has ever
-- submitted a request is refused as the one who decides it.
--
-- +goose StatementBegin
CREATE FUNCTION move_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    submission boolean := NEW.to_state = 'submitted';
    decision boolean := NEW.to_state IN ('approved', 'declined', 'returned');
BEGIN
    IF decision AND EXISTS (SELECT FROM history h
            WHERE h.request_id = NEW.request_id AND h.to_state = 'submitted' AND h.by_id = NEW.by_id) THEN
        RAISE EXCEPTION 'decided by somebody who submitted it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_decided_by_another';
    END IF;
    UPDATE request r SET
        state = NEW.to_state, step = NEW.step, since = NEW.at,
        submitted_by = CASE WHEN submission THEN NEW.by_id ELSE r.submitted_by END,
        submitted_at = CASE WHEN submission THEN NEW.at ELSE r.submitted_at END,
        decided_by = CASE WHEN decision THEN NEW.by_id WHEN submission THEN NULL ELSE r.decided_by END,
        decided_at = CASE WHEN decision THEN NEW.at WHEN submission THEN NULL ELSE r.decided_at END
        WHERE r.id = NEW.request_id AND r.state = NEW.from_state AND r.step = NEW.step - 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the history does not go on from where the request stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'history_goes_on';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER move_request AFTER INSERT ON history FOR EACH ROW EXECUTE FUNCTION move_request();

-- Once submitted, the lines are what somebody is asked to decide.
--
-- +goose StatementBegin
CREATE FUNCTION line_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM request r
            WHERE r.id = coalesce(NEW.request_id, OLD.request_id) AND r.state IN ('draft', 'returned')) THEN
        RAISE EXCEPTION 'the lines of a request change only while it is a draft or returned'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'line_frozen';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
-- +goose StatementEnd
CREATE TRIGGER line_frozen BEFORE INSERT OR UPDATE OR DELETE ON line FOR EACH ROW EXECUTE FUNCTION line_frozen();

-- What one penny of an entry of each kind adds to the totals.
CREATE TABLE effect (
    kind      text PRIMARY KEY,
    held      integer NOT NULL,
    committed integer NOT NULL,
    paid      integer NOT NULL
);
INSERT INTO effect VALUES
    ('hold', 1, 0, 0), ('release', -1, 0, 0),
    ('commit', -1, 1, 0), ('uncommit', 0, -1, 0),
    ('pay', 0, -1, 1), ('recover', 0, 0, -1);
GRANT SELECT ON effect TO funding;

-- The ledger. Each entry names the allowance, the request and its cause, which
-- is a step of the request's history.
CREATE TABLE entry (
    id           uuid PRIMARY KEY,
    allowance_id uuid NOT NULL,
    request_id   uuid NOT NULL,
    step         integer NOT NULL,
    kind         text NOT NULL REFERENCES effect,
    pence        bigint NOT NULL CHECK (pence > 0),
    CONSTRAINT entry_request FOREIGN KEY (request_id, allowance_id) REFERENCES request (id, allowance_id),
    CONSTRAINT entry_cause FOREIGN KEY (request_id, step) REFERENCES history (request_id, step),
    CONSTRAINT entry_once UNIQUE (request_id, step, kind) -- no step does the same thing twice
);
CREATE INDEX entry_allowance ON entry (allowance_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON entry TO funding;

-- An entry moves the totals, and nothing else does. The CHECKs on them have the
-- last word: allowance_within_cap is where two coaches at once find out.
--
-- +goose StatementBegin
CREATE FUNCTION post_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    e effect;
BEGIN
    SELECT * INTO STRICT e FROM effect WHERE kind = NEW.kind;
    UPDATE allowance SET
        held = held + NEW.pence * e.held, committed = committed + NEW.pence * e.committed, paid = paid + NEW.pence * e.paid
        WHERE id = NEW.allowance_id;
    UPDATE request SET
        held = held + NEW.pence * e.held, committed = committed + NEW.pence * e.committed, paid = paid + NEW.pence * e.paid
        WHERE id = NEW.request_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER post_entry AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION post_entry();

-- When a transaction ends, each request that it touched must be whole: begun,
-- asking for what its lines come to, with held and promised for it what its
-- state says. So nothing is ever left half done, whoever did the half.
--
-- +goose StatementBegin
CREATE FUNCTION request_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    r request;
    touched uuid;
BEGIN
    IF TG_TABLE_NAME = 'request' THEN
        touched := NEW.id;
    ELSE
        touched := coalesce(NEW.request_id, OLD.request_id);
    END IF;
    SELECT * INTO STRICT r FROM request WHERE id = touched;
    IF (r.state = ''
        OR r.asked <> (SELECT coalesce(sum(l.amount), 0) FROM line l WHERE l.request_id = r.id) - r.elsewhere
        OR r.state IN ('submitted', 'approved', 'declined') AND r.asked = 0
        OR r.held <> CASE r.state WHEN 'submitted' THEN r.asked ELSE 0 END
        OR r.committed + r.paid <> CASE r.state WHEN 'approved' THEN r.awarded ELSE 0 END
        OR (r.awarded > 0) <> (r.state = 'approved')) THEN
        RAISE EXCEPTION 'the request does not add up'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_whole';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER request_whole AFTER INSERT OR UPDATE ON request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION request_whole();
CREATE CONSTRAINT TRIGGER request_whole AFTER INSERT OR UPDATE OR DELETE ON line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION request_whole();

-- Whatever does not agree with what it should follow from. There is nothing here
-- while the rules hold, and anyone may look.
CREATE VIEW disagreement AS
    SELECT 'the totals of an allowance are not the sums of its entries' AS what, a.id
    FROM allowance a LEFT JOIN entry e ON e.allowance_id = a.id LEFT JOIN effect f USING (kind)
    GROUP BY a.id
    HAVING (a.held, a.committed, a.paid) <> (coalesce(sum(e.pence * f.held), 0), coalesce(sum(e.pence * f.committed), 0), coalesce(sum(e.pence * f.paid), 0))
UNION ALL
    SELECT 'the totals of a request are not the sums of its entries', r.id
    FROM request r LEFT JOIN entry e ON e.request_id = r.id LEFT JOIN effect f USING (kind)
    GROUP BY r.id
    HAVING (r.held, r.committed, r.paid) <> (coalesce(sum(e.pence * f.held), 0), coalesce(sum(e.pence * f.committed), 0), coalesce(sum(e.pence * f.paid), 0))
UNION ALL
    SELECT 'a request does not stand where its history ends', r.id
    FROM request r LEFT JOIN LATERAL (
        SELECT h.step, h.to_state FROM history h WHERE h.request_id = r.id ORDER BY h.step DESC LIMIT 1) h ON true
    WHERE (r.step, r.state) IS DISTINCT FROM (h.step, h.to_state)
UNION ALL
    SELECT 'a history skips', h.request_id
    FROM history h LEFT JOIN history b ON b.request_id = h.request_id AND b.step = h.step - 1
    WHERE h.from_state <> coalesce(b.to_state, '') OR (h.step > 1 AND b.step IS NULL)
UNION ALL
    SELECT 'somebody decided what they had submitted', d.request_id
    FROM history d JOIN history s ON s.request_id = d.request_id AND s.by_id = d.by_id AND s.to_state = 'submitted' AND s.step < d.step
    WHERE d.to_state IN ('approved', 'declined', 'returned');
GRANT SELECT ON disagreement TO funding;
