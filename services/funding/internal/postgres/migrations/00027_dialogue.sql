-- +goose Up

-- What a manager asks about a request before they decide it, and what was
-- answered. Neither is ever changed.
CREATE TABLE question (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES request,
    to_whom    text NOT NULL CHECK (to_whom IN ('coach', 'jobseeker')),
    words      text NOT NULL CHECK (words <> ''),
    by_id      uuid NOT NULL,
    by_name    text NOT NULL CHECK (by_name <> ''),
    at         timestamptz NOT NULL
);
CREATE INDEX question_request ON question (request_id, at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON question
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON question TO funding;

CREATE TABLE answer (
    question_id uuid CONSTRAINT answer_once PRIMARY KEY REFERENCES question,
    words       text NOT NULL CHECK (words <> ''),
    by_id       uuid NOT NULL,
    by_name     text NOT NULL CHECK (by_name <> ''),
    at          timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON answer
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON answer TO funding;

-- There is nothing to ask, or to answer, unless somebody is to decide. The
-- request is locked, so that it is not decided in between.
--
-- +goose StatementBegin
CREATE FUNCTION question_while_it_waits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    about uuid;
BEGIN
    IF TG_TABLE_NAME = 'question' THEN
        about := NEW.request_id;
    ELSE
        SELECT q.request_id INTO about FROM question q WHERE q.id = NEW.question_id;
    END IF;
    PERFORM FROM request r WHERE r.id = about AND r.state = 'submitted' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the request does not wait for a decision'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'question_while_it_waits';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER question_while_it_waits BEFORE INSERT ON question FOR EACH ROW EXECUTE FUNCTION question_while_it_waits();
CREATE TRIGGER question_while_it_waits BEFORE INSERT ON answer FOR EACH ROW EXECUTE FUNCTION question_while_it_waits();

-- Another look is another person's: whoever took part in a decision that was
-- then challenged takes part in no further one.
--
-- +goose StatementBegin
CREATE FUNCTION challenge_to_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.from_state = 'submitted' AND (NEW.to_state IN ('approved', 'declined', 'returned') OR NEW.act = 'endorse')
        AND EXISTS (SELECT FROM history h WHERE h.request_id = NEW.request_id AND h.by_id = NEW.by_id
            AND h.from_state = 'submitted' AND (h.to_state IN ('approved', 'declined', 'returned') OR h.act = 'endorse')
            AND h.step < (SELECT max(c.step) FROM history c WHERE c.request_id = NEW.request_id AND c.to_state = 'challenged')) THEN
        RAISE EXCEPTION 'decided by somebody whose decision was challenged'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'challenge_to_another';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER challenge_to_another BEFORE INSERT ON history FOR EACH ROW EXECUTE FUNCTION challenge_to_another();
