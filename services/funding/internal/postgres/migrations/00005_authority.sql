-- +goose Up

-- Staff as they came when they last looked in: a row for each role in each area.
-- From here people are chosen, by name; what they may do comes with them, each
-- time, from their sign-in provider.
CREATE TABLE staff (
    person  uuid NOT NULL,
    role    text NOT NULL CHECK (role <> ''),
    area    text NOT NULL CHECK (area <> ''),
    name    text NOT NULL,
    PRIMARY KEY (person, role, area)
);
CREATE INDEX staff_place ON staff (role, area);
GRANT SELECT, INSERT, DELETE, UPDATE (name) ON staff TO funding;

-- Who may decide how much. A row is proposed, then confirmed by another, then
-- ended, each once; else it stays as it was proposed. Nobody gives themselves
-- anything, and a grant to a whole role is for one area.
CREATE TABLE authority_grant (
    id             uuid PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('decide', 'except')),
    holder_role    text NOT NULL,
    holder_person  uuid,
    holder_name    text NOT NULL,
    whose          text NOT NULL CHECK (whose IN ('any', 'line')),
    fund_id        uuid CONSTRAINT grant_fund REFERENCES fund, -- null for any
    area           text NOT NULL, -- '' for every area that the holder works in
    most           bigint NOT NULL CHECK (most BETWEEN 1 AND 1000000000), -- pence
    alone          bigint NOT NULL, -- the most without a second person
    first_day      date NOT NULL,
    last_day       date, -- null while no end is known
    why            text NOT NULL CHECK (why <> ''),

    proposed_by    uuid NOT NULL,
    proposed_name  text NOT NULL,
    proposed_at    timestamptz NOT NULL,
    confirmed_by   uuid,
    confirmed_name text NOT NULL DEFAULT '',
    confirmed_at   timestamptz,
    ended_by       uuid,
    ended_name     text NOT NULL DEFAULT '',
    ended_at       timestamptz,
    ended_why      text NOT NULL DEFAULT '',

    CONSTRAINT grant_holder CHECK ((holder_role = '') <> (holder_person IS NULL)),
    CONSTRAINT grant_role_area CHECK (holder_role = '' OR area <> ''),
    CONSTRAINT grant_alone CHECK (alone BETWEEN 0 AND most),
    CONSTRAINT grant_days CHECK (last_day >= first_day OR ended_by IS NOT NULL),
    CONSTRAINT grant_by_two CHECK (confirmed_by <> proposed_by),
    CONSTRAINT grant_not_own CHECK (holder_person <> proposed_by AND (holder_person <> confirmed_by) IS NOT FALSE),
    CONSTRAINT grant_confirmed CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CONSTRAINT grant_ended CHECK ((ended_by IS NULL) = (ended_at IS NULL) AND (ended_by IS NULL) = (ended_why = ''))
);
-- What a decision looks up: a handful of rows, however many there ever were.
CREATE INDEX grant_of_person ON authority_grant (holder_person, kind) WHERE confirmed_by IS NOT NULL AND holder_person IS NOT NULL;
CREATE INDEX grant_of_role ON authority_grant (area, holder_role, kind) WHERE confirmed_by IS NOT NULL AND holder_role <> '';
CREATE INDEX grant_listed ON authority_grant (proposed_at DESC, id DESC);
GRANT SELECT,
    INSERT (id, kind, holder_role, holder_person, holder_name, whose, fund_id, area, most, alone, first_day, last_day, why,
        proposed_by, proposed_name, proposed_at),
    UPDATE (confirmed_by, confirmed_name, confirmed_at, ended_by, ended_name, ended_at, ended_why, last_day)
    ON authority_grant TO funding;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON authority_grant
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A grant is confirmed once and ended once, and nothing else of it ever changes.
-- Its last day moves only as it is ended, and only closer.
--
-- +goose StatementBegin
CREATE FUNCTION grant_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving text[] := ARRAY['confirmed_by', 'confirmed_name', 'confirmed_at', 'ended_by', 'ended_name', 'ended_at', 'ended_why', 'last_day'];
    confirms boolean := (NEW.confirmed_by, NEW.confirmed_name, NEW.confirmed_at) IS DISTINCT FROM (OLD.confirmed_by, OLD.confirmed_name, OLD.confirmed_at);
    ends boolean := (NEW.ended_by, NEW.ended_name, NEW.ended_at, NEW.ended_why) IS DISTINCT FROM (OLD.ended_by, OLD.ended_name, OLD.ended_at, OLD.ended_why);
    closer boolean := NEW.last_day < OLD.last_day OR NEW.last_day IS NOT NULL AND OLD.last_day IS NULL;
BEGIN
    IF to_jsonb(NEW) - moving <> to_jsonb(OLD) - moving
        OR confirms = ends
        OR OLD.ended_by IS NOT NULL
        OR confirms AND OLD.confirmed_by IS NOT NULL
        OR NEW.last_day IS DISTINCT FROM OLD.last_day AND NOT (ends AND closer) THEN
        RAISE EXCEPTION 'a grant is confirmed once and ended once, and stays as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_moves';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER grant_moves BEFORE UPDATE ON authority_grant FOR EACH ROW EXECUTE FUNCTION grant_moves();

-- Nothing is born confirmed or ended, whoever inserts it.
--
-- +goose StatementBegin
CREATE FUNCTION grant_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.confirmed_by IS NOT NULL OR NEW.ended_by IS NOT NULL THEN
        RAISE EXCEPTION 'a grant begins as a proposal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_moves';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER grant_begins BEFORE INSERT ON authority_grant FOR EACH ROW EXECUTE FUNCTION grant_begins();

-- Who a coach's line manager is from a day on, or that it is nobody: the row of
-- the latest first day that has come, and of those of one day the one that was
-- written last. Neither of the two says so themself.
CREATE TABLE line_manager (
    id           uuid PRIMARY KEY,
    coach_id     uuid NOT NULL,
    coach_name   text NOT NULL,
    manager_id   uuid, -- null for nobody
    manager_name text NOT NULL,
    first_day    date NOT NULL,
    set_by       uuid NOT NULL,
    set_name     text NOT NULL,
    set_at       timestamptz NOT NULL,
    number       bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT line_manager_of_another CHECK (manager_id <> coach_id),
    CONSTRAINT line_manager_by_another CHECK (set_by <> coach_id AND (set_by <> manager_id) IS NOT FALSE)
);
CREATE INDEX line_manager_coach ON line_manager (coach_id, first_day DESC, number DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON line_manager
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT (id, coach_id, coach_name, manager_id, manager_name, first_day, set_by, set_name, set_at) ON line_manager TO funding;
