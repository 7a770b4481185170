-- +goose Up

-- Staff who have signed in, so that a page can say who. A jobseeker's own name
-- comes from their record and never from their sign-in.
CREATE TABLE staff (
    id    uuid PRIMARY KEY,
    name  text NOT NULL,
    coach boolean NOT NULL,
    areas text[] NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON staff TO needs;

CREATE TABLE jobseeker (
    id          uuid PRIMARY KEY,
    name        text NOT NULL CHECK (name <> ''),
    known_as    text NOT NULL,
    email       text NOT NULL,
    phone       text NOT NULL,
    postcode    text NOT NULL,
    folded_name text NOT NULL, -- as names are compared and ordered
    findable    text NOT NULL, -- everything a search looks through, folded
    area        text NOT NULL CHECK (area <> ''),
    coach_id    uuid NOT NULL REFERENCES staff,
    person_id   uuid CONSTRAINT jobseeker_person UNIQUE, -- whose sign-in is linked
    spoken      boolean NOT NULL DEFAULT false, -- has written a statement themself
    created_at  timestamptz NOT NULL,
    version     bigint NOT NULL CHECK (version > 0)
);
CREATE INDEX jobseeker_area ON jobseeker (area, folded_name, id);
CREATE INDEX jobseeker_coach ON jobseeker (coach_id, folded_name, id);
CREATE INDEX jobseeker_email ON jobseeker (area, lower(email)) WHERE email <> '';
CREATE INDEX jobseeker_findable ON jobseeker USING gin (findable gin_trgm_ops);
-- Who somebody is, where and since when never changes; the rest may.
GRANT SELECT, INSERT,
    UPDATE (name, known_as, email, phone, postcode, folded_name, findable, coach_id, person_id, spoken, version)
    ON jobseeker TO needs;

-- What the jobseeker said. It is only ever added to: nobody edits another's words.
CREATE TABLE statement (
    id           uuid PRIMARY KEY,
    jobseeker_id uuid NOT NULL REFERENCES jobseeker,
    words        text NOT NULL CHECK (char_length(words) BETWEEN 1 AND 4000),
    person_id    uuid NOT NULL, -- who typed it
    taken_down   boolean NOT NULL, -- by the coach, as the jobseeker said it
    at           timestamptz NOT NULL
);
CREATE INDEX statement_jobseeker ON statement (jobseeker_id, at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statement
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON statement TO needs;

-- A save of a needs assessment, and the answers that it changed. As it stands,
-- an assessment is the latest answer in each category.
CREATE TABLE assessment (
    jobseeker_id uuid NOT NULL REFERENCES jobseeker,
    version      bigint NOT NULL CHECK (version > 0),
    at           timestamptz NOT NULL,
    by_id        uuid NOT NULL REFERENCES staff,
    PRIMARY KEY (jobseeker_id, version) -- of two saves over one version, one wins
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assessment
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON assessment TO needs;

CREATE TABLE answer (
    jobseeker_id uuid NOT NULL,
    category     text NOT NULL CHECK (category <> ''),
    version      bigint NOT NULL,
    standing     text NOT NULL CHECK (standing IN ('in-the-way', 'strength', 'not-explored')),
    in_the_way   text NOT NULL,
    would_remove text NOT NULL,
    PRIMARY KEY (jobseeker_id, category, version),
    FOREIGN KEY (jobseeker_id, version) REFERENCES assessment,
    CONSTRAINT answer_whole CHECK (CASE standing
        WHEN 'in-the-way' THEN in_the_way <> '' AND would_remove <> ''
        ELSE in_the_way = '' AND would_remove = '' END)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON answer
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON answer TO needs;

-- A code with which a jobseeker links their sign-in, as a hash alone.
CREATE TABLE invitation (
    id           uuid PRIMARY KEY,
    jobseeker_id uuid NOT NULL REFERENCES jobseeker,
    hash         bytea NOT NULL UNIQUE,
    made_by      uuid NOT NULL REFERENCES staff,
    made_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > made_at),
    voided_at    timestamptz,
    used_by      uuid,
    used_at      timestamptz,
    CHECK ((used_by IS NULL) = (used_at IS NULL)),
    CHECK (used_at IS NULL OR voided_at IS NULL)
);
-- A new code voids the one before.
CREATE UNIQUE INDEX invitation_open ON invitation (jobseeker_id) WHERE voided_at IS NULL AND used_at IS NULL;
GRANT SELECT, INSERT, UPDATE (voided_at, used_by, used_at) ON invitation TO needs;

-- Codes that were tried and are not ours, to slow down who guesses.
CREATE TABLE wrong_try (
    id        uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX wrong_try_person ON wrong_try (person_id, at);
GRANT SELECT, INSERT, DELETE ON wrong_try TO needs;

-- Funding requests, as funding last told: which needs they are to meet.
CREATE TABLE funding_request (
    id           uuid PRIMARY KEY,
    jobseeker_id uuid NOT NULL, -- no foreign key: funding's word is enough
    reference    text NOT NULL,
    state        text NOT NULL,
    version      bigint NOT NULL,
    need_ids     uuid[] NOT NULL
);
CREATE INDEX funding_request_jobseeker ON funding_request (jobseeker_id);
GRANT SELECT, INSERT, UPDATE (reference, state, version, need_ids) ON funding_request TO needs;
