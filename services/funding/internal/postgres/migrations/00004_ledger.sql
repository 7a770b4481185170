-- +goose Up

-- A request is paid for by a fund, and once approved out of one of its budgets.
-- What was asked for before there were funds is the general fund's: each area's
-- budget begins with exactly what had been promised out of it in that year.
ALTER TABLE request
    ADD COLUMN fund_id    uuid REFERENCES fund,
    ADD COLUMN budget_id  uuid REFERENCES budget, -- that it was promised out of
    ADD COLUMN given_back bigint NOT NULL DEFAULT 0; -- of what was promised: never spent, or recovered
ALTER TABLE entry ADD COLUMN budget_id uuid REFERENCES budget;

-- The financial year of a moment, which begins on 1 April in London and is
-- called by the calendar year it begins in.
--
-- +goose StatementBegin
CREATE FUNCTION financial_year(at timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT extract(year FROM (at AT TIME ZONE 'Europe/London')::date - interval '3 months')::integer
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE
    general uuid := gen_random_uuid();
BEGIN
    IF NOT EXISTS (SELECT FROM request) THEN
        RETURN;
    END IF;
    INSERT INTO fund (id, code, name, first_day)
        SELECT general, 'GENERAL', 'General fund', make_date(financial_year(min(opened_at)), 4, 1) FROM allowance;
    INSERT INTO budget (id, fund_id, area, year, allocated, committed)
        SELECT gen_random_uuid(), general, r.area, financial_year(h.at), sum(e.pence), sum(e.pence)
        FROM entry e JOIN request r ON r.id = e.request_id JOIN history h ON (h.request_id, h.step) = (e.request_id, e.step)
        WHERE e.kind = 'commit' GROUP BY r.area, financial_year(h.at);
    ALTER TABLE request DISABLE TRIGGER USER;
    ALTER TABLE entry DISABLE TRIGGER USER;
    UPDATE request SET fund_id = general;
    UPDATE entry e SET budget_id = b.id
        FROM request r, history h, budget b
        WHERE e.kind = 'commit' AND r.id = e.request_id AND (h.request_id, h.step) = (e.request_id, e.step)
            AND (b.fund_id, b.area, b.year) = (general, r.area, financial_year(h.at));
    UPDATE request r SET budget_id = e.budget_id FROM entry e WHERE e.request_id = r.id AND e.kind = 'commit';
    ALTER TABLE request ENABLE TRIGGER USER;
    ALTER TABLE entry ENABLE TRIGGER USER;
END $$;
-- +goose StatementEnd

ALTER TABLE request ALTER COLUMN fund_id SET NOT NULL;
GRANT INSERT (fund_id) ON request TO funding;

-- A lock takes the right to change something.
ALTER TABLE budget ADD COLUMN version bigint NOT NULL DEFAULT 1;
GRANT UPDATE (version) ON budget TO funding;

CREATE INDEX request_budget ON request (budget_id);
CREATE INDEX entry_budget_id ON entry (budget_id, id) WHERE budget_id IS NOT NULL;

-- What is promised or paid is out of a budget, and what is merely held is not.
ALTER TABLE entry ADD CONSTRAINT entry_budget CHECK ((budget_id IS NULL) = (kind IN ('hold', 'release')));
ALTER TABLE effect ADD COLUMN given_back integer NOT NULL DEFAULT 0;
UPDATE effect SET given_back = 1 WHERE kind IN ('uncommit', 'recover');

-- An arrow says what is done as well, where that is not plain from the state it
-- leads to. So a part payment leaves a request approved, and yet an approved
-- request can't be approved again.
ALTER TABLE history
    ADD COLUMN act        text NOT NULL DEFAULT '',
    ADD COLUMN payment_id uuid,
    DROP CONSTRAINT history_arrow;
ALTER TABLE transition
    ADD COLUMN act text NOT NULL DEFAULT '',
    DROP CONSTRAINT transition_pkey,
    ADD PRIMARY KEY (from_state, act, to_state);
INSERT INTO transition (from_state, act, to_state) VALUES
    ('submitted', 'endorse', 'submitted'), ('submitted', 'automatic', 'approved'),
    ('declined', '', 'challenged'), ('challenged', '', 'submitted'), ('challenged', '', 'withdrawn'),
    ('approved', '', 'cancelled'), ('approved', '', 'expired'),
    ('approved', 'pay', 'approved'), ('approved', 'pay', 'paid'),
    ('approved', 'recover', 'approved'), ('paid', 'recover', 'paid'),
    ('approved', 'release-rest', 'approved'), ('approved', 'release-rest', 'paid'),
    ('paid', '', 'closed');
ALTER TABLE history
    ADD CONSTRAINT history_arrow FOREIGN KEY (from_state, act, to_state) REFERENCES transition (from_state, act, to_state),
    DROP CONSTRAINT history_reason,
    ADD CONSTRAINT history_reason CHECK (CASE
        WHEN act <> '' THEN true
        WHEN to_state IN ('declined', 'returned') THEN code <> '' AND words <> ''
        WHEN to_state = 'approved' THEN code <> ''
        WHEN to_state IN ('challenged', 'cancelled', 'expired') THEN code = '' AND words <> ''
        ELSE code = '' END);

-- A step of the history moves the request, and nothing else does. Nobody decides
-- what they have ever submitted or declined, nor what they were the first of two
-- to say yes to.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION move_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    submission boolean := NEW.to_state = 'submitted' AND NEW.act = '';
    decision boolean := NEW.from_state = 'submitted' AND NEW.to_state IN ('approved', 'declined', 'returned');
BEGIN
    IF (decision OR NEW.act = 'endorse') AND EXISTS (SELECT FROM history h
            WHERE h.request_id = NEW.request_id AND h.by_id = NEW.by_id AND h.step < NEW.step AND h.to_state IN ('submitted', 'declined')
                AND (h.act <> 'endorse' OR h.step > (SELECT max(s.step) FROM history s
                    WHERE s.request_id = NEW.request_id AND s.to_state = 'submitted' AND s.act = ''))) THEN
        RAISE EXCEPTION 'decided by somebody who submitted, endorsed or declined it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_decided_by_another';
    END IF;
    UPDATE request r SET
        state = NEW.to_state, step = NEW.step,
        since = CASE WHEN NEW.to_state = NEW.from_state THEN r.since ELSE NEW.at END,
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

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION line_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM request r
            WHERE r.id = coalesce(NEW.request_id, OLD.request_id) AND r.state IN ('draft', 'returned', 'challenged')) THEN
        RAISE EXCEPTION 'the lines of a request change only while it is a draft, returned or challenged'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'line_frozen';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
-- +goose StatementEnd

-- Entries move the totals of the allowance, the request and the budget, in this
-- order, each once a statement, and nothing else does. The CHECKs on them have
-- the last word: allowance_within_cap and budget_within_allocation are where two
-- people at once find out.
DROP TRIGGER post_entry ON entry;
DROP FUNCTION post_entry;
--
-- +goose StatementBegin
CREATE FUNCTION post_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    astray text;
BEGIN
    UPDATE allowance a SET held = a.held + m.held, committed = a.committed + m.committed, paid = a.paid + m.paid
        FROM (SELECT e.allowance_id, sum(e.pence * f.held) AS held, sum(e.pence * f.committed) AS committed, sum(e.pence * f.paid) AS paid
            FROM made e JOIN effect f USING (kind) GROUP BY e.allowance_id) m
        WHERE a.id = m.allowance_id;

    SELECT CASE WHEN e.kind = 'commit' AND b.year <> financial_year(h.at) THEN 'entry_within_year' ELSE 'entry_of_budget' END INTO astray
        FROM made e JOIN request r ON r.id = e.request_id JOIN budget b ON b.id = e.budget_id
            JOIN history h ON h.request_id = e.request_id AND h.step = e.step
        WHERE b.fund_id <> r.fund_id OR b.area <> r.area OR b.id <> r.budget_id
            OR e.kind = 'commit' AND b.year <> financial_year(h.at)
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'money out of a budget that it cannot come from'
            USING ERRCODE = 'check_violation', CONSTRAINT = astray;
    END IF;

    UPDATE request r SET held = r.held + m.held, committed = r.committed + m.committed, paid = r.paid + m.paid,
            given_back = r.given_back + m.given_back, budget_id = coalesce(r.budget_id, m.budget_id)
        FROM (SELECT e.request_id, sum(e.pence * f.held) AS held, sum(e.pence * f.committed) AS committed, sum(e.pence * f.paid) AS paid,
                sum(e.pence * f.given_back) AS given_back, (array_agg(e.budget_id) FILTER (WHERE e.budget_id IS NOT NULL))[1] AS budget_id
            FROM made e JOIN effect f USING (kind) GROUP BY e.request_id) m
        WHERE r.id = m.request_id;

    UPDATE budget b SET version = b.version + 1, committed = b.committed + m.committed, paid = b.paid + m.paid
        FROM (SELECT e.budget_id, sum(e.pence * f.committed) AS committed, sum(e.pence * f.paid) AS paid
            FROM made e JOIN effect f USING (kind) WHERE e.budget_id IS NOT NULL GROUP BY e.budget_id) m
        WHERE b.id = m.budget_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER post_entries AFTER INSERT ON entry REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION post_entries();

-- What was promised is still promised, was paid, or was given back, to the
-- penny; and in no state but these was anything promised at all.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION request_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
        OR r.state NOT IN ('draft', 'returned', 'withdrawn', 'challenged') AND r.asked = 0
        OR r.held <> CASE r.state WHEN 'submitted' THEN r.asked ELSE 0 END
        OR (r.awarded > 0) <> (r.state IN ('approved', 'paid', 'closed', 'cancelled', 'expired'))
        OR r.committed + r.paid + r.given_back <> r.awarded
        OR (r.committed > 0) <> (r.state = 'approved')
        OR r.paid > 0 AND r.state IN ('cancelled', 'expired')
        OR (r.budget_id IS NULL) <> (r.awarded = 0)) THEN
        RAISE EXCEPTION 'the request does not add up'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_whole';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE OR REPLACE VIEW disagreement AS
    SELECT 'the totals of an allowance are not the sums of its entries' AS what, a.id
    FROM allowance a LEFT JOIN entry e ON e.allowance_id = a.id LEFT JOIN effect f USING (kind)
    GROUP BY a.id
    HAVING (a.held, a.committed, a.paid) <> (coalesce(sum(e.pence * f.held), 0), coalesce(sum(e.pence * f.committed), 0), coalesce(sum(e.pence * f.paid), 0))
UNION ALL
    SELECT 'the totals of a request are not the sums of its entries', r.id
    FROM request r LEFT JOIN entry e ON e.request_id = r.id LEFT JOIN effect f USING (kind)
    GROUP BY r.id
    HAVING (r.held, r.committed, r.paid, r.given_back) <> (coalesce(sum(e.pence * f.held), 0), coalesce(sum(e.pence * f.committed), 0),
        coalesce(sum(e.pence * f.paid), 0), coalesce(sum(e.pence * f.given_back), 0))
UNION ALL
    SELECT 'the totals of a budget are not the sums of its entries', b.id
    FROM budget b LEFT JOIN entry e ON e.budget_id = b.id LEFT JOIN effect f USING (kind)
    GROUP BY b.id
    HAVING (b.committed, b.paid) <> (coalesce(sum(e.pence * f.committed), 0), coalesce(sum(e.pence * f.paid), 0))
UNION ALL
    SELECT 'money was promised out of a budget outside its year, or for another fund or area', e.budget_id
    FROM entry e JOIN request r ON r.id = e.request_id JOIN budget b ON b.id = e.budget_id
        JOIN history h ON h.request_id = e.request_id AND h.step = e.step
    WHERE b.fund_id <> r.fund_id OR b.area <> r.area OR b.id <> r.budget_id OR e.kind = 'commit' AND b.year <> financial_year(h.at)
UNION ALL
    SELECT 'what is promised for a request is not what its state says', r.id
    FROM request r
    WHERE r.held <> CASE r.state WHEN 'submitted' THEN r.asked ELSE 0 END
        OR (r.awarded > 0) <> (r.state IN ('approved', 'paid', 'closed', 'cancelled', 'expired'))
        OR r.committed + r.paid + r.given_back <> r.awarded OR (r.committed > 0) <> (r.state = 'approved')
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
    FROM history d JOIN history s ON s.request_id = d.request_id AND s.by_id = d.by_id AND s.to_state = 'submitted' AND s.act = '' AND s.step < d.step
    WHERE d.from_state = 'submitted' AND d.to_state IN ('approved', 'declined', 'returned');
