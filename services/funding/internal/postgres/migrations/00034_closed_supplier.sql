-- +goose Up

-- Nothing is planned for a supplier that is closed. Whoever closes one waits for
-- whoever is planning, and the other way round.
--
-- +goose StatementBegin
CREATE FUNCTION payment_supplier_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF (SELECT s.closed FROM supplier s WHERE s.id = NEW.supplier_id FOR SHARE) THEN
        RAISE EXCEPTION 'a payment to a supplier that is closed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_supplier_open';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_supplier_open BEFORE INSERT ON payment FOR EACH ROW
    WHEN (NEW.supplier_id IS NOT NULL) EXECUTE FUNCTION payment_supplier_open();
