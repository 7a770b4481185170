-- +goose Up

-- Who changed or looked at what, when. Ids alone: a name or a word of anybody's
-- has no place here.
CREATE TABLE audit_entry (
    id           uuid PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    person       uuid NOT NULL,
    roles        text[] NOT NULL,
    action       text NOT NULL CHECK (action <> ''),
    subject      text NOT NULL CHECK (subject <> ''),
    subject_id   uuid NOT NULL,
    jobseeker_id uuid,
    trace_id     text NOT NULL
);
CREATE INDEX audit_entry_subject ON audit_entry (subject_id, at);
CREATE INDEX audit_entry_jobseeker ON audit_entry (jobseeker_id, at);
CREATE INDEX audit_entry_person ON audit_entry (person, at);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- +goose StatementBegin
DO $$ BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON audit_entry TO %I', current_schema);
END $$;
-- +goose StatementEnd
