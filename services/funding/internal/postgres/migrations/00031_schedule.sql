-- +goose Up

-- The day in London of a moment.
--
-- +goose StatementBegin
CREATE FUNCTION london_day(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT (at AT TIME ZONE 'Europe/London')::date
$$;
-- +goose StatementEnd

-- That what was approved was kept on for as long again, though nobody had used it:
-- once, by a person, with words.
CREATE TABLE kept_on (
    request_id uuid CONSTRAINT kept_on_once PRIMARY KEY REFERENCES request,
    at         timestamptz NOT NULL,
    by_id      uuid NOT NULL,
    by_name    text NOT NULL,
    words      text NOT NULL CHECK (words <> ''),
    until      date NOT NULL -- on which it runs out after all
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kept_on
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON kept_on TO funding;

-- That a coach was told on which day an approval runs out: once, and once more
-- after it was kept on.
CREATE TABLE warning (
    request_id  uuid NOT NULL REFERENCES request,
    after_kept  boolean NOT NULL,
    at          timestamptz NOT NULL,
    runs_out_on date NOT NULL,
    CONSTRAINT warning_once PRIMARY KEY (request_id, after_kept)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON warning
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON warning TO funding;

-- What is approved and was never used, under terms that let it run out: those of
-- the day of its approval. ends_on is when, if everybody is told in time.
CREATE VIEW promise AS
    SELECT r.id AS request_id, r.area, t.expires_days, t.warn_days,
        coalesce(k.until, london_day(r.decided_at) + t.expires_days) AS ends_on,
        k.request_id IS NOT NULL AS kept, w.at AS warned_at, w.runs_out_on
    FROM request r
        CROSS JOIN LATERAL terms_on(r.fund_id, london_day(r.decided_at)) t
        LEFT JOIN kept_on k ON k.request_id = r.id
        LEFT JOIN warning w ON w.request_id = r.id AND w.after_kept = (k.request_id IS NOT NULL)
    WHERE r.state = 'approved'
        AND NOT EXISTS (SELECT FROM payment p WHERE p.request_id = r.id AND p.state IN ('planned', 'batched', 'sent', 'paid'));
GRANT SELECT ON promise TO funding;

-- A warning comes in time, and nothing is kept on but what somebody was warned of.
-- The next two are the same rules as in award.
--
-- +goose StatementBegin
CREATE FUNCTION warning_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM promise p WHERE p.request_id = NEW.request_id AND p.kept = NEW.after_kept
            AND london_day(NEW.at) >= p.ends_on - p.warn_days
            AND NEW.runs_out_on = greatest(p.ends_on, london_day(NEW.at) + p.warn_days)) THEN
        RAISE EXCEPTION 'nothing runs out that day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'warning_in_time';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION kept_on_warned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM promise p WHERE p.request_id = NEW.request_id AND p.warned_at IS NOT NULL
            AND NEW.until = london_day(NEW.at) + p.expires_days) THEN
        RAISE EXCEPTION 'nobody was warned that this runs out'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kept_on_warned';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER warning_in_time BEFORE INSERT ON warning FOR EACH ROW EXECUTE FUNCTION warning_in_time();
CREATE TRIGGER kept_on_warned BEFORE INSERT ON kept_on FOR EACH ROW EXECUTE FUNCTION kept_on_warned();

-- Nothing runs out but what its warning said, on the day that it said or later,
-- and nobody makes it: that is a cancellation.
--
-- +goose StatementBegin
CREATE FUNCTION expired_as_warned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.by_id <> '00000000-0000-4000-8000-000000000001' OR NOT EXISTS (SELECT FROM promise p
            WHERE p.request_id = NEW.request_id AND p.runs_out_on <= london_day(NEW.at)) THEN
        RAISE EXCEPTION 'nobody was warned that it runs out that day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'expired_as_warned';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expired_as_warned BEFORE INSERT ON history
    FOR EACH ROW WHEN (NEW.to_state = 'expired') EXECUTE FUNCTION expired_as_warned();
