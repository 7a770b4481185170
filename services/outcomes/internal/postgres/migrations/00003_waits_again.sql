-- +goose Up

-- A check is answered once at a time: again only where what was said last of it does
-- not settle it, since it is that they were in work before its weeks had passed.
DROP INDEX entry_answered_once;
CREATE INDEX entry_of_check ON entry (check_id, number) WHERE check_id IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION entry_answered_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT in_work, until FROM entry WHERE check_id = NEW.check_id ORDER BY number DESC LIMIT 1) said,
            (SELECT started_on FROM entry WHERE outcome_id = NEW.outcome_id AND started_on IS NOT NULL ORDER BY number DESC LIMIT 1) start,
            work_check c
        WHERE c.id = NEW.check_id AND (NOT said.in_work OR said.until >= start.started_on + 7 * c.weeks)) THEN
        RAISE EXCEPTION 'this check is answered already'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entry_answered_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_answered_once BEFORE INSERT ON entry FOR EACH ROW WHEN (NEW.deed = 'check') EXECUTE FUNCTION entry_answered_once();
