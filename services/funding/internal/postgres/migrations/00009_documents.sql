-- +goose Up

-- A quote or a receipt of a request. What it says is in a file, which is kept
-- elsewhere under its key; here is what there is to know without opening it.
-- Nothing about it changes but its state: whether its file was looked through
-- for what harms, and whether it was taken away.
CREATE TABLE document (
    id            uuid PRIMARY KEY,
    request_id    uuid NOT NULL REFERENCES request,
    kind          text NOT NULL CHECK (kind IN ('quote', 'receipt')),
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    type          text NOT NULL CHECK (type IN ('application/pdf', 'image/jpeg', 'image/png', 'image/heic', 'image/webp')),
    size          bigint NOT NULL CONSTRAINT document_size CHECK (size BETWEEN 1 AND 10485760),
    sum           bytea NOT NULL CHECK (octet_length(sum) = 32), -- SHA-256 of the file
    key           text NOT NULL CONSTRAINT document_key UNIQUE CHECK (key ~ '^[0-9a-f]{32}$'),
    replaces      uuid CONSTRAINT document_replaced_once UNIQUE REFERENCES document,
    added_by      uuid NOT NULL,
    added_by_name text NOT NULL CHECK (added_by_name <> ''),
    added_at      timestamptz NOT NULL,
    state         text NOT NULL CHECK (state IN ('unscanned', 'quarantined', 'clean', 'refused', 'removed')),
    removed_by    uuid,
    CONSTRAINT document_removed_by_whoever_added CHECK (removed_by = added_by),
    CHECK ((state = 'removed') = (removed_by IS NOT NULL))
);
CREATE INDEX document_request ON document (request_id, added_at, id);
CREATE INDEX document_unscanned ON document (id) WHERE state IN ('unscanned', 'quarantined');
GRANT SELECT,
    INSERT (id, request_id, kind, name, type, size, sum, key, replaces, added_by, added_by_name, added_at, state),
    UPDATE (state, removed_by)
    ON document TO funding;

-- What a document proves of the request's lines: this much for that line. A line
-- may be edited away while a request is written, and so is not a foreign key.
CREATE TABLE document_item (
    document_id uuid NOT NULL REFERENCES document,
    line_id     uuid NOT NULL,
    pence       bigint NOT NULL CHECK (pence > 0),
    PRIMARY KEY (document_id, line_id)
);
CREATE INDEX document_item_line ON document_item (line_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON document_item
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON document_item TO funding;

-- At most twenty at a time for a request, however many add at once, which is why
-- the request is locked; quotes until it is decided, receipts once it is.
--
-- +goose StatementBegin
CREATE FUNCTION document_belongs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    stands text;
BEGIN
    SELECT state INTO stands FROM request WHERE id = NEW.request_id FOR NO KEY UPDATE;
    IF NEW.state NOT IN ('unscanned', 'quarantined') THEN
        RAISE EXCEPTION 'a document begins as one that nobody has looked through'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_begins';
    END IF;
    IF stands <> ALL (CASE NEW.kind
            WHEN 'quote' THEN ARRAY['draft', 'submitted', 'returned', 'declined', 'challenged']
            ELSE ARRAY['approved', 'paid'] END) THEN
        RAISE EXCEPTION 'the request takes no such document where it stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_in_time';
    END IF;
    IF (SELECT count(*) FROM document d WHERE d.request_id = NEW.request_id AND d.state NOT IN ('refused', 'removed')) >= 20 THEN
        RAISE EXCEPTION 'a request has twenty documents at most'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_count';
    END IF;
    IF NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT FROM document d
            WHERE d.id = NEW.replaces AND d.request_id = NEW.request_id AND d.kind = NEW.kind AND d.state <> 'removed') THEN
        RAISE EXCEPTION 'a document replaces one of its own request and kind'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_replaces';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER document_belongs BEFORE INSERT ON document FOR EACH ROW EXECUTE FUNCTION document_belongs();

-- What was looked through stays so, and what something was decided with stays.
--
-- +goose StatementBegin
CREATE FUNCTION document_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT (OLD.state IN ('unscanned', 'quarantined') AND NEW.state IN ('clean', 'refused')
            OR OLD.state <> 'removed' AND NEW.state = 'removed') THEN
        RAISE EXCEPTION 'a document does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_moves';
    END IF;
    IF NEW.state = 'removed' AND (EXISTS (SELECT FROM document d WHERE d.replaces = OLD.id)
            OR EXISTS (SELECT FROM history h WHERE h.request_id = OLD.request_id AND h.at > OLD.added_at
                AND (h.to_state IN ('approved', 'declined', 'returned') OR h.to_state = 'closed'))) THEN
        RAISE EXCEPTION 'something was decided with this document'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_decided_on';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER document_moves BEFORE UPDATE ON document FOR EACH ROW EXECUTE FUNCTION document_moves();

-- A document is about lines of its own request, and a receipt about at least one.
--
-- +goose StatementBegin
CREATE FUNCTION document_item_of_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM document d JOIN line l ON l.request_id = d.request_id
            WHERE d.id = NEW.document_id AND l.id = NEW.line_id) THEN
        RAISE EXCEPTION 'the line is not one of the request'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_item_of_request';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION document_itemised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'receipt' AND NOT EXISTS (SELECT FROM document_item i WHERE i.document_id = NEW.id) THEN
        RAISE EXCEPTION 'a receipt says what it is for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_itemised';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER document_item_of_request BEFORE INSERT ON document_item FOR EACH ROW EXECUTE FUNCTION document_item_of_request();
CREATE CONSTRAINT TRIGGER document_itemised AFTER INSERT ON document
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION document_itemised();
