-- +goose Up

-- Messages that were taken, by the key that their sender marked them with, so
-- that the same one twice does its work once.
CREATE TABLE idempotency (
    person    uuid NOT NULL,
    key       text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    operation text NOT NULL,
    hash      bytea NOT NULL,
    subject   uuid,
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- +goose StatementBegin
DO $$ BEGIN
    EXECUTE format('GRANT SELECT, INSERT, DELETE, UPDATE (subject) ON idempotency TO %I', current_schema);
END $$;
-- +goose StatementEnd
