-- +goose Up

-- Whether a request was approved by its fund's own rule. It follows from table
-- automatic, and nobody writes it. It stands here so that one index finds what was
-- approved so for a person, and what was approved so in an area.
ALTER TABLE request ADD COLUMN automatic boolean NOT NULL DEFAULT false;
CREATE INDEX request_automatic_of ON request (jobseeker_id, fund_id) WHERE automatic;
CREATE INDEX request_automatic ON request (area, changed_at DESC, id DESC) WHERE automatic;

-- What was approved by a fund's own rule, under which version of its terms, and
-- whether chance drew it for review, which was settled at that moment.
CREATE TABLE automatic (
    request_id uuid PRIMARY KEY REFERENCES request,
    step       integer NOT NULL,
    fund_id    uuid NOT NULL,
    version    integer NOT NULL,
    sampled    boolean NOT NULL,
    CONSTRAINT automatic_step FOREIGN KEY (request_id, step) REFERENCES history (request_id, step),
    CONSTRAINT automatic_terms FOREIGN KEY (fund_id, version) REFERENCES fund_term (fund_id, version)
);
CREATE INDEX automatic_sampled ON automatic (request_id) WHERE sampled;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON automatic
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON automatic TO funding;

-- What a person said who looked at it after: once, and for ever.
CREATE TABLE automatic_review (
    request_id uuid PRIMARY KEY REFERENCES automatic,
    agrees     boolean NOT NULL, -- they would have approved it as well
    words      text NOT NULL,
    by_id      uuid NOT NULL,
    by_name    text NOT NULL,
    at         timestamptz NOT NULL,
    CONSTRAINT automatic_review_words CHECK (agrees OR words <> '')
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON automatic_review
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON automatic_review TO funding;

-- Nothing is marked as approved by a rule that a person approved.
--
-- +goose StatementBegin
CREATE FUNCTION mark_automatic() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM history h WHERE h.request_id = NEW.request_id AND h.step = NEW.step AND h.act = 'automatic') THEN
        RAISE EXCEPTION 'a person approved this'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'automatic_allowed';
    END IF;
    UPDATE request SET automatic = true WHERE id = NEW.request_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER mark_automatic AFTER INSERT ON automatic FOR EACH ROW EXECUTE FUNCTION mark_automatic();

-- When a transaction ends that approved by a rule, it must be the rule of that day
-- and allow it: all that is asked, for the first time, each line of a kind that it
-- names, and within its amount together with whatever was approved so for the
-- same person out of the same fund and still stands. The lock has two who ask for
-- one person at once, against different allowances, go one after the other, so
-- that the second is measured against the first; and it comes last of all locks.
--
-- +goose StatementBegin
CREATE FUNCTION automatic_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    system CONSTANT uuid := '00000000-0000-4000-8000-000000000001';
    r request;
    t fund_term;
BEGIN
    SELECT * INTO STRICT r FROM request WHERE id = NEW.request_id;
    SELECT * INTO t FROM terms_on(r.fund_id, (NEW.at AT TIME ZONE 'Europe/London')::date);
    PERFORM pg_advisory_xact_lock(hashtextextended('automatic ' || r.jobseeker_id || r.fund_id, 0));
    IF (NEW.by_id = system AND NEW.step = 3 AND r.awarded = r.asked
        AND EXISTS (SELECT FROM automatic m WHERE m.request_id = r.id AND m.step = NEW.step AND m.fund_id = r.fund_id AND m.version = t.version)
        AND NOT EXISTS (SELECT FROM line l WHERE l.request_id = r.id AND (l.category = ANY (t.auto_categories)) IS NOT TRUE)
        AND (SELECT sum(q.committed + q.paid) FROM request q
            WHERE q.jobseeker_id = r.jobseeker_id AND q.fund_id = r.fund_id AND q.automatic) <= t.auto_up_to) IS NOT TRUE THEN
        RAISE EXCEPTION 'the terms of the fund do not approve this by themselves'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'automatic_allowed';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER automatic_allowed AFTER INSERT ON history
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.act = 'automatic') EXECUTE FUNCTION automatic_allowed();

-- Only what was drawn is reviewed, and by nobody who submitted it or has had a hand
-- in paying it.
--
-- +goose StatementBegin
CREATE FUNCTION automatic_reviewed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM request WHERE id = NEW.request_id FOR NO KEY UPDATE; -- as whoever plans a payment does
    IF EXISTS (SELECT FROM history h WHERE h.request_id = NEW.request_id AND h.by_id = NEW.by_id AND (h.to_state = 'submitted' OR h.payment_id IS NOT NULL))
        OR EXISTS (SELECT FROM payment p WHERE p.request_id = NEW.request_id AND NEW.by_id IN (p.planned_by, p.sent_by, p.settled_by)) THEN
        RAISE EXCEPTION 'reviewed by somebody who submitted or paid it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'automatic_review_by_other';
    END IF;
    IF NOT (SELECT m.sampled FROM automatic m WHERE m.request_id = NEW.request_id) THEN
        RAISE EXCEPTION 'reviewed without being drawn'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'automatic_review_drawn';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER automatic_reviewed BEFORE INSERT ON automatic_review FOR EACH ROW EXECUTE FUNCTION automatic_reviewed();

-- Whether somebody has ever decided a request, or was the first of two to say
-- yes to it; or, where no person decided, has submitted or reviewed it. Nobody of
-- these pays it.
--
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION decided(request uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM history h WHERE h.request_id = request AND h.by_id = person
            AND (h.from_state = 'submitted' AND h.to_state IN ('approved', 'declined', 'returned') OR h.act = 'endorse'
                OR h.to_state = 'submitted' AND EXISTS (SELECT FROM automatic m WHERE m.request_id = request)))
        OR EXISTS (SELECT FROM automatic_review v WHERE v.request_id = request AND v.by_id = person)
$$;
-- +goose StatementEnd

-- Whatever does not agree with what it should follow from; see reconciliation.
CREATE VIEW automatic_disagreement AS
    SELECT 'whether a rule approved a request is not what its history says' AS what, coalesce(r.id, m.request_id, h.request_id) AS id
    FROM (SELECT id FROM request WHERE automatic) r FULL JOIN automatic m ON m.request_id = r.id
        FULL JOIN (SELECT request_id FROM history WHERE act = 'automatic') h ON h.request_id = coalesce(r.id, m.request_id)
    WHERE r.id IS NULL OR m.request_id IS NULL OR h.request_id IS NULL
UNION ALL
    SELECT 'a rule approved what its terms do not allow', m.request_id
    FROM automatic m JOIN request r ON r.id = m.request_id JOIN history h ON h.request_id = m.request_id AND h.step = m.step
        JOIN fund_term t ON t.fund_id = m.fund_id AND t.version = m.version
    WHERE m.fund_id <> r.fund_id OR r.awarded > t.auto_up_to OR t.first_day > (h.at AT TIME ZONE 'Europe/London')::date
        OR EXISTS (SELECT FROM line l WHERE l.request_id = r.id AND (l.category = ANY (t.auto_categories)) IS NOT TRUE);
GRANT SELECT ON automatic_disagreement TO funding;
