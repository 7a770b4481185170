-- +goose Up

-- What members of an area vote on.
CREATE TABLE ballot (
    id           uuid PRIMARY KEY,
    area         text NOT NULL CHECK (area <> ''),
    kind         text NOT NULL CHECK (kind IN ('priorities', 'courses')),
    opens_on     date NOT NULL,
    closes_on    date NOT NULL CHECK (closes_on > opens_on),
    by_id        uuid NOT NULL,
    by_name      text NOT NULL CHECK (by_name <> ''),
    at           timestamptz NOT NULL,
    closed_at    timestamptz,
    cancelled_at timestamptz,
    cancelled_by text NOT NULL DEFAULT '',
    why          text NOT NULL DEFAULT '',
    CONSTRAINT ballot_ends_once CHECK (closed_at IS NULL OR cancelled_at IS NULL),
    CONSTRAINT ballot_why CHECK ((cancelled_at IS NOT NULL) = (why <> '') AND (why <> '') = (cancelled_by <> ''))
);
CREATE INDEX ballot_area ON ballot (area, closes_on DESC, id);
CREATE INDEX ballot_to_close ON ballot (closes_on) WHERE closed_at IS NULL AND cancelled_at IS NULL;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ballot FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT, UPDATE (closed_at, cancelled_at, cancelled_by, why) ON ballot TO outcomes;

CREATE TABLE ballot_option (
    ballot_id uuid NOT NULL REFERENCES ballot,
    number    integer NOT NULL CHECK (number BETWEEN 1 AND 12),
    text      text NOT NULL CHECK (text <> ''),
    course_id uuid,
    PRIMARY KEY (ballot_id, number),
    UNIQUE (ballot_id, course_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ballot_option
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON ballot_option TO outcomes;

-- The votes of ballots that are open, one a member. When a ballot ends they are
-- counted, and are gone: nothing here then says who voted for what.
CREATE TABLE vote (
    ballot_id uuid NOT NULL,
    member_id uuid NOT NULL,
    option    integer NOT NULL,
    CONSTRAINT vote_once PRIMARY KEY (ballot_id, member_id),
    CONSTRAINT vote_for_an_option FOREIGN KEY (ballot_id, option) REFERENCES ballot_option (ballot_id, number)
);
GRANT SELECT, INSERT, UPDATE (option) ON vote TO outcomes;

-- How many voted for each option. Only the end of a ballot writes here.
CREATE TABLE ballot_count (
    ballot_id uuid NOT NULL,
    option    integer NOT NULL,
    votes     integer NOT NULL CHECK (votes >= 0),
    PRIMARY KEY (ballot_id, option),
    FOREIGN KEY (ballot_id, option) REFERENCES ballot_option (ballot_id, number)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ballot_count
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT ON ballot_count TO outcomes;

-- +goose StatementBegin

-- Nobody votes in a ballot that is over, and no ballot ends while somebody votes.
CREATE FUNCTION vote_while_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ballot WHERE id = NEW.ballot_id AND closed_at IS NULL AND cancelled_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this ballot is over'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ballot_over';
    END IF;
    RETURN NEW;
END $$;

-- An option is there before anybody votes.
CREATE FUNCTION ballot_option_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM vote WHERE ballot_id = NEW.ballot_id) OR EXISTS (SELECT FROM ballot_count WHERE ballot_id = NEW.ballot_id) THEN
        RAISE EXCEPTION 'people have voted on what there was'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ballot_over';
    END IF;
    RETURN NEW;
END $$;

-- A ballot that is over stays as it is.
CREATE FUNCTION ballot_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF num_nonnulls(OLD.closed_at, OLD.cancelled_at) > 0 OR (NEW.id, NEW.area, NEW.kind, NEW.opens_on, NEW.closes_on) <> (OLD.id, OLD.area, OLD.kind, OLD.opens_on, OLD.closes_on) THEN
        RAISE EXCEPTION 'this ballot is over'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ballot_over';
    END IF;
    RETURN NEW;
END $$;

-- The end of a ballot counts its votes, unless it was cancelled, and takes away what
-- says who voted for what: the votes, and the hashes of the messages that they came
-- in, by which a vote could be guessed. It is the owner's work, because nobody else
-- may count or take away a vote.
CREATE FUNCTION ballot_ends() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.closed_at IS NOT NULL THEN
        INSERT INTO ballot_count (ballot_id, option, votes)
            SELECT o.ballot_id, o.number, count(v.member_id) FROM ballot_option o LEFT JOIN vote v ON v.ballot_id = o.ballot_id AND v.option = o.number
            WHERE o.ballot_id = NEW.id GROUP BY o.ballot_id, o.number;
    END IF;
    DELETE FROM vote WHERE ballot_id = NEW.id;
    DELETE FROM idempotency WHERE operation = 'castVote' AND subject = NEW.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER vote_while_open BEFORE INSERT OR UPDATE ON vote FOR EACH ROW EXECUTE FUNCTION vote_while_open();
CREATE TRIGGER ballot_option_first BEFORE INSERT ON ballot_option FOR EACH ROW EXECUTE FUNCTION ballot_option_first();
CREATE TRIGGER ballot_over BEFORE UPDATE ON ballot FOR EACH ROW EXECUTE FUNCTION ballot_over();
CREATE TRIGGER ballot_ends AFTER UPDATE ON ballot FOR EACH ROW
    WHEN (NEW.closed_at IS NOT NULL OR NEW.cancelled_at IS NOT NULL) EXECUTE FUNCTION ballot_ends();
