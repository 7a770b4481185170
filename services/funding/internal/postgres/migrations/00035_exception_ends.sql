-- +goose Up

-- What somebody else pays is a part of what is asked for: an exception ends with a
-- change of that as well.
--
-- +goose StatementBegin
CREATE FUNCTION exception_of_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.exception := '';
    NEW.over := 0;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER exception_of_elsewhere BEFORE UPDATE ON request FOR EACH ROW
    WHEN (OLD.exception <> '' AND (OLD.elsewhere, OLD.elsewhere_from) <> (NEW.elsewhere, NEW.elsewhere_from))
    EXECUTE FUNCTION exception_of_elsewhere();

-- Another look is another person's: whoever took part in a decision that was
-- then challenged takes part in no further one, and answers no wish to pass the cap
-- for it.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION challenge_to_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.from_state = 'submitted' AND (NEW.to_state IN ('approved', 'declined', 'returned') OR NEW.act = 'endorse')
            OR NEW.act IN ('allow-exception', 'refuse-exception'))
        AND EXISTS (SELECT FROM history h WHERE h.request_id = NEW.request_id AND h.by_id = NEW.by_id
            AND h.from_state = 'submitted' AND (h.to_state IN ('approved', 'declined', 'returned') OR h.act = 'endorse')
            AND h.step < (SELECT max(c.step) FROM history c WHERE c.request_id = NEW.request_id AND c.to_state = 'challenged' AND c.act = '')) THEN
        RAISE EXCEPTION 'decided by somebody whose decision was challenged'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'challenge_to_another';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
