-- +goose Up

-- A request may take its allowance above the cap where a senior person has let it,
-- by so much at most, for the very lines that they saw. Where that stands, and how
-- far an allowance may be above its cap by the widest that was ever let, follows
-- from the history and from table exception: the serving login may write neither.
ALTER TABLE request
    ADD COLUMN exception text NOT NULL DEFAULT '' CHECK (exception IN ('', 'asked', 'allowed', 'refused')),
    ADD COLUMN over      bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT request_over CHECK ((over > 0) = (exception = 'allowed'));
ALTER TABLE allowance
    ADD COLUMN over bigint NOT NULL DEFAULT 0 CHECK (over >= 0),
    DROP CONSTRAINT allowance_within_cap,
    ADD CONSTRAINT allowance_within_cap CHECK (held >= 0 AND committed >= 0 AND paid >= 0 AND held + committed + paid <= cap + over);
CREATE INDEX request_exception ON request (area, changed_at DESC, id DESC) WHERE exception = 'asked';

INSERT INTO transition (from_state, act, to_state)
    SELECT s, a, s FROM unnest(ARRAY['draft', 'returned', 'challenged']) s, unnest(ARRAY['ask-exception', 'allow-exception', 'refuse-exception']) a;

-- Every exception that was ever allowed.
CREATE TABLE exception (
    request_id uuid NOT NULL REFERENCES request,
    step       integer NOT NULL,
    over       bigint NOT NULL CHECK (over > 0), -- pence above the allowance's cap
    PRIMARY KEY (request_id, step),
    CONSTRAINT exception_step FOREIGN KEY (request_id, step) REFERENCES history (request_id, step)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exception
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON exception TO funding;

-- Whether somebody asks for a request themself: who began it, ever submitted it or
-- asked to pass the cap for it, and who is the jobseeker's coach.
--
-- +goose StatementBegin
CREATE FUNCTION asks(request uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM request r WHERE r.id = request AND r.coach_id = person)
        OR EXISTS (SELECT FROM history h WHERE h.request_id = request AND h.by_id = person
            AND (h.from_state = '' OR h.to_state = 'submitted' AND h.act = '' OR h.act = 'ask-exception'))
$$;
-- +goose StatementEnd

-- A step of the history moves the request, and nothing else does. Nobody decides
-- what they have ever submitted or declined, nor what they were the first of two
-- to say yes to; and nobody answers their own wish to pass the cap.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION move_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    submission boolean := NEW.to_state = 'submitted' AND NEW.act = '';
    decision boolean := NEW.from_state = 'submitted' AND NEW.to_state IN ('approved', 'declined', 'returned');
BEGIN
    IF (decision OR NEW.act = 'endorse') AND EXISTS (SELECT FROM history h
            WHERE h.request_id = NEW.request_id AND h.by_id = NEW.by_id AND h.step < NEW.step AND h.to_state IN ('submitted', 'declined')
                AND (h.act <> 'endorse' OR h.step > (SELECT max(s.step) FROM history s
                    WHERE s.request_id = NEW.request_id AND s.to_state = 'submitted' AND s.act = ''))) THEN
        RAISE EXCEPTION 'decided by somebody who submitted, endorsed or declined it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_decided_by_another';
    END IF;
    IF NEW.act IN ('allow-exception', 'refuse-exception') AND asks(NEW.request_id, NEW.by_id) THEN
        RAISE EXCEPTION 'answered by somebody who asks for it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'exception_by_another';
    END IF;
    UPDATE request r SET
        state = NEW.to_state, step = NEW.step,
        since = CASE WHEN NEW.to_state = NEW.from_state THEN r.since ELSE NEW.at END,
        submitted_by = CASE WHEN submission THEN NEW.by_id ELSE r.submitted_by END,
        submitted_at = CASE WHEN submission THEN NEW.at ELSE r.submitted_at END,
        decided_by = CASE WHEN decision THEN NEW.by_id WHEN submission THEN NULL ELSE r.decided_by END,
        decided_at = CASE WHEN decision THEN NEW.at WHEN submission THEN NULL ELSE r.decided_at END,
        exception = CASE WHEN NEW.act = 'ask-exception' THEN 'asked' WHEN NEW.act = 'refuse-exception' THEN 'refused'
            WHEN submission AND r.exception <> 'allowed' THEN '' ELSE r.exception END,
        over = CASE WHEN NEW.act IN ('ask-exception', 'refuse-exception') THEN 0 ELSE r.over END
        WHERE r.id = NEW.request_id AND r.state = NEW.from_state AND r.step = NEW.step - 1
            AND (NEW.act <> 'refuse-exception' OR r.exception = 'asked'); -- of what is allowed, allow_exception asks
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the history does not go on from where the request stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'history_goes_on';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- An exception is the one that its step allows, by what the request would take its
-- allowance above the cap at that moment and no more, out of a fund that has
-- exceptions that day.
--
-- +goose StatementBegin
CREATE FUNCTION allow_exception() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    allowed_at timestamptz;
    allowance_of uuid;
BEGIN
    SELECT h.at INTO allowed_at FROM history h WHERE h.request_id = NEW.request_id AND h.step = NEW.step AND h.act = 'allow-exception';
    SELECT r.allowance_id INTO allowance_of
        FROM request r JOIN allowance a ON a.id = r.allowance_id, terms_on(r.fund_id, (allowed_at AT TIME ZONE 'Europe/London')::date) t
        WHERE r.id = NEW.request_id AND r.exception = 'asked' AND t.exceptions
            AND NEW.over = a.held + a.committed + a.paid - r.held - r.committed - r.paid + r.asked - a.cap;
    IF allowance_of IS NULL THEN
        RAISE EXCEPTION 'the cap may not be passed like this'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'exception_allowed';
    END IF;
    UPDATE allowance SET over = greatest(over, NEW.over) WHERE id = allowance_of;
    UPDATE request SET exception = 'allowed', over = NEW.over WHERE id = NEW.request_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER allow_exception AFTER INSERT ON exception FOR EACH ROW EXECUTE FUNCTION allow_exception();

-- No step allows one without saying by how much.
--
-- +goose StatementBegin
CREATE FUNCTION exception_said() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM exception e WHERE e.request_id = NEW.request_id AND e.step = NEW.step) THEN
        RAISE EXCEPTION 'an exception of nobody knows how much'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'exception_allowed';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER exception_said AFTER INSERT ON history
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.act = 'allow-exception') EXECUTE FUNCTION exception_said();

-- It is for the lines that there were, and ends with them.
--
-- +goose StatementBegin
CREATE FUNCTION end_exception() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE request r SET exception = '', over = 0 WHERE r.exception <> '' AND r.id IN (SELECT c.request_id FROM changed c);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER end_exception_more AFTER INSERT ON line REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION end_exception();
CREATE TRIGGER end_exception_less AFTER DELETE ON line REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION end_exception();
CREATE TRIGGER end_exception_other AFTER UPDATE ON line REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION end_exception();

-- Entries move the totals of the allowance, the request and the budget, in this
-- order, each once a statement, and nothing else does. The CHECKs on them have
-- the last word: allowance_within_cap and budget_within_allocation are where two
-- people at once find out. Where a cap may be passed, what is held anew is within
-- the exception of its own request, whatever another was let.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION post_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    astray text;
    moved allowance;
BEGIN
    FOR moved IN UPDATE allowance a SET held = a.held + m.held, committed = a.committed + m.committed, paid = a.paid + m.paid
        FROM (SELECT e.allowance_id, sum(e.pence * f.held) AS held, sum(e.pence * f.committed) AS committed, sum(e.pence * f.paid) AS paid
            FROM made e JOIN effect f USING (kind) GROUP BY e.allowance_id) m
        WHERE a.id = m.allowance_id RETURNING a.*
    LOOP
        IF moved.held + moved.committed + moved.paid > moved.cap AND EXISTS (SELECT FROM made e JOIN request r ON r.id = e.request_id
                WHERE e.allowance_id = moved.id AND e.kind = 'hold' AND moved.held + moved.committed + moved.paid > moved.cap + r.over) THEN
            RAISE EXCEPTION 'held above the cap without an exception of its own'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'allowance_within_cap';
        END IF;
    END LOOP;

    SELECT CASE WHEN e.kind = 'commit' AND b.year <> financial_year(h.at) THEN 'entry_within_year' ELSE 'entry_of_budget' END INTO astray
        FROM made e JOIN request r ON r.id = e.request_id JOIN budget b ON b.id = e.budget_id
            JOIN history h ON h.request_id = e.request_id AND h.step = e.step
        WHERE b.fund_id <> r.fund_id OR b.area <> r.area OR b.id <> r.budget_id
            OR e.kind = 'commit' AND b.year <> financial_year(h.at)
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'money out of a budget that it cannot come from'
            USING ERRCODE = 'check_violation', CONSTRAINT = astray;
    END IF;

    UPDATE request r SET held = r.held + m.held, committed = r.committed + m.committed, paid = r.paid + m.paid,
            given_back = r.given_back + m.given_back, budget_id = coalesce(r.budget_id, m.budget_id)
        FROM (SELECT e.request_id, sum(e.pence * f.held) AS held, sum(e.pence * f.committed) AS committed, sum(e.pence * f.paid) AS paid,
                sum(e.pence * f.given_back) AS given_back, (array_agg(e.budget_id) FILTER (WHERE e.budget_id IS NOT NULL))[1] AS budget_id
            FROM made e JOIN effect f USING (kind) GROUP BY e.request_id) m
        WHERE r.id = m.request_id;

    UPDATE budget b SET version = b.version + 1, committed = b.committed + m.committed, paid = b.paid + m.paid
        FROM (SELECT e.budget_id, sum(e.pence * f.committed) AS committed, sum(e.pence * f.paid) AS paid
            FROM made e JOIN effect f USING (kind) WHERE e.budget_id IS NOT NULL GROUP BY e.budget_id) m
        WHERE b.id = m.budget_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Whether somebody has ever decided a request, was the first of two to say yes to
-- it, or let it pass the cap; or, where no person decided, has submitted or
-- reviewed it. Nobody of these pays it.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION decided(request uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM history h WHERE h.request_id = request AND h.by_id = person
            AND (h.from_state = 'submitted' AND h.to_state IN ('approved', 'declined', 'returned') OR h.act IN ('endorse', 'allow-exception')
                OR h.to_state = 'submitted' AND EXISTS (SELECT FROM automatic m WHERE m.request_id = request)))
        OR EXISTS (SELECT FROM automatic_review v WHERE v.request_id = request AND v.by_id = person)
$$;
-- +goose StatementEnd

-- What something was decided with stays, and to let the cap be passed is to decide.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION document_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT (OLD.state IN ('unscanned', 'quarantined') AND NEW.state IN ('clean', 'refused')
            OR OLD.state <> 'removed' AND NEW.state = 'removed') THEN
        RAISE EXCEPTION 'a document does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_moves';
    END IF;
    IF NEW.state = 'removed' AND (EXISTS (SELECT FROM document d WHERE d.replaces = OLD.id)
            OR EXISTS (SELECT FROM history h WHERE h.request_id = OLD.request_id AND h.at > OLD.added_at
                AND (h.from_state = 'submitted' AND h.to_state IN ('approved', 'declined', 'returned') OR h.to_state = 'closed' OR h.act = 'allow-exception'))) THEN
        RAISE EXCEPTION 'something was decided with this document'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_decided_on';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- Whatever does not agree with what it should follow from; see reconciliation.
CREATE VIEW exception_disagreement AS
    SELECT 'an allowance may be further above its cap than anybody let it' AS what, a.id
    FROM allowance a LEFT JOIN (SELECT r.allowance_id, max(e.over) AS over FROM exception e JOIN request r ON r.id = e.request_id GROUP BY r.allowance_id) e
        ON e.allowance_id = a.id
    WHERE a.over <> coalesce(e.over, 0)
UNION ALL
    SELECT 'an allowance is above its cap, and no request that stands was let', a.id
    FROM allowance a
    WHERE a.held + a.committed + a.paid > a.cap + coalesce(
        (SELECT max(r.over) FROM request r WHERE r.allowance_id = a.id AND r.held + r.committed + r.paid > 0), 0)
UNION ALL
    SELECT 'a request may pass the cap by what was not the last answer', r.id
    FROM request r
    WHERE r.over > 0 AND r.over IS DISTINCT FROM (SELECT e.over FROM exception e JOIN history h ON h.request_id = e.request_id AND h.step = e.step
        WHERE e.request_id = r.id AND h.act = 'allow-exception'
            AND NOT EXISTS (SELECT FROM history l WHERE l.request_id = r.id AND l.step > e.step AND l.act IN ('ask-exception', 'allow-exception', 'refuse-exception')))
UNION ALL
    SELECT 'somebody answered their own wish to pass the cap', n.request_id
    FROM history n JOIN history h ON h.request_id = n.request_id AND h.by_id = n.by_id AND h.step < n.step
        AND (h.from_state = '' OR h.to_state = 'submitted' AND h.act = '' OR h.act = 'ask-exception')
    WHERE n.act IN ('allow-exception', 'refuse-exception');
GRANT SELECT ON exception_disagreement TO funding;
