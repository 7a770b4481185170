-- +goose Up

-- append_only refuses every change to rows that stand, even by the owner. A
-- table that is only ever added to says so with
--
--   CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
--       FOR EACH STATEMENT EXECUTE FUNCTION append_only();
--
-- +goose StatementBegin
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;
-- +goose StatementEnd
