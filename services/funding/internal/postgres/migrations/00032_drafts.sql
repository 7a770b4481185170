-- +goose Up

-- What a coach has in one state comes latest change first, too: their drafts are
-- few among all that they ever asked for.
CREATE INDEX request_coach_state ON request (coach_id, state, changed_at DESC, id DESC);
