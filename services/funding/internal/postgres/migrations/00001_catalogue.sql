-- +goose Up

-- A list of courses that somebody sent in, and what became of it.
CREATE TABLE import (
    id           uuid PRIMARY KEY,
    file_name    text NOT NULL CHECK (file_name <> ''),
    state        text NOT NULL CHECK (state IN ('needs-mapping', 'running', 'done', 'failed')),
    message      text NOT NULL,
    at           timestamptz NOT NULL,
    by           uuid NOT NULL,
    by_name      text NOT NULL,
    by_roles     text[] NOT NULL,
    mapping      jsonb NOT NULL, -- what that person said of the columns
    shown        jsonb NOT NULL, -- the first lines, and how they were understood
    begun        boolean NOT NULL DEFAULT false, -- the rows are counted, their own problems kept
    applied      integer NOT NULL DEFAULT 0, -- courses of the file that are done
    total        integer NOT NULL DEFAULT 0,
    done         integer NOT NULL DEFAULT 0 CHECK (done <= total),
    added        integer NOT NULL DEFAULT 0,
    updated      integer NOT NULL DEFAULT 0,
    unchanged    integer NOT NULL DEFAULT 0,
    duplicates   integer NOT NULL DEFAULT 0,
    bad          integer NOT NULL DEFAULT 0,
    flagged      integer NOT NULL DEFAULT 0,
    -- Every row that was dealt with is counted as something.
    CONSTRAINT import_counted CHECK (done = added + updated + unchanged + duplicates + bad),
    CONSTRAINT import_all_done CHECK (state <> 'done' OR done = total)
);
CREATE INDEX import_at ON import (at DESC, id);
CREATE INDEX import_running ON import (id) WHERE state = 'running';
GRANT SELECT, INSERT,
    UPDATE (state, message, mapping, shown, begun, applied, total, done, added, updated, unchanged, duplicates, bad, flagged)
    ON import TO funding;

-- The file itself, apart from the import so that a list of imports does not read
-- it. It is kept: it is what the caps taken from it rest on.
CREATE TABLE import_file (
    import_id uuid PRIMARY KEY REFERENCES import,
    content   bytea NOT NULL
);
ALTER TABLE import_file ALTER COLUMN content SET STORAGE EXTERNAL;
GRANT SELECT, INSERT ON import_file TO funding;

CREATE TABLE import_problem (
    import_id uuid NOT NULL REFERENCES import,
    line      integer NOT NULL,
    code      text NOT NULL,
    head      text NOT NULL, -- the column, as the file heads it
    kind      text NOT NULL CHECK (kind IN ('bad', 'duplicate')),
    reason    text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (import_id, line)
);
GRANT SELECT, INSERT ON import_problem TO funding;

CREATE TABLE course (
    id         uuid PRIMARY KEY,
    code       text NOT NULL,
    code_key   text COLLATE "C" NOT NULL CONSTRAINT course_code UNIQUE, -- as codes are compared
    name       text NOT NULL CHECK (name <> ''),
    provider   text NOT NULL,
    subject    text NOT NULL,
    level      text NOT NULL,
    place      text NOT NULL,
    hours      integer NOT NULL CHECK (hours >= 0),
    months     integer NOT NULL CHECK (months >= 0),
    -- What a search looks through, folded by the service. Two vectors tell a word
    -- of the name from another without a look at the row.
    code_found text COLLATE "C" NOT NULL,
    name_found text COLLATE "C" NOT NULL,
    name_words tsvector NOT NULL,
    all_words  tsvector NOT NULL,
    priced     datemultirange NOT NULL -- the days on which it has a price
);
CREATE INDEX course_code_found ON course (code_found);
CREATE INDEX course_name_found ON course (name_found);
-- The lists of rows still to be indexed that GIN keeps would be read by every
-- search after an import, which cost more than they save.
CREATE INDEX course_name_words ON course USING gin (name_words) WITH (fastupdate = off);
CREATE INDEX course_all_words ON course USING gin (all_words) WITH (fastupdate = off);
GRANT SELECT, INSERT,
    UPDATE (name, provider, subject, level, place, hours, months, name_found, name_words, all_words, priced)
    ON course TO funding;

-- Every word by which some course can be found, to tell a slip of the fingers
-- from a word and to offer the nearest.
CREATE TABLE course_word (
    word text COLLATE "C" PRIMARY KEY
);
CREATE INDEX course_word_like ON course_word USING gin (word gin_trgm_ops) WITH (fastupdate = off);
GRANT SELECT, INSERT ON course_word TO funding;

-- What a course costs from one day to another, both inclusive. A course has one
-- price a day at most, whoever imports what at the same time. What was published
-- stays: only the last day and the confirmation can be changed.
CREATE TABLE price (
    id             uuid PRIMARY KEY,
    course_id      uuid NOT NULL REFERENCES course,
    pence          bigint NOT NULL CHECK (pence > 0),
    first_day      date NOT NULL,
    last_day       date CHECK (last_day >= first_day), -- null while no end is known
    import_id      uuid NOT NULL REFERENCES import,
    flag           text NOT NULL, -- why a person must confirm it, or ''
    distance       double precision NOT NULL, -- how far outside its subject's range
    confirmed_by   uuid,
    confirmed_name text NOT NULL,
    confirmed_at   timestamptz,
    CONSTRAINT price_one_a_day EXCLUDE USING gist (course_id WITH =, daterange(first_day, last_day, '[]') WITH &&),
    CONSTRAINT price_confirmed CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL) AND (confirmed_by IS NULL OR flag <> ''))
);
CREATE UNIQUE INDEX price_course ON price (course_id, first_day);
CREATE INDEX price_waiting ON price (distance DESC, id) WHERE flag <> '' AND confirmed_by IS NULL;
GRANT SELECT, INSERT, UPDATE (last_day, confirmed_by, confirmed_name, confirmed_at) ON price TO funding;
