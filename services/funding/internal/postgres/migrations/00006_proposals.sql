-- +goose Up

-- Whatever takes two people: one proposes it with a reason, another answers, and
-- only what was confirmed counts. What is proposed stands in a table of its own
-- kind, under the proposal's id.
CREATE TABLE proposal (
    id      uuid PRIMARY KEY,
    fund_id uuid NOT NULL REFERENCES fund,
    kind    text NOT NULL CHECK (kind IN ('movement', 'terms', 'category')),
    reason  text NOT NULL CHECK (reason <> ''),
    by_id   uuid NOT NULL,
    by_name text NOT NULL,
    at      timestamptz NOT NULL,
    CONSTRAINT proposal_of_kind UNIQUE (id, kind, fund_id)
);
CREATE INDEX proposal_fund ON proposal (fund_id, at DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON proposal
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON proposal TO funding;

CREATE TABLE proposal_answer (
    proposal_id uuid PRIMARY KEY REFERENCES proposal,
    confirmed   boolean NOT NULL,
    by_id       uuid NOT NULL,
    by_name     text NOT NULL,
    at          timestamptz NOT NULL,
    words       text NOT NULL,
    CONSTRAINT proposal_answer_words CHECK (confirmed OR words <> '')
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON proposal_answer
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON proposal_answer TO funding;

-- Money that goes into a budget, out of it, or from one to another of the same
-- fund.
ALTER TABLE budget ADD CONSTRAINT budget_of_fund UNIQUE (id, fund_id);
-- To lock a row takes the right to change something of it.
ALTER TABLE budget ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;
GRANT UPDATE (version) ON budget TO funding;
CREATE TABLE movement (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL DEFAULT 'movement' CHECK (kind = 'movement'),
    fund_id     uuid NOT NULL,
    from_budget uuid,
    to_budget   uuid,
    pence       bigint NOT NULL CHECK (pence > 0),
    CONSTRAINT movement_proposal FOREIGN KEY (id, kind, fund_id) REFERENCES proposal (id, kind, fund_id),
    CONSTRAINT movement_from FOREIGN KEY (from_budget, fund_id) REFERENCES budget (id, fund_id),
    CONSTRAINT movement_to FOREIGN KEY (to_budget, fund_id) REFERENCES budget (id, fund_id),
    CONSTRAINT movement_somewhere CHECK (num_nonnulls(from_budget, to_budget) > 0 AND from_budget IS DISTINCT FROM to_budget)
);
CREATE INDEX movement_from_budget ON movement (from_budget);
CREATE INDEX movement_to_budget ON movement (to_budget);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON movement
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON movement TO funding;

-- What budgets were given before there were proposals is brought forward as one.
--
-- +goose StatementBegin
DO $$
DECLARE
    b budget;
    made uuid;
BEGIN
    FOR b IN SELECT * FROM budget WHERE allocated > 0 LOOP
        made := gen_random_uuid();
        INSERT INTO proposal VALUES (made, b.fund_id, 'movement', 'Brought forward.', '00000000-0000-0000-0000-000000000000', 'The system', now());
        INSERT INTO movement (id, fund_id, to_budget, pence) VALUES (made, b.fund_id, b.id, b.allocated);
        INSERT INTO proposal_answer VALUES (made, true, '00000000-0000-0000-0000-000000000001', 'The system', now(), '');
    END LOOP;
END $$;
-- +goose StatementEnd

-- What somebody else is asked to confirm does not change under their eyes.
--
-- +goose StatementBegin
CREATE FUNCTION proposal_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM proposal_answer a WHERE a.proposal_id = NEW.id) THEN
        RAISE EXCEPTION 'this was answered already'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_open';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER proposal_open BEFORE INSERT ON movement FOR EACH ROW EXECUTE FUNCTION proposal_open();

-- A confirmation is somebody else's, and moves the money. The budgets are locked
-- in the order of their ids, as everywhere; the CHECK on them has the last word.
--
-- +goose StatementBegin
CREATE FUNCTION answer_proposal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    m movement;
BEGIN
    IF NOT NEW.confirmed THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM proposal p WHERE p.id = NEW.proposal_id AND p.by_id = NEW.by_id) THEN
        RAISE EXCEPTION 'confirmed by the one who proposed it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_confirmed_by_another';
    END IF;
    SELECT * INTO m FROM movement WHERE id = NEW.proposal_id;
    IF FOUND THEN
        PERFORM FROM budget WHERE id IN (m.from_budget, m.to_budget) ORDER BY id FOR NO KEY UPDATE;
        UPDATE budget SET allocated = allocated + CASE WHEN id = m.to_budget THEN m.pence ELSE -m.pence END
            WHERE id IN (m.from_budget, m.to_budget);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER answer_proposal AFTER INSERT ON proposal_answer FOR EACH ROW EXECUTE FUNCTION answer_proposal();

-- A budget lies within its fund's days.
--
-- +goose StatementBegin
CREATE FUNCTION budget_within_fund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM fund f WHERE f.id = NEW.fund_id
            AND daterange(f.first_day, f.last_day, '[]') && daterange(make_date(NEW.year, 4, 1), make_date(NEW.year + 1, 4, 1))) THEN
        RAISE EXCEPTION 'the fund has no day in this year'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_within_fund';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER budget_within_fund BEFORE INSERT ON budget FOR EACH ROW EXECUTE FUNCTION budget_within_fund();

-- What disagrees is one list, to which each part of the schema adds its own.
--
-- +goose StatementBegin
DO $$ BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW disagreement AS ' || rtrim(pg_get_viewdef('disagreement'::regclass), ';') || '
    UNION ALL
    SELECT ''what a budget was given is not the sum of its confirmed movements'', b.id
    FROM budget b
    WHERE b.allocated <> (
        SELECT coalesce(sum(CASE WHEN m.to_budget = b.id THEN m.pence ELSE -m.pence END), 0)
        FROM movement m JOIN proposal_answer a ON a.proposal_id = m.id AND a.confirmed
        WHERE b.id IN (m.from_budget, m.to_budget))';
END $$;
-- +goose StatementEnd
