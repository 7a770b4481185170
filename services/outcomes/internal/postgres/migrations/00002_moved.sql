-- +goose Up

-- Needs tells of a move, and is asked: whichever was later stands.
ALTER TABLE jobseeker ADD COLUMN version bigint NOT NULL DEFAULT 0;
GRANT UPDATE (version) ON jobseeker TO outcomes;
