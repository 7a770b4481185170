-- +goose Up

-- What an approval says besides why, and how much of each line it grants. None of
-- it is ever changed. Whoever has an interest may not decide, so there is nothing
-- here to say that anybody had.
CREATE TABLE decision (
    request_id    uuid PRIMARY KEY,
    step          integer NOT NULL,
    other_funding text NOT NULL CHECK (other_funding <> ''),
    scrutiny      text NOT NULL CHECK (scrutiny <> ''),
    CONSTRAINT decision_step FOREIGN KEY (request_id, step) REFERENCES history (request_id, step)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decision
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON decision TO funding;

CREATE TABLE decision_line (
    request_id uuid NOT NULL REFERENCES decision,
    line_id    uuid NOT NULL REFERENCES line,
    granted    bigint NOT NULL CHECK (granted >= 0),
    code       text NOT NULL,
    PRIMARY KEY (line_id, request_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decision_line
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON decision_line TO funding;

-- What was approved before was approved in full.
INSERT INTO decision SELECT r.id, max(h.step), 'Not recorded then.', 'Not recorded then.'
    FROM request r JOIN history h ON h.request_id = r.id AND h.from_state = 'submitted' AND h.to_state = 'approved'
    WHERE r.awarded > 0 GROUP BY r.id;
INSERT INTO decision_line SELECT l.request_id, l.id, l.amount, '' FROM line l JOIN decision d USING (request_id);

-- No award without a decision on every line, nor above what was granted of them
-- together, nor more of a line than was asked.
--
-- +goose StatementBegin
CREATE FUNCTION award_granted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT (SELECT bool_and(d.granted <= l.amount AND (d.code <> '' OR d.granted = l.amount)) AND count(d.granted) = count(*)
                AND sum(d.granted) - NEW.elsewhere >= NEW.awarded
            FROM line l LEFT JOIN decision_line d ON d.request_id = l.request_id AND d.line_id = l.id
            WHERE l.request_id = NEW.id) IS TRUE THEN
        RAISE EXCEPTION 'more is awarded than was granted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'award_granted';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER award_granted AFTER UPDATE OF awarded ON request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.awarded <> NEW.awarded) EXECUTE FUNCTION award_granted();
