-- +goose Up

-- What a fund's terms, or its categories, would be stands in the proposal. They
-- come into being when somebody else confirms it, and in no other way: the serving
-- login may write neither.
ALTER TABLE proposal
    ADD COLUMN content jsonb,
    ADD CONSTRAINT proposal_content CHECK ((kind = 'movement') = (content IS NULL));

-- The terms of a fund from a day on. No version is ever changed: what was decided
-- under one can be read in it for ever. Days are counted as the column says.
CREATE TABLE fund_term (
    fund_id         uuid NOT NULL REFERENCES fund,
    version         integer NOT NULL CHECK (version > 0),
    first_day       date NOT NULL,
    auto_up_to      bigint NOT NULL CHECK (auto_up_to >= 0), -- pence; 0 is no automatic approval
    auto_categories text[] NOT NULL,
    sample_one_in   integer NOT NULL, -- automatic approvals that somebody looks at after
    expires_days    integer NOT NULL CHECK (expires_days > 0), -- calendar days that an approval stands unused
    warn_days       integer NOT NULL, -- calendar days before that
    challenge_days  integer NOT NULL CHECK (challenge_days > 0), -- working days
    decide_days     integer NOT NULL CHECK (decide_days > 0), -- working days
    receipt_days    integer NOT NULL CHECK (receipt_days > 0), -- working days
    exceptions      boolean NOT NULL, -- the cap may be passed, by a decision of its own
    proposal_id     uuid NOT NULL UNIQUE REFERENCES proposal,
    PRIMARY KEY (fund_id, version),
    CONSTRAINT fund_term_automatic CHECK (auto_up_to = 0 OR cardinality(auto_categories) > 0 AND sample_one_in > 0),
    CONSTRAINT fund_term_warning CHECK (warn_days > 0 AND warn_days < expires_days)
);
CREATE INDEX fund_term_days ON fund_term (fund_id, first_day DESC, version DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fund_term
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT ON fund_term TO funding;

-- The terms that are in force on a day: those that began last, and of several
-- that began that day the latest.
--
-- +goose StatementBegin
CREATE FUNCTION terms_on(fund uuid, day date) RETURNS SETOF fund_term LANGUAGE sql STABLE AS $$
    SELECT * FROM fund_term WHERE fund_id = fund AND first_day <= day ORDER BY first_day DESC, version DESC LIMIT 1
$$;
-- +goose StatementEnd

-- What a fund says of one kind of thing from a day on: that it pays for it, or
-- that it does not, and why. The last to begin is the one that holds, until its
-- own last day.
CREATE TABLE fund_category (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- in the order of confirmation
    fund_id     uuid NOT NULL REFERENCES fund,
    category    text NOT NULL CHECK (category ~ '^[a-z0-9-]{2,40}$'),
    allowed     boolean NOT NULL,
    label       text NOT NULL CHECK (label <> ''),
    words       text NOT NULL CHECK (words <> ''), -- what counts, or why not
    first_day   date NOT NULL,
    last_day    date,
    proposal_id uuid NOT NULL REFERENCES proposal,
    CONSTRAINT fund_category_once UNIQUE (proposal_id, category),
    CONSTRAINT fund_category_days CHECK (last_day >= first_day)
);
CREATE INDEX fund_category_fund ON fund_category (fund_id, category, first_day DESC, id DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fund_category
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT ON fund_category TO funding;

-- Nothing begins before it was confirmed: a day that has passed keeps the terms
-- under which people asked and decided on it.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION answer_proposal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    p proposal;
    m movement;
    confirmed_on date := (NEW.at AT TIME ZONE 'Europe/London')::date;
BEGIN
    IF NOT NEW.confirmed THEN
        RETURN NULL;
    END IF;
    SELECT * INTO STRICT p FROM proposal WHERE id = NEW.proposal_id;
    IF p.by_id = NEW.by_id THEN
        RAISE EXCEPTION 'confirmed by the one who proposed it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'proposal_confirmed_by_another';
    END IF;
    CASE p.kind
    WHEN 'movement' THEN
        SELECT * INTO STRICT m FROM movement WHERE id = p.id;
        PERFORM FROM budget WHERE id IN (m.from_budget, m.to_budget) ORDER BY id FOR NO KEY UPDATE;
        UPDATE budget SET allocated = allocated + CASE WHEN id = m.to_budget THEN m.pence ELSE -m.pence END
            WHERE id IN (m.from_budget, m.to_budget);
    WHEN 'terms' THEN
        PERFORM FROM fund WHERE id = p.fund_id FOR NO KEY UPDATE; -- versions are counted one by one
        INSERT INTO fund_term SELECT (jsonb_populate_record(NULL::fund_term, p.content || jsonb_build_object(
            'fund_id', p.fund_id, 'proposal_id', p.id,
            'version', 1 + coalesce((SELECT max(t.version) FROM fund_term t WHERE t.fund_id = p.fund_id), 0),
            'first_day', greatest((p.content ->> 'first_day')::date, confirmed_on)))).*;
    WHEN 'category' THEN
        INSERT INTO fund_category (fund_id, category, allowed, label, words, first_day, last_day, proposal_id)
            SELECT p.fund_id, c.category, c.allowed, c.label, c.words, greatest(c.first_day, confirmed_on), c.last_day, p.id
            FROM jsonb_to_recordset(p.content) AS c (category text, allowed boolean, label text, words text, first_day date, last_day date);
    END CASE;
    RETURN NULL;
END $$;
-- +goose StatementEnd
