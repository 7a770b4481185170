-- +goose Up

-- Who sells what a request asks for. A supplier is every area's; which it is
-- local to is each area's to say.
CREATE TABLE supplier (
    id              uuid PRIMARY KEY,
    name            text NOT NULL CHECK (name <> ''),
    folded          text NOT NULL CHECK (folded <> ''), -- the name as names are compared
    postcode        text NOT NULL CHECK (postcode <> ''),
    company_number  text NOT NULL CHECK (company_number ~ '^([0-9]{8}|[A-Z]{2}[0-9]{6}|R[0-9]{7})?$'),
    charity_number  text NOT NULL CHECK (charity_number ~ '^([0-9]{6,7}|SC[0-9]{6}|NIC[0-9]{6})?$'),
    local_to        text[] NOT NULL,
    closed          boolean NOT NULL,
    changed_at      timestamptz NOT NULL,
    changed_by      uuid NOT NULL,
    changed_by_name text NOT NULL,
    version         bigint NOT NULL CHECK (version > 0),
    search          text NOT NULL GENERATED ALWAYS AS
                    (folded || ' ' || lower(replace(postcode, ' ', '')) || ' ' || lower(company_number) || ' ' || lower(charity_number)) STORED
);
CREATE UNIQUE INDEX supplier_company_number ON supplier (company_number) WHERE company_number <> '';
CREATE UNIQUE INDEX supplier_charity_number ON supplier (charity_number) WHERE charity_number <> '';
CREATE INDEX supplier_folded ON supplier USING gin (folded gin_trgm_ops);
CREATE INDEX supplier_search ON supplier USING gin (search gin_trgm_ops);
CREATE INDEX supplier_name ON supplier (folded, id);
GRANT SELECT, INSERT (id, name, folded, postcode, company_number, charity_number, local_to, closed, changed_at, changed_by, changed_by_name, version),
    UPDATE (name, folded, postcode, company_number, charity_number, local_to, closed, changed_at, changed_by, changed_by_name, version)
    ON supplier TO funding;

-- A bank account of a payee, as one person proposed it. What it is can be read
-- with the service's keys alone; print tells whether two are the same. What was
-- proposed never changes, and is answered once, by another person.
CREATE TABLE bank_details (
    id               uuid PRIMARY KEY,
    payee_kind       text NOT NULL CHECK (payee_kind IN ('supplier', 'person')),
    payee_id         uuid NOT NULL,
    state            text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'confirmed', 'refused', 'replaced')),
    sealed           bytea NOT NULL,
    print            bytea NOT NULL CHECK (octet_length(print) = 32),
    last_four        text NOT NULL CHECK (last_four ~ '^[0-9]{4}$'),
    alike            text NOT NULL, -- why another payee has the same account
    by_id            uuid NOT NULL,
    by_name          text NOT NULL,
    at               timestamptz NOT NULL,
    answered_by      uuid,
    answered_by_name text NOT NULL DEFAULT '',
    answered_at      timestamptz,
    words            text NOT NULL DEFAULT '',
    CONSTRAINT bank_details_answer CHECK ((state = 'proposed') = (answered_by IS NULL) AND (answered_by IS NULL) = (answered_at IS NULL)),
    CONSTRAINT bank_details_refusal CHECK ((state = 'refused') = (words <> '')),
    CONSTRAINT bank_details_confirmed_by_another CHECK (state NOT IN ('confirmed', 'replaced') OR answered_by <> by_id)
);
CREATE UNIQUE INDEX bank_details_waiting ON bank_details (payee_kind, payee_id) WHERE state = 'proposed';
CREATE UNIQUE INDEX bank_details_in_force ON bank_details (payee_kind, payee_id) WHERE state = 'confirmed';
CREATE INDEX bank_details_payee ON bank_details (payee_kind, payee_id, at DESC);
CREATE INDEX bank_details_print ON bank_details (print) WHERE state IN ('proposed', 'confirmed');
GRANT SELECT,
    INSERT (id, payee_kind, payee_id, sealed, print, last_four, alike, by_id, by_name, at),
    UPDATE (state, answered_by, answered_by_name, answered_at, words)
    ON bank_details TO funding;

-- Details go from proposed to an answer, and from confirmed to replaced, and
-- nowhere else, whoever asks; none is ever removed. Whose they are exists, and the
-- account of another payee is taken only with a reason: whoever proposes the same
-- account at the same moment waits here.
--
-- +goose StatementBegin
CREATE FUNCTION bank_details_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(encode(NEW.print, 'hex'), 0));
        IF NEW.alike = '' AND EXISTS (SELECT FROM bank_details d WHERE d.print = NEW.print AND d.state IN ('proposed', 'confirmed')
                AND (d.payee_kind, d.payee_id) <> (NEW.payee_kind, NEW.payee_id)) THEN
            RAISE EXCEPTION 'another payee has the same account'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_details_alike';
        END IF;
        IF NOT (CASE NEW.payee_kind WHEN 'supplier' THEN EXISTS (SELECT FROM supplier s WHERE s.id = NEW.payee_id)
                ELSE EXISTS (SELECT FROM allowance a WHERE a.jobseeker_id = NEW.payee_id) END) THEN
            RAISE EXCEPTION 'there is no such payee'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_details_of_payee';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR (OLD.state, NEW.state) NOT IN (('proposed', 'confirmed'), ('proposed', 'refused'), ('confirmed', 'replaced'))
        OR (NEW.id, NEW.payee_kind, NEW.payee_id, NEW.sealed, NEW.print, NEW.last_four, NEW.alike, NEW.by_id, NEW.by_name, NEW.at)
            IS DISTINCT FROM (OLD.id, OLD.payee_kind, OLD.payee_id, OLD.sealed, OLD.print, OLD.last_four, OLD.alike, OLD.by_id, OLD.by_name, OLD.at)
        OR OLD.answered_by IS DISTINCT FROM NEW.answered_by AND OLD.state <> 'proposed' THEN
        RAISE EXCEPTION 'bank details are answered once and never changed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_details_arrow';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER bank_details_step BEFORE INSERT OR UPDATE OR DELETE ON bank_details FOR EACH ROW EXECUTE FUNCTION bank_details_step();
CREATE TRIGGER append_only BEFORE TRUNCATE ON bank_details FOR EACH STATEMENT EXECUTE FUNCTION append_only();
