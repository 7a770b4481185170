-- +goose Up

-- Whose a check is to ask, and where, stands beside whether it waits, so that the
-- list of a coach or an area is read from an index as far as it goes.
ALTER TABLE work_check ADD COLUMN area text, ADD COLUMN coach_id uuid;
UPDATE work_check c SET area = j.area, coach_id = j.coach_id
    FROM outcome o JOIN jobseeker j ON j.id = o.jobseeker_id WHERE o.id = c.outcome_id;
ALTER TABLE work_check ALTER COLUMN area SET NOT NULL, ALTER COLUMN coach_id SET NOT NULL;
CREATE INDEX work_check_area ON work_check (area, due_on, id) WHERE waits;
CREATE INDEX work_check_coach ON work_check (coach_id, due_on, id) WHERE waits;
GRANT UPDATE (area, coach_id) ON work_check TO outcomes;

-- Both follow the jobseeker. A check that is made while its jobseeker moves waits
-- for the move, and so has what came of it.
-- +goose StatementBegin
CREATE FUNCTION work_check_of_whom() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT j.area, j.coach_id INTO NEW.area, NEW.coach_id
        FROM outcome o JOIN jobseeker j ON j.id = o.jobseeker_id WHERE o.id = NEW.outcome_id FOR SHARE OF j;
    RETURN NEW;
END $$;
CREATE FUNCTION work_check_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE work_check SET area = NEW.area, coach_id = NEW.coach_id
        WHERE outcome_id IN (SELECT id FROM outcome WHERE jobseeker_id = NEW.id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER work_check_of_whom BEFORE INSERT ON work_check FOR EACH ROW EXECUTE FUNCTION work_check_of_whom();
CREATE TRIGGER work_check_moves AFTER UPDATE OF area, coach_id ON jobseeker FOR EACH ROW
    WHEN ((OLD.area, OLD.coach_id) <> (NEW.area, NEW.coach_id)) EXECUTE FUNCTION work_check_moves();
