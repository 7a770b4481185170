-- +goose Up

-- Whose caseload a request is of is kept beside it, so that one index of one
-- table leads to the first page of any list, however many requests there are. It
-- follows from the allowance, and nobody writes it.
ALTER TABLE request ADD COLUMN coach_id uuid;
-- The fill is no change of anybody's, so no trigger need look at it.
ALTER TABLE request DISABLE TRIGGER USER;
UPDATE request r SET coach_id = a.coach_id FROM allowance a WHERE a.id = r.allowance_id;
ALTER TABLE request ENABLE TRIGGER USER;
ALTER TABLE request ALTER COLUMN coach_id SET NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION request_coach() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_TABLE_NAME = 'request' THEN
        SELECT a.coach_id INTO NEW.coach_id FROM allowance a WHERE a.id = NEW.allowance_id;
        RETURN NEW;
    END IF;
    UPDATE request SET coach_id = NEW.coach_id WHERE allowance_id = NEW.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_coach BEFORE INSERT ON request FOR EACH ROW EXECUTE FUNCTION request_coach();
CREATE TRIGGER request_coach AFTER UPDATE OF coach_id ON allowance FOR EACH ROW
    WHEN (OLD.coach_id <> NEW.coach_id) EXECUTE FUNCTION request_coach();

-- What waits comes longest waiting first, all else latest change first: of an
-- area, of an area in one state, or of a coach.
DROP INDEX request_waiting, request_changed, request_jobseeker, request_allowance_id;
CREATE INDEX request_waiting ON request (area, submitted_at, id) WHERE state = 'submitted';
CREATE INDEX request_area ON request (area, changed_at DESC, id DESC);
CREATE INDEX request_area_state ON request (area, state, changed_at DESC, id DESC);
CREATE INDEX request_coach ON request (coach_id, changed_at DESC, id DESC);
CREATE INDEX request_jobseeker ON request (jobseeker_id, changed_at DESC, id DESC);
CREATE INDEX request_allowance ON request (allowance_id);
