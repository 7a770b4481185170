-- +goose Up

-- Reporting keeps two things: facts, as the other services told them, and totals
-- of them. What a fact adds to which total is said once, by the functions
-- contribution, offered and came. A batch of events is taken by asking what the
-- facts that it touches added before, changing them, asking again, and putting the
-- difference on the totals, so that every total is at all times the sum of what
-- all facts add, in whatever order and however often the events come.
--
-- Nobody types a figure in, and nothing here cannot be told again. So there are
-- no constraints that hold rules of money: those are funding's. What is refused
-- is what could not be added up.

-- FACTS. The newest version of each stands.

CREATE TABLE request (
    request_id      uuid PRIMARY KEY, -- of version 7, so their order is that in which they were begun
    version         bigint NOT NULL,
    reference       text NOT NULL,
    state           text NOT NULL,
    area            text NOT NULL,
    coach_id        uuid NOT NULL,
    fund_id         uuid NOT NULL,
    allowance_id    uuid NOT NULL,
    automatic       boolean NOT NULL,
    asked_pence     bigint NOT NULL,
    submitted_at    timestamptz,
    decided_at      timestamptz,

    -- Worked out from what else is known of it, by settle.
    course_id       uuid,             -- null until its allowance is known
    submitted_month date,             -- null until it was submitted
    decided_month   date,             -- null unless its last submission stands decided
    days            integer,          -- working days that took; null of what no person decided
    late            boolean NOT NULL DEFAULT false,
    commit_month    date,             -- of what was last promised
    committed_pence bigint NOT NULL DEFAULT 0
);
CREATE INDEX request_allowance ON request (allowance_id);
CREATE INDEX request_submitted ON request (area, submitted_month, request_id DESC) WHERE submitted_month IS NOT NULL;
CREATE INDEX request_decided ON request (area, decided_month, request_id DESC) WHERE decided_month IS NOT NULL;
CREATE INDEX request_late ON request (area, decided_month, request_id DESC) WHERE late;
CREATE INDEX request_committed ON request (area, commit_month, request_id DESC) WHERE committed_pence <> 0;
CREATE INDEX request_coach ON request (coach_id, request_id DESC);
CREATE INDEX request_course ON request (course_id, request_id DESC);
GRANT SELECT, INSERT, UPDATE ON request TO reporting;

CREATE TABLE request_line (
    request_id    uuid NOT NULL,
    number        integer NOT NULL,
    line_id       uuid NOT NULL,
    need_id       uuid NOT NULL,
    category      text NOT NULL,
    amount_pence  bigint NOT NULL CHECK (amount_pence >= 0),
    granted_pence bigint NOT NULL CHECK (granted_pence >= 0),
    PRIMARY KEY (request_id, number)
);
CREATE INDEX request_line_need ON request_line (need_id);
GRANT SELECT, INSERT, DELETE ON request_line TO reporting;

-- A line of the ledger, which never changes. The area is its request's, beside it
-- for the list of what is behind a figure.
CREATE TABLE entry (
    request_id  uuid NOT NULL,
    step        integer NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('hold', 'release', 'commit', 'uncommit', 'pay', 'recover')),
    pence       bigint NOT NULL CHECK (pence >= 0),
    month       date NOT NULL,
    area        text NOT NULL,
    budget_id   uuid,
    line_id     uuid,
    supplier_id uuid,
    local       boolean NOT NULL,
    PRIMARY KEY (request_id, step, kind)
);
CREATE INDEX entry_month ON entry (area, kind, month, request_id DESC);
CREATE INDEX entry_supplier ON entry (supplier_id, area, kind, month, request_id DESC) WHERE supplier_id IS NOT NULL;
GRANT SELECT, INSERT, UPDATE (area) ON entry TO reporting;

CREATE TABLE allowance (
    allowance_id uuid PRIMARY KEY,
    version      bigint NOT NULL,
    area         text NOT NULL,
    coach_id     uuid NOT NULL,
    course_id    uuid NOT NULL,
    cap_pence    bigint NOT NULL,
    opened_on    date NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON allowance TO reporting;

CREATE TABLE budget (
    budget_id       uuid PRIMARY KEY,
    version         bigint NOT NULL,
    fund_id         uuid NOT NULL,
    area            text NOT NULL,
    year            integer NOT NULL,
    allocated_pence bigint NOT NULL
);
CREATE INDEX budget_year ON budget (year, area);
GRANT SELECT, INSERT, UPDATE ON budget TO reporting;

CREATE TABLE terms (
    fund_id     uuid NOT NULL,
    version     integer NOT NULL,
    first_day   date NOT NULL,
    decide_days integer NOT NULL,
    PRIMARY KEY (fund_id, version)
);
GRANT SELECT, INSERT, UPDATE ON terms TO reporting;

CREATE TABLE question (
    question_id uuid PRIMARY KEY,
    request_id  uuid NOT NULL,
    asked_on    date NOT NULL,
    answered_on date -- null while it waits
);
CREATE INDEX question_request ON question (request_id);
GRANT SELECT, INSERT, UPDATE (answered_on) ON question TO reporting;

CREATE TABLE need (
    need_id  uuid PRIMARY KEY,
    version  bigint NOT NULL,
    category text NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON need TO reporting;

CREATE TABLE outcome (
    outcome_id       uuid PRIMARY KEY,
    version          bigint NOT NULL,
    area             text NOT NULL,
    kind             text NOT NULL,
    route            text NOT NULL,
    started_on       date NOT NULL,
    occupation_group text NOT NULL,
    struck           boolean NOT NULL,
    sustained        text NOT NULL,
    -- A check can be heard of before a newer version of all else, and the other way
    -- round: what is newest of each stands.
    sustained_version bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON outcome TO reporting;

-- What a check said of an outcome that was not heard of yet.
CREATE TABLE early_check (
    outcome_id uuid PRIMARY KEY,
    version    bigint NOT NULL,
    sustained  text NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON early_check TO reporting;

CREATE TABLE outcome_allowance (
    allowance_id uuid NOT NULL,
    outcome_id   uuid NOT NULL,
    PRIMARY KEY (allowance_id, outcome_id)
);
CREATE INDEX outcome_allowance_outcome ON outcome_allowance (outcome_id);
GRANT SELECT, INSERT, DELETE ON outcome_allowance TO reporting;

-- Bank holidays of England and Wales that are no Saturday or Sunday, filled by the
-- service from its calendar.
CREATE TABLE holiday (day date PRIMARY KEY);
GRANT SELECT, INSERT ON holiday TO reporting;

-- TOTALS

-- What requests add up to, by month and by financial year, for each key of each
-- cut: a cut of all of them ('all', with the key ''), or by category, need, coach,
-- course or supplier.
CREATE TABLE total (
    cut              text NOT NULL,
    area             text NOT NULL,
    fund_id          uuid NOT NULL,
    grain            text NOT NULL CHECK (grain IN ('month', 'year')),
    period           date NOT NULL, -- its first day
    key              text NOT NULL,
    requests         bigint NOT NULL,
    asked_pence      bigint NOT NULL,
    approved_pence   bigint NOT NULL,
    given_back_pence bigint NOT NULL,
    committed_pence  bigint NOT NULL,
    paid_pence       bigint NOT NULL,
    recovered_pence  bigint NOT NULL,
    released_pence   bigint NOT NULL,
    supplier_pence   bigint NOT NULL,
    local_pence      bigint NOT NULL,
    decided          bigint NOT NULL,
    approved         bigint NOT NULL,
    declined         bigint NOT NULL,
    automatic        bigint NOT NULL,
    timed            bigint NOT NULL,
    days             bigint NOT NULL,
    late             bigint NOT NULL,
    took0           bigint NOT NULL,
    took1           bigint NOT NULL,
    took2           bigint NOT NULL,
    took5           bigint NOT NULL,
    took10          bigint NOT NULL,
    took20          bigint NOT NULL,
    equity_timed     bigint NOT NULL, -- of those approved or declined alone
    equity_days      bigint NOT NULL,
    PRIMARY KEY (cut, area, grain, period, fund_id, key)
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE ON total TO reporting;

-- What allowances add up to: those opened on a day and in a month, and what was
-- approved and saved, in the month in which something first was.
CREATE TABLE offer_total (
    cut                 text NOT NULL, -- all, coach or course
    area                text NOT NULL,
    grain               text NOT NULL CHECK (grain IN ('day', 'month')),
    period              date NOT NULL,
    key                 text NOT NULL,
    opened              bigint NOT NULL,
    unasked             bigint NOT NULL,
    unasked_cap_pence   bigint NOT NULL,
    allowances          bigint NOT NULL,
    cap_pence           bigint NOT NULL,
    approved_pence      bigint NOT NULL,
    settled             bigint NOT NULL,
    settled_cap_pence   bigint NOT NULL,
    settled_spent_pence bigint NOT NULL,
    instead             bigint NOT NULL,
    instead_started     bigint NOT NULL,
    instead_sustained   bigint NOT NULL,
    course              bigint NOT NULL,
    course_started      bigint NOT NULL,
    course_sustained    bigint NOT NULL,
    PRIMARY KEY (cut, area, grain, period, key)
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE ON offer_total TO reporting;

-- What outcomes add up to, by the day on which they began: a proxy's value may
-- change on any.
CREATE TABLE outcome_total (
    area             text NOT NULL,
    day              date NOT NULL,
    kind             text NOT NULL,
    route            text NOT NULL,
    occupation       text NOT NULL,
    starts           bigint NOT NULL,
    sustained        bigint NOT NULL,
    not_sustained    bigint NOT NULL,
    open             bigint NOT NULL,
    not_counted      bigint NOT NULL,
    training         bigint NOT NULL,
    cost_pence       bigint NOT NULL,
    costed_starts    bigint NOT NULL,
    costed_sustained bigint NOT NULL,
    PRIMARY KEY (area, day, kind, route, occupation)
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE ON outcome_total TO reporting;

-- What a budget has promised and not paid, and what left it. An entry may be heard
-- of before the budget is.
CREATE TABLE budget_total (
    budget_id       uuid PRIMARY KEY,
    committed_pence bigint NOT NULL,
    spent_pence     bigint NOT NULL
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE ON budget_total TO reporting;

-- How far reporting has got.
CREATE TABLE progress (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    as_at timestamptz
);
INSERT INTO progress DEFAULT VALUES;
GRANT SELECT, UPDATE ON progress TO reporting;

-- WHAT ADDS TO WHAT

-- The month in London, and the financial year that a month is in, each by its
-- first day.
CREATE FUNCTION month_of(at timestamptz) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
    RETURN date_trunc('month', at AT TIME ZONE 'Europe/London')::date;
CREATE FUNCTION year_of(month date) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN make_date(extract(year FROM month - interval '3 months')::integer, 4, 1);

-- The working days after one day up to another, without those on which a question
-- waited: from the day after it was asked to that of its answer.
-- +goose StatementBegin
CREATE FUNCTION took(id uuid, sent date, decided date) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer FROM generate_series(sent + 1, decided, interval '1 day') d
    WHERE extract(isodow FROM d) < 6 AND d::date NOT IN (SELECT day FROM holiday)
        AND NOT EXISTS (SELECT FROM question q WHERE q.request_id = id AND d::date > q.asked_on AND d::date <= coalesce(q.answered_on, decided))
$$;
-- +goose StatementEnd

-- What is worked out of requests from what is known beside them.
-- +goose StatementBegin
CREATE FUNCTION settle(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    UPDATE request r SET course_id = w.course_id, submitted_month = month_of(r.submitted_at), decided_month = w.decided_month,
        days = w.days, late = coalesce(w.days > w.decide_days, false), commit_month = w.commit_month, committed_pence = w.committed_pence
    FROM (
        SELECT r.request_id, a.course_id, month_of(d.at) AS decided_month, d.days, e.commit_month, e.committed_pence, (
            SELECT t.decide_days FROM terms t WHERE t.fund_id = r.fund_id AND t.first_day <= (r.submitted_at AT TIME ZONE 'Europe/London')::date
            ORDER BY t.first_day DESC, t.version DESC LIMIT 1) AS decide_days
        FROM request r
        LEFT JOIN allowance a ON a.allowance_id = r.allowance_id
        CROSS JOIN LATERAL (
            SELECT decided AS at, CASE WHEN NOT r.automatic THEN took(r.request_id, (r.submitted_at AT TIME ZONE 'Europe/London')::date, (decided AT TIME ZONE 'Europe/London')::date) END AS days
            FROM (SELECT CASE WHEN r.decided_at >= r.submitted_at AND r.state NOT IN ('submitted', 'withdrawn') THEN r.decided_at END AS decided) x) d
        CROSS JOIN LATERAL (
            SELECT max(month) FILTER (WHERE kind = 'commit') AS commit_month,
                coalesce(sum(CASE kind WHEN 'commit' THEN pence WHEN 'uncommit' THEN -pence WHEN 'pay' THEN -pence ELSE 0 END), 0) AS committed_pence
            FROM entry e WHERE e.request_id = r.request_id) e
        WHERE r.request_id = ANY (ids)) w
    WHERE r.request_id = w.request_id;
    UPDATE entry e SET area = r.area FROM request r WHERE r.request_id = ANY (ids) AND e.request_id = r.request_id AND e.area <> r.area;
$$;
-- +goose StatementEnd

-- What requests add to totals.
-- +goose StatementBegin
CREATE FUNCTION contribution(ids uuid[]) RETURNS SETOF total LANGUAGE sql STABLE AS $$
    WITH r AS MATERIALIZED (
        SELECT * FROM request WHERE request_id = ANY (ids)
    ), weighed AS (
        SELECT l.request_id, l.number, l.line_id, l.category, coalesce(n.category, '') AS need,
            CASE WHEN sum(l.granted_pence) OVER w > 0 THEN l.granted_pence WHEN sum(l.amount_pence) OVER w > 0 THEN l.amount_pence ELSE 1 END::numeric AS weight
        FROM request_line l LEFT JOIN need n ON n.need_id = l.need_id
        WHERE l.request_id = ANY (ids) WINDOW w AS (PARTITION BY l.request_id)
    ), piece AS MATERIALIZED (
        SELECT *, sum(weight) OVER (PARTITION BY request_id ORDER BY number) AS upto, sum(weight) OVER (PARTITION BY request_id) AS whole FROM weighed
    ), moved AS (
        SELECT request_id, kind, month, pence, line_id, supplier_id, local FROM entry
        WHERE request_id = ANY (ids) AND kind <> 'hold'
        UNION ALL SELECT request_id, 'ask', submitted_month, asked_pence, NULL, NULL, false FROM r WHERE submitted_month IS NOT NULL AND asked_pence <> 0
        UNION ALL SELECT request_id, 'owe', commit_month, committed_pence, NULL, NULL, false FROM r WHERE commit_month IS NOT NULL AND committed_pence <> 0
    ), spread AS (
        SELECT m.request_id, m.kind, m.month, m.supplier_id, m.local, coalesce(p.category, '') AS category, coalesce(p.need, '') AS need,
            CASE WHEN p.request_id IS NULL OR m.line_id IS NOT NULL THEN m.pence
                ELSE (ceil(m.pence * p.upto / p.whole) - ceil(m.pence * (p.upto - p.weight) / p.whole))::bigint END AS pence
        FROM moved m LEFT JOIN piece p ON p.request_id = m.request_id AND (m.line_id IS NULL OR p.line_id = m.line_id)
    ), money AS (
        SELECT s.request_id, s.category, s.need, s.supplier_id, s.month,
            CASE WHEN kind = 'ask' THEN pence ELSE 0 END AS asked,
            CASE WHEN kind = 'commit' THEN pence ELSE 0 END AS approved,
            CASE WHEN kind = 'uncommit' THEN pence ELSE 0 END AS given_back,
            CASE WHEN kind = 'owe' THEN pence ELSE 0 END AS committed,
            CASE WHEN kind = 'pay' THEN pence ELSE 0 END AS paid,
            CASE WHEN kind = 'recover' THEN pence ELSE 0 END AS recovered,
            CASE WHEN kind = 'release' THEN pence ELSE 0 END AS released,
            CASE WHEN supplier_id IS NULL THEN 0 WHEN kind = 'pay' THEN pence WHEN kind = 'recover' THEN -pence ELSE 0 END AS supplier,
            CASE WHEN NOT local THEN 0 WHEN kind = 'pay' THEN pence WHEN kind = 'recover' THEN -pence ELSE 0 END AS local
        FROM spread s
    ), cuts AS (
        SELECT r.area, r.fund_id, m.month, c.cut, c.key, m.asked, m.approved, m.given_back, m.committed, m.paid, m.recovered, m.released, m.supplier, m.local
        FROM money m JOIN r ON r.request_id = m.request_id
        CROSS JOIN LATERAL (VALUES ('all', ''), ('coach', r.coach_id::text), ('course', coalesce(r.course_id::text, '')),
            ('category', m.category), ('need', m.need), ('supplier', coalesce(m.supplier_id::text, ''))) c (cut, key)
        WHERE c.cut <> 'supplier' OR m.paid <> 0 OR m.recovered <> 0
    ), met AS (
        SELECT r.*, c.cut, c.key,
            r.state = 'declined' OR r.state = 'challenged' AS no, r.state NOT IN ('declined', 'challenged', 'returned') AS yes
        FROM r CROSS JOIN LATERAL (
            VALUES ('all', ''), ('coach', r.coach_id::text), ('course', coalesce(r.course_id::text, ''))
            UNION SELECT 'category', category FROM piece p WHERE p.request_id = r.request_id
            UNION SELECT 'need', need FROM piece p WHERE p.request_id = r.request_id) c (cut, key)
        WHERE r.submitted_month IS NOT NULL
    ), added AS (
        SELECT cut, area, fund_id, month, key, 0 AS requests, asked, approved AS approved_pence, given_back, committed, paid, recovered, released, supplier, local,
            0 AS decided, 0 AS approved, 0 AS declined, 0 AS automatic, 0 AS timed, 0 AS days, 0 AS late, 0 AS t0, 0 AS t1, 0 AS t2, 0 AS t5, 0 AS t10, 0 AS t20, 0 AS et, 0 AS ed
        FROM cuts
        UNION ALL
        SELECT cut, area, fund_id, submitted_month, key, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM met
        UNION ALL
        SELECT cut, area, fund_id, decided_month, key, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            1, yes::integer, no::integer, automatic::integer, (days IS NOT NULL)::integer, coalesce(days, 0), late::integer,
            coalesce(days = 0, false)::integer, coalesce(days = 1, false)::integer, coalesce(days = 2, false)::integer,
            coalesce(days BETWEEN 3 AND 5, false)::integer, coalesce(days BETWEEN 6 AND 10, false)::integer, coalesce(days BETWEEN 11 AND 20, false)::integer,
            (days IS NOT NULL AND (yes OR no))::integer, CASE WHEN yes OR no THEN coalesce(days, 0) ELSE 0 END
        FROM met WHERE decided_month IS NOT NULL
    )
    SELECT cut, area, fund_id, grain, period, key, sum(requests)::bigint, sum(asked)::bigint, sum(approved_pence)::bigint, sum(given_back)::bigint,
        sum(committed)::bigint, sum(paid)::bigint, sum(recovered)::bigint, sum(released)::bigint, sum(supplier)::bigint, sum(local)::bigint,
        sum(decided)::bigint, sum(approved)::bigint, sum(declined)::bigint, sum(automatic)::bigint, sum(timed)::bigint, sum(days)::bigint, sum(late)::bigint,
        sum(t0)::bigint, sum(t1)::bigint, sum(t2)::bigint, sum(t5)::bigint, sum(t10)::bigint, sum(t20)::bigint, sum(et)::bigint, sum(ed)::bigint
    FROM added CROSS JOIN LATERAL (VALUES ('month', month), ('year', year_of(month))) g (grain, period)
    GROUP BY cut, area, fund_id, grain, period, key
$$;
-- +goose StatementEnd

-- What was spent against allowances.
-- +goose StatementBegin
CREATE FUNCTION spent_on(ids uuid[]) RETURNS TABLE (
    allowance_id uuid, asked boolean, waits boolean, first_month date, approved bigint, committed bigint, spent bigint
) LANGUAGE sql STABLE AS $$
    SELECT r.allowance_id, bool_or(r.submitted_month IS NOT NULL), bool_or(r.state IN ('submitted', 'returned', 'challenged')),
        min(e.first_month), sum(e.approved)::bigint, sum(r.committed_pence)::bigint, sum(e.spent)::bigint
    FROM request r CROSS JOIN LATERAL (
        SELECT min(month) FILTER (WHERE kind = 'commit') AS first_month,
            coalesce(sum(CASE kind WHEN 'commit' THEN pence WHEN 'uncommit' THEN -pence END), 0) AS approved,
            coalesce(sum(CASE kind WHEN 'pay' THEN pence WHEN 'recover' THEN -pence END), 0) AS spent
        FROM entry e WHERE e.request_id = r.request_id) e
    WHERE r.allowance_id = ANY (ids) GROUP BY r.allowance_id
$$;
-- +goose StatementEnd

-- What allowances add to totals.
-- +goose StatementBegin
CREATE FUNCTION offered(ids uuid[]) RETURNS SETOF offer_total LANGUAGE sql STABLE AS $$
    WITH a AS (
        SELECT a.*, coalesce(s.asked, false) AS asked, s.first_month, coalesce(s.approved, 0) AS approved, coalesce(s.spent, 0) AS spent,
            coalesce(s.approved, 0) > 0 AS counts, coalesce(s.approved, 0) > 0 AND NOT s.waits AND s.committed = 0 AS settled,
            coalesce(s.spent, 0) > 0 AND NOT o.went AS instead, coalesce(s.spent, 0) <= 0 AND o.went AS went, o.started, o.sustained
        FROM allowance a LEFT JOIN spent_on(ids) s ON s.allowance_id = a.allowance_id
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(route = 'course'), false) AS went, coalesce(bool_or(kind <> 'training'), false) AS started,
                coalesce(bool_or(kind <> 'training' AND sustained = 'sustained'), false) AS sustained
            FROM outcome_allowance b JOIN outcome o ON o.outcome_id = b.outcome_id AND NOT o.struck WHERE b.allowance_id = a.allowance_id) o
        WHERE a.allowance_id = ANY (ids)
    ), added AS (
        SELECT a.*, g.grain, g.period, g.opened, g.saved FROM a CROSS JOIN LATERAL (VALUES
            ('day', opened_on, 1, 0), ('month', date_trunc('month', opened_on)::date, 1, 0), ('month', first_month, 0, 1)) g (grain, period, opened, saved)
        WHERE g.opened = 1 OR a.counts
    )
    SELECT cut, area, grain, period, key, sum(opened)::bigint, sum(opened * (NOT asked)::integer)::bigint, sum(opened * (NOT asked)::integer * cap_pence)::bigint,
        sum(saved)::bigint, sum(saved * cap_pence)::bigint, sum(saved * approved)::bigint,
        sum(saved * settled::integer)::bigint, sum(saved * settled::integer * cap_pence)::bigint, sum(saved * settled::integer * spent)::bigint,
        sum(opened * instead::integer)::bigint, sum(opened * (instead AND started)::integer)::bigint, sum(opened * (instead AND sustained)::integer)::bigint,
        sum(opened * went::integer)::bigint, sum(opened * (went AND started)::integer)::bigint, sum(opened * (went AND sustained)::integer)::bigint
    FROM added CROSS JOIN LATERAL (VALUES ('all', ''), ('coach', coach_id::text), ('course', course_id::text)) c (cut, key)
    GROUP BY cut, area, grain, period, key
$$;
-- +goose StatementEnd

-- What outcomes add to totals. What an allowance cost is the earliest start's that
-- names it, so that it counts once.
-- +goose StatementBegin
CREATE FUNCTION came(ids uuid[]) RETURNS SETOF outcome_total LANGUAGE sql STABLE AS $$
    WITH o AS (
        SELECT *, kind <> 'training' AS start FROM outcome WHERE outcome_id = ANY (ids) AND NOT struck
    ), named AS MATERIALIZED (
        SELECT o.outcome_id, b.allowance_id, (
                SELECT p.outcome_id FROM outcome_allowance c JOIN outcome p ON p.outcome_id = c.outcome_id
                WHERE c.allowance_id = b.allowance_id AND NOT p.struck AND p.kind <> 'training' AND p.route = 'instead'
                ORDER BY p.started_on, p.outcome_id LIMIT 1) = o.outcome_id AS first
        FROM o JOIN outcome_allowance b ON b.outcome_id = o.outcome_id WHERE o.start AND o.route = 'instead'
    ), cost AS (
        SELECT n.outcome_id, coalesce(sum(s.spent) FILTER (WHERE n.first), 0)::bigint AS pence
        FROM named n LEFT JOIN spent_on((SELECT array_agg(allowance_id) FROM named)) s ON s.allowance_id = n.allowance_id
        GROUP BY n.outcome_id
    )
    SELECT area, started_on, kind, route, occupation_group, sum(start::integer)::bigint,
        sum((start AND sustained = 'sustained')::integer)::bigint, sum((start AND sustained = 'not-sustained')::integer)::bigint,
        sum((start AND sustained = 'open')::integer)::bigint, sum((start AND sustained = 'not-counted')::integer)::bigint, sum((NOT start)::integer)::bigint,
        coalesce(sum(c.pence), 0)::bigint, count(c.outcome_id), count(c.outcome_id) FILTER (WHERE sustained = 'sustained')
    FROM o LEFT JOIN cost c ON c.outcome_id = o.outcome_id
    GROUP BY area, started_on, kind, route, occupation_group
$$;
-- +goose StatementEnd

-- COUNTING

-- Each puts on the totals what these facts add now, less what they added before.
-- +goose StatementBegin
CREATE FUNCTION add_requests(before total[], ids uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO total AS t (cut, area, fund_id, grain, period, key, requests, asked_pence, approved_pence, given_back_pence, committed_pence, paid_pence, recovered_pence, released_pence, supplier_pence, local_pence, decided, approved, declined, automatic, timed, days, late, took0, took1, took2, took5, took10, took20, equity_timed, equity_days)
    SELECT cut, area, fund_id, grain, period, key,
            sum(sign * requests)::bigint, sum(sign * asked_pence)::bigint, sum(sign * approved_pence)::bigint, sum(sign * given_back_pence)::bigint,
            sum(sign * committed_pence)::bigint, sum(sign * paid_pence)::bigint, sum(sign * recovered_pence)::bigint, sum(sign * released_pence)::bigint,
            sum(sign * supplier_pence)::bigint, sum(sign * local_pence)::bigint, sum(sign * decided)::bigint, sum(sign * approved)::bigint,
            sum(sign * declined)::bigint, sum(sign * automatic)::bigint, sum(sign * timed)::bigint, sum(sign * days)::bigint,
            sum(sign * late)::bigint, sum(sign * took0)::bigint, sum(sign * took1)::bigint, sum(sign * took2)::bigint,
            sum(sign * took5)::bigint, sum(sign * took10)::bigint, sum(sign * took20)::bigint, sum(sign * equity_timed)::bigint,
            sum(sign * equity_days)::bigint
    FROM (SELECT -1 AS sign, * FROM unnest(before) UNION ALL SELECT 1, * FROM contribution(ids)) added
    GROUP BY cut, area, fund_id, grain, period, key
    HAVING (sum(sign * requests), sum(sign * asked_pence), sum(sign * approved_pence), sum(sign * given_back_pence), sum(sign * committed_pence), sum(sign * paid_pence), sum(sign * recovered_pence), sum(sign * released_pence), sum(sign * supplier_pence), sum(sign * local_pence), sum(sign * decided), sum(sign * approved), sum(sign * declined), sum(sign * automatic), sum(sign * timed), sum(sign * days), sum(sign * late), sum(sign * took0), sum(sign * took1), sum(sign * took2), sum(sign * took5), sum(sign * took10), sum(sign * took20), sum(sign * equity_timed), sum(sign * equity_days)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ORDER BY cut, area, fund_id, grain, period, key
    ON CONFLICT (cut, area, fund_id, grain, period, key) DO UPDATE SET
        requests = t.requests + excluded.requests, asked_pence = t.asked_pence + excluded.asked_pence,
        approved_pence = t.approved_pence + excluded.approved_pence, given_back_pence = t.given_back_pence + excluded.given_back_pence,
        committed_pence = t.committed_pence + excluded.committed_pence, paid_pence = t.paid_pence + excluded.paid_pence,
        recovered_pence = t.recovered_pence + excluded.recovered_pence, released_pence = t.released_pence + excluded.released_pence,
        supplier_pence = t.supplier_pence + excluded.supplier_pence, local_pence = t.local_pence + excluded.local_pence,
        decided = t.decided + excluded.decided, approved = t.approved + excluded.approved,
        declined = t.declined + excluded.declined, automatic = t.automatic + excluded.automatic,
        timed = t.timed + excluded.timed, days = t.days + excluded.days,
        late = t.late + excluded.late, took0 = t.took0 + excluded.took0,
        took1 = t.took1 + excluded.took1, took2 = t.took2 + excluded.took2,
        took5 = t.took5 + excluded.took5, took10 = t.took10 + excluded.took10,
        took20 = t.took20 + excluded.took20, equity_timed = t.equity_timed + excluded.equity_timed,
        equity_days = t.equity_days + excluded.equity_days
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION add_offers(before offer_total[], ids uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO offer_total AS t (cut, area, grain, period, key, opened, unasked, unasked_cap_pence, allowances, cap_pence, approved_pence, settled, settled_cap_pence, settled_spent_pence, instead, instead_started, instead_sustained, course, course_started, course_sustained)
    SELECT cut, area, grain, period, key,
            sum(sign * opened)::bigint, sum(sign * unasked)::bigint, sum(sign * unasked_cap_pence)::bigint, sum(sign * allowances)::bigint,
            sum(sign * cap_pence)::bigint, sum(sign * approved_pence)::bigint, sum(sign * settled)::bigint, sum(sign * settled_cap_pence)::bigint,
            sum(sign * settled_spent_pence)::bigint, sum(sign * instead)::bigint, sum(sign * instead_started)::bigint, sum(sign * instead_sustained)::bigint,
            sum(sign * course)::bigint, sum(sign * course_started)::bigint, sum(sign * course_sustained)::bigint
    FROM (SELECT -1 AS sign, * FROM unnest(before) UNION ALL SELECT 1, * FROM offered(ids)) added
    GROUP BY cut, area, grain, period, key
    HAVING (sum(sign * opened), sum(sign * unasked), sum(sign * unasked_cap_pence), sum(sign * allowances), sum(sign * cap_pence), sum(sign * approved_pence), sum(sign * settled), sum(sign * settled_cap_pence), sum(sign * settled_spent_pence), sum(sign * instead), sum(sign * instead_started), sum(sign * instead_sustained), sum(sign * course), sum(sign * course_started), sum(sign * course_sustained)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ORDER BY cut, area, grain, period, key
    ON CONFLICT (cut, area, grain, period, key) DO UPDATE SET
        opened = t.opened + excluded.opened, unasked = t.unasked + excluded.unasked,
        unasked_cap_pence = t.unasked_cap_pence + excluded.unasked_cap_pence, allowances = t.allowances + excluded.allowances,
        cap_pence = t.cap_pence + excluded.cap_pence, approved_pence = t.approved_pence + excluded.approved_pence,
        settled = t.settled + excluded.settled, settled_cap_pence = t.settled_cap_pence + excluded.settled_cap_pence,
        settled_spent_pence = t.settled_spent_pence + excluded.settled_spent_pence, instead = t.instead + excluded.instead,
        instead_started = t.instead_started + excluded.instead_started, instead_sustained = t.instead_sustained + excluded.instead_sustained,
        course = t.course + excluded.course, course_started = t.course_started + excluded.course_started,
        course_sustained = t.course_sustained + excluded.course_sustained
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION add_outcomes(before outcome_total[], ids uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outcome_total AS t (area, day, kind, route, occupation, starts, sustained, not_sustained, open, not_counted, training, cost_pence, costed_starts, costed_sustained)
    SELECT area, day, kind, route, occupation,
            sum(sign * starts)::bigint, sum(sign * sustained)::bigint, sum(sign * not_sustained)::bigint, sum(sign * open)::bigint,
            sum(sign * not_counted)::bigint, sum(sign * training)::bigint, sum(sign * cost_pence)::bigint, sum(sign * costed_starts)::bigint,
            sum(sign * costed_sustained)::bigint
    FROM (SELECT -1 AS sign, * FROM unnest(before) UNION ALL SELECT 1, * FROM came(ids)) added
    GROUP BY area, day, kind, route, occupation
    HAVING (sum(sign * starts), sum(sign * sustained), sum(sign * not_sustained), sum(sign * open), sum(sign * not_counted), sum(sign * training), sum(sign * cost_pence), sum(sign * costed_starts), sum(sign * costed_sustained)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)
    ORDER BY area, day, kind, route, occupation
    ON CONFLICT (area, day, kind, route, occupation) DO UPDATE SET
        starts = t.starts + excluded.starts, sustained = t.sustained + excluded.sustained,
        not_sustained = t.not_sustained + excluded.not_sustained, open = t.open + excluded.open,
        not_counted = t.not_counted + excluded.not_counted, training = t.training + excluded.training,
        cost_pence = t.cost_pence + excluded.cost_pence, costed_starts = t.costed_starts + excluded.costed_starts,
        costed_sustained = t.costed_sustained + excluded.costed_sustained
$$;
-- +goose StatementEnd

-- Facts takes what was told into the facts, and no more. An entry that is new goes
-- onto its budget's total.
-- +goose StatementBegin
CREATE FUNCTION facts(told jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    newer uuid[];
BEGIN
    WITH put AS (
        INSERT INTO request AS r (request_id, version, reference, state, area, coach_id, fund_id, allowance_id, automatic, asked_pence, submitted_at, decided_at)
        SELECT request_id, version, reference, state, area, coach_id, fund_id, allowance_id, automatic, asked_pence, submitted_at, decided_at
        FROM jsonb_populate_recordset(null::request, told->'requests')
        ON CONFLICT (request_id) DO UPDATE SET version = excluded.version, reference = excluded.reference, state = excluded.state, area = excluded.area,
            coach_id = excluded.coach_id, fund_id = excluded.fund_id, allowance_id = excluded.allowance_id, automatic = excluded.automatic,
            asked_pence = excluded.asked_pence, submitted_at = excluded.submitted_at, decided_at = excluded.decided_at
        WHERE r.version < excluded.version
        RETURNING request_id
    ) SELECT array_agg(request_id) INTO newer FROM put;
    DELETE FROM request_line WHERE request_id = ANY (newer);
    INSERT INTO request_line SELECT * FROM jsonb_populate_recordset(null::request_line, told->'lines') WHERE request_id = ANY (newer);
    WITH put AS (
        INSERT INTO entry SELECT * FROM jsonb_populate_recordset(null::entry, told->'entries') ON CONFLICT DO NOTHING
        RETURNING budget_id, kind, pence
    )
    INSERT INTO budget_total AS t
    SELECT budget_id, sum(CASE kind WHEN 'commit' THEN pence WHEN 'uncommit' THEN -pence WHEN 'pay' THEN -pence ELSE 0 END)::bigint,
        sum(CASE kind WHEN 'pay' THEN pence WHEN 'recover' THEN -pence ELSE 0 END)::bigint
    FROM put WHERE budget_id IS NOT NULL GROUP BY budget_id ORDER BY budget_id
    ON CONFLICT (budget_id) DO UPDATE SET committed_pence = t.committed_pence + excluded.committed_pence, spent_pence = t.spent_pence + excluded.spent_pence;

    INSERT INTO allowance AS a SELECT * FROM jsonb_populate_recordset(null::allowance, told->'allowances')
    ON CONFLICT (allowance_id) DO UPDATE SET version = excluded.version, area = excluded.area, coach_id = excluded.coach_id,
        course_id = excluded.course_id, cap_pence = excluded.cap_pence, opened_on = excluded.opened_on
    WHERE a.version < excluded.version;
    INSERT INTO budget AS b SELECT * FROM jsonb_populate_recordset(null::budget, told->'budgets')
    ON CONFLICT (budget_id) DO UPDATE SET version = excluded.version, fund_id = excluded.fund_id, area = excluded.area,
        year = excluded.year, allocated_pence = excluded.allocated_pence
    WHERE b.version < excluded.version;
    INSERT INTO terms SELECT * FROM jsonb_populate_recordset(null::terms, told->'terms') ON CONFLICT DO NOTHING;
    INSERT INTO question AS q SELECT * FROM jsonb_populate_recordset(null::question, told->'questions')
    ON CONFLICT (question_id) DO UPDATE SET answered_on = excluded.answered_on
    WHERE q.answered_on IS NULL AND excluded.answered_on IS NOT NULL;
    INSERT INTO need AS n SELECT * FROM jsonb_populate_recordset(null::need, told->'needs')
    ON CONFLICT (need_id) DO UPDATE SET version = excluded.version, category = excluded.category WHERE n.version < excluded.version;

    WITH put AS (
        INSERT INTO outcome AS o SELECT * FROM jsonb_populate_recordset(null::outcome, told->'outcomes')
        ON CONFLICT (outcome_id) DO UPDATE SET version = excluded.version, area = excluded.area, kind = excluded.kind, route = excluded.route,
            started_on = excluded.started_on, occupation_group = excluded.occupation_group, struck = excluded.struck,
            sustained = CASE WHEN o.sustained_version < excluded.version THEN excluded.sustained ELSE o.sustained END,
            sustained_version = greatest(o.sustained_version, excluded.version)
        WHERE o.version < excluded.version
        RETURNING outcome_id
    ) SELECT array_agg(outcome_id) INTO newer FROM put;
    DELETE FROM outcome_allowance WHERE outcome_id = ANY (newer);
    INSERT INTO outcome_allowance SELECT allowance_id, outcome_id
    FROM jsonb_populate_recordset(null::outcome_allowance, told->'outcome_allowances') WHERE outcome_id = ANY (newer);
    INSERT INTO early_check AS c SELECT * FROM jsonb_populate_recordset(null::early_check, told->'checks')
    ON CONFLICT (outcome_id) DO UPDATE SET version = excluded.version, sustained = excluded.sustained WHERE c.version < excluded.version;
    WITH heard AS (
        DELETE FROM early_check c USING outcome o WHERE o.outcome_id = c.outcome_id AND (
            c.outcome_id = ANY (newer) OR c.outcome_id IN (SELECT x.outcome_id FROM jsonb_populate_recordset(null::early_check, told->'checks') x))
        RETURNING c.outcome_id, c.version, c.sustained
    )
    UPDATE outcome o SET sustained = h.sustained, sustained_version = h.version
    FROM heard h WHERE h.outcome_id = o.outcome_id AND o.sustained_version < h.version;

    UPDATE progress SET as_at = greatest(as_at, (told->>'at')::timestamptz);
END $$;
-- +goose StatementEnd

-- Take takes what was told into the facts and the totals. One batch is taken at a
-- time, so that no two count from the same facts.
-- +goose StatementBegin
CREATE FUNCTION take(told jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r_ids uuid[]; a_ids uuid[]; o_ids uuid[];
    r_before total[]; a_before offer_total[]; o_before outcome_total[];
BEGIN
    PERFORM FROM progress FOR UPDATE;
    -- Whatever is known already touches nothing: all can be told again at any time.
    r_ids := ARRAY(
        SELECT x.request_id FROM jsonb_populate_recordset(null::request, told->'requests') x
        WHERE NOT EXISTS (SELECT FROM request r WHERE r.request_id = x.request_id AND r.version >= x.version)
        UNION SELECT x.request_id FROM jsonb_populate_recordset(null::entry, told->'entries') x
        WHERE NOT EXISTS (SELECT FROM entry e WHERE (e.request_id, e.step, e.kind) = (x.request_id, x.step, x.kind))
        UNION SELECT x.request_id FROM jsonb_populate_recordset(null::question, told->'questions') x
        WHERE NOT EXISTS (SELECT FROM question q WHERE q.question_id = x.question_id AND (q.answered_on IS NOT NULL OR x.answered_on IS NULL))
        UNION SELECT l.request_id FROM jsonb_populate_recordset(null::need, told->'needs') x JOIN request_line l ON l.need_id = x.need_id
        WHERE NOT EXISTS (SELECT FROM need n WHERE n.need_id = x.need_id AND (n.version >= x.version OR n.category = x.category))
        UNION SELECT r.request_id FROM jsonb_populate_recordset(null::allowance, told->'allowances') x JOIN request r ON r.allowance_id = x.allowance_id
        WHERE r.course_id IS DISTINCT FROM x.course_id
        UNION SELECT r.request_id FROM jsonb_populate_recordset(null::terms, told->'terms') x JOIN request r ON r.fund_id = x.fund_id
        WHERE r.decided_month IS NOT NULL AND (r.submitted_at AT TIME ZONE 'Europe/London')::date >= x.first_day
            AND NOT EXISTS (SELECT FROM terms t WHERE (t.fund_id, t.version) = (x.fund_id, x.version)));
    o_ids := ARRAY(
        SELECT x.outcome_id FROM jsonb_populate_recordset(null::outcome, told->'outcomes') x
        WHERE NOT EXISTS (SELECT FROM outcome o WHERE o.outcome_id = x.outcome_id AND o.version >= x.version)
        UNION SELECT x.outcome_id FROM jsonb_populate_recordset(null::early_check, told->'checks') x
        WHERE NOT EXISTS (SELECT FROM outcome o WHERE o.outcome_id = x.outcome_id AND o.sustained_version >= x.version));
    a_ids := ARRAY(
        SELECT r.allowance_id FROM request r WHERE r.request_id = ANY (r_ids)
        UNION SELECT x.allowance_id FROM jsonb_populate_recordset(null::request, told->'requests') x WHERE x.request_id = ANY (r_ids)
        UNION SELECT x.allowance_id FROM jsonb_populate_recordset(null::allowance, told->'allowances') x
        WHERE NOT EXISTS (SELECT FROM allowance a WHERE a.allowance_id = x.allowance_id AND a.version >= x.version)
        UNION SELECT b.allowance_id FROM outcome_allowance b WHERE b.outcome_id = ANY (o_ids)
        UNION SELECT x.allowance_id FROM jsonb_populate_recordset(null::outcome_allowance, told->'outcome_allowances') x WHERE x.outcome_id = ANY (o_ids));
    o_ids := ARRAY(SELECT unnest(o_ids) UNION SELECT b.outcome_id FROM outcome_allowance b WHERE b.allowance_id = ANY (a_ids));

    IF cardinality(r_ids) + cardinality(a_ids) + cardinality(o_ids) = 0 THEN
        PERFORM facts(told);
        RETURN;
    END IF;
    r_before := ARRAY(SELECT c FROM contribution(r_ids) c);
    a_before := ARRAY(SELECT c FROM offered(a_ids) c);
    o_before := ARRAY(SELECT c FROM came(o_ids) c);
    PERFORM facts(told);
    PERFORM settle(r_ids);
    PERFORM add_requests(r_before, r_ids);
    PERFORM add_offers(a_before, a_ids);
    PERFORM add_outcomes(o_before, o_ids);
END $$;
-- +goose StatementEnd

-- WHAT WAS LOOKED UP

-- What an outcome is held to be worth. A further version is a further row; what
-- stood before stays for the outcomes of its time.
CREATE TABLE proxy (
    name                text NOT NULL CHECK (name <> ''),
    unit                text NOT NULL CHECK (unit IN ('start', 'sustained')),
    pence               bigint NOT NULL CHECK (pence > 0),
    year                integer NOT NULL CHECK (year BETWEEN 2000 AND 2999),
    source              text NOT NULL CHECK (source <> ''),
    attribution_percent integer NOT NULL CHECK (attribution_percent BETWEEN 0 AND 100),
    deadweight_percent  integer NOT NULL CHECK (deadweight_percent BETWEEN 0 AND 100),
    valid_from          date NOT NULL,
    PRIMARY KEY (name, valid_from)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON proxy
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON proxy TO reporting;

-- Who saved which rows in a file.
CREATE TABLE export (
    id        uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    of        text NOT NULL CHECK (of IN ('totals', 'requests')),
    by        text NOT NULL,
    key       text NOT NULL,
    measure   text NOT NULL,
    areas     text[] NOT NULL,
    fund_id   uuid,
    first     date NOT NULL,
    last      date NOT NULL,
    rows      bigint NOT NULL CHECK (rows >= 0),
    at        timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON export
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
GRANT SELECT, INSERT ON export TO reporting;
