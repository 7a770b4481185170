-- +goose Up

-- What the general fund's budgets began with, when promises from before there
-- were funds were carried into them, is a movement like any other. Nobody
-- proposed or confirmed it, and so it is nobody's.
--
-- +goose StatementBegin
DO $$
DECLARE
    b budget;
    nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    id uuid;
BEGIN
    ALTER TABLE proposal_answer DISABLE TRIGGER USER; -- the money is there already
    FOR b IN SELECT x.* FROM budget x JOIN disagreement d ON d.id = x.id
            WHERE d.what = 'what a budget was given is not the sum of its confirmed movements' LOOP
        id := gen_random_uuid();
        INSERT INTO proposal (id, fund_id, kind, reason, by_id, by_name, at)
            VALUES (id, b.fund_id, 'movement', 'Carried over: promised before there were funds.', nobody, 'Carried over', now());
        INSERT INTO movement (id, fund_id, to_budget, pence) VALUES (id, b.fund_id, b.id, b.allocated);
        INSERT INTO proposal_answer VALUES (id, true, nobody, 'Carried over', now(), '');
    END LOOP;
    ALTER TABLE proposal_answer ENABLE TRIGGER USER;
END $$;
-- +goose StatementEnd
