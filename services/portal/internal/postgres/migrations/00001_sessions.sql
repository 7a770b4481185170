-- +goose Up

-- What the portal keeps for a browser between two requests, as scs encodes it.
-- The token is the SHA-256 of the cookie: whoever reads the table can't use it.
CREATE TABLE session (
    token text PRIMARY KEY,
    data bytea NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX session_ends_at ON session (ends_at);

-- Who is signed in, with their tokens, sealed with a key made from the cookie.
-- It has a row of its own because two requests of one browser may save the same
-- session, the last one winning: that must neither bring back somebody who
-- signed out, nor lose the tokens that another request has just refreshed.
CREATE TABLE sign_in (
    id uuid PRIMARY KEY,
    sealed bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX sign_in_ends_at ON sign_in (ends_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON session, sign_in TO portal;
