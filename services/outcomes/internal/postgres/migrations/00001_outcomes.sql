-- +goose Up

-- Who supports a jobseeker, and where, as needs last said it. It is for lists:
-- whoever changes something is held against what needs says then.
CREATE TABLE jobseeker (
    id         uuid PRIMARY KEY,
    area       text NOT NULL CHECK (area <> ''),
    coach_id   uuid NOT NULL,
    coach_name text NOT NULL
);
CREATE INDEX jobseeker_area ON jobseeker (area);
CREATE INDEX jobseeker_coach ON jobseeker (coach_id);
GRANT SELECT, INSERT, UPDATE (area, coach_id, coach_name) ON jobseeker TO outcomes;

-- What counts as sustained, for starts from a day on. A further version is a
-- further row, by a migration or by whoever owns the tables.
CREATE TABLE sustained_definition (
    version             integer PRIMARY KEY CHECK (version > 0),
    first_day           date NOT NULL UNIQUE,
    weekly_hours        integer NOT NULL CHECK (weekly_hours > 0),
    weeks               integer NOT NULL CHECK (weeks > 0),
    self_employed_weeks integer NOT NULL CHECK (self_employed_weeks > 0),
    words               text NOT NULL CHECK (words <> ''),
    source              text NOT NULL CHECK (source <> '')
);
INSERT INTO sustained_definition VALUES (1, '2021-04-01', 16, 26, 26,
    'A job, once what was earned in it reaches 16 hours a week for 26 weeks at the National Living Wage of the day on which it began; or six months of self-employment, which is looked at after 26 weeks.',
    'As the job outcome of the Department for Work and Pensions’ Restart Scheme is defined');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sustained_definition
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT ON sustained_definition TO outcomes;

-- The National Living Wage, in pence an hour, from a day on.
CREATE TABLE living_wage (
    first_day date PRIMARY KEY,
    pence     bigint NOT NULL CHECK (pence > 0),
    source    text NOT NULL CHECK (source <> '')
);
INSERT INTO living_wage VALUES
    ('2021-04-01', 891, 'GOV.UK, National Minimum Wage and National Living Wage rates, aged 23 and over'),
    ('2022-04-01', 950, 'GOV.UK, National Minimum Wage and National Living Wage rates, aged 23 and over'),
    ('2023-04-01', 1042, 'GOV.UK, National Minimum Wage and National Living Wage rates, aged 23 and over'),
    ('2024-04-01', 1144, 'GOV.UK, National Minimum Wage and National Living Wage rates, aged 21 and over'),
    ('2025-04-01', 1221, 'GOV.UK, National Minimum Wage and National Living Wage rates, aged 21 and over'),
    ('2026-04-01', 1271, 'GOV.UK, National Minimum Wage and National Living Wage rates, aged 21 and over');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON living_wage
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT ON living_wage TO outcomes;

-- An outcome is what its entries come to. Its row is what to lock.
CREATE TABLE outcome (
    id           uuid PRIMARY KEY,
    jobseeker_id uuid NOT NULL REFERENCES jobseeker,
    UNIQUE (id, jobseeker_id)
);
CREATE INDEX outcome_jobseeker ON outcome (jobseeker_id);
GRANT SELECT, INSERT ON outcome TO outcomes;
GRANT UPDATE (id) ON outcome TO outcomes; -- which locking it takes; what is there never changes
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outcome
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A look at whether somebody is still in work. When it is due, and whether it
-- waits for an answer, follow from the entries, and stand here for the list.
CREATE TABLE work_check (
    id         uuid PRIMARY KEY,
    outcome_id uuid NOT NULL REFERENCES outcome,
    weeks      integer NOT NULL CHECK (weeks > 0),
    due_on     date NOT NULL,
    waits      boolean NOT NULL,
    UNIQUE (outcome_id, weeks),
    UNIQUE (outcome_id, id)
);
CREATE INDEX work_check_waiting ON work_check (due_on, id) WHERE waits;
GRANT SELECT, INSERT, UPDATE (due_on, waits) ON work_check TO outcomes;

CREATE TABLE entry (
    outcome_id     uuid NOT NULL REFERENCES outcome,
    number         bigint NOT NULL CHECK (number > 0),
    deed           text NOT NULL CHECK (deed IN ('start', 'correction', 'strike', 'check', 'check-correction')),
    why            text NOT NULL,
    by_id          uuid NOT NULL,
    by_name        text NOT NULL, -- of staff alone
    by_jobseeker   boolean NOT NULL,
    at             timestamptz NOT NULL,
    weekly_minutes integer NOT NULL CHECK (weekly_minutes BETWEEN 0 AND 6000),
    pay_pence      bigint NOT NULL CHECK (pay_pence BETWEEN 0 AND 1000000000),
    pay_per        text NOT NULL CHECK (pay_per IN ('', 'hour', 'week', 'month', 'year')),

    kind           text CHECK (kind IN ('job', 'self-employment', 'training')),
    route          text CHECK (route IN ('instead', 'course')),
    started_on     date,
    employer       text,
    occupation     text CHECK (occupation ~ '^([1-9][0-9]{3})?$'),
    allowance_ids  uuid[],

    check_id       uuid,
    in_work        boolean,
    until          date, -- still in work: as of then; no longer: the last day
    evidence       text CHECK (evidence IN ('said', 'employer-message', 'payslip', 'hmrc')),
    words          text,

    CONSTRAINT entry_next PRIMARY KEY (outcome_id, number), -- of two at once, one wins
    CONSTRAINT entry_check FOREIGN KEY (outcome_id, check_id) REFERENCES work_check (outcome_id, id),
    CONSTRAINT entry_first CHECK ((deed = 'start') = (number = 1)),
    CONSTRAINT entry_start CHECK (CASE WHEN deed IN ('start', 'correction')
        THEN num_nulls(kind, route, started_on, employer, occupation, allowance_ids) = 0
        ELSE num_nonnulls(kind, route, started_on, employer, occupation, allowance_ids) = 0 END),
    CONSTRAINT entry_answer CHECK (CASE WHEN deed IN ('check', 'check-correction')
        THEN num_nulls(check_id, in_work, until, evidence, words) = 0
        ELSE num_nonnulls(check_id, in_work, until, evidence, words) = 0 END),
    CONSTRAINT entry_why CHECK ((deed IN ('correction', 'strike', 'check-correction')) = (why <> '')),
    CONSTRAINT entry_pay CHECK ((pay_pence > 0) = (pay_per <> '')),
    CONSTRAINT entry_by CHECK (by_jobseeker = (by_name = '')),
    CONSTRAINT entry_jobseeker CHECK (NOT by_jobseeker OR (deed = 'check' AND evidence = 'said')),
    CONSTRAINT entry_course CHECK (route <> 'course' OR cardinality(allowance_ids) > 0)
);
CREATE UNIQUE INDEX entry_answered_once ON entry (check_id) WHERE deed = 'check';
CREATE UNIQUE INDEX entry_struck_once ON entry (outcome_id) WHERE deed = 'strike';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON entry TO outcomes;

-- An entry goes on from the one before, and a struck outcome takes no more.
-- +goose StatementBegin
CREATE FUNCTION entry_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number > 1 AND NOT EXISTS (SELECT FROM entry WHERE outcome_id = NEW.outcome_id AND number = NEW.number - 1)
        OR EXISTS (SELECT FROM entry WHERE outcome_id = NEW.outcome_id AND deed = 'strike') THEN
        RAISE EXCEPTION 'entry % does not go on from where the outcome stands', NEW.number
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entry_goes_on';
    END IF;
    IF NEW.deed = 'check-correction' AND NOT EXISTS (SELECT FROM entry WHERE check_id = NEW.check_id) THEN
        RAISE EXCEPTION 'there is no answer to correct'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entry_goes_on';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_goes_on BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION entry_goes_on();

-- A coach was reminded of a check that is due.
CREATE TABLE reminder (
    check_id uuid NOT NULL REFERENCES work_check,
    day      date NOT NULL,
    PRIMARY KEY (check_id, day)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reminder
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON reminder TO outcomes;

-- What a jobseeker said of something: the latest stands.
CREATE TABLE rating (
    jobseeker_id           uuid NOT NULL REFERENCES jobseeker,
    about                  uuid NOT NULL, -- a line, or an allowance whose course they went on
    version                bigint NOT NULL CHECK (version > 0),
    kind                   text NOT NULL CHECK (kind IN ('line', 'course')),
    allowance_id           uuid NOT NULL,
    course_id              uuid NOT NULL,
    course_name            text NOT NULL CHECK (course_name <> ''),
    request_id             uuid,
    helped                 text NOT NULL CHECK (helped IN ('a-lot', 'a-little', 'no', 'harder')),
    course_would_help_more text NOT NULL CHECK (course_would_help_more IN ('', 'yes', 'no', 'not-sure')),
    words                  text NOT NULL CHECK (char_length(words) <= 2000),
    by_id                  uuid NOT NULL,
    at                     timestamptz NOT NULL,
    CONSTRAINT rating_next PRIMARY KEY (jobseeker_id, about, version),
    CONSTRAINT rating_whole CHECK (CASE kind
        WHEN 'line' THEN request_id IS NOT NULL AND course_would_help_more <> ''
        ELSE request_id IS NULL AND course_would_help_more = '' END)
);
CREATE INDEX rating_course ON rating (course_id, jobseeker_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rating
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON rating TO outcomes;

-- What is said goes on from what was said before.
-- +goose StatementBegin
CREATE FUNCTION rating_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version > 1 AND NOT EXISTS (SELECT FROM rating
        WHERE jobseeker_id = NEW.jobseeker_id AND about = NEW.about AND version = NEW.version - 1) THEN
        RAISE EXCEPTION 'this does not go on from what was said before'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'rating_next';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER rating_goes_on BEFORE INSERT ON rating FOR EACH ROW EXECUTE FUNCTION rating_goes_on();
