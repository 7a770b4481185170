-- +goose Up

-- Events that were taken, so that one delivered twice does its work once.
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_at ON inbox (at);

-- +goose StatementBegin
DO $$ BEGIN
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON inbox TO %I', current_schema);
END $$;
-- +goose StatementEnd
