-- +goose Up

-- Where money comes from, such as a council's own programme or a grant.
CREATE TABLE fund (
    id        uuid PRIMARY KEY,
    code      text NOT NULL CONSTRAINT fund_code UNIQUE CHECK (code ~ '^[A-Z0-9-]{2,12}$'), -- as finance writes it
    name      text NOT NULL CONSTRAINT fund_name UNIQUE CHECK (name <> ''),
    first_day date NOT NULL,
    last_day  date CHECK (last_day >= first_day) -- null while no end is known
);
GRANT SELECT, INSERT, UPDATE (name, last_day) ON fund TO funding;

-- A fund's money for one area in one financial year, which is called by the
-- calendar year it begins in: 2026 is 1 April 2026 to 31 March 2027.
--
-- No total is typed in. allocated follows from the allocations, committed and
-- paid from the entries, by trigger: the serving login may write none of them.
-- A page has room for its row's next versions, since a busy budget is changed by
-- every decision.
CREATE TABLE budget (
    id        uuid PRIMARY KEY,
    fund_id   uuid NOT NULL REFERENCES fund,
    area      text NOT NULL CHECK (area <> ''),
    year      integer NOT NULL CHECK (year BETWEEN 2000 AND 2999),
    allocated bigint NOT NULL DEFAULT 0,
    committed bigint NOT NULL DEFAULT 0,
    paid      bigint NOT NULL DEFAULT 0,
    CONSTRAINT budget_once UNIQUE (fund_id, area, year),
    CONSTRAINT budget_within_allocation CHECK (committed >= 0 AND paid >= 0 AND committed + paid <= allocated)
) WITH (fillfactor = 50);
CREATE INDEX budget_area ON budget (area, year);
GRANT SELECT, INSERT (id, fund_id, area, year) ON budget TO funding;
