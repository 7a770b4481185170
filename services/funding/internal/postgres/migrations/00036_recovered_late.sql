-- +goose Up

-- A supplier takes something back, or a bank returns it, when it does. That a
-- request was closed by then changes nothing about whose money it is.
INSERT INTO transition (from_state, act, to_state) VALUES ('closed', 'recover', 'closed');
